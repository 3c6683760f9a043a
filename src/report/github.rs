//! The report for GitHub Actions: commands that make annotations at the places in the playbooks, and a summary of the job.
//!
//! A command is `::name key=value,…::message`, one to a line, escaped as `@actions/core` does.

use std::io::{self, Write as _};

use super::cause::{Fault, end, faults, is_strict};
use super::checkout::Checkout;
use super::{markdown, summary};
use crate::diagnostic::pipeline::{Escape, disarm};
use crate::diagnostic::render::printable;
use crate::event::Record;

/// How many annotations of a kind GitHub shows of one step of a job.
const SHOWN: usize = 10;

/// How many bytes of a summary GitHub takes of one step of a job.
const SUMMARY: usize = 1024 * 1024;

/// The commands, each in a line.
pub fn render(record: &Record, checkout: &Checkout) -> String {
    let mut faults = faults(record);
    let mut lines: Vec<String> = faults.by_ref().take(SHOWN).map(|fault| annotation(&fault, checkout)).collect();
    let mut errors = lines.len() + faults.count();
    let strict = is_strict(record);
    let hollow = if strict { "error" } else { "warning" };
    let free = if strict { SHOWN - lines.len() } else { SHOWN };
    let title = [("title", "passed for want of trying".to_owned())];
    lines.extend(record.hollow.iter().take(free).map(|why| command(hollow, &title, why)));
    let mut warnings = record.hollow.len();
    if strict {
        errors += std::mem::take(&mut warnings);
    }
    let left: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > SHOWN)
        .map(|(count, word)| counted(count - SHOWN, word))
        .collect();
    if !left.is_empty() {
        let more = format!(
            "{} not shown here: the log and the summary tell them all\n{}",
            left.join(" and "),
            summary(record)
        );
        lines.push(command("notice", &[("title", "mi-run".to_owned())], &more));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What to append to the summary of a job, that holds so many bytes already.
pub fn render_summary(record: &Record, there: usize) -> String {
    let room = SUMMARY.saturating_sub(there);
    let mut beginning = Beginning { bytes: Vec::new(), room };
    // What another tool wrote last may not have ended its paragraph.
    let gap = if there > 0 { "\n" } else { "" };
    // It takes everything, and forgets what is too much.
    let _ = beginning.write_all(gap.as_bytes()).and_then(|()| markdown::write(record, &mut beginning));
    let mut text = String::from_utf8_lossy(&beginning.bytes).into_owned();
    if beginning.bytes.len() <= room {
        return text;
    }
    const REST: &str = "\n**The rest is left out: GitHub takes 1 MiB of a summary.**\n";
    let mut end = room.saturating_sub(REST.len()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Whole lines only: in a part of one, code might have no end.
    match text[..end].rfind('\n') {
        Some(line) => {
            text.truncate(line + 1);
            text + REST
        }
        None => String::new(),
    }
}

/// The beginning of a text: as much as there is room for, and a byte more where there is more.
struct Beginning {
    bytes: Vec<u8>,
    room: usize,
}

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = (self.room + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(left)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn annotation(fault: &Fault<'_>, checkout: &Checkout) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &fault.cause.place {
        let end = end(fault.playbook, place);
        let last = end.map_or(place.line, |end| end.line);
        properties.push(("file", checkout.path(&place.path)));
        properties.push(("line", place.line.to_string()));
        properties.push(("endLine", last.to_string()));
        // GitHub refuses columns of what goes over several lines.
        if last == place.line {
            properties.push(("col", place.column.to_string()));
            properties.extend(end.map(|end| ("endColumn", end.column.to_string())));
        }
    }
    properties.push(("title", fault.title.clone()));
    command("error", &properties, &fault.cause.story())
}

fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    format!("::{name} {}::{}", properties.join(","), data(message))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The message is printed again, by the runner: it commands nothing then either.
fn data(text: &str) -> String {
    let text = printable(text);
    disarm(&text, Escape::Shown).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 more {word}") } else { format!("{count} more {word}s") }
}
