//! `mi-run PLAYBOOK...`: read, resolve, run, report.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::emulator::Emulator;
use mi_run::event::{Outcome, Outlet, Record, Sink};
use mi_run::http;
use mi_run::http::client::Client;
use mi_run::plan::{self, Caller, Given, Plan, Selection};
use mi_run::run::{Engine, Frame, Interrupt, Job, Settings, SystemClock};
use mi_run::source::Sources;
use serde_json::Value;

use super::args;
use super::check;
use super::emulate;
use super::exit::Exit;
use super::files;
use super::live::{Live, Watch};
use super::machine::{Environment, bundle};
use super::pipelines;
use super::report;
use super::reports::{self, Target};
use super::rerun;
use super::screen::{Screen, Wire, pages};
use super::signals::{Signals, outlive_limits};
use super::terminal::{complain, diagnose, diagnose_all};
use super::values;

/// Runs playbooks.
pub(crate) fn run(mut args: args::Run) -> Exit {
    let color = args.look.color;
    let before = match args.rerun_failed.as_deref().map(report::open).transpose() {
        Ok(before) => before,
        Err(diagnostic) => {
            diagnose(&diagnostic, &Sources::new(), color);
            return Exit::Invalid;
        }
    };
    if let Some(before) = before.as_ref().filter(|_| args.playbooks.is_empty()) {
        args.playbooks = rerun::playbooks(before);
        if args.playbooks.is_empty() {
            return rerun::nothing();
        }
    }
    let mut sources = Sources::new();
    let mut usage = Diagnostics::new();
    let given = values::from_arguments(&args.values.vars, &mut usage);
    check_endpoints(&args.azure, &mut usage);
    if usage.has_errors() {
        diagnose_all(usage, &sources, color);
        return Exit::Usage;
    }
    let mut found = Diagnostics::new();
    let mut plans = plans(&args, &mut sources, &mut found);
    let mut given = given;
    let names: Vec<String> = plans.iter().flat_map(|(plan, _)| plan::declared(plan)).map(str::to_owned).collect();
    let from_environment = values::from_environment(names.iter().map(String::as_str), &mut usage);
    let arguments = given.len();
    let secrets = plans.iter().any(|(plan, _)| plan::has_secrets(plan));
    given.extend(values::from_files(&args.values.vars_files, secrets, &mut sources, &mut found));
    given.extend(from_environment);
    if found.has_errors() {
        diagnose_all(found, &sources, color);
        return Exit::Invalid;
    }
    unknown_names(&given[..arguments], &names, &mut usage);
    leave(&args, before.as_ref(), &mut plans, &mut usage);
    if before.is_some() && plans.is_empty() {
        return rerun::nothing();
    }
    let client = match client(&args.azure, color) {
        Ok(client) => client,
        Err(exit) => return exit,
    };
    let targets = match reports::open(&args.reports, args.ci) {
        Ok(targets) => targets,
        Err(diagnostic) => {
            diagnose(&diagnostic, &sources, color);
            return Exit::Usage;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let prepared = Prepared { args: &args, sources: &sources, plans, given, usage, client, targets };
    runtime.block_on(prepared.run())
}

/// Leaves only the playbooks of the shard, and the steps that are selected.
fn leave(args: &args::Run, before: Option<&Record>, plans: &mut Vec<(Plan, PathBuf)>, usage: &mut Diagnostics) {
    if let Some(shard) = args.shard {
        let mut position = 0..;
        plans.retain(|_| position.next().is_some_and(|position| shard.holds(position)));
    }
    match before {
        Some(before) => rerun::select(before, plans, usage),
        None => {
            let selection = Selection::new(&args.selection.only, &args.selection.skip);
            let left: usize = plans.iter_mut().map(|(plan, _)| selection.apply(plan)).sum();
            if selection.is_some() && left == 0 {
                nothing_selected(args.strict, usage);
            }
        }
    }
}

/// Everything that is known before anything happens.
struct Prepared<'p> {
    args: &'p args::Run,
    sources: &'p Sources,
    plans: Vec<(Plan, PathBuf)>,
    given: Vec<Given>,
    usage: Diagnostics,
    client: Client,
    targets: Vec<Target>,
}

impl Prepared<'_> {
    async fn run(self) -> Exit {
        let color = self.args.look.color;
        let mut signals = Signals::new();
        let emulator = match emulate::inside(self.args.azure.emulate.as_deref(), color).await {
            Ok(emulator) => emulator,
            Err(exit) => return exit,
        };
        let settings = settings(self.args, emulator.as_ref());
        let live = Rc::new(Live::new(self.args.quiet));
        let screen = Screen::new(self.args, &self.targets, &live);
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Watch(Rc::clone(&live)))];
        if self.args.show_http {
            sinks.push(Box::new(Wire(Rc::clone(&live))));
        }
        sinks.extend(reports::sinks(&self.targets));
        let mut ordered: Vec<Box<dyn Sink>> = vec![Box::new(screen)];
        ordered.extend(pages(self.args, &self.targets));
        let outlet = Outlet::new(sinks, ordered, reports::spool(&self.targets));
        let interrupt = Interrupt::default();
        let clock = SystemClock::start();
        let client = Environment::client(emulator.as_ref()).unwrap_or(self.client);
        let environment = Environment::of(emulator.as_ref()).open_to(self.args);
        let variable = |name: &str| environment.get(name);
        let world = environment.world((&client, &clock), &variable);
        let engine = Engine::new(world, settings, (self.sources, &outlet), &interrupt);
        let mut usage = self.usage;
        let jobs = jobs(self.plans, (&self.given, &self.args.root), &engine, &mut usage);
        let refused = usage.has_errors();
        diagnose_all(usage, self.sources, color);
        if refused {
            return Exit::Usage;
        }
        let outcome = tokio::select! {
            outcome = engine.run(jobs) => Some(outcome),
            () = stop((&mut signals, &live), &interrupt, self.args.timeout) => None,
            () = live.show() => None,
        };
        live.end();
        let Some(outcome) = outcome else {
            return Exit::Interrupted;
        };
        drop(engine);
        if let Some(emulator) = emulator.as_ref().filter(|_| Exit::from(outcome) != Exit::Passed) {
            complain(&outlet.redact(&emulate::last_requests(emulator)));
        }
        let (record, late) = outlet.end();
        let record = record.unwrap_or_default();
        let failed = tokio::select! {
            biased;
            failed = reports::write(self.targets, &record, Some(&late)) => failed,
            // A pipe without a reader would wait for ever.
            () = signals.wait() => return Exit::Interrupted,
        };
        failed.iter().for_each(|diagnostic| diagnose(diagnostic, self.sources, color));
        conclude(outcome, interrupt.came(), failed.is_empty())
    }
}

