//! A report that was written before, read again: the JSON report, or the lines of one.

use serde::Deserialize;

use crate::event::{Event, Record};

/// The form of reports that is read.
const VERSION: u32 = 1;

/// What tells one form from another.
#[derive(Deserialize)]
struct Probe {
    report_version: Option<u32>,
    event: Option<String>,
}

/// Reads a report.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(bytes: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty()).ok_or("it is empty")?;
    let is_lines = serde_json::from_str::<Probe>(first).is_ok_and(|probe| probe.event.is_some());
    if is_lines {
        return lines(text);
    }
    let probe: Probe = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    match probe.report_version {
        None => return Err("it has no `report_version`".to_owned()),
        Some(VERSION) => {}
        Some(other) => return Err(format!("it is of version {other}, and version {VERSION} is read here")),
    }
    let mut record: Record = serde_json::from_str(text).map_err(|error| error.to_string())?;
    record.restore();
    Ok(record)
}

/// Reads events, one a line. The last line may be cut short, where whoever wrote it was ended.
fn lines(text: &str) -> Result<Record, String> {
    let mut events: Vec<Event> = Vec::new();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    while let Some((number, line)) = lines.next() {
        match serde_json::from_str(line) {
            Ok(event) => events.push(event),
            Err(_) if lines.peek().is_none() && !text.ends_with('\n') => {}
            Err(error) => return Err(format!("line {}: {error}", number + 1)),
        }
    }
    Ok(Record::of_events(events))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_of_another_hand_is_read() {
        let step = json!({
            "id": "read-group", "name": "Read the group", "action": "request", "outcome": "failed", "phase": "steps",
            "iteration": null, "reason": null, "started_ms": 3.1, "duration_ms": 120.4,
            "place": {"path": "verify.yaml", "line": 21, "column": 5},
            "attempts": [{"number": 1, "duration_ms": 120.2, "status": 200, "error": null, "waited_ms": 0,
                          "request_id": "r", "correlation_id": "c"}],
            "request": {"method": "GET", "url": "https://a.example/", "headers": {}},
            "response": {"status": 200, "headers": {}, "body_bytes": 312},
            "assertions": [{"subject": "json", "path": "$.location", "predicate": "equals", "expected": "chinaeast",
                            "actual": "chinanorth", "holds": false, "place": {"line": 25, "column": 21}}],
            "captures": {"location": "chinanorth"},
            "steps": [],
        });
        let whole = json!({
            "report_version": 1, "mi_run": "0.1.0",
            "run": {"id": "r", "started_at": "2026-01-02T03:04:05.678Z", "duration_ms": 412.7, "cloud": "china",
                    "identity": {"source": "imds", "principal_id": "p", "client_id": "c", "tenant_id": "t"}},
            "outcome": "failed",
            "summary": {"steps": 1, "passed": 0, "failed": 1, "errored": 0, "skipped": 0, "assertions": 1},
            "playbooks": [{"path": "verify.yaml", "name": "v", "outcome": "failed", "outputs": {}, "steps": [step.clone(), step]}],
        });
        let record = read(whole.to_string().as_bytes()).unwrap_or_else(|why| panic!("{why}"));
        let trails: Vec<String> = record.playbooks[0].steps.iter().map(|step| step.trail.to_string()).collect();
        assert_eq!(trails, ["0", "1"]);
        assert_eq!(record.playbooks[0].steps.iter().next().expect("a step").assertions[0].actual, "chinanorth");
    }

    #[test]
    fn what_is_none_is_told() {
        let check = |text: &str, part: &str| {
            let why = read(text.as_bytes()).err().unwrap_or_default();
            assert!(why.contains(part), "{text}: {why}");
        };
        check("", "is empty");
        check("\n \n", "is empty");
        check("[]", "no JSON");
        check("{}", "no `report_version`");
        check(r#"{"report_version": 2}"#, "version 2");
        check(r#"{"report_version": 1}"#, "missing field");
        check("{\"event\": \"run_started\"}\n", "line 1");
        check("{\"event\": \"never_heard_of\"}\n", "line 1");
        assert!(read(b"\xff").is_err_and(|why| why.contains("UTF-8")));
    }
}
