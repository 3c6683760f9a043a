//! `mi-run emulate`, and the emulator inside a run.

use mi_run::emulator::{Emulator, Options, World};

use super::args;
use super::exit::Exit;
use super::signals::Signals;
use super::terminal::{complain, print};

/// Serves the emulator until somebody interrupts it.
pub(crate) fn emulate(args: &args::Emulate) -> Exit {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        complain("error: the runtime cannot start: too few resources\n");
        return Exit::Errored;
    };
    let options = Options {
        tls: true,
        imds_port: args.imds_port,
        arm_port: args.arm_port,
        arm_http_port: args.arm_http_port,
        authority_port: args.authority_port,
        ..Options::default()
    };
    runtime.block_on(async {
        // Before the line is out: whoever reads it may end the emulator at once.
        let mut signals = Signals::new();
        match Emulator::start(World::quickstart(), options).await {
            Ok(emulator) => {
                let line = serde_json::to_string(emulator.ready()).unwrap_or_default();
                print(&format!("{line}\n"));
                signals.wait().await;
                Exit::Passed
            }
            Err(error) => refused(&error.to_string()),
        }
    })
}

/// The emulator inside a run, when it is wished.
pub(super) async fn inside(wished: bool) -> Result<Option<Emulator>, Exit> {
    if !wished {
        return Ok(None);
    }
    match Emulator::start(World::quickstart(), Options::default()).await {
        Ok(emulator) => Ok(Some(emulator)),
        Err(error) => Err(refused(&error.to_string())),
    }
}

fn refused(why: &str) -> Exit {
    complain(&format!("error: the emulator cannot start: {why}\n"));
    Exit::Errored
}
