//! How long a run waits for tokens: a clock that is moved by hand, and a network that is made up.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::event::{Outlet, Record, Spool, Step};
use mi_run::http::{Answer, Fault, FaultKind, Request, Response, Transport};
use mi_run::identity::Machine;
use mi_run::plan::{self, Opener};
use mi_run::run::{Clock, Engine, Interrupt, Job, Settings, World};
use mi_run::source::{Source, SourceId, Sources};
use serde_json::{Value, json};

/// A clock on which waiting takes no time.
#[derive(Default)]
struct Still {
    elapsed: Cell<Duration>,
    pauses: RefCell<Vec<f64>>,
}

impl Clock for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.elapsed.get()
    }

    fn elapsed(&self) -> Duration {
        self.elapsed.get()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.elapsed.set(self.elapsed.get() + duration);
        self.pauses.borrow_mut().push(duration.as_secs_f64());
        Box::pin(std::future::ready(()))
    }
}

/// What answers a request, when so much time has passed: a status, headers and a body, or a fault.
type Script<'s> = dyn Fn(&Request, Duration) -> Result<(u16, &'static str, Value), FaultKind> + 's;

struct Network<'n> {
    clock: &'n Still,
    script: &'n Script<'n>,
    asked: RefCell<Vec<String>>,
}

impl Transport for Network<'_> {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        self.asked.borrow_mut().push(request.url.clone());
        let answer = (self.script)(&request, self.clock.elapsed.get());
        let answer = answer.map_err(|kind| Fault { kind, detail: String::new(), duration: Duration::ZERO });
        let answer = answer.map(|(status, headers, body)| Response {
            status,
            headers: headers
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.as_str().map_or_else(|| body.to_string(), str::to_owned).into_bytes().into(),
            duration: Duration::ZERO,
        });
        Box::pin(std::future::ready(answer))
    }
}

struct Nothing;

impl Opener for Nothing {
    fn locate(&self, _: &str, written: &str) -> Result<PathBuf, String> {
        Err(format!("there is no {written}"))
    }

    fn open(&self, _: &Path, name: &str, _: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
        Err(Box::new(Diagnostic::error("unreadable-file", name)))
    }
}

/// What came of a run: the record, how long it waited each time, and what it asked for.
struct Ran {
    record: Record,
    pauses: Vec<f64>,
    asked: Vec<String>,
}

impl Ran {
    /// The first step.
    fn step(&self) -> Step {
        self.record.playbooks[0].steps.iter().next().expect("a step")
    }
}

