//! Steps that judge nothing, or whose judgement proves less than it seems.

use super::each_step;
use crate::azure::patience;
use crate::azure::verdict::Access;
use crate::diagnostic::Diagnostics;
use crate::http::Statuses;
use crate::plan::{Action, Assertion, Plan, Request, Step, Subject};
use crate::source::Span;
use crate::template::Text;

pub(super) fn lint(plan: &Plan, is_root: bool, diagnostics: &mut Diagnostics) {
    let mut requests: Vec<(&Step, &Request)> = Vec::new();
    let mut each = |step, around: Option<&Step>| {
        judges_nothing(step, diagnostics);
        either_way(step, diagnostics);
        waits_in_vain(step, around, diagnostics);
    };
    each_step(&plan.steps, None, &mut each);
    each_step(&plan.cleanup, None, &mut each);
    each_step(&plan.steps, None, &mut |step, _| {
        if let Action::Request(request) = &step.action {
            requests.push((step, request));
        }
    });
    // Whoever includes a playbook may look at the same things first.
    if is_root {
        unproven_denial(&requests, diagnostics);
    }
}

fn judges_nothing(step: &Step, diagnostics: &mut Diagnostics) {
    let is_constant = |text: &&Text| text.template.names().is_empty() && text.template.calls().is_empty();
    let expected = step.assertions.iter().filter_map(|assertion| match &assertion.subject {
        Subject::That(text) => Some(text),
        _ => None,
    });
    let asserted = match &step.action {
        Action::Assert(list) => list.as_slice(),
        _ => &[],
    };
    for text in asserted.iter().chain(expected).filter(is_constant) {
        diagnostics.judges_nothing(text.span, "this looks at nothing, so it always comes out the same");
    }
    let nothing_else = step.captures.is_empty() && step.assertions.len() == 1;
    match (&step.action, status(step)) {
        (Action::Metadata(_), _) if step.assertions.is_empty() && step.captures.is_empty() => {
            diagnostics.judges_nothing(step.span, "what it reads is neither expected to be something nor captured");
        }
        (_, Some((statuses, span)))
            if nothing_else && [200, 401, 404, 500].iter().all(|code| statuses.include(*code)) =>
        {
            diagnostics.judges_nothing(span, "this holds whatever comes");
        }
        _ => {}
    }
}

fn either_way(step: &Step, diagnostics: &mut Diagnostics) {
    let Some((statuses, span)) = status(step) else { return };
    let lets_in = (200..300).any(|code| statuses.include(code));
    let refuses = [401, 403].into_iter().find(|code| statuses.include(*code));
    if let Some(code) = refuses.filter(|_| lets_in && !statuses.include(500)) {
        diagnostics.either_way(span, code);
    }
}

fn waits_in_vain(step: &Step, around: Option<&Step>, diagnostics: &mut Diagnostics) {
    let inherited = around.and_then(|around| around.eventually.as_ref()).and_then(|eventually| eventually.span);
    let Some(span) = step.eventually.as_ref().and_then(|own| own.span).filter(|own| Some(*own) != inherited) else {
        return;
    };
    match &step.action {
        Action::Request(request) if !step.safe && !patience::is_idempotent(request.method) => {
            let why = format!("a {} that was carried out is not sent again", request.method);
            diagnostics.waits_in_vain(
                span,
                &why,
                "wait in a step that reads; or say `safe: true` if nothing is changed",
            );
        }
        Action::Token(token) if !token.fresh && step.assertions.iter().any(|own| own.subject.key() != "status") => {
            let why = "a token is kept for hours, so each attempt looks at the same one";
            diagnostics.waits_in_vain(span, why, "ask for a new one each time: `fresh: true`");
        }
        Action::Group(inner) if !inner.iter().any(sends) => {
            diagnostics.waits_in_vain(span, "no step in this group sends anything", "leave it out");
        }
        _ => {}
    }
}

/// Whether a step, or one inside, looks at something outside.
fn sends(step: &Step) -> bool {
    match &step.action {
        Action::Group(inner) => inner.iter().any(sends),
        Action::Request(_) | Action::Token(_) | Action::Access(_) | Action::Metadata(_) => true,
        Action::Set(_) | Action::Assert(_) | Action::Include(_) => false,
    }
}

/// A refusal proves something only of what is known to be there: for a thing to read, that thing or one in it; for one to
/// make, what it would stand in.
fn unproven_denial(requests: &[(&Step, &Request)], diagnostics: &mut Diagnostics) {
    let shown: Vec<String> =
        requests.iter().filter(|(step, _)| refusal(step).is_none()).map(|(_, request)| path(request)).collect();
    for (step, request) in requests {
        let (Some(span), target) = (refusal(step), path(request)) else { continue };
        // An absolute URL may be anywhere, and what a URL begins with may hold all of it.
        if !target.starts_with('/') {
            continue;
        }
        let makes = matches!(request.method, "PUT" | "POST");
        let proves =
            |shown: &String| below(shown, &target) || makes && below(&target, shown) && shown.matches('/').count() > 1;
        if !shown.iter().any(proves) {
            diagnostics.unproven_denial(span, step.span);
        }
    }
}

/// Whether a path is another, or leads to something in it.
fn below(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a step expects to be refused.
fn refusal(step: &Step) -> Option<Span> {
    let refuses = |assertion: &&Assertion| match &assertion.subject {
        Subject::Denied(_) | Subject::Access(Access::Denied) => true,
        Subject::Status(statuses) => statuses.include(403) && !statuses.include(200),
        _ => false,
    };
    step.assertions.iter().find(refuses).map(|assertion| assertion.span)
}

/// The path of a request as it is written, without what makes no difference.
fn path(request: &Request) -> String {
    let written = request.url.template.text().get(request.prefix..).unwrap_or_default();
    let path: String = written.split('?').next().unwrap_or_default().split_whitespace().collect();
    path.trim_end_matches('/').to_ascii_lowercase()
}

fn status(step: &Step) -> Option<(&Statuses, Span)> {
    step.assertions.iter().find_map(|assertion| match &assertion.subject {
        Subject::Status(statuses) => Some((statuses, assertion.span)),
        _ => None,
    })
}
