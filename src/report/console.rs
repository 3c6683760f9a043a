//! The console: a line per step as it finishes, the story of each failure, a summary.

mod exchange;
mod matrix;
mod verbose;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use super::curl;
use super::diff::{self, Of};
use super::matrix::{Cell, Loops};
use super::{NO_STEPS, counted, duration, ending, shown};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{Style, printable, render};
use crate::event::{
    Assertion, Event, Outcome, Place, PlaybookFinished, PlaybookStarted, Problem, RunFinished, Step, Summary,
};
use crate::source::{Position, Source, Sources, Span};
use crate::value::{show, to_text};

pub use exchange::exchange;

/// How much the console tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Only what went wrong.
    Failures,
    /// A line per step.
    Steps,
    /// Every attempt, assertion and capture too.
    Everything,
}

/// Renders events as they come.
pub struct Console {
    style: Style,
    detail: Detail,
    playbooks: Vec<Shown>,
    failures: String,
}

struct Shown {
    /// The texts of the playbook and of those it includes.
    sources: Vec<Arc<Source>>,
    /// What its loops asked about access.
    loops: Loops,
    /// How many steps nobody asked for.
    left_out: u32,
}

impl Console {
    /// A console of that style.
    pub fn new(style: Style, detail: Detail) -> Self {
        Self { style, detail, playbooks: Vec::new(), failures: String::new() }
    }

    /// What to print when this event has come; empty when nothing.
    pub fn event(&mut self, event: &Event) -> String {
        match event {
            Event::PlaybookFinished(finished) => self.end(finished),
            Event::PlaybookStarted(started) => self.playbook(started),
            Event::StepFinished(finished) => self.step(finished.playbook, &finished.step),
            Event::RunFinished(finished) => self.finish(finished),
            _ => String::new(),
        }
    }

    fn playbook(&mut self, started: &PlaybookStarted) -> String {
        let shown = Shown { sources: started.sources.clone(), loops: Loops::default(), left_out: 0 };
        self.playbooks.push(shown);
        if self.detail == Detail::Failures {
            return String::new();
        }
        let gap = if started.playbook == 0 { "" } else { "\n" };
        let name = self.paint(BOLD, &one_line(&started.name));
        let path = self.paint(DIM, &printable(&started.path));
        if *started.name == *started.path { format!("{gap}{name}\n") } else { format!("{gap}{name}  {path}\n") }
    }

    fn step(&mut self, playbook: usize, step: &Step) -> String {
        let mut line = String::new();
        if let Some(shown) = self.playbooks.get_mut(playbook).filter(|_| self.detail != Detail::Failures) {
            shown.loops.take(step);
            // However many they are, one line tells them.
            if step.was_left_out() && self.detail == Detail::Steps {
                shown.left_out += u32::from(step.is_told());
                return line;
            }
        }
        if !step.is_told() {
            return line;
        }
        if self.detail != Detail::Failures || is_bad(step.outcome) {
            let (mark, color) = match step.outcome {
                Outcome::Passed => ("ok  ", GREEN),
                Outcome::Failed => ("FAIL", RED),
                Outcome::Errored => ("ERR ", RED),
                Outcome::Skipped => ("skip", YELLOW),
            };
            let took = match step.outcome {
                Outcome::Skipped => String::new(),
                _ => self.paint(DIM, &format!("  {}", duration(step.duration_ms.0))),
            };
            let _ = writeln!(line, "  {}  {}{took}", self.paint(color, mark), one_line(&title(step)));
            // The notes of a failure are part of its story, at the end, where it has one.
            let has_story = is_bad(step.outcome) && has_cause(step);
            let told: &[String] = if has_story { &[] } else { &step.notes };
            let settled = step.settled_ms.filter(|_| step.attempts.len() > 1);
            let settled = settled
                .map(|settled| format!("held after {} and {} attempts", duration(settled.0), step.attempts.len()));
            let reason = step.reason.iter().filter(|_| step.outcome != Outcome::Passed && !has_story);
            for note in reason.chain(told).chain(&settled) {
                let _ = writeln!(line, "        {}", self.paint(DIM, &printable(note)));
            }
            if self.detail == Detail::Everything {
                for told in verbose::lines(step) {
                    let _ = writeln!(line, "        {}", self.paint(DIM, &told));
                }
            }
        }
        if is_bad(step.outcome) {
            let story = self.story(playbook, step);
            self.failures.push_str(&story);
        }
        line
    }

