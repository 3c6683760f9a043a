//! `mi-run doctor`: why does it not work here?

use std::path::Path;
use std::time::SystemTime;

use mi_run::azure::cloud::Cloud;
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::doctor::{Finding, Patient, Verdict, examine};
use mi_run::http::client::Client;
use mi_run::identity::Whose;
use mi_run::source::Sources;
use serde_json::json;

use super::args::{self, Azure, Color, Output, Who};
use super::emulate;
use super::exit::Exit;
use super::machine::Environment;
use super::roles::pretty;
use super::run::{check_endpoints, chosen};
use super::terminal::{complain, diagnose, diagnose_all, print};

/// Looks into every cause, and tells what came of it.
pub(crate) fn doctor(args: &args::Whoami) -> Exit {
    let findings = match findings((&args.who, &args.azure), args.look.color) {
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

fn findings((who, azure): (&Who, &Azure), color: Color) -> Result<Vec<Finding>, Exit> {
    let mut usage = Diagnostics::new();
    check_endpoints(azure, &mut usage);
    if usage.has_errors() {
        diagnose_all(usage, &Sources::new(), color);
        return Err(Exit::Usage);
    }
    let client = Client::new(azure.ca_file.clone()).map_err(|why| {
        let title = "the file given by `--ca-file` cannot be used";
        diagnose(&Diagnostic::error("invalid-option", title).note(why.0), &Sources::new(), color);
        Exit::Usage
    })?;
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        complain("error: the runtime cannot start: too few resources\n");
        return Err(Exit::Errored);
    };
    runtime.block_on(look((who, azure), client, color))
}

async fn look((who, azure): (&Who, &Azure), client: Client, color: Color) -> Result<Vec<Finding>, Exit> {
    let emulator = emulate::inside(azure.emulate.as_deref(), color).await?;
    let inside = emulator.as_ref().map(|emulator| emulator.ready());
    let arm = chosen(&azure.arm_endpoint).or_else(|| inside.map(|ready| ready.arm_http.clone()));
    let imds = chosen(&azure.imds_endpoint).or_else(|| inside.map(|ready| ready.imds.clone()));
    // Not every machine that is emulated tells its cloud, and the emulator knows.
    let cloud = Cloud::named(who.cloud.word()).or_else(|| inside.and_then(|ready| Cloud::named(ready.cloud)));
    let client = Environment::client(emulator.as_ref()).unwrap_or(client);
    let environment = Environment::of(emulator.as_ref());
    let variable = |name: &str| environment.get(name);
    let patient = Patient {
        transport: &client,
        now: &SystemTime::now,
        machine: &environment.machine(&variable),
        exists: &|path: &Path| inside.is_none() && path.exists(),
        whose: &Whose { selector: who.identity.clone(), source: who.source },
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
