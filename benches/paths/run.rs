//! Runs without a network: the engine with a transport that answers at once, a clock that stands still, and no chance.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use mi_run::diagnostic::Diagnostics;
use mi_run::diagnostic::render::Style;
use mi_run::event::{Event, Outcome, Outlet, Record, Sink, Spool};
use mi_run::http::{Answer, Request, Response, Transport};
use mi_run::identity::Machine;
use mi_run::plan::{self, Documents, Plan};
use mi_run::playbook;
use mi_run::report::console::{Console, Detail};
use mi_run::run::{Clock, Engine, Interrupt, Job, Settings, World};
use mi_run::source::{Source, SourceId, Sources};

use crate::work;

/// A playbook that was read.
pub(crate) struct Text {
    pub(crate) sources: Sources,
    pub(crate) id: SourceId,
}

impl Text {
    pub(crate) fn new(text: String) -> Text {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("playbook.yaml", text));
        Text { sources, id }
    }

    /// Its document; the playbooks of benchmarks are without fault.
    pub(crate) fn read(&mut self) -> Documents {
        let mut diagnostics = Diagnostics::new();
        let playbook = playbook::read(self.id, &mut self.sources, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{:?}", diagnostics.sorted());
        Documents::single(self.id, playbook.expect("there is a playbook"))
    }

    /// Its plan.
    pub(crate) fn plan(&mut self) -> Plan {
        let documents = self.read();
        self.build(documents)
    }

    /// The plan of its document.
    pub(crate) fn build(&self, documents: Documents) -> Plan {
        let mut diagnostics = Diagnostics::new();
        let plan = plan::build(documents, &self.sources, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{:?}", diagnostics.sorted());
        plan
    }

    /// Runs its plan, and shows the run on a console that nobody sees; the record where it is kept.
    pub(crate) fn run(&self, plan: Plan, kept: bool) -> Option<Record> {
        let outlet = Outlet::new(Vec::new(), vec![Box::new(Screen::new())], kept.then(Spool::default));
        let interrupt = Interrupt::default();
        let machine = Machine { variable: &|_| None, arc_keys: Path::new(""), himds: Path::new(""), azure_cli: "" };
        let world = World {
            transport: &Memory,
            clock: &Still,
            machine,
            variables: &|| serde_json::json!({}),
            file: |_, _| Err(std::io::ErrorKind::NotFound.into()),
            random: &|| [7; 16],
        };
        let engine = Engine::new(world, settings(), (&self.sources, &outlet), &interrupt);
        let (path, values) = ("playbook.yaml".into(), HashMap::new());
        let job = Job { plan, path, folder: ".".into(), root: ".".into(), values };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("there is a runtime");
        let outcome = runtime.block_on(engine.run(vec![job]));
        drop(engine);
        assert!(outcome <= Outcome::Failed, "it could not be carried out");
        outlet.into_record()
    }
}

fn settings() -> Settings {
    Settings {
        arm_endpoint: None,
        imds_endpoint: None,
        source: None,
        identity: None,
        cloud: None,
        shard: None,
        traced: false,
        traceparent: None,
        bodies: false,
        jobs: 8,
        fail_fast: false,
        strict: false,
    }
}

/// Renders events as the program does, and throws the text away.
pub(crate) struct Screen(Console);

impl Screen {
    pub(crate) fn new() -> Screen {
        Screen(Console::new(Style::default(), Detail::Steps))
    }
}

impl Sink for Screen {
    fn take(&mut self, event: &Event) {
        std::hint::black_box(self.0.event(event));
    }
}

/// Answers at once.
struct Memory;

impl Transport for Memory {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        let path = request.url.split('?').next().unwrap_or_default();
        let path = path.splitn(4, '/').nth(3).unwrap_or_default();
        let body = if path.ends_with("token") { work::token() } else { work::group(&format!("/{path}")) };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Box::pin(ready(Ok(Response { status: 200, headers, body: body.into(), duration: Duration::ZERO })))
    }
}

/// Stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(ready(()))
    }
}
