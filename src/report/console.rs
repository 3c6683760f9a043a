//! The console: a line per step as it finishes, the story of each failure, a summary.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{duration, shown};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{Style, printable, render};
use crate::event::{Assertion, Event, Headers, Outcome, Place, PlaybookStarted, Problem, RunFinished, Step, Summary};
use crate::source::{Position, Source, Sources, Span};

/// Renders events as they come.
pub struct Console {
    style: Style,
    quiet: bool,
    playbooks: Vec<Shown>,
    failures: String,
}

struct Shown {
    path: Arc<str>,
    source: Arc<Source>,
}

impl Console {
    /// A console of that style; a quiet one tells failures only.
    pub fn new(style: Style, quiet: bool) -> Self {
        Self { style, quiet, playbooks: Vec::new(), failures: String::new() }
    }

    /// What to print when this event has come; empty when nothing.
    pub fn event(&mut self, event: &Event) -> String {
        match event {
            Event::RunStarted(_) | Event::StepStarted(_) | Event::PlaybookFinished(_) => String::new(),
            Event::PlaybookStarted(started) => self.playbook(started),
            Event::TokenAnswered(_) | Event::AttemptFinished(_) => String::new(),
            Event::StepFinished(finished) => self.step(finished.playbook, &finished.step),
            Event::RunFinished(finished) => self.finish(finished),
        }
    }

    fn playbook(&mut self, started: &PlaybookStarted) -> String {
        let shown = Shown { path: Arc::clone(&started.path), source: Arc::clone(&started.source) };
        self.playbooks.push(shown);
        if self.quiet {
            return String::new();
        }
        let gap = if started.playbook == 0 { "" } else { "\n" };
        let name = self.paint(BOLD, &printable(&started.name));
        let path = self.paint(DIM, &printable(&started.path));
        if *started.name == *started.path { format!("{gap}{name}\n") } else { format!("{gap}{name}  {path}\n") }
    }