    /// What went wrong in a step, each cause with its place.
    fn story(&self, playbook: usize, step: &Step) -> String {
        let Some(shown) = self.playbooks.get(playbook) else {
            return String::new();
        };
        let failing = step.assertions.iter().filter(|assertion| !assertion.holds);
        let mut told: Vec<(Diagnostic, Sources)> =
            failing.map(|failed| self.failed_assertion(shown, step, failed)).collect();
        told.extend(step.problems.iter().map(|problem| self.problem(shown, step, problem)));
        // What holds for the whole step is told with the first cause.
        if let Some((first, _)) = told.first_mut() {
            first
                .notes
                .extend(step.request.as_ref().map(|request| format!("request:  {} {}", request.method, request.url)));
            first.notes.extend(step.notes.iter().cloned());
            first.helps.extend(step.helps.iter().cloned());
            first.helps.extend(curl::repeats(step).map(|line| format!("by hand: {line}")));
            let turns = step.iteration.is_some() || !step.within.is_empty();
            first.notes.extend(turns.then(|| format!("step:     {}", title(step))));
        }
        let rendered = told.iter().map(|(diagnostic, sources)| render(diagnostic, sources, self.style) + "\n");
        rendered.collect()
    }

    fn failed_assertion(&self, shown_in: &Shown, step: &Step, assertion: &Assertion) -> (Diagnostic, Sources) {
        let mut sources = Sources::new();
        let place = open(shown_in, &assertion.place, &mut sources);
        let step_place = open(shown_in, &step.place, &mut sources);
        let mut diagnostic = Diagnostic::error("assertion-failed", claim(assertion))
            .at(place, assertion.reason.clone().unwrap_or_default());
        if place != step_place {
            diagnostic = diagnostic.beside(step_place, "in this step");
        }
        if assertion.subject != "that" && assertion.predicate != "access" {
            diagnostic = diagnostic
                .note(format!("expected: {}", expectation(assertion)))
                .note(format!("actual:   {}", shown_as(assertion, &assertion.actual, assertion.found)));
            diagnostic.notes.extend(differs(assertion));
        }
        (diagnostic, sources)
    }

    fn problem(&self, shown_in: &Shown, step: &Step, problem: &Problem) -> (Diagnostic, Sources) {
        let place = problem.place.as_ref().unwrap_or(&step.place);
        let mut sources = Sources::new();
        let span = open(shown_in, place, &mut sources);
        let mut diagnostic =
            Diagnostic::error(problem.code.clone(), problem.title.clone()).at(span, problem.label.clone());
        if *place != step.place {
            diagnostic = diagnostic.beside(open(shown_in, &step.place, &mut sources), "in this step");
        }
        diagnostic.notes.clone_from(&problem.notes);
        diagnostic.helps.clone_from(&problem.helps);
        (diagnostic, sources)
    }

