//! Plan → events: one file per action. It prints nothing; what it tells, it tells as events.

mod assert;
mod capture;
mod frame;
mod interrupt;
mod judge;
pub mod mishap;
mod place;
mod playbook;
mod reply;
mod request;
mod set;
mod token;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::event::{self, Event, Outcome, Outlet, PlaybookFinished, PlaybookStarted, RunFinished, RunStarted, Summary};
use crate::identity::Cache;
use crate::moment::Moment;
use crate::plan::Plan;
use crate::source::Sources;

pub use frame::Frame;
pub use interrupt::Interrupt;
pub use world::{Clock, SystemClock, World};

/// What holds for the whole run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Resource Manager is, when not where the cloud says.
    pub arm_endpoint: Option<String>,
    /// Where the instance metadata service is, when somebody said so.
    pub imds_endpoint: Option<String>,
    /// Whether events hold bodies.
    pub bodies: bool,
}

/// One playbook to run.
#[derive(Debug)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Its path as it was given.
    pub path: Arc<str>,
    /// The folder that files are relative to, and must stay in.
    pub folder: PathBuf,
    /// The values of inputs, and of variables that the caller overrides.
    pub values: HashMap<String, Value>,
}

/// What all playbooks of a run share.
pub struct Engine<'e> {
    /// The outside.
    pub world: World<'e>,
    /// What holds for the whole run.
    pub settings: Settings,
    /// The texts, for places.
    pub sources: &'e Sources,
    /// The way out for events.
    pub outlet: &'e Outlet,
    /// Says when to stop.
    pub interrupt: &'e Interrupt,
    cache: Cache,
    shared: Shared,
}

/// What the run learns as it goes.
#[derive(Debug, Default)]
struct Shared {
    id: String,
    started_at: String,
    cloud: RefCell<Option<String>>,
    identity: RefCell<Option<event::Identity>>,
    summary: Cell<Summary>,
    /// The step that learnt that there is no identity endpoint: asking again would only cost time.
    silent: RefCell<Option<String>>,
}

impl<'e> Engine<'e> {
    /// An engine, ready to run.
    pub fn new(
        world: World<'e>,
        settings: Settings,
        (sources, outlet): (&'e Sources, &'e Outlet),
        interrupt: &'e Interrupt,
    ) -> Self {
        let now = Moment::exact(world.clock.now());
        let shared = Shared {
            id: uuid((world.random)()),
            started_at: now.and_then(|now| now.format("%Y-%m-%dT%H:%M:%S.%3fZ").ok()).unwrap_or_default(),
            ..Shared::default()
        };
        Self { world, settings, sources, outlet, interrupt, cache: Cache::default(), shared }
    }

    /// The run's own id and when it began, for templates.
    pub fn run_value(&self) -> Value {
        serde_json::json!({"id": self.shared.id, "started_at": self.shared.started_at})
    }

    /// Runs all playbooks, one after the other.
    pub async fn run(&self, jobs: Vec<Job>) -> Outcome {
        self.outlet.send(Event::RunStarted(RunStarted {
            at_ms: self.at(),
            run: self.shared.id.clone(),
            started_at: self.shared.started_at.clone(),
            mi_run: env!("CARGO_PKG_VERSION"),
        }));
        let mut outcome = Outcome::Skipped;
        for (index, job) in jobs.into_iter().enumerate() {
            outcome = outcome.max(self.job(index, job).await);
        }
        self.outlet.send(Event::RunFinished(RunFinished {
            at_ms: self.at(),
            outcome,
            interrupted: self.interrupt.came(),
            cloud: self.shared.cloud.borrow().clone(),
            identity: self.shared.identity.borrow().clone(),
            summary: self.shared.summary.get(),
        }));
        outcome
    }

    async fn job(&self, index: usize, job: Job) -> Outcome {
        let source = Arc::clone(self.sources.get(job.plan.source));
        let playbook = playbook::Playbook::new(self, index, &job);
        self.outlet.send(Event::PlaybookStarted(PlaybookStarted {
            at_ms: self.at(),
            playbook: index,
            path: Arc::clone(&job.path),
            name: playbook.name(),
            steps: job.plan.steps.len(),
            source,
        }));
        let outcome = playbook.run().await;
        self.outlet.send(Event::PlaybookFinished(PlaybookFinished {
            at_ms: self.at(),
            playbook: index,
            outcome,
            outputs: serde_json::Map::new(),
        }));
        outcome
    }

    fn at(&self) -> event::Millis {
        self.world.clock.elapsed().into()
    }
}

/// Random bytes as a version 4 UUID (RFC 9562, section 5.4).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
