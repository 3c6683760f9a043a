//! `mi-run emulate`, and the emulator inside a run.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mi_run::diagnostic::pipeline::Escape;
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::emulator::{Clock, Emulator, Exchange, Options, Watcher, World, world};
use mi_run::source::Sources;

use super::args::{self, Color};
use super::exit::Exit;
use super::files;
use super::run::runtime;
use super::signals::Signals;
use super::terminal::{complain, deliver, diagnose, diagnose_all};

/// How long a command may take to end after a signal before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How many requests are shown when a run fails.
const SHOWN: usize = 5;

/// Serves the emulator until somebody interrupts it, or until a command that runs against it ends.
pub(crate) fn emulate(args: &args::Emulate) -> ExitCode {
    let world = match load(args.world.as_deref(), args.look.color) {
        Ok(world) => world,
        Err(exit) => return exit.into(),
    };
    let Some(clock) = args.clock.as_deref().map_or_else(|| Some(Clock::system()), Clock::starting_at) else {
        let title = "the time given by `--clock` is none";
        let diagnostic = Diagnostic::error("invalid-option", title).help("write it as 2026-01-05T10:00:00Z");
        diagnose(&diagnostic, &Sources::new(), args.look.color);
        return Exit::Usage.into();
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let options = Options {
        tls: true,
        imds_port: args.imds_port,
        arm_port: args.arm_port,
        arm_http_port: args.arm_http_port,
        authority_port: args.authority_port,
        control_port: args.control_port,
        clock,
        watcher: args.log.then(|| -> Watcher { Arc::new(log) }),
        ..Options::default()
    };
    runtime.block_on(async {
        // Before the line is out: whoever reads it may end the emulator at once.
        let mut signals = Signals::new();
        match Emulator::start(world, options).await {
            Ok(emulator) => match args.command.split_first() {
                None => {
                    let line = serde_json::to_string(emulator.ready()).unwrap_or_default();
                    if let Err(error) = deliver(&format!("{line}\n"), Escape::Shown) {
                        complain(&format!("error: nobody learns where the emulator is: {error}\n"));
                        return Exit::Errored.into();
                    }
                    signals.wait().await;
                    Exit::Passed.into()
                }
                Some((command, rest)) => command_with(&emulator, (command, rest), &mut signals).await,
            },
            Err(error) => refused(&error.to_string()).into(),
        }
    })
}

/// The world in a file; without one that of the quickstart.
fn load(path: Option<&Path>, color: Color) -> Result<World, Exit> {
    let Some(path) = path else {
        return Ok(World::quickstart());
    };
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = files::open(path, &mut sources, &mut found);
    let world = id.and_then(|id| world::read(id, &sources, &mut found));
    let failed = found.has_errors();
    diagnose_all(found, &sources, color);
    world.filter(|_| !failed).ok_or(Exit::Invalid)
}

/// Prints a request as it is answered.
fn log(exchange: &Exchange) {
    complain(&format!("{exchange}\n"));
}

/// Runs a command that finds the emulator in its environment; ends as it does.
async fn command_with(
    emulator: &Emulator,
    (command, rest): (&OsString, &[OsString]),
    signals: &mut Signals,
) -> ExitCode {
    let name = command.display();
    let spawned =
        tokio::process::Command::new(command).args(rest).envs(&emulator.ready().env).kill_on_drop(true).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            complain(&format!("error: the command `{name}` cannot be run: {error}\n"));
            return Exit::Usage.into();
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = signals.wait() => {
            // A terminal has told the command too; it may have something to put in order.
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
            return Exit::Interrupted.into();
        }
    };
    match ended.map(|status| status.code()) {
        Ok(Some(code)) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Ok(None) => {
            complain(&format!("error: the command `{name}` was killed\n"));
            Exit::Errored.into()
        }
        Err(error) => {
            complain(&format!("error: the command `{name}` cannot be waited for: {error}\n"));
            Exit::Errored.into()
        }
    }
}

/// The emulator inside a run, when it is wished: `Some` with the path of a world, or with nothing for the embedded one.
pub(super) async fn inside(wished: Option<&str>, color: Color) -> Result<Option<Emulator>, Exit> {
    let Some(path) = wished else {
        return Ok(None);
    };
    let world = load(Some(path).filter(|path| !path.is_empty()).map(Path::new), color)?;
    // Only these speak TLS with their clients, and a certificate takes its time.
    let tls = matches!(world.host, world::Host::ServiceFabric | world::Host::Aks)
        || world.identities.iter().any(|identity| identity.client_secret.is_some());
    match Emulator::start(world, Options { tls, ..Options::default() }).await {
        Ok(emulator) => Ok(Some(emulator)),
        Err(error) => Err(refused(&error.to_string())),
    }
}

/// What the emulator was asked last, for those who look for the cause of a failure.
pub(super) fn last_requests(emulator: &Emulator) -> String {
    let recent = emulator.recent(SHOWN);
    if recent.is_empty() {
        return String::new();
    }
    let lines: String = recent.iter().map(|exchange| format!("  {exchange}\n")).collect();
    format!("\nthe emulator's last requests:\n{lines}")
}

fn refused(why: &str) -> Exit {
    complain(&format!("error: the emulator cannot start: {why}\n"));
    Exit::Errored
}
