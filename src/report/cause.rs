//! Why a step failed or was errored, one cause at a time, for the reports that tell it in a few words.

use std::rc::Rc;

use super::{console, curl};
use crate::event::{Assertion, Outcome, Place, Playbook, Problem, Record, Step};
use crate::source::Position;

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The code of the diagnostic that tells it.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) title: String,
    /// What makes it wrong, in a few words; may be empty.
    pub(crate) reason: String,
    /// What was expected and what was there, where the two are to be compared; they lead the facts too.
    pub(crate) compared: Option<[String; 2]>,
    /// Facts about it.
    pub(crate) notes: Vec<String>,
    /// What to do.
    pub(crate) helps: Vec<String>,
    /// Where it stands.
    pub(crate) place: Option<Place>,
}

impl Cause {
    /// What is wrong and what makes it so, in one line.
    pub(crate) fn headline(&self) -> String {
        let colon = if self.reason.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.title, self.reason)
    }

    /// All of it: the headline, the facts, what to do.
    pub(crate) fn story(&self) -> String {
        let helps = self.helps.iter().map(|help| format!("help: {help}"));
        let lines: Vec<String> = [self.headline()].into_iter().chain(self.notes.iter().cloned()).chain(helps).collect();
        lines.join("\n")
    }
}

/// A cause, and what it is the cause of.
pub(crate) struct Fault<'r> {
    /// The playbook.
    pub(crate) playbook: &'r Playbook,
    /// The step; none where it is what the playbook gives to its caller.
    pub(crate) step: Option<Rc<Step>>,
    /// What that is called.
    pub(crate) title: String,
    /// The cause; it has a place, unless nothing has.
    pub(crate) cause: Cause,
}

/// Everything that a run found wrong, in the order of the files.
pub(crate) fn faults(record: &Record) -> impl Iterator<Item = Fault<'_>> {
    record.playbooks.iter().flat_map(|playbook| {
        let steps = super::told(&playbook.steps).filter(is_bad).map(Rc::new);
        let of_steps = steps.flat_map(move |step| {
            causes(&step).into_iter().map(move |mut cause| {
                cause.place.get_or_insert_with(|| step.place.clone());
                Fault { playbook, title: one_line(&console::title(&step)), step: Some(Rc::clone(&step)), cause }
            })
        });
        let outputs = playbook.problems.iter().map(move |found| {
            let title = "outputs".to_owned();
            Fault { playbook, step: None, title, cause: problem(found) }
        });
        of_steps.chain(outputs)
    })
}

/// Whether something went wrong in a step.
pub(crate) fn is_bad(step: &Step) -> bool {
    matches!(step.outcome, Outcome::Failed | Outcome::Errored)
}

/// A text in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Where a place ends, behind its last character, when the text is at hand.
pub(crate) fn end(playbook: &Playbook, place: &Place) -> Option<Position> {
    let source = playbook.sources.iter().find(|source| source.name() == &*place.path)?;
    let start = source.offset(Position { line: place.line, column: place.column });
    let end = source.position(start + place.length as usize);
    (place.length > 0 && (end.line, end.column) > (place.line, place.column)).then_some(end)
}

/// Whether what passed for want of trying is an error: a run is errored then, though nothing in it may be.
pub(crate) fn is_strict(record: &Record) -> bool {
    let worst = record.playbooks.iter().map(|playbook| playbook.outcome).max().unwrap_or_default();
    !record.hollow.is_empty() && record.outcome > worst
}

/// The causes of a step's outcome; what holds for the whole step is told with the first of them.
pub(crate) fn causes(step: &Step) -> Vec<Cause> {
    let failing = step.assertions.iter().filter(|assertion| !assertion.holds).map(failed);
    let mut causes: Vec<Cause> = failing.chain(step.problems.iter().map(problem)).collect();
    if let Some(title) = step.reason.clone().filter(|_| causes.is_empty()) {
        let code = if step.outcome == Outcome::Failed { "assertion-failed" } else { "interrupted" }.to_owned();
        let (reason, notes, helps) = (String::new(), Vec::new(), Vec::new());
        causes.push(Cause { code, title, reason, compared: None, notes, helps, place: Some(step.place.clone()) });
    }
    if let Some(first) = causes.first_mut() {
        first.notes.extend(step.request.as_ref().map(|request| format!("request: {} {}", request.method, request.url)));
        first.notes.extend(step.notes.iter().cloned());
        first.helps.extend(step.helps.iter().cloned());
        first.helps.extend(curl::repeats(step).map(|line| format!("by hand: `{line}`")));
    }
    causes
}

/// An assertion that does not hold, as a cause.
fn failed(assertion: &Assertion) -> Cause {
    let compares = assertion.subject != "that" && assertion.predicate != "access";
    let compared = compares.then(|| {
        let actual = console::shown_as(assertion, &assertion.actual, assertion.found);
        [console::expectation(assertion), actual]
    });
    let told =
        compared.iter().flat_map(|[expected, actual]| [format!("expected: {expected}"), format!("actual: {actual}")]);
    Cause {
        code: "assertion-failed".to_owned(),
        title: console::claim(assertion),
        reason: assertion.reason.clone().unwrap_or_default(),
        notes: told.collect(),
        compared,
        helps: Vec::new(),
        place: Some(assertion.place.clone()),
    }
}

/// A problem, as a cause.
pub(crate) fn problem(problem: &Problem) -> Cause {
    Cause {
        code: problem.code.to_string(),
        title: problem.title.clone(),
        reason: problem.label.clone(),
        compared: None,
        notes: problem.notes.clone(),
        helps: problem.helps.clone(),
        place: problem.place.clone(),
    }
}
