//! A run of steps that nobody wrote: how commands that are no run ask Azure something.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use mi_run::azure::cloud::{Choice, Cloud};
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::event::{Outlet, Problem, Record, Spool};
use mi_run::http::client::Client;
use mi_run::identity::Token;
use mi_run::plan::{self, Plan};
use mi_run::run::{Engine, Interrupt, Job, Settings, SystemClock};
use mi_run::source::{Source, Sources};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::args::{Asking, Color};
use super::emulate;
use super::exit::Exit;
use super::files::Includes;
use super::machine::Environment;
use super::run::{check_endpoints, client, endpoints, runtime};
use super::terminal::diagnose_all;

/// What the steps are said to be from.
const PLACE: &str = "the command line";

/// What came of the steps.
pub(crate) struct Errand {
    /// What happened.
    pub(crate) record: Record,
    /// The tokens that were acquired on the way.
    pub(crate) tokens: Vec<Rc<Token>>,
    /// The VM's instance metadata, when it was wanted and there.
    pub(crate) instance: Option<Rc<Value>>,
}

/// Carries steps out as an identity. What is wrong with the options is told.
pub(crate) fn carry_out(steps: Value, asking: &Asking) -> Result<Errand, Exit> {
    let (client, runtime) = ready(asking)?;
    runtime.block_on(run(steps, asking, client))
}

/// What it takes to ask something. What is wrong with the options is told.
pub(crate) fn ready(asking: &Asking) -> Result<(Client, Runtime), Exit> {
    let color = asking.look.color;
    let mut usage = Diagnostics::new();
    check_endpoints(&asking.azure, &mut usage);
    if usage.has_errors() {
        diagnose_all(usage, &Sources::new(), color);
        return Err(Exit::Usage);
    }
    Ok((client(&asking.azure, color)?, runtime()?))
}

async fn run(steps: Value, asking: &Asking, client: Client) -> Result<Errand, Exit> {
    let Asking { who, azure, look } = asking;
    let color = look.color;
    let emulator = emulate::inside(azure.emulate.as_deref(), color).await?;
    let inside = emulator.as_ref().map(|emulator| emulator.ready());
    // Not every machine that is emulated tells its cloud, and the emulator knows.
    let emulated = inside.and_then(|ready| Cloud::named(ready.cloud)).map(Choice::Known);
    let said = who.choice().filter(|choice| *choice != Choice::Auto);
    let (sources, plan) = planned(steps, color)?;
    let [arm_endpoint, imds_endpoint] = endpoints(azure, emulator.as_ref());
    let settings = Settings {
        arm_endpoint,
        imds_endpoint,
        source: who.source,
        identity: who.identity.clone(),
        cloud: said.or(emulated),
        shard: None,
        traced: false,
        traceparent: None,
        bodies: false,
        jobs: 2,
        fail_fast: false,
        strict: false,
    };
    let outlet = Outlet::new(Vec::new(), Vec::new(), Some(Spool::default()));
    let interrupt = Interrupt::default();
    let clock = SystemClock::start();
    let client = Environment::client(emulator.as_ref()).unwrap_or(client);
    let environment = Environment::of(emulator.as_ref());
    let variable = |name: &str| environment.get(name);
    let engine =
        Engine::new(environment.world((&client, &clock), &variable), settings, (&sources, &outlet), &interrupt);
    let job = Job { plan, path: Arc::from(PLACE), folder: ".".into(), root: ".".into(), values: HashMap::new() };
    engine.run(vec![job]).await;
    let (tokens, instance) = (engine.tokens(), engine.instance());
    drop(engine);
    Ok(Errand { record: outlet.into_record().unwrap_or_default(), tokens, instance })
}

fn planned(steps: Value, color: Color) -> Result<(Sources, Plan), Exit> {
    let document = json!({"steps": steps}).to_string();
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(Source::new(PLACE, document));
    let includes = Includes::None;
    let documents = plan::gather((id, Path::new(PLACE)), &mut sources, &includes, &mut found);
    let plan = documents.map(|documents| plan::build(documents, &sources, &mut found));
    match plan.filter(|_| !found.has_errors()) {
        Some(plan) => Ok((sources, plan)),
        None => {
            diagnose_all(found, &sources, color);
            Err(Exit::Usage)
        }
    }
}

/// What went wrong, without the place in a playbook that nobody wrote.
pub(crate) fn without_place(problem: &Problem) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(problem.code.clone(), problem.title.clone());
    diagnostic.notes.clone_from(&problem.notes);
    diagnostic.helps.clone_from(&problem.helps);
    diagnostic
}
