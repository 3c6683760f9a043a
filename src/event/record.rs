//! A run folded from its events: what the JSON report holds.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::ops::AddAssign;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Event, Identity, Millis, Outcome, Problem, Spool, Step, Steps, Traceparent, texts};
use crate::source::Source;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The version of this form of report.
    pub report_version: u32,
    /// The version of mi-run.
    pub mi_run: Cow<'static, str>,
    /// The run itself.
    pub run: Run,
    /// How it came out.
    pub outcome: Outcome,
    /// Counts.
    pub summary: Summary,
    /// What passed for want of trying: an error under `--strict`.
    #[serde(default)]
    pub hollow: Vec<String>,
    /// The playbooks, in the order given.
    pub playbooks: Vec<Playbook>,
    /// Where the steps of all of them lie, when it is not a place for each.
    #[serde(skip)]
    spool: Option<Rc<RefCell<Spool>>>,
}

/// The run itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its own id.
    pub id: String,
    /// When it began, in RFC 3339.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: Millis,
    /// The cloud it was in.
    pub cloud: Option<String>,
    /// The identity it ran as.
    pub identity: Option<Identity>,
    /// Which part of the playbooks it ran, where it was not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The span that it is in, where whoever started it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
    /// Whether it was interrupted.
    #[serde(default)]
    pub interrupted: bool,
    /// Whether it took longer than `--timeout` allows.
    #[serde(default)]
    pub timed_out: bool,
}

/// A part of the playbooks of a run: every so many of them, by their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// How many parts there are.
    pub of: u32,
}

impl Shard {
    /// Whether the playbook at this position, from 0, is in it.
    pub fn holds(self, position: usize) -> bool {
        position % self.of as usize == self.number as usize - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let shard = parts.map(|(number, of)| Shard { number, of });
        let fits = shard.filter(|shard| shard.number >= 1 && shard.number <= shard.of);
        fits.ok_or_else(|| "a part of the whole is expected, such as `2/5`".to_owned())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

/// Counts of steps by outcome, and of assertions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// All steps that came to their end.
    pub steps: u32,
    /// Those that passed.
    pub passed: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that could not be carried out.
    pub errored: u32,
    /// Those that were skipped.
    pub skipped: u32,
    /// All assertions judged.
    pub assertions: u32,
}

impl Summary {
    /// Counts one more step; of those that hold others only the others count, unless something is wrong with them.
    pub fn count(&mut self, step: &Step) {
        self.assertions += step.assertions.len() as u32;
        if !step.is_told() {
            return;
        }
        self.steps += 1;
        match step.outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Errored => self.errored += 1,
            Outcome::Skipped => self.skipped += 1,
        }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, more: Self) {
        self.steps += more.steps;
        self.passed += more.passed;
        self.failed += more.failed;
        self.errored += more.errored;
        self.skipped += more.skipped;
        self.assertions += more.assertions;
    }
}

/// A playbook of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Playbook {
    /// Its path as it was given.
    pub path: Arc<str>,
    /// What it is called.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// When it began, in milliseconds since the run began.
    #[serde(default)]
    pub started_ms: Millis,
    /// How long it took.
    #[serde(default)]
    pub duration_ms: Millis,
    /// What it gives to its caller.
    pub outputs: Map<String, Value>,
    /// What went wrong with that, where anything did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Its steps, in the order of the file.
    #[schemars(with = "Vec<Step>")]
    pub steps: Steps,
    /// Its text and those it includes; what is secret is masked, character by character.
    #[serde(default, with = "texts")]
    #[schemars(with = "Vec<texts::Text>")]
    pub sources: Vec<Arc<Source>>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            report_version: 1,
            mi_run: env!("CARGO_PKG_VERSION").into(),
            run: Run::default(),
            outcome: Outcome::default(),
            summary: Summary::default(),
            hollow: Vec::new(),
            playbooks: Vec::new(),
            spool: None,
        }
    }
}

impl Record {
    /// A record whose steps are put on this spool. Its playbooks come one after the other.
    pub fn on(spool: Spool) -> Self {
        Self { spool: Some(Rc::new(RefCell::new(spool))), ..Self::default() }
    }

    /// How much is on the spool.
    pub(super) fn end(&self) -> u64 {
        self.spool.as_ref().map_or(0, |spool| spool.borrow().end())
    }

    /// That all steps could be read that were.
    ///
    /// # Errors
    /// With the reason why steps are missing.
    pub fn check(&self) -> io::Result<()> {
        self.playbooks.iter().try_for_each(|playbook| playbook.steps.failure().map_or(Ok(()), Err))
    }

    /// Takes one more event in.
    pub fn fold(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => {
                self.run.id.clone_from(&started.run);
                self.run.started_at.clone_from(&started.started_at);
                self.mi_run.clone_from(&started.mi_run);
                self.run.shard = started.shard;
                self.run.traceparent = started.traceparent;
            }
            Event::PlaybookStarted(started) => self.playbooks.push(Playbook {
                path: Arc::clone(&started.path),
                name: started.name.clone(),
                outcome: Outcome::default(),
                outputs: Map::new(),
                problems: Vec::new(),
                steps: self.spool.clone().map(Steps::on).unwrap_or_default(),
                sources: started.sources.clone(),
                duration_ms: Millis(0.0),
                started_ms: started.at_ms,
            }),
            Event::StepStarted(_)
            | Event::AsideAnswered(_)
            | Event::AttemptFinished(_)
            | Event::WaitStarted(_)
            | Event::LoopStarted(_)
            | Event::LoopFinished(_) => {}
            Event::StepFinished(finished) => {
                self.summary = finished.summary;
                if let Some(playbook) = self.playbooks.get_mut(finished.playbook) {
                    playbook.steps.push(&finished.step);
                }
            }
            Event::PlaybookFinished(finished) => {
                if let Some(playbook) = self.playbooks.get_mut(finished.playbook) {
                    playbook.outcome = finished.outcome;
                    playbook.outputs.clone_from(&finished.outputs);
                    playbook.problems.clone_from(&finished.problems);
                    playbook.duration_ms = Millis(finished.at_ms.0 - playbook.started_ms.0);
                }
            }
            Event::RunFinished(finished) => {
                self.run.duration_ms = finished.at_ms;
                self.run.cloud.clone_from(&finished.cloud);
                self.run.identity.clone_from(&finished.identity);
                self.run.interrupted = finished.interrupted;
                self.run.timed_out = finished.timed_out;
                self.outcome = finished.outcome;
                self.summary = finished.summary;
                self.hollow.clone_from(&finished.hollow);
            }
        }
    }
}
