//! `mi-run doctor`: why does it not work here?

use std::path::Path;
use std::time::SystemTime;

use mi_run::azure::cloud::Cloud;
use mi_run::doctor::{Finding, Patient, Verdict, examine};
use mi_run::http::client::Client;
use mi_run::identity::{Selector, Whose};
use serde_json::json;

use super::args::{self, Asking, Output};
use super::emulate;
use super::errand::ready;
use super::exit::Exit;
use super::machine::Environment;
use super::roles::pretty;
use super::run::endpoints;
use super::terminal::print;

/// Looks into every cause, and tells what came of it.
pub(crate) fn doctor(args: &args::Whoami) -> Exit {
    let findings = match findings(&args.asking) {
        Ok(findings) => findings,
        Err(exit) => return exit,
    };
    print(&match args.format {
        Output::Text => findings.iter().map(told).collect::<String>() + &summary(&findings),
        Output::Json => pretty(&json!(findings)),
    });
    match findings.iter().any(|finding| finding.verdict == Verdict::Bad) {
        true => Exit::Failed,
        false => Exit::Passed,
    }
}

fn findings(asking: &Asking) -> Result<Vec<Finding>, Exit> {
    let (client, runtime) = ready(asking)?;
    runtime.block_on(look(asking, client))
}

async fn look(asking: &Asking, client: Client) -> Result<Vec<Finding>, Exit> {
    let Asking { who, azure, look } = asking;
    let emulator = emulate::inside(azure.emulate.as_deref(), look.color).await?;
    let inside = emulator.as_ref().map(|emulator| emulator.ready());
    let [arm, imds] = endpoints(azure, emulator.as_ref());
    // Not every machine that is emulated tells its cloud, and the emulator knows.
    let cloud = who
        .choice()
        .and_then(|choice| choice.known().cloned())
        .or_else(|| inside.and_then(|ready| Cloud::named(ready.cloud)));
    let client = Environment::client(emulator.as_ref()).unwrap_or(client);
    let environment = Environment::of(emulator.as_ref());
    let variable = |name: &str| environment.get(name);
    let patient = Patient {
        transport: &client,
        now: &SystemTime::now,
        machine: &environment.machine(&variable),
        exists: &|path: &Path| inside.is_none() && path.exists(),
        whose: &Whose { selector: who.identity.clone().unwrap_or(Selector::System), source: who.source },
        cloud: cloud.as_ref(),
        arm_endpoint: arm.as_deref(),
        imds_endpoint: imds.as_deref(),
    };
    Ok(examine(&patient).await)
}

/// A finding in lines.
fn told(finding: &Finding) -> String {
    let word = match finding.verdict {
        Verdict::Good => "ok",
        Verdict::Skipped => "-",
        Verdict::Doubtful => "look",
        Verdict::Bad => "BAD",
    };
    let mut text = format!("  {word:<5} {:<17} {}\n", finding.check, one_line(&finding.evidence));
    finding.notes.iter().for_each(|note| text.push_str(&format!("{:25}note: {}\n", "", one_line(note))));
    finding.cures.iter().for_each(|cure| text.push_str(&format!("{:25}cure: {}\n", "", one_line(cure))));
    text
}

/// What a server said must not make lines of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|one| !one.is_control()).collect()
}

fn summary(findings: &[Finding]) -> String {
    let count = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    match (count(Verdict::Bad), count(Verdict::Doubtful)) {
        (0, 0) => "\nall is well\n".to_owned(),
        (0, doubtful) => format!("\nnothing is bad, {doubtful} to look at\n"),
        (bad, 0) => format!("\n{bad} bad\n"),
        (bad, doubtful) => format!("\n{bad} bad, {doubtful} to look at\n"),
    }
}