/// What the command line says of the run.
fn settings(args: &args::Run, emulator: Option<&Emulator>) -> Settings {
    let [arm_endpoint, imds_endpoint] = endpoints(&args.azure, emulator);
    Settings {
        arm_endpoint,
        imds_endpoint,
        source: args.who.source,
        identity: args.who.identity.clone(),
        cloud: args.who.choice(),
        shard: args.shard,
        traced: args.traceparent,
        traceparent: pipelines::traceparent(),
        bodies: args.show_http,
        jobs: args.jobs,
        fail_fast: args.fail_fast,
        strict: args.strict,
    }
}

/// How the program ends. A report that could not be written does not hide how the run came out.
fn conclude(outcome: Outcome, interrupted: bool, written: bool) -> Exit {
    match Exit::from(outcome) {
        _ if interrupted => Exit::Interrupted,
        Exit::Passed if !written => Exit::Errored,
        exit => exit,
    }
}

/// Reads and builds every playbook, and all that they include.
fn plans(args: &args::Run, sources: &mut Sources, found: &mut Diagnostics) -> Vec<(Plan, PathBuf)> {
    let each = |path: &PathBuf| Some((check::plan(path, &args.root, sources, found)?, path.clone()));
    args.playbooks.iter().filter_map(each).collect()
}

/// Matches what was given with what is declared.
fn jobs(
    plans: Vec<(Plan, PathBuf)>,
    (given, root): (&[Given], &args::Root),
    engine: &Engine<'_>,
    usage: &mut Diagnostics,
) -> Vec<Job> {
    let frame = Frame::bare(engine);
    let lookup = |name: &str| root.variable(name);
    let each = |(plan, path): (Plan, PathBuf)| {
        let caller = Caller { given, lookup: &lookup, scope: &frame, sources: engine.sources };
        let values = plan::resolve(&plan, &caller, usage);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let root = files::root(root.folder.as_deref(), &path);
        Job { plan, path: Arc::from(path.display().to_string()), folder, root, values }
    };
    plans.into_iter().map(each).collect()
}

/// Refuses values for names that no playbook declares.
pub(super) fn unknown_names(arguments: &[Given], names: &[String], usage: &mut Diagnostics) {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    for given in arguments.iter().filter(|given| !names.contains(&given.name)) {
        usage.unknown_variable(&given.name, &given.origin.to_string(), &known);
    }
}

