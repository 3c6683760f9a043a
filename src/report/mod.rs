//! Events → text, one file per format. A report knows nothing of how the run came about.

pub mod azure_pipelines;
mod cause;
pub mod checkout;
pub mod compare;
pub mod console;
pub mod curl;
mod diff;
pub mod difference;
pub mod github;
pub mod har;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod matrix;
pub mod merge;
pub mod otlp;
pub mod read;
pub mod sarif;
pub mod tap;
mod text;

pub use text::whole;

use serde_json::Value;

use crate::event::{Attempt, Outcome, Record, Step, Steps, Summary};
use crate::value::describe;

/// A value in a failure: its type and itself; what was not there at all is `nothing`.
pub(crate) fn shown(value: &Value, found: bool) -> String {
    if found { describe(value) } else { "nothing".to_owned() }
}

/// A duration in milliseconds as people read it: `12 ms`, `1.2 s`, `2 min 5 s`.
pub fn duration(millis: f64) -> String {
    match millis {
        ms if ms < 1.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1000.0),
        ms => format!("{} min {:.0} s", (ms / 60_000.0) as u64, (ms % 60_000.0) / 1000.0),
    }
}

/// The steps that are told: of those that hold others, the others.
pub(crate) fn told(steps: &Steps) -> impl Iterator<Item = Step> + use<> {
    steps.ends().filter(Step::is_told)
}

/// The attempts of a step, and when each began, in milliseconds since the run began.
pub(crate) fn timed(step: &Step) -> impl Iterator<Item = (f64, &Attempt)> {
    let mut end = step.started_ms.0;
    step.attempts.iter().map(move |attempt| {
        let began = end + attempt.waited_ms.0;
        end = began + attempt.duration_ms.0;
        (began, attempt)
    })
}

/// How many steps came out how, in words: `2 passed`; outcomes that no step had are left out.
pub(crate) fn counted(summary: &Summary) -> Vec<(Outcome, String)> {
    let counts = [
        (Outcome::Passed, summary.passed),
        (Outcome::Failed, summary.failed),
        (Outcome::Errored, summary.errored),
        (Outcome::Skipped, summary.skipped),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    counts.map(|(outcome, count)| (outcome, format!("{count} {}", outcome.word()))).collect()
}

/// The rest of the line on a whole run: how much was judged, how long it took, and what cut it short.
pub(crate) fn ending(summary: &Summary, millis: f64, (interrupted, timed_out): (bool, bool)) -> String {
    let assertions = match summary.assertions {
        1 => "1 assertion".to_owned(),
        many => format!("{many} assertions"),
    };
    let end = match (interrupted, timed_out) {
        (true, _) => ", interrupted",
        (_, true) => ", stopped by `--timeout`",
        _ => "",
    };
    format!("({assertions}) in {}{end}", duration(millis))
}

/// What is said instead of counts when there are none.
pub(crate) const NO_STEPS: &str = "no steps";

/// The line on a whole run.
pub(crate) fn summary(record: &Record) -> String {
    let counted: Vec<String> = counted(&record.summary).into_iter().map(|(_, words)| words).collect();
    let counted = if counted.is_empty() { NO_STEPS.to_owned() } else { counted.join(", ") };
    let run = &record.run;
    let ending = ending(&record.summary, run.duration_ms.0, (run.interrupted, run.timed_out));
    format!("{counted} {ending}")
}

/// What is known of a whole run: a word for what it is, and the fact.
pub(crate) fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let run = &record.run;
    let identity = run.identity.as_ref();
    let known = [
        ("cloud", run.cloud.clone()),
        ("identity", identity.map(|identity| identity.source.to_string())),
        ("principal id", identity.and_then(|identity| identity.principal_id.clone())),
        ("began", Some(run.started_at.clone())),
        ("run", Some(run.id.clone())),
        ("by", Some(format!("mi-run {}", record.mi_run))),
    ];
    known.into_iter().filter_map(|(word, fact)| Some((word, fact?))).filter(|(_, fact)| !fact.is_empty()).collect()
}
