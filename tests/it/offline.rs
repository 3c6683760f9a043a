//! Runs inside the test: the engine, with the emulator's service as its network and a clock on which waiting takes no time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::emulator::{Door, State, World as Emulated, service, world};
use mi_run::event::{Event, Outlet, Record, Sink, Spool};
use mi_run::http::{Answer, Fault, FaultKind, Request, Response, Transport};
use mi_run::identity::Machine;
use mi_run::plan::{self, Caller, Opener, Plan};
use mi_run::run::{Clock, Engine, Frame, Interrupt, Job, Settings, World};
use mi_run::source::{Source, SourceId, Sources};
use serde_json::json;

/// Where the emulator's servers would be.
pub(crate) const IMDS: &str = "http://127.0.0.1:1";
/// The same for Resource Manager.
pub(crate) const ARM: &str = "http://127.0.0.1:2";

/// A clock that is moved by hand; the emulator reads the same.
pub(crate) struct Hand {
    elapsed: Cell<Duration>,
    emulated: mi_run::emulator::Clock,
}

impl Hand {
    pub(crate) fn new() -> Hand {
        let start = Timestamp::from_second(1_800_000_000).expect("a time");
        Hand { elapsed: Cell::default(), emulated: mi_run::emulator::Clock::fixed(start) }
    }

    fn pass(&self, time: Duration) {
        self.elapsed.set(self.elapsed.get() + time);
        self.emulated.advance(SignedDuration::try_from(time).expect("no eternity"));
    }
}

impl Clock for Hand {
    fn now(&self) -> SystemTime {
        self.emulated.now().into()
    }

    fn elapsed(&self) -> Duration {
        self.elapsed.get()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.pass(duration);
        Box::pin(std::future::ready(()))
    }
}

/// A request as it was sent, by the step that was carried out then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) step: usize,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The status of the answer, and how many bytes its body has.
    pub(crate) status: u16,
    pub(crate) length: usize,
}

impl Asked {
    /// Whether both ask the same of the same.
    pub(crate) fn same(&self, other: &Asked) -> bool {
        (self.method, &self.path) == (other.method, &other.path)
    }
}

/// The emulator's service where the network would be.
struct Wires<'w> {
    state: &'w State,
    clock: &'w Hand,
    /// How many steps have ended.
    ended: Rc<Cell<usize>>,
    asked: RefCell<Vec<Asked>>,
}

impl Wires<'_> {
    fn answer(&self, request: &Request) -> Answer {
        let (door, origin) = if request.url.starts_with(IMDS) { (Door::Imds, IMDS) } else { (Door::Arm, ARM) };
        let target = request.url.strip_prefix(origin).expect("no request goes anywhere else").to_owned();
        let now = self.clock.emulated.now();
        let mut response = service::answer(
            self.state,
            &mi_run::emulator::Request {
                door,
                method: request.method.to_owned(),
                target: target.clone(),
                headers: request.headers.clone(),
                body: request.body.clone().unwrap_or_default(),
                origin: origin.to_owned(),
                now,
            },
        );
        self.asked.borrow_mut().push(Asked {
            step: self.ended.get(),
            method: request.method,
            path: target.split('?').next().unwrap_or_default().to_owned(),
            status: response.status,
            length: response.body.len(),
        });
        let wire = response.wire;
        let seconds = |rate: u32| Duration::from_secs_f64(response.body.len() as f64 / f64::from(rate));
        let duration = wire.delay.unwrap_or_default() + wire.slow.map(seconds).unwrap_or_default();
        let fault = |kind, detail: &str| Err(Fault { kind, detail: detail.to_owned(), duration });
        if duration > request.timeout {
            self.clock.pass(request.timeout);
            return fault(FaultKind::Timeout, "operation timed out");
        }
        self.clock.pass(duration);
        let short = wire.cut.is_some_and(|cut| (cut as usize) < response.body.len());
        if wire.close || short {
            return fault(FaultKind::CutShort, "the connection ended");
        }
        let headers = response.headers.drain(..).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Response { status: response.status, headers, body: response.body.into(), duration })
    }
}

impl Transport for Wires<'_> {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        Box::pin(std::future::ready(self.answer(&request)))
    }
}

/// Counts the steps that have ended.
struct Ended(Rc<Cell<usize>>);

impl Sink for Ended {
    fn take(&mut self, event: &Event) {
        if matches!(event, Event::StepFinished(_)) {
            self.0.set(self.0.get() + 1);
        }
    }
}