    /// What the loops of a playbook found about access. What went wrong with what it gives is told later.
    fn end(&mut self, finished: &PlaybookFinished) -> String {
        let Some(shown) = self.playbooks.get_mut(finished.playbook) else {
            return String::new();
        };
        let (matrices, left_out) = (shown.loops.finish(), shown.left_out);
        self.outputs(finished);
        let mut text = String::new();
        if left_out > 0 {
            let many = if left_out == 1 { "1 step that was" } else { &format!("{left_out} steps that were") };
            let _ = writeln!(
                text,
                "  {}  {}",
                self.paint(YELLOW, "skip"),
                self.paint(DIM, &format!("{many} not selected"))
            );
        }
        for found in matrices {
            let _ = writeln!(text, "\n  {}", self.paint(BOLD, &one_line(&found.title)));
            for line in matrix::lines(&found, self.style.width, &|cell, word| self.cell(cell, word)) {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }

    fn cell(&self, cell: Cell, word: &str) -> String {
        match cell {
            Cell::Granted | Cell::Refused => word.to_owned(),
            Cell::NotAsked => self.paint(DIM, word),
            Cell::Undecided | Cell::Conditional => self.paint(YELLOW, word),
            Cell::UnexpectedlyGranted | Cell::UnexpectedlyRefused => self.paint(RED, word),
        }
    }

    fn outputs(&mut self, finished: &PlaybookFinished) {
        let Some(shown) = self.playbooks.get(finished.playbook) else {
            return;
        };
        for problem in &finished.problems {
            let Some(place) = &problem.place else { continue };
            let mut sources = Sources::new();
            let span = open(shown, place, &mut sources);
            let mut diagnostic =
                Diagnostic::error(problem.code.clone(), problem.title.clone()).at(span, problem.label.clone());
            diagnostic.notes.clone_from(&problem.notes);
            diagnostic.helps.clone_from(&problem.helps);
            self.failures.push_str(&(render(&diagnostic, &sources, self.style) + "\n"));
        }
    }

    fn finish(&mut self, finished: &RunFinished) -> String {
        let mut text = String::new();
        if !self.failures.is_empty() {
            text.push('\n');
            text.push_str(&std::mem::take(&mut self.failures));
        } else if self.detail != Detail::Failures {
            text.push('\n');
        }
        for hollow in &finished.hollow {
            let _ = writeln!(text, "{} {}", self.paint(YELLOW, "passed for want of trying:"), printable(hollow));
        }
        if self.detail != Detail::Failures {
            text.push_str(&self.summary(&finished.summary, finished));
        }
        text
    }

    fn summary(&self, summary: &Summary, finished: &RunFinished) -> String {
        let counted = counted(summary).into_iter().map(|(outcome, words)| {
            let color = match outcome {
                Outcome::Passed => GREEN,
                Outcome::Failed | Outcome::Errored => RED,
                Outcome::Skipped => YELLOW,
            };
            self.paint(color, &words)
        });
        let mut counted: Vec<String> = counted.collect();
        if counted.is_empty() {
            counted.push(NO_STEPS.to_owned());
        }
        let ending = ending(summary, finished.at_ms.0, (finished.interrupted, finished.timed_out));
        format!("{} {ending}\n", counted.join(", "))
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.style.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A place of the event as a span of the text it stands in, which `sources` holds then.
fn open(shown: &Shown, place: &Place, sources: &mut Sources) -> Span {
    let text = shown.sources.iter().find(|source| source.name() == &*place.path).or(shown.sources.first());
    let Some(text) = text else {
        let id = sources.add(Source::new(&*place.path, ""));
        return Span::new(id, 0, 0);
    };
    let start = text.offset(Position { line: place.line, column: place.column });
    let id = sources.named(text.name()).unwrap_or_else(|| sources.share(Arc::clone(text)));
    Span::new(id, start, start + place.length as usize)
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// What is different in long values, line by line; what they have in common is left out.
fn differs(assertion: &Assertion) -> Option<String> {
    const MOST: usize = 20;
    let lines = diff::lines(&assertion.expected, &assertion.actual).filter(|_| assertion.predicate == "equals")?;
    let marked = lines.iter().filter_map(|(of, line)| match of {
        Of::Both => None,
        Of::Expected => Some(format!("- {line}")),
        Of::Actual => Some(format!("+ {line}")),
    });
    let mut marked: Vec<String> = marked.collect();
    if marked.len() > MOST {
        let more = marked.len() - MOST;
        marked.truncate(MOST);
        marked.push(format!("… {more} more lines differ"));
    }
    Some(format!("differs, `-` expected and `+` actual:\n{}", marked.join("\n")))
}

/// What a step is called, with the groups around it.
pub(crate) fn title(step: &Step) -> String {
    step.within.iter().cloned().chain([step.title()]).collect::<Vec<_>>().join(" › ")
}

/// A name as it stands in a line.
fn one_line(name: &str) -> String {
    printable(&name.lines().collect::<Vec<_>>().join(" "))
}

/// What an assertion claims, and that it does not hold.
pub(crate) fn claim(assertion: &Assertion) -> String {
    format!("`{}` does not hold", claimed(assertion))
}

/// What an assertion is about.
fn claimed(assertion: &Assertion) -> String {
    match (&assertion.path, &assertion.expected) {
        (Some(path), _) => format!("{} {path}", assertion.subject),
        (None, Value::String(expression)) if assertion.subject == "that" => expression.clone(),
        (None, _) => assertion.subject.to_string(),
    }
}

/// What was expected, in words and with types.
pub(crate) fn expectation(assertion: &Assertion) -> String {
    let plain = |value: &Value| match (&*assertion.subject, value) {
        ("duration", Value::Number(_)) | ("status", _) => shown_as(assertion, value, true),
        _ => show(value),
    };
    match (assertion.predicate.as_str(), &assertion.expected) {
        ("schema", Value::String(keyword)) if keyword.is_empty() => "what the schema says".to_owned(),
        ("schema", Value::String(keyword)) => format!("what `{keyword}` in the schema says"),
        ("access", Value::String(word)) => word.clone(),
        ("access", other) => show(other),
        ("equals", expected) => shown_as(assertion, expected, true),
        ("that", Value::String(expression)) => format!("`{expression}`"),
        // One class of codes is no choice.
        ("one_of", Value::Array(classes)) if assertion.subject == "status" && classes.len() == 1 => plain(&classes[0]),
        ("one_of", class @ Value::String(_)) if assertion.subject == "status" => plain(class),
        (predicate, expected) => crate::predicate::expectation(predicate, expected, &plain),
    }
}

/// A value of an assertion in its own terms: a duration and a status as such, anything else with its type.
pub(crate) fn shown_as(assertion: &Assertion, value: &Value, found: bool) -> String {
    match (&*assertion.subject, value) {
        ("duration", Value::Number(millis)) => duration(millis.as_f64().unwrap_or_default()),
        ("status" | "allowed" | "denied", _) if found => to_text(value),
        _ => shown(value, found),
    }
}

/// Whether there is something that tells why it failed.
fn has_cause(step: &Step) -> bool {
    !step.problems.is_empty() || step.assertions.iter().any(|assertion| !assertion.holds)
}

fn is_bad(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Errored)
}
