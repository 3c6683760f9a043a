//! Why a step failed or was errored, one cause at a time, for the reports that tell it in a few words.

use super::{console, curl};
use crate::event::{Assertion, Place, Problem, Step};

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// What is wrong.
    pub(crate) title: String,
    /// What makes it wrong, in a few words; may be empty.
    pub(crate) reason: String,
    /// Facts about it.
    pub(crate) notes: Vec<String>,
    /// What to do.
    pub(crate) helps: Vec<String>,
    /// Where it stands.
    pub(crate) place: Option<Place>,
}

/// The causes of a step's outcome; what holds for the whole step is told with the first of them.
pub(crate) fn causes(step: &Step) -> Vec<Cause> {
    let failing = step.assertions.iter().filter(|assertion| !assertion.holds).map(failed);
    let mut causes: Vec<Cause> = failing.chain(step.problems.iter().map(problem)).collect();
    if let Some(title) = step.reason.clone().filter(|_| causes.is_empty()) {
        let (reason, notes, helps) = (String::new(), Vec::new(), Vec::new());
        causes.push(Cause { title, reason, notes, helps, place: Some(step.place.clone()) });
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
    let compared = || {
        let actual = console::shown_as(assertion, &assertion.actual, assertion.found);
        [format!("expected: {}", console::expectation(assertion)), format!("actual: {actual}")]
    };
    Cause {
        title: console::claim(assertion),
        reason: assertion.reason.clone().unwrap_or_default(),
        notes: compares.then(compared).into_iter().flatten().collect(),
        helps: Vec::new(),
        place: Some(assertion.place.clone()),
    }
}

/// A problem, as a cause.
pub(crate) fn problem(problem: &Problem) -> Cause {
    Cause {
        title: problem.title.clone(),
        reason: problem.label.clone(),
        notes: problem.notes.clone(),
        helps: problem.helps.clone(),
        place: problem.place.clone(),
    }
}
