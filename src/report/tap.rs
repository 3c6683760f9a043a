//! The TAP report, version 14: a playbook is a subtest, a step a test point of it.
//!
//! What went wrong stands below its point as YAML, in which all text is written as JSON has it: YAML 1.2 reads it so, and no
//! text ends the block or the line.

use std::fmt::Write as _;
use std::io;

use super::cause::{Cause, causes, is_strict, problem};
use super::console::title;
use super::text::Text;
use crate::diagnostic::render::{commands_terminal, printable};
use crate::event::{Outcome, Playbook, Record, Step};

/// How far a subtest stands in.
const INSIDE: &str = "    ";

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let strict = is_strict(record);
    let playbooks = record.playbooks.len();
    let points = playbooks + if strict { record.hollow.len() } else { 0 };
    let mut text = Text::to(out);
    let _ = write!(text, "TAP version 14\n{}\n", plan(points, "no playbooks"));
    for (index, each) in record.playbooks.iter().enumerate() {
        playbook(&mut text, each, index + 1)?;
    }
    for (index, hollow) in record.hollow.iter().enumerate() {
        let point = if strict { format!("not ok {} - ", playbooks + index + 1) } else { "# ".to_owned() };
        let _ = writeln!(text, "{point}passed for want of trying: {}", escaped(hollow));
    }
    let _ = writeln!(text, "# {}", escaped(&super::summary(record)));
    if record.run.interrupted {
        text.push_str("Bail out! interrupted\n");
    }
    text.end()
}

fn playbook(text: &mut Text<'_>, playbook: &Playbook, number: usize) -> io::Result<()> {
    let name = match escaped(&playbook.name) {
        name if name.is_empty() => escaped(&playbook.path),
        name => name,
    };
    let steps = playbook.steps.summary().steps as usize;
    let points = steps + playbook.problems.len();
    let _ = writeln!(text, "# Subtest: {name}\n{INSIDE}{}", plan(points, "no steps"));
    for (index, each) in super::told(&playbook.steps).enumerate() {
        step(text, &each, index + 1);
        text.hand_on()?;
    }
    for (index, found) in playbook.problems.iter().enumerate() {
        let _ = writeln!(text, "{INSIDE}not ok {} - outputs", steps + index + 1);
        diagnostic(text, None, &[problem(found)]);
    }
    let ok = match playbook.outcome {
        Outcome::Failed | Outcome::Errored => "not ok",
        Outcome::Passed | Outcome::Skipped => "ok",
    };
    let skip = match playbook.outcome {
        Outcome::Skipped if points == 0 => " # SKIP no steps",
        Outcome::Skipped => " # SKIP every step was skipped",
        _ => "",
    };
    let _ = writeln!(text, "{ok} {number} - {name}{skip}");
    Ok(())
}

fn step(text: &mut String, step: &Step, number: usize) {
    let name = escaped(&title(step));
    match step.outcome {
        Outcome::Passed => {
            let _ = writeln!(text, "{INSIDE}ok {number} - {name}");
        }
        Outcome::Skipped => {
            let reason = step.reason.as_deref().map(escaped).unwrap_or_default();
            let line = format!("{INSIDE}ok {number} - {name} # SKIP {reason}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        Outcome::Failed | Outcome::Errored => {
            let _ = writeln!(text, "{INSIDE}not ok {number} - {name}");
            diagnostic(text, Some(step), &causes(step));
        }
    }
}

/// What went wrong, below a point: the first cause, and those that there are besides.
fn diagnostic(text: &mut String, step: Option<&Step>, causes: &[Cause]) {
    let Some((first, rest)) = causes.split_first() else { return };
    let failed = step.is_some_and(|step| step.outcome == Outcome::Failed);
    let request = step.and_then(|step| step.request.as_ref());
    let mut block = Block::new(INSIDE);
    block.line("message", &quoted(&first.headline()));
    block.line("severity", if failed { "fail" } else { "error" });
    if let Some(step) = step {
        block.line("id", &quoted(&step.id));
    }
    if let Some(request) = request {
        block.line("request", &quoted(&format!("{} {}", request.method, request.url)));
    }
    block.cause(first);
    if !rest.is_empty() {
        block.line("more", "");
        block.deeper(|block| {
            for cause in rest {
                block.item("message", &quoted(&cause.headline()));
                block.deeper(|block| block.cause(cause));
            }
        });
    }
    block.end(text);
}

/// A block of YAML below a point.
struct Block {
    indent: String,
    text: String,
}

impl Block {
    /// A block below a point that stands in so far.
    fn new(indent: &str) -> Self {
        let indent = format!("{indent}  ");
        Self { text: format!("{indent}---\n"), indent }
    }

    fn line(&mut self, key: &str, value: &str) {
        let line = format!("{}{key}: {value}", self.indent);
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    /// The first entry of a map that is an item of a list; the others stand deeper.
    fn item(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.text, "{}- {key}: {value}", self.indent);
    }

    fn list(&mut self, key: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.line(key, "");
        for item in items {
            let _ = writeln!(self.text, "{}  - {}", self.indent, listed(item));
        }
    }

    fn deeper(&mut self, write: impl FnOnce(&mut Self)) {
        self.indent.push_str("  ");
        write(self);
        self.indent.truncate(self.indent.len() - 2);
    }

    fn cause(&mut self, cause: &Cause) {
        self.line("code", &quoted(&cause.code));
        if let Some(place) = &cause.place {
            self.line("at", "");
            self.deeper(|block| {
                block.line("file", &quoted(&place.path));
                block.line("line", &place.line.to_string());
                block.line("column", &place.column.to_string());
            });
        }
        let mut notes = cause.notes.clone();
        if let Some([expected, actual]) = &cause.compared {
            self.line("expected", &quoted(expected));
            self.line("actual", &quoted(actual));
            // These two lead the notes.
            notes.drain(..notes.len().min(2));
        }
        // This one is told already.
        notes.retain(|note| !note.starts_with("request: "));
        self.list("notes", &notes);
        self.list("helps", &cause.helps);
    }

    fn end(self, text: &mut String) {
        text.push_str(&self.text);
        let _ = writeln!(text, "{}...", self.indent);
    }
}

fn plan(points: usize, without: &str) -> String {
    if points == 0 { format!("1..0 # SKIP {without}") } else { format!("1..{points}") }
}

/// A description or a reason: one line, in which nothing begins a directive.
fn escaped(text: &str) -> String {
    let text = printable(text).replace(['\n', '\t', '\u{2028}', '\u{2029}'], " ");
    text.trim().replace('\\', "\\\\").replace('#', "\\#")
}

/// A text as YAML reads it back.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // YAML has no place for these, takes them for line breaks, or readers would be misled by them.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut out, character),
            other if commands_terminal(other) => escape(&mut out, other),
            other => out.push(other),
        }
    }
    out
}

/// A text as an item of a list. Perl's reader takes one that begins with a word and a colon for a map, quoted or not.
fn listed(text: &str) -> String {
    let text = quoted(text);
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) if word.ends_with(':') || rest.trim_start().starts_with(':') => format!("{word}\\x20{rest}"),
        _ => text,
    }
}

fn escape(out: &mut String, character: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(character));
}