/// Reads included playbooks from their folder.
struct Includes;

impl Opener for Includes {
    fn locate(&self, from: &str, written: &str) -> Result<PathBuf, String> {
        Ok(Path::new(from).parent().unwrap_or(Path::new("")).join(written))
    }

    fn open(&self, file: &Path, name: &str, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
        let text =
            std::fs::read_to_string(file).map_err(|error| Diagnostic::error("unreadable-file", error.to_string()))?;
        Ok(sources.add(Source::new(name, text)))
    }
}

fn read_file(_: &Path, file: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(file)
}

/// A playbook as it is built anew for each run.
pub(crate) fn plan(path: &Path, text: &str, sources: &mut Sources) -> Plan {
    let mut found = Diagnostics::new();
    let id = sources.add(Source::new(path.display().to_string(), text));
    let documents = plan::gather((id, path), sources, &Includes, &mut found).expect("a playbook");
    let plan = plan::build(documents, sources, &mut found);
    assert!(!found.has_errors(), "{:?}", found.sorted());
    plan
}

/// A world as it is written.
pub(crate) fn emulated(text: &str) -> Emulated {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(Source::new("world.yaml", text));
    let world = world::read(id, &sources, &mut found);
    assert!(!found.has_errors(), "{:?}", found.sorted());
    world.expect("a world")
}

/// What holds for a run against an emulator at these places.
pub(crate) fn settings(imds: &str, arm: &str, jobs: usize) -> Settings {
    Settings {
        arm_endpoint: Some(arm.to_owned()),
        imds_endpoint: Some(imds.to_owned()),
        source: None,
        identity: None,
        cloud: None,
        shard: None,
        traced: false,
        traceparent: None,
        bodies: false,
        jobs,
        fail_fast: false,
        strict: false,
    }
}

/// The outside of a run in which nothing of this machine shows.
pub(crate) fn outside<'w>(transport: &'w dyn Transport, clock: &'w dyn Clock) -> World<'w> {
    let nowhere = Path::new("");
    World {
        transport,
        clock,
        machine: Machine { variable: &|_| None, arc_keys: nowhere, himds: nowhere, azure_cli: "" },
        variables: &|| json!({}),
        file: read_file,
        random: &|| [7; 16],
    }
}

/// Runs a plan with its inputs as they are by default.
pub(crate) async fn carry_out(engine: &Engine<'_>, plan: Plan, path: &Path) {
    let mut usage = Diagnostics::new();
    let frame = Frame::bare(engine);
    let lookup = |_: &str| None;
    let caller = Caller { given: &[], lookup: &lookup, scope: &frame, sources: engine.sources };
    let values: HashMap<String, serde_json::Value> = plan::resolve(&plan, &caller, &mut usage);
    assert!(!usage.has_errors(), "{:?}", usage.sorted());
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let job = Job { plan, path: Arc::from(path.display().to_string()), root: folder.clone(), folder, values };
    engine.run(vec![job]).await;
}

/// What came of a run: the record, and what was asked for in which order.
pub(crate) struct Ran {
    pub(crate) record: Record,
    pub(crate) asked: Vec<Asked>,
    /// How much time went by on the clock.
    pub(crate) took: Duration,
}

/// Runs a playbook against a world, one step after the other.
pub(crate) fn run((path, text): (&Path, &str), emulated: Emulated) -> Ran {
    let mut sources = Sources::new();
    let plan = plan(path, text, &mut sources);
    let clock = Hand::new();
    let state = State::new(emulated, [7; 32], clock.emulated.now()).with_clock(clock.emulated.clone());
    let state = state.served_at(None, vec![ARM.to_owned()]);
    let ended = Rc::new(Cell::new(0));
    let wires = Wires { state: &state, clock: &clock, ended: Rc::clone(&ended), asked: RefCell::default() };
    let (outlet, interrupt) =
        (Outlet::new(vec![Box::new(Ended(ended))], Vec::new(), Some(Spool::default())), Interrupt::default());
    let world = outside(&wires, &clock);
    let engine = Engine::new(world, settings(IMDS, ARM, 1), (&sources, &outlet), &interrupt);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(carry_out(&engine, plan, path));
    drop(engine);
    let record = outlet.into_record().expect("it was kept");
    Ran { record, asked: wires.asked.take(), took: clock.elapsed() }
}