/// Runs a playbook on a machine with these variables.
fn run(playbook: &str, variables: &[(&str, &str)], script: &Script<'_>) -> Ran {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(Source::new("a.yaml", playbook));
    let documents = plan::gather((id, Path::new("a.yaml")), &mut sources, &Nothing, &mut found).expect("a playbook");
    let plan = plan::build(documents, &sources, &mut found);
    assert!(!found.has_errors(), "{:?}", found.sorted());
    let clock = Still::default();
    let network = Network { clock: &clock, script, asked: RefCell::default() };
    let variable = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let nowhere = Path::new("");
    let world = World {
        transport: &network,
        clock: &clock,
        machine: Machine { variable: &variable, arc_keys: nowhere, himds: nowhere, azure_cli: "" },
        variables: &|| json!({}),
        file: |_, _| Err(std::io::ErrorKind::NotFound.into()),
        random: &|| [7; 16],
    };
    let settings = Settings { arm_endpoint: None, imds_endpoint: None, ..crate::offline::settings("", "", 1) };
    let (outlet, interrupt) = (Outlet::new(Vec::new(), Vec::new(), Some(Spool::default())), Interrupt::default());
    let engine = Engine::new(world, settings, (&sources, &outlet), &interrupt);
    let job = Job { plan, path: Arc::from("a.yaml"), folder: ".".into(), root: ".".into(), values: HashMap::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(engine.run(vec![job]));
    drop(engine);
    let record = outlet.into_record().expect("it was kept");
    let pauses = clock.pauses.borrow().clone();
    Ran { record, pauses, asked: network.asked.take() }
}

fn token() -> Value {
    json!({"access_token": "opaque-and-long", "expires_in": "86400", "token_type": "Bearer"})
}

const TOKEN: &str = "cloud: public\nsteps: [{token: arm}]";
const APP: &[(&str, &str)] =
    &[("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token"), ("IDENTITY_HEADER", "key-of-the-endpoint")];
const OLD: &[(&str, &str)] = &[
    ("MSI_ENDPOINT", "http://127.0.0.1:1/x"),
    ("MSI_SECRET", "key-of-the-endpoint"),
    ("DEFAULT_IDENTITY_CLIENT_ID", GUID),
];
const ARC: &[(&str, &str)] = &[("IDENTITY_ENDPOINT", "http://127.0.0.1:1/x"), ("IMDS_ENDPOINT", "http://127.0.0.1:1")];
const SHELL: &[(&str, &str)] = &[("MSI_ENDPOINT", "http://127.0.0.1:1/x")];
const FABRIC: &[(&str, &str)] = &[
    ("IDENTITY_ENDPOINT", "https://127.0.0.1:1/x"),
    ("IDENTITY_HEADER", "key-of-the-endpoint"),
    ("IDENTITY_SERVER_THUMBPRINT", "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"),
];
const GUID: &str = "1b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a11";

#[test]
fn what_passes_is_waited_for_as_is_published_and_what_does_not_is_told_at_once() {
    #[track_caller]
    fn check(variables: &[(&str, &str)], answer: (u16, &'static str, Value), pauses: &[f64], told: &str) {
        let ran = run(TOKEN, variables, &|_, _| Ok(answer.clone()));
        assert_eq!(ran.pauses, pauses, "{variables:?} {answer:?}");
        assert_eq!(ran.asked.len(), pauses.len() + 1, "{variables:?} {answer:?}");
        let problem = &ran.step().problems[0];
        let all = [std::slice::from_ref(&problem.title), problem.notes.as_slice(), problem.helps.as_slice()]
            .concat()
            .join("\n");
        assert!(all.contains(told), "{told}:\n{all}");
    }
    let said = |code: &str, words: &str| json!({"error": code, "error_description": words});
    let none = || json!({"error": "invalid_request", "error_description": "Identity not found"});
    let updating: &[f64] = &[5.0, 10.0, 20.0, 40.0];
    let passing: &[f64] = &[2.0, 4.0, 8.0, 16.0];
    check(&[], (410, "", json!({})), updating, "status 410");
    check(&[], (404, "", json!({})), passing, "status 404");
    check(&[], (429, "", said("invalid_request", "Temporarily throttled, too many requests")), passing, "too often");
    check(&[], (429, "retry-after: 7", json!({})), &[7.0, 7.0, 8.0, 16.0], "too often");
    check(&[], (500, "", said("unknown", "Failed to retrieve token")), passing, "Failed to retrieve token");
    check(&[], (503, "", json!({})), passing, "status 503");
    check(&[], (502, "", json!("<html>")), passing, "NO_PROXY");
    check(&[], (400, "", none()), &[], "az vm identity assign");
    check(&[], (400, "", said("invalid_request", "Multiple user assigned identities exist")), &[], "client_id");
    check(&[], (400, "", said("invalid_resource", "AADSTS500011: no")), &[], "trailing slash included");
    check(&[], (401, "", said("unknown_source", "")), &[], "unknown_source");
    check(&[], (403, "", json!("unreachable")), &[], "not JSON");
    check(&[], (405, "", json!({})), &[], "status 405");
    check(&[], (200, "", json!("<html>")), &[], "not JSON");
    let short: &[f64] = &[1.0, 2.0, 4.0];
    for source in [APP, OLD, SHELL] {
        for status in [429, 500, 503, 504] {
            check(source, (status, "", json!({})), short, &format!("status {status}"));
        }
        for status in [400, 401, 403, 404, 405] {
            check(source, (status, "", json!({})), &[], &format!("status {status}"));
        }
    }
    check(APP, (500, "", json!({"statusCode": 500, "message": "An unexpected error"})), short, "`/.default`");
    check(ARC, (410, "", json!({})), updating, "status 410");
    check(ARC, (429, "", json!({})), passing, "status 429");
    check(ARC, (400, "", none()), &[], "Identity not found");
    let fabric = |code: &str| json!({"error": {"code": code, "message": "m"}});
    check(FABRIC, (429, "", fabric("TooManyRequests")), &[1.0, 2.0, 4.0, 8.0, 16.0], "status 429");
    check(FABRIC, (404, "", fabric("ManagedIdentityNotFound")), &[], "application manifest");
    check(FABRIC, (500, "", fabric("InternalServerError")), &[], "InternalServerError");
}

#[test]
fn who_is_not_there_is_not_waited_for_and_who_breaks_off_is() {
    let check = |kind: FaultKind, pauses: &[f64]| {
        let ran = run(TOKEN, &[], &|_, _| Err(kind));
        assert_eq!(ran.pauses, pauses, "{kind:?}");
    };
    for kind in [FaultKind::Refused, FaultKind::Unreachable, FaultKind::ConnectTimeout, FaultKind::Timeout] {
        check(kind, &[]);
    }
    check(FaultKind::CutShort, &[1.0, 2.0, 4.0]);
}

#[test]
fn an_endpoint_that_is_gone_for_seventy_seconds_is_outlasted() {
    let ran = run(TOKEN, &[], &|_, elapsed| match elapsed.as_secs() < 70 {
        true => Ok((410, "", json!({}))),
        false => Ok((200, "", token())),
    });
    assert_eq!(ran.step().attempts.len(), 5);
    assert_eq!(ran.record.outcome.word(), "passed");
}

#[test]
fn a_step_that_says_how_often_is_tried_so_often() {
    let playbook = "cloud: public\nsteps: [{token: arm, retry: {attempts: 2}}]";
    assert_eq!(run(playbook, &[], &|_, _| Ok((429, "", json!({})))).asked.len(), 2);
    let playbook = "cloud: public\nsteps: [{token: arm, retry: {attempts: 1}}]";
    assert_eq!(run(playbook, &[], &|_, _| Ok((410, "", json!({})))).asked.len(), 1);
}

/// A run of thirteen hours, in which the endpoint gives a second token or not; when it was asked.
fn long_run(second: &dyn Fn() -> Result<(u16, &'static str, Value), FaultKind>) -> (String, Vec<u64>) {
    let playbook = "cloud: public\nsteps:\n  - request: GET /subscriptions/s?api-version=2021-04-01\n    eventually: \
                    {within: 15h, every: 1h}\n";
    let asked = RefCell::new(Vec::new());
    let ran = run(playbook, &[], &|request, elapsed| {
        let hours = elapsed.as_secs() / 3600;
        if !request.url.contains("/metadata/identity/") {
            return Ok((if hours < 14 { 404 } else { 200 }, "", json!({})));
        }
        asked.borrow_mut().push(hours);
        if hours == 0 { Ok((200, "", token())) } else { second() }
    });
    (ran.record.outcome.word().to_owned(), asked.take())
}

#[test]
fn a_token_is_renewed_at_half_of_its_time_and_the_old_one_does_until_then() {
    assert_eq!(long_run(&|| Ok((200, "", token()))), ("passed".to_owned(), vec![0, 12]));
    assert_eq!(long_run(&|| Ok((500, "", json!({})))), ("passed".to_owned(), vec![0, 12, 13, 14]));
    assert_eq!(long_run(&|| Err(FaultKind::Refused)), ("passed".to_owned(), vec![0, 12, 13, 14]));
}
