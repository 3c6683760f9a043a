//! A step while it is carried out: what is known of it so far.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::place::problem;
use super::playbook::Playbook;
use crate::diagnostic::Diagnostic;
use crate::event::{self, Assertion, AttemptFinished, Outcome};
use crate::http::FaultKind;
use crate::http::cookies::Cookies;
use crate::identity::Token;
use crate::plan::{Action, Step};
use crate::source::Span;
use crate::template::{Misfit, Text};

/// A step while it is carried out.
pub(super) struct Progress {
    pub(super) step: event::Step,
    pub(super) span: Span,
    /// The number of attempts so far.
    pub(super) attempts: u32,
    /// Whether all that the step says and hears is secret.
    pub(super) sensitive: bool,
    /// Whether exchanges wait until the captures that are secret are known.
    pub(super) holds: bool,
    /// The attempts that wait.
    pub(super) held: Vec<AttemptFinished>,
    /// Whether the captures are known.
    pub(super) captured: bool,
    /// How long was waited before the next attempt, and what for.
    pub(super) waited: (Duration, Option<String>),
    /// Why the last request got no answer.
    pub(super) fault: Option<FaultKind>,
    /// The leave to send, given back while the step only waits.
    pub(super) permit: Option<OwnedSemaphorePermit>,
    /// Whether others wait for what it asks for. Then it keeps its leave: who waits for it may hold all the others.
    pub(super) asks_for_all: bool,
    /// What the server wants to be sent back, while the step polls or pages.
    pub(super) cookies: Cookies,
    /// The token that the last request carried.
    pub(super) bearer: Option<Rc<Token>>,
    /// Whose that is.
    pub(super) carries: Option<event::Bearer>,
}

impl Progress {
    /// Forgets what came of the attempt before.
    pub(super) fn again(&mut self) {
        let step = &mut self.step;
        (step.outcome, step.reason) = (Outcome::Passed, None);
        step.assertions.clear();
        step.problems.clear();
        step.notes.clear();
        step.helps.clear();
        self.fault = None;
    }

    /// Takes a judged assertion.
    pub(super) fn judged(&mut self, judged: Judged) {
        match judged {
            Judged::Assertion(mut assertion) => {
                if !assertion.holds {
                    self.step.outcome = self.step.outcome.max(Outcome::Failed);
                    self.step.helps.extend(in_case_only(&assertion));
                }
                if assertion.holds {
                    assertion.reason = None;
                }
                self.step.assertions.push(*assertion);
            }
            Judged::Problem(problem) => {
                self.step.outcome = Outcome::Errored;
                self.step.problems.push(*problem);
            }
        }
    }

    /// Says that the step could not be carried out.
    pub(super) fn errored(&mut self, playbook: &Playbook<'_, '_>, diagnostic: Diagnostic) {
        self.step.outcome = Outcome::Errored;
        self.tell(playbook, diagnostic);
    }

    /// Says that something expected does not hold, other than by an assertion.
    pub(super) fn failed(&mut self, playbook: &Playbook<'_, '_>, diagnostic: Diagnostic) {
        self.step.outcome = self.step.outcome.max(Outcome::Failed);
        self.tell(playbook, diagnostic);
    }

    /// Says that a template could not be rendered.
    pub(super) fn misfit(&mut self, playbook: &Playbook<'_, '_>, found: &Misfit) {
        self.errored(playbook, found.diagnostic(playbook.engine.sources));
    }

    fn tell(&mut self, playbook: &Playbook<'_, '_>, diagnostic: Diagnostic) {
        self.step.reason.get_or_insert_with(|| diagnostic.title.clone());
        self.step.problems.push(problem(playbook.engine.sources, diagnostic, self.span));
    }
}

/// What helps where two texts would be equal but for their case.
fn in_case_only(assertion: &Assertion) -> Option<String> {
    let (expected, actual) = (assertion.expected.as_str()?, assertion.actual.as_str()?);
    (assertion.predicate == "equals" && expected.eq_ignore_ascii_case(actual)).then(|| {
        format!(
            "they differ in case only: Azure finds names in any case, and keeps them as they were created; write `{actual}`, or \
             compare ids with `resource_id`"
        )
    })
}

/// What judging came to.
pub(super) enum Judged {
    /// An assertion that holds or does not.
    Assertion(Box<Assertion>),
    /// It could not be judged.
    Problem(Box<event::Problem>),
}

impl Step {
    /// What a step without a name is called. What cannot be rendered is called as it is written.
    pub(super) fn headline(&self, render: impl Fn(&Text) -> Option<String>) -> String {
        let render = |text: &Text| render(text).unwrap_or_else(|| text.template.text().to_owned());
        match &self.action {
            Action::Token(token) => {
                let resource = token.resource.as_ref().map_or_else(|| "arm".to_owned(), render);
                format!("token {resource}")
            }
            Action::Request(request) => {
                let written = render(&request.url);
                let url = written.get(request.prefix..).unwrap_or(&written);
                let shown = if self.sensitive { url.split('?').next().unwrap_or(url) } else { url };
                format!("{} {shown}", request.method)
            }
            Action::Set(set) => {
                let names: Vec<&str> = set.iter().map(|(name, _)| name.as_str()).collect();
                format!("set {}", names.join(", "))
            }
            Action::Access(access) => format!("access {}", render(&access.scope)),
            Action::Metadata(path) => format!("metadata {}", render(path)),
            Action::Include(include) => format!("playbook {}", include.path),
            Action::Group(steps) => match steps.len() {
                1 => "1 step".to_owned(),
                many => format!("{many} steps"),
            },
            Action::Assert(list) => match list.as_slice() {
                [only] => format!("assert {}", only.template.text()),
                many => format!("assert {} expressions", many.len()),
            },
        }
    }
}
