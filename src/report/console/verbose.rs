//! What `--verbose` tells of a step: the request, each attempt, each assertion that was judged, each capture.

use super::{claimed, duration, expectation};
use crate::diagnostic::render::printable;
use crate::event::{Attempt, Step};
use crate::value::show;

/// The lines below that of a step.
pub(super) fn lines(step: &Step) -> Vec<String> {
    let request = step.request.iter().map(|request| format!("{} {}", request.method, request.url));
    let attempts = step.attempts.iter().map(attempt);
    let assertions = step.assertions.iter().map(|assertion| {
        let verdict = if assertion.holds { "holds" } else { "fails" };
        match &*assertion.subject {
            "that" => format!("{verdict}: {}", expectation(assertion)),
            _ => format!("{verdict}: {}: {}", claimed(assertion), expectation(assertion)),
        }
    });
    let captures = step.captures.iter().map(|(name, value)| format!("captured `{name}`: {}", show(value)));
    request.chain(attempts).chain(assertions).chain(captures).map(|line| printable(&line)).collect()
}

fn attempt(attempt: &Attempt) -> String {
    let mut line = format!("attempt {}", attempt.number);
    if attempt.waited_ms.0 > 0.0 {
        line.push_str(&format!(" after {}", duration(attempt.waited_ms.0)));
    }
    if let Some(why) = &attempt.waited_for {
        line.push_str(&format!(" ({why})"));
    }
    let came = match (&attempt.status, &attempt.error) {
        (Some(status), _) => format!("status {status}"),
        (None, error) => error.clone().unwrap_or_else(|| "no answer".to_owned()),
    };
    line.push_str(&format!(": {came} in {}", duration(attempt.duration_ms.0)));
    if let Some(id) = &attempt.request_id {
        line.push_str(&format!(", request id {id}"));
    }
    line
}
