//! What a step expects and captures, as far as its action has it.

use super::steps::Builder;
use super::{Assertion, Capture, Include, Origin, Subject};
use crate::playbook as document;
use crate::playbook::{Check, Expectation, Named};
use crate::template::Tree;

impl Builder<'_, '_> {
    /// The expectations as a list; those that cannot be of this action are told.
    pub(super) fn assertions(&mut self, expect: Expectation, action: &'static str) -> Vec<Assertion> {
        let mut list = Vec::new();
        if let Some(status) = expect.status {
            list.push(Assertion { subject: Subject::Status(status.value), span: status.span });
        }
        if let Some(access) = expect.verdict {
            list.push(Assertion { subject: Subject::Access(access.value), span: access.span });
        }
        if let Some(action) = expect.denied {
            list.push(Assertion { span: action.span, subject: Subject::Denied(action) });
        }
        push_check(&mut list, expect.error, Subject::Error);
        for (name, check) in expect.headers.unwrap_or_default().0 {
            push_check(&mut list, Some(check), |predicate| Subject::Header(name.value.to_ascii_lowercase(), predicate));
        }
        for (path, check) in expect.json.map(|queries| queries.0).unwrap_or_default() {
            push_check(&mut list, Some(check), |predicate| Subject::Json(path.value.0.clone(), predicate));
        }
        for (path, check) in expect.claims.map(|queries| queries.0).unwrap_or_default() {
            push_check(&mut list, Some(check), |predicate| Subject::Claims(path.value.0.clone(), predicate));
        }
        push_check(&mut list, expect.text, Subject::Text);
        if let Some(shape) = expect.schema.and_then(|origin| Some((origin.span, self.shapes.get(&origin.span)?))) {
            list.push(Assertion { subject: Subject::Schema(shape.1.clone()), span: shape.0 });
        }
        push_check(&mut list, expect.duration.map(|check| check.value.0), Subject::Duration);
        for expression in expect.that.unwrap_or_default() {
            list.push(Assertion { span: expression.0.span, subject: Subject::That(expression.0) });
        }
        self.refuse_foreign(&list, action);
        // Reports tell them in the order of the file.
        list.sort_by_key(|assertion| assertion.span.start);
        list
    }

    /// Tells captures that the action has nothing for.
    pub(super) fn refuse_captures(&mut self, captures: &[Capture], action: &'static str) {
        for capture in captures {
            match (action, &capture.origin) {
                ("request", Origin::Claims(_)) => {
                    let known = ["json", "header", "regex", "text"];
                    self.diagnostics.subject_of_other_action(capture.span, "claims", action, &known);
                }
                ("metadata" | "playbook" | "access", Origin::Claims(_) | Origin::Header(_)) => {
                    let word = if matches!(capture.origin, Origin::Claims(_)) { "claims" } else { "header" };
                    self.diagnostics.subject_of_other_action(capture.span, word, action, &["json", "regex", "text"]);
                }
                ("set" | "assert" | "steps", _) => {
                    self.diagnostics.subject_of_other_action(capture.span, "capture", action, &[]);
                }
                _ => {}
            }
        }
    }

    /// Tells looks at outputs that the included playbook does not have.
    pub(super) fn refuse_outputs(&mut self, include: &Include, assertions: &[Assertion], captures: &[Capture]) {
        let asserted = assertions.iter().filter_map(|assertion| match &assertion.subject {
            Subject::Json(query, predicate) if predicate.name() != "exists" => Some((query, assertion.span)),
            _ => None,
        });
        let captured = captures.iter().filter_map(|capture| match &capture.origin {
            Origin::Json(query) if capture.default.is_none() => Some((query, capture.span)),
            _ => None,
        });
        let known: Vec<&str> = include.plan.outputs.iter().map(|(name, _)| name.as_str()).collect();
        for (query, span) in asserted.chain(captured) {
            let rest = query.as_str().strip_prefix("$.").unwrap_or_default();
            let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            if !name.is_empty() && !known.contains(&name) {
                self.diagnostics.unknown_output(span, name, (&include.path, &known));
            }
        }
    }

    fn refuse_foreign(&mut self, list: &[Assertion], action: &'static str) {
        let known: &[&str] = match action {
            "token" => &["status", "headers", "json", "claims", "text", "schema", "duration", "that"],
            "request" => {
                &["status", "allowed", "denied", "error", "headers", "json", "text", "schema", "duration", "that"]
            }
            // The document is fetched once and shared: its headers and its time are nobody's own.
            "metadata" => &["status", "json", "text", "schema", "that"],
            "playbook" => &["json", "schema", "that"],
            "" => return,
            _ => &[],
        };
        for assertion in list {
            let word = assertion.subject.key();
            if !known.contains(&word) {
                self.diagnostics.subject_of_other_action(assertion.span, word, action, known);
            }
        }
    }
}

impl Subject {
    /// The key in a playbook.
    pub fn key(&self) -> &'static str {
        match self {
            Subject::Status(_) => "status",
            Subject::Access(access) => access.word(),
            Subject::Denied(_) => "denied",
            Subject::Error(_) => "error",
            Subject::Header(..) => "headers",
            Subject::Json(..) => "json",
            Subject::Claims(..) => "claims",
            Subject::Text(_) => "text",
            Subject::Schema(_) => "schema",
            Subject::Duration(_) => "duration",
            Subject::That(_) => "that",
        }
    }
}

fn push_check(
    list: &mut Vec<Assertion>,
    check: Option<Check>,
    subject: impl Fn(crate::predicate::Predicate<Tree>) -> Subject,
) {
    for part in check.into_iter().flat_map(|check| check.0) {
        list.push(Assertion { subject: subject(part.value), span: part.span });
    }
}

pub(super) fn captures(named: Named<document::Capture>) -> Vec<Capture> {
    let each = |(name, capture): (crate::source::Spanned<String>, document::Capture)| Capture {
        name: name.value,
        origin: match capture.origin {
            document::Origin::Json(path) => Origin::Json(path.0),
            document::Origin::Claims(path) => Origin::Claims(path.0),
            document::Origin::Header(text) => Origin::Header(text),
            document::Origin::Regex(regex) => Origin::Regex(regex),
            document::Origin::Text => Origin::Text,
            document::Origin::Template(text) => Origin::Template(text),
        },
        secret: capture.secret,
        default: capture.default,
        span: capture.span,
    };
    named.0.into_iter().map(each).collect()
}