pub(super) fn check_endpoints(args: &args::Azure, usage: &mut Diagnostics) {
    let endpoints = [("--arm-endpoint", &args.arm_endpoint), ("--imds-endpoint", &args.imds_endpoint)];
    for (option, url) in endpoints {
        let Some(url) = chosen(url) else { continue };
        let bad = match http::origin(&url) {
            None => Some("it is not an absolute URL such as `https://management.azure.com`"),
            Some((scheme, ..)) if scheme != "http" && scheme != "https" => Some("it is neither http nor https"),
            Some((scheme, host, _)) if scheme == "http" && option == "--arm-endpoint" && !http::is_loopback(&host) => {
                Some("over http a token would be seen by all; only loopback may be http")
            }
            Some(_) => None,
        };
        if let Some(why) = bad {
            let title = format!("`{url}` cannot be the endpoint given by `{option}`");
            usage.push(Diagnostic::error("invalid-option", title).note(why));
        }
    }
}

/// Where Resource Manager and the instance metadata service are: as is said, or the emulator's.
pub(super) fn endpoints(azure: &args::Azure, emulator: Option<&Emulator>) -> [Option<String>; 2] {
    let inside = emulator.map(Emulator::ready);
    [
        chosen(&azure.arm_endpoint).or_else(|| inside.map(|ready| ready.arm_http.clone())),
        chosen(&azure.imds_endpoint).or_else(|| inside.map(|ready| ready.imds.clone())),
    ]
}

/// What sends requests. That its certificates cannot be used, is told.
pub(super) fn client(azure: &args::Azure, color: args::Color) -> Result<Client, Exit> {
    Client::new(azure.ca_file.as_deref(), bundle).map_err(|why| {
        let title = "the file given by `--ca-file` cannot be used";
        diagnose(&Diagnostic::error("invalid-option", title).note(why.0), &Sources::new(), color);
        Exit::Usage
    })
}

/// What carries on while others wait. That it cannot start, is told.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Exit> {
    let few = |error: std::io::Error| {
        complain(&format!("error: the runtime cannot start: {error}\n"));
        Exit::Errored
    };
    spare().map_err(few)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(few)?;
    let inside = runtime.enter();
    outlive_limits();
    drop(inside);
    Ok(runtime)
}

/// Whether there are the descriptors that a runtime takes: without those for signals it would panic.
#[cfg(unix)]
fn spare() -> std::io::Result<()> {
    const NEEDED: usize = 8;
    let opened: std::io::Result<Vec<_>> = (0..NEEDED).map(|_| std::fs::File::open("/dev/null")).collect();
    opened.map(drop)
}

#[cfg(not(unix))]
fn spare() -> std::io::Result<()> {
    Ok(())
}

/// An option's value; set but empty, as pipelines do, is not given.
fn chosen(option: &Option<String>) -> Option<String> {
    option.clone().filter(|text| !text.trim().is_empty())
}

/// Waits for a signal or the end of the time, which stop the steps, so that the cleanup runs; ends when there is
/// nothing more to wait for.
async fn stop((signals, live): (&mut Signals, &Live), interrupt: &Interrupt, timeout: Option<Duration>) {
    let up = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signals.wait() => {}
        () = up => {
            live.above(|| complain("the time given by `--timeout` is up: the steps stop, the cleanup runs\n"));
            interrupt.time_is_up();
            signals.wait().await;
        }
    }
    const SAID: &str =
        "interrupted: the steps stop, the cleanup runs, reports are written; once more ends the cleanup too\n";
    live.above(|| complain(SAID));
    interrupt.raise();
    signals.wait().await;
    interrupt.raise();
    signals.wait().await;
}

/// Says that no step is left to run.
pub(super) fn nothing_selected(strict: bool, usage: &mut Diagnostics) {
    let title = "no step is left by `--only` and `--skip`";
    let diagnostic = if strict {
        Diagnostic::error("nothing-selected", title)
    } else {
        Diagnostic::warning("nothing-selected", title)
    };
    usage.push(diagnostic.help("a pattern is a tag, an id or a name, and `*` stands for any text"));
}

pub(super) fn variables() -> Value {
    let pairs =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Value::Object(pairs.map(|(name, value)| (name, Value::String(value))).collect())
}

pub(super) fn random() -> [u8; 16] {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 16];
    // Chance only makes ids differ; without any, the time does.
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_le_bytes();
    }
    bytes
}
