//! What did happen, past tense: each event stands on its own, and a record is a run folded from its events.
//!
//! Nothing secret is in an event that has left the engine: [`Outlet`] is the one way out, and it redacts.

mod order;
mod outlet;
mod record;
pub mod redact;
mod replay;
mod spool;
mod step;
mod steps;
mod texts;
pub mod trace;
mod trail;
pub mod veil;

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::source::Source;

pub use outlet::{Late, Outlet, Sink};
pub use record::{Playbook, Record, Shard, Summary};
pub use spool::{Spool, Store};
pub use step::{Assertion, Attempt, Bearer, Exchange, Headers, Iteration, Place, Problem, Request, Response, Step};
pub use steps::Steps;
pub use trace::Traceparent;
pub use trail::{Trail, Turn};

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    RunStarted(RunStarted),
    /// A playbook began.
    PlaybookStarted(PlaybookStarted),
    /// A step began.
    StepStarted(StepStarted),
    /// Something was answered that is no attempt of the step.
    AsideAnswered(AsideAnswered),
    /// An attempt of a step came to its end.
    AttemptFinished(AttemptFinished),
    /// A step came to its end.
    StepFinished(StepFinished),
    /// A step began to wait before it goes on.
    WaitStarted(WaitStarted),
    /// The items of a loop are known.
    LoopStarted(LoopStarted),
    /// All turns of a loop came to their end.
    LoopFinished(LoopFinished),
    /// A playbook came to its end.
    PlaybookFinished(PlaybookFinished),
    /// The run came to its end.
    RunFinished(RunFinished),
}

/// The run began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// The run's own id.
    pub run: String,
    /// When, in RFC 3339 with milliseconds.
    pub started_at: String,
    /// The version of mi-run.
    pub mi_run: Cow<'static, str>,
    /// Which part of the playbooks is run, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The span that the run is in, where whoever started it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
}

/// A playbook began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlaybookStarted {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Its path as it was given.
    pub path: Arc<str>,
    /// What it is called; its path when it has no name.
    pub name: String,
    /// How many steps it has, of those that hold others the others; a loop counts as one turn.
    pub steps: usize,
    /// Its text and those it includes, for reports that show places in them; what is secret is masked, character by
    /// character.
    #[serde(default, with = "texts")]
    #[schemars(with = "Vec<texts::Text>")]
    pub sources: Vec<Arc<Source>>,
}

/// A step began.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepStarted {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// What the step is called.
    pub name: String,
}

/// Something was answered that is no attempt of the step: an identity endpoint gave a token for it, or its refusal was looked
/// into.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AsideAnswered {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// The status of the answer.
    pub status: u16,
    /// What was sent and what came, when it was asked for (`--show-http`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Box<Exchange>>,
}

/// An attempt of a step came to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptFinished {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// The attempt.
    pub attempt: Attempt,
    /// What was sent and what came, when it was asked for (`--show-http`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Box<Exchange>>,
}

/// A step began to wait before it goes on: with its next attempt, with the next look at an operation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WaitStarted {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// How long it waits.
    pub wait_ms: Millis,
    /// What it waits for.
    pub waits_for: String,
    /// How many attempts it has made.
    pub attempts: u32,
}

/// The items of a loop are known.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LoopStarted {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// How many turns there will be.
    pub iterations: u32,
    /// How many steps each has, of those that hold others the others.
    pub steps: usize,
}

/// A step came to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepFinished {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// The step.
    pub step: Box<Step>,
    /// Counts of the run so far.
    pub summary: Summary,
}

/// All turns of a loop came to their end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LoopFinished {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// Which step of the playbook.
    pub step: Trail,
    /// How many turns there were.
    pub iterations: u32,
}

/// A playbook came to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlaybookFinished {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// Which playbook of the run, from 0.
    pub playbook: usize,
    /// How it came out.
    pub outcome: Outcome,
    /// What it gives to its caller.
    pub outputs: Map<String, Value>,
    /// What went wrong with that.
    pub problems: Vec<Problem>,
}

/// The run came to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunFinished {
    /// Milliseconds since the run began.
    pub at_ms: Millis,
    /// How it came out.
    pub outcome: Outcome,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Whether it took longer than it was given.
    pub timed_out: bool,
    /// The cloud it was in, once that was known.
    pub cloud: Option<String>,
    /// The identity it ran as, once there was a token.
    pub identity: Option<Identity>,
    /// Counts of the whole run.
    pub summary: Summary,
    /// What passed for want of trying.
    pub hollow: Vec<String>,
}

/// How a step, a playbook or a run came out. Later ones beat earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not carried out, for a reason that is told.
    #[default]
    Skipped,
    /// All that was expected holds.
    Passed,
    /// Something that was expected does not hold.
    Failed,
    /// It could not be carried out.
    Errored,
}

impl Outcome {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Skipped => "skipped",
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Errored => "errored",
        }
    }
}

/// A time in milliseconds, with microseconds behind the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Millis(pub f64);

impl From<std::time::Duration> for Millis {
    fn from(duration: std::time::Duration) -> Self {
        Self((duration.as_secs_f64() * 1_000_000.0).round() / 1000.0)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Millis {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Millis".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "minimum": 0})
    }
}

/// Who the run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Where its tokens came from.
    pub source: Cow<'static, str>,
    /// Why they came from there.
    #[serde(default)]
    pub reason: String,
    /// Its object id.
    pub principal_id: Option<String>,
    /// Its application id.
    pub client_id: Option<String>,
    /// Its tenant.
    pub tenant_id: Option<String>,
}