    fn step(&mut self, playbook: usize, step: &Step) -> String {
        let mut line = String::new();
        if !self.quiet || matches!(step.outcome, Outcome::Failed | Outcome::Errored) {
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
            let _ = writeln!(line, "  {}  {}{took}", self.paint(color, mark), printable(&step.name));
            let told = step.reason.iter().filter(|_| step.outcome == Outcome::Skipped).chain(&step.notes);
            for note in told {
                let _ = writeln!(line, "        {}", self.paint(DIM, &printable(note)));
            }
        }
        if matches!(step.outcome, Outcome::Failed | Outcome::Errored) {
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
        let mut text = String::new();
        for assertion in step.assertions.iter().filter(|assertion| !assertion.holds) {
            text.push_str(&self.failed_assertion(shown, step, assertion));
            text.push('\n');
        }
        for problem in &step.problems {
            text.push_str(&self.problem(shown, step, problem));
            text.push('\n');
        }
        text
    }

    fn failed_assertion(&self, shown_in: &Shown, step: &Step, assertion: &Assertion) -> String {
        let (sources, place) = self.open(shown_in, &assertion.place);
        let (_, step_place) = self.open(shown_in, &step.place);
        let label = assertion.reason.clone().unwrap_or_default();
        let mut diagnostic = Diagnostic::error("assertion-failed", claim(assertion))
            .at(place, label)
            .beside(step_place, "in this step")
            .note(format!("expected: {}", expectation(assertion)))
            .note(format!("actual:   {}", shown(&assertion.actual, assertion.found)));
        if let Some(request) = &step.request {
            diagnostic = diagnostic.note(format!("request:  {} {}", request.method, request.url));
        }
        render(&diagnostic, &sources, self.style)
    }

    fn problem(&self, shown_in: &Shown, step: &Step, problem: &Problem) -> String {
        let place = problem.place.as_ref().unwrap_or(&step.place);
        let (sources, span) = self.open(shown_in, place);
        let mut diagnostic = Diagnostic::error(problem.code, problem.title.clone()).at(span, problem.label.clone());
        if *place != step.place {
            diagnostic = diagnostic.beside(self.open(shown_in, &step.place).1, "in this step");
        }
        diagnostic.notes.clone_from(&problem.notes);
        diagnostic.helps.clone_from(&problem.helps);
        render(&diagnostic, &sources, self.style)
    }

    /// A place of the event as a span of the playbook's text.
    fn open(&self, shown_in: &Shown, place: &Place) -> (Sources, Span) {
        let mut sources = Sources::new();
        let id = sources.share(Arc::clone(&shown_in.source));
        let start = shown_in.source.offset(Position { line: place.line, column: place.column });
        debug_assert_eq!(shown_in.path, place.path);
        (sources, Span::new(id, start, start + place.length as usize))
    }

    fn finish(&mut self, finished: &RunFinished) -> String {
        let mut text = String::new();
        if !self.failures.is_empty() {
            text.push('\n');
            text.push_str(&std::mem::take(&mut self.failures));
        } else if !self.quiet {
            text.push('\n');
        }
        if !self.quiet {
            text.push_str(&self.summary(&finished.summary, finished));
        }
        text
    }

    fn summary(&self, summary: &Summary, finished: &RunFinished) -> String {
        let parts = [
            (summary.passed, "passed", GREEN),
            (summary.failed, "failed", RED),
            (summary.errored, "errored", RED),
            (summary.skipped, "skipped", YELLOW),
        ];
        let counted = parts.iter().filter(|(count, ..)| *count > 0);
        let counted = counted.map(|(count, word, color)| self.paint(color, &format!("{count} {word}")));
        let mut counted: Vec<String> = counted.collect();
        if counted.is_empty() {
            counted.push("no steps".to_owned());
        }
        let assertions = match summary.assertions {
            1 => "1 assertion".to_owned(),
            many => format!("{many} assertions"),
        };
        let end = if finished.interrupted { ", interrupted" } else { "" };
        format!("{} ({assertions}) in {}{end}\n", counted.join(", "), duration(finished.at_ms.0))
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.style.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// What was sent and what came, when the event holds it: for `--show-http`.
pub fn exchange(event: &Event) -> Option<String> {
    let exchange = match event {
        Event::TokenAnswered(answered) => answered.exchange.as_deref()?,
        Event::AttemptFinished(finished) => finished.exchange.as_deref()?,
        _ => return None,
    };
    let mut text = String::new();
    let request = &exchange.request;
    let _ = writeln!(text, "> {} {}", request.method, printable(&request.url));
    side(&mut text, '>', &request.headers, exchange.request_body.as_deref());
    match &exchange.response {
        Some(response) => {
            let _ = writeln!(text, "< {}", response.status);
            side(&mut text, '<', &response.headers, exchange.response_body.as_deref());
        }
        None => text.push_str("< no answer\n"),
    }
    Some(text)
}

/// One side of an exchange: headers, then the body.
fn side(text: &mut String, arrow: char, headers: &Headers, body: Option<&str>) {
    for (name, value) in &headers.0 {
        let _ = writeln!(text, "{arrow} {}: {}", printable(name), printable(value));
    }
    for line in body.unwrap_or_default().lines() {
        let _ = writeln!(text, "{arrow} {}", printable(line));
    }
}

/// What an assertion claims, and that it does not hold.
pub(crate) fn claim(assertion: &Assertion) -> String {
    match &assertion.path {
        Some(path) => format!("`{} {path}` does not hold", assertion.subject),
        None => format!("`{}` does not hold", assertion.subject),
    }
}

/// What was expected: the predicate, unless it is plain equality, and its value with its type.
fn expectation(assertion: &Assertion) -> String {
    match assertion.predicate.as_str() {
        "equals" => shown(&assertion.expected, true),
        predicate => format!("{} {}", predicate.replace('_', " "), shown(&assertion.expected, true)),
    }
}
