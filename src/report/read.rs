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
