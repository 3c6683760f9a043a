//! Plan → events: one file per action. It prints nothing; what it tells, it tells as events.
//!
//! What a future may wait for lies in it, and futures are moved about: the rare ways are boxed, so that the usual one is small.

mod access;
mod assert;
mod attempts;
mod block;
mod capture;
mod cloud;
mod diagnose;
mod each;
mod follow;
mod frame;
mod include;
mod interrupt;
mod items;
mod judge;
mod machine;
pub mod mishap;
mod place;
mod playbook;
mod progress;
mod reply;
mod request;
mod send;
mod set;
mod step;
mod throttle;
mod token;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use crate::azure::cloud::Choice;
use crate::azure::cure::Cure;
use crate::event::{
    self, Event, Outcome, Outlet, PlaybookFinished, PlaybookStarted, RunFinished, RunStarted, Shard, Summary,
    Traceparent, Trail,
};
use crate::identity::{self, Cache, Found, Selector, Whose};
use crate::moment::Moment;
use crate::plan::Plan;
use crate::source::{Source, Sources, Span};

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
    /// Where tokens come from, whatever playbooks say.
    pub source: Option<identity::Source>,
    /// The identity of the steps that name none, in place of the playbook's.
    pub identity: Option<Selector>,
    /// The cloud, whatever playbooks say.
    pub cloud: Option<Choice>,
    /// Which part of the playbooks this is.
    pub shard: Option<Shard>,
    /// Whether requests say which trace they belong to.
    pub traced: bool,
    /// The span that the run is in, where whoever started it says one.
    pub traceparent: Option<Traceparent>,
    /// Whether events hold bodies.
    pub bodies: bool,
    /// How many steps may send at a time.
    pub jobs: usize,
    /// Whether nothing more is begun once a step failed.
    pub fail_fast: bool,
    /// Whether what passes for want of trying is an error.
    pub strict: bool,
}

/// One playbook to run.
#[derive(Debug)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Its path as it was given.
    pub path: Arc<str>,
    /// The folder that files are relative to.
    pub folder: PathBuf,
    /// The folder that files must stay in.
    pub root: PathBuf,
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
    /// The leave to send.
    permits: Arc<Semaphore>,
    shared: Shared,
}

/// Who asked for a token: an identity and a resource.
type Asked = (Whose, String);

/// What the run learns as it goes.
#[derive(Debug, Default)]
struct Shared {
    id: String,
    started_at: String,
    cloud: RefCell<Option<String>>,
    /// Whose tokens were used, by the first step in the file that used one.
    identity: RefCell<Option<((usize, Trail), event::Identity)>>,
    summary: Cell<Summary>,
    /// Which source there is, once it was found out.
    source: RefCell<Option<Found>>,
    /// Whether it is known that there is no identity endpoint: asking again would only cost time.
    silent: Cell<bool>,
    /// Who waits until when.
    throttle: throttle::Throttle,
    /// Whether a step failed.
    failed: Cell<bool>,
    /// How many steps judged something, the issue of a token included.
    judged: Cell<u32>,
    /// What passes for want of trying.
    hollow: RefCell<Vec<String>>,
    /// The VM's instance metadata, once something wanted it.
    instance: RefCell<Option<Rc<Value>>>,
    /// What refusals mean, by their message: a loop meets the same one again and again.
    cures: RefCell<HashMap<String, Rc<Cure>>>,
    /// Held while the instance metadata is asked for.
    asking: Mutex<()>,
    /// Held while a token is asked for.
    gates: RefCell<HashMap<Asked, Rc<Mutex<()>>>>,
}

impl Shared {
    /// Remembers that something passes for want of trying.
    fn hollow(&self, name: &str, why: &str) {
        self.hollow.borrow_mut().push(format!("`{name}`: {why}"));
    }

    /// What is held while a token is asked for.
    fn gate(&self, whose: &Whose, resource: &str) -> Rc<Mutex<()>> {
        let asked = (whose.clone(), resource.to_owned());
        Rc::clone(self.gates.borrow_mut().entry(asked).or_default())
    }
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
        let permits = Arc::new(Semaphore::new(settings.jobs.max(1)));
        Self { world, settings, sources, outlet, interrupt, cache: Cache::default(), permits, shared }
    }

    /// The tokens that were acquired.
    pub fn tokens(&self) -> Vec<Rc<identity::Token>> {
        self.cache.all()
    }

    /// The VM's instance metadata, when something wanted it and it was there.
    pub fn instance(&self) -> Option<Rc<Value>> {
        self.shared.instance.borrow().clone()
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
            mi_run: env!("CARGO_PKG_VERSION").into(),
            shard: self.settings.shard,
            traceparent: self.settings.traceparent,
        }));
        let mut outcome = Outcome::Skipped;
        for (index, job) in jobs.into_iter().enumerate() {
            outcome = outcome.max(self.job(index, job).await);
        }
        let hollow = self.shared.hollow.take();
        if self.settings.strict && !hollow.is_empty() {
            outcome = Outcome::Errored;
        }
        self.outlet.send(Event::RunFinished(RunFinished {
            at_ms: self.at(),
            outcome,
            interrupted: self.interrupt.came(),
            timed_out: self.interrupt.timed_out(),
            cloud: self.shared.cloud.borrow().clone(),
            identity: self.shared.identity.borrow().as_ref().map(|(_, identity)| identity.clone()),
            summary: self.shared.summary.get(),
            hollow,
        }));
        outcome
    }

    async fn job(&self, index: usize, job: Job) -> Outcome {
        let mut sources = Vec::new();
        self.texts(&job.plan, &mut sources);
        let playbook = playbook::Playbook::new(self, index, &job);
        self.outlet.send(Event::PlaybookStarted(PlaybookStarted {
            at_ms: self.at(),
            playbook: index,
            path: Arc::clone(&job.path),
            name: playbook.name(&job.path),
            steps: job.plan.leaves(),
            sources,
        }));
        let judged = self.shared.judged.get();
        let outcome = playbook.run().await;
        if outcome <= Outcome::Passed && self.shared.judged.get() == judged {
            self.shared.hollow(&job.path, "nothing was judged");
        }
        let (outputs, misfits) = playbook.outputs();
        let outcome = if misfits.is_empty() { outcome } else { Outcome::Errored };
        let problems = misfits.iter().map(|misfit| misfit.diagnostic(self.sources));
        self.outlet.send(Event::PlaybookFinished(PlaybookFinished {
            at_ms: self.at(),
            playbook: index,
            outcome,
            outputs,
            problems: problems
                .map(|problem| place::problem(self.sources, problem, Span::new(job.plan.source, 0, 0)))
                .collect(),
        }));
        outcome
    }

    /// The texts of a playbook and of all that it includes, each once.
    fn texts(&self, plan: &Plan, texts: &mut Vec<Arc<Source>>) {
        let text = self.sources.get(plan.source);
        if texts.iter().any(|known| Arc::ptr_eq(known, text)) {
            return;
        }
        texts.push(Arc::clone(text));
        plan.each_include(&mut |include| self.texts(&include.plan, texts));
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
