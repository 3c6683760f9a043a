//! Assertions, judged over what came.

use serde_json::{Value, json};

use super::access::identity;
use super::mishap;
use super::place::{place, problem};
use super::playbook::Playbook;
use super::progress::{Judged, Progress};
use super::reply::Reply;
use super::request::path_of;
use crate::azure::verdict::{Access, Verdict, decide};
use crate::diagnostic::Diagnostic;
use crate::event::{Assertion, Trail};
use crate::http::{Status, Statuses};
use crate::plan::{Action, Step, Subject};
use crate::predicate::{Actual, Predicate};
use crate::query::Query;
use crate::rbac::Operation;
use crate::shape::Shape;
use crate::source::Span;
use crate::template::{Scope, Text, Tree};
use crate::value::{describe, truth};

/// What a subject is called in a report.
struct Name {
    subject: &'static str,
    path: Option<String>,
    span: Span,
}

impl Playbook<'_, '_> {
    /// Judges everything the step expects; none hides another.
    pub(super) fn judge(&self, step: &Step, reply: &Reply, progress: &mut Progress) {
        let speaks = |subject: &Subject| {
            matches!(subject, Subject::Status(_) | Subject::Access(_) | Subject::Denied(_) | Subject::Error(_))
        };
        if let Some(status) = reply.ended.as_ref().filter(|_| !speaks_of_errors(step)) {
            progress.failed(self, mishap::operation_failed(status));
        }
        let silent = !step.assertions.iter().any(|assertion| speaks(&assertion.subject));
        if silent && matches!(step.action, Action::Request(_)) {
            progress.judged(self.status(&Statuses::success(), step.span, reply));
        }
        for assertion in &step.assertions {
            self.subject(&assertion.subject, (assertion.span, reply), progress);
        }
    }

    fn subject(&self, subject: &Subject, (span, reply): (Span, &Reply), progress: &mut Progress) {
        let name = |path: Option<String>| Name { subject: subject.key(), path, span };
        let text = |text: String| Value::String(text);
        match subject {
            Subject::Status(statuses) => progress.judged(self.status(statuses, span, reply)),
            Subject::Access(access) => self.verdict(*access, None, (span, reply), progress),
            Subject::Denied(action) => match action.render_text(&*self.frame) {
                Ok(action) => self.verdict(Access::Denied, Some(&action), (span, reply), progress),
                Err(misfit) => progress.misfit(self, &misfit),
            },
            Subject::Error(predicate) => self.error(predicate, (span, reply), progress),
            Subject::Header(header, predicate) => {
                let value = reply.header(header).map(|value| text(value.to_owned()));
                let actual = value.as_ref().map_or(Actual::Missing, Actual::One);
                self.predicate(predicate, (name(Some(header.clone())), actual), progress);
            }
            Subject::Json(query, predicate) => match reply.json() {
                Ok(json) => self.query(query, json, (name(Some(query.to_string())), predicate), progress),
                Err(why) => {
                    let diagnostic = mishap::not_json(&reply.beginning(), reply.header("content-type"), why);
                    self.once(diagnostic.at(span, "expected of a JSON body"), progress);
                }
            },
            Subject::Claims(query, predicate) => {
                self.query(query, &reply.claims, (name(Some(query.to_string())), predicate), progress);
            }
            Subject::Text(predicate) => {
                let value = text(reply.text());
                self.predicate(predicate, (name(None), Actual::One(&value)), progress);
            }
            Subject::Schema(shape) => match reply.json() {
                Ok(json) => self.shape(shape, json, span, progress),
                Err(why) => {
                    let diagnostic = mishap::not_json(&reply.beginning(), reply.header("content-type"), why);
                    self.once(diagnostic.at(span, "expected of a JSON body"), progress);
                }
            },
            Subject::Duration(predicate) => {
                let value = Value::from((reply.duration.as_secs_f64() * 1e6).round() / 1e3);
                self.predicate(predicate, (name(None), Actual::One(&value)), progress);
            }
            Subject::That(expression) if self.has_material(expression, reply, progress) => {
                progress.judged(self.that(expression, &self.frame.with_reply(reply)));
            }
            Subject::That(_) => {}
        }
    }

    /// Each place of the body that misses the schema; one assertion that holds when none does.
    fn shape(&self, shape: &Shape, json: &Value, span: Span, progress: &mut Progress) {
        let misses = match shape.judge(json) {
            Ok(misses) => misses,
            Err(why) => {
                let diagnostic = mishap::too_much_to_judge(&why).at(span, "expected to fit");
                return progress.errored(self, diagnostic);
            }
        };
        let assertion = |path: Option<String>, keyword: String, reason: Option<String>| Assertion {
            subject: "schema".into(),
            path,
            predicate: "schema".to_owned(),
            expected: Value::String(keyword),
            actual: Value::Null,
            found: false,
            holds: reason.is_none(),
            reason,
            place: place(self.engine.sources, span),
        };
        if misses.is_empty() {
            progress.judged(Judged::Assertion(Box::new(assertion(None, String::new(), None))));
        }
        for miss in misses {
            let query = Query::parse(&miss.instance).ok();
            let found = query.and_then(|query| Actual::from(query.select(json)?).outline());
            let told = assertion(Some(miss.instance), miss.keyword, Some(miss.message));
            let told = Assertion { found: found.is_some(), actual: found.unwrap_or(Value::Null), ..told };
            progress.judged(Judged::Assertion(Box::new(told)));
        }
    }

    /// Whether a template has what it looks into: `json` is there when the body is JSON.
    pub(super) fn has_material(&self, text: &Text, reply: &Reply, progress: &mut Progress) -> bool {
        match reply.json() {
            Err(why) if text.template.names().iter().any(|name| name.name == "json" && !name.optional) => {
                let diagnostic = mishap::not_json(&reply.beginning(), reply.header("content-type"), why);
                self.once(diagnostic.at(text.span, "looks into the body as JSON"), progress);
                false
            }
            _ => true,
        }
    }

    /// Tells a cause once, though several assertions and captures meet it.
    pub(super) fn once(&self, diagnostic: Diagnostic, progress: &mut Progress) {
        if !progress.step.problems.iter().any(|known| known.code == diagnostic.code) {
            progress.errored(self, diagnostic);
        }
    }

    fn query(
        &self,
        query: &Query,
        value: &Value,
        (name, predicate): (Name, &Predicate<Tree>),
        progress: &mut Progress,
    ) {
        match query.select(value) {
            Some(found) => self.predicate(predicate, (name, Actual::from(found)), progress),
            None => progress.errored(self, mishap::too_much_found(query).at(name.span, "asks for too much")),
        }
    }

    fn predicate(&self, predicate: &Predicate<Tree>, (name, actual): (Name, Actual<'_>), progress: &mut Progress) {
        let rendered = match predicate.try_map(&mut |tree: &Tree| tree.render(&*self.frame)) {
            Ok(rendered) => rendered,
            Err(found) => return progress.misfit(self, &found),
        };
        let measured = match &actual {
            Actual::One(value) if name.subject == "duration" => value.as_f64(),
            _ => None,
        };
        let Some(verdicts) = rendered.judge(&actual) else {
            return progress.errored(self, mishap::too_much_compared().at(name.span, "expects too much"));
        };
        for verdict in verdicts {
            let found = if verdict.holds { actual.outline() } else { actual.to_value() };
            progress.judged(Judged::Assertion(Box::new(Assertion {
                subject: name.subject.into(),
                path: name.path.clone(),
                predicate: verdict.predicate.to_owned(),
                expected: verdict.expected,
                found: found.is_some(),
                actual: found.unwrap_or(Value::Null),
                holds: verdict.holds,
                reason: Some(measured.map_or(verdict.reason, |millis| format!("got {millis:.1} ms")))
                    .filter(|reason| !reason.is_empty()),
                place: place(self.engine.sources, name.span),
            })));
        }
    }

    /// One of the codes of an error: the outer one's verdict is told, unless an inner one holds.
    fn error(&self, predicate: &Predicate<Tree>, (span, reply): (Span, &Reply), progress: &mut Progress) {
        let error = reply.arm_error();
        let codes: Vec<Value> = error.iter().flat_map(|error| error.codes()).map(Value::from).collect();
        let rendered = match predicate.try_map(&mut |tree: &Tree| tree.render(&*self.frame)) {
            Ok(rendered) => rendered,
            Err(found) => return progress.misfit(self, &found),
        };
        let holding = codes.iter().find(|code| {
            rendered.judge(&Actual::One(code)).is_some_and(|verdicts| verdicts.iter().all(|verdict| verdict.holds))
        });
        let actual = holding.or(codes.first()).map_or(Actual::Missing, Actual::One);
        self.predicate(predicate, (Name { subject: "error", path: None, span }, actual), progress);
    }

    fn status(&self, statuses: &Statuses, span: Span, reply: &Reply) -> Judged {
        let predicate = match statuses.0.as_slice() {
            [Status::Code(_)] => "equals",
            _ => "one_of",
        };
        Judged::Assertion(Box::new(Assertion {
            subject: "status".into(),
            path: None,
            predicate: predicate.to_owned(),
            expected: statuses.to_value(),
            actual: Value::from(reply.status),
            found: true,
            holds: statuses.include(reply.status),
            reason: Some(format!("got {}", reply.status)),
            place: place(self.engine.sources, span),
        }))
    }

    /// What access control says, against what it is expected to say. `action` is the one a refusal must name.
    fn verdict(&self, expected: Access, action: Option<&str>, (span, reply): (Span, &Reply), progress: &mut Progress) {
        let error = reply.arm_error();
        let verdict = decide(reply.status, error.as_ref(), reply.header("x-ms-failure-cause"));
        let refused = error.as_ref().and_then(|error| error.action.clone());
        let (holds, words) = match (expected, &verdict) {
            (_, Verdict::Undecided(why)) => {
                let diagnostic = mishap::undecided(expected.word(), why, reply);
                return progress
                    .errored(self, diagnostic.at(span, format!("cannot tell whether it is {}", expected.word())));
            }
            (Access::Denied, Verdict::Denied(words)) => match (action, &refused) {
                (Some(wanted), Some(named)) if !wanted.eq_ignore_ascii_case(named) => {
                    let diagnostic = mishap::other_action(wanted, named).at(span, "another action was refused");
                    return progress.errored(self, diagnostic);
                }
                _ => (true, words),
            },
            (Access::Allowed, Verdict::Allowed(words)) => (true, words),
            (Access::Allowed, Verdict::Blocked(words)) => {
                progress.step.notes.push(format!("access control let it through, but it was stopped: {words}"));
                (true, words)
            }
            (
                _,
                Verdict::Allowed(words) | Verdict::Missing(words) | Verdict::Denied(words) | Verdict::Blocked(words),
            ) => (false, words),
        };
        if holds && expected == Access::Denied {
            self.unproven(progress);
        }
        progress.step.access = self.tried(progress);
        let actual = match &verdict {
            Verdict::Allowed(_) => "allowed",
            Verdict::Missing(_) => "allowed, and not found",
            Verdict::Denied(_) => "denied",
            Verdict::Blocked(_) | Verdict::Undecided(_) => "stopped by something else",
        };
        let named = action.map_or_else(|| expected.word().to_owned(), str::to_owned);
        let actual = if action.is_some() { refused.unwrap_or_else(|| actual.to_owned()) } else { actual.to_owned() };
        progress.judged(Judged::Assertion(Box::new(Assertion {
            subject: expected.word().into(),
            path: None,
            predicate: "equals".to_owned(),
            expected: Value::String(named),
            actual: Value::String(actual),
            found: true,
            holds,
            reason: Some(format!("got {words}")),
            place: place(self.engine.sources, span),
        })));
    }

    /// What was tried in the words of access control: whose access it is about, what it takes, and where.
    fn tried(&self, progress: &Progress) -> Option<Value> {
        let request = progress.step.request.as_ref().filter(|request| self.is_arm(&request.url))?;
        let rest = request.url.split_once("://")?.1;
        let path = rest[rest.find('/')?..].split(['?', '#']).next()?;
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let operation = Operation::of(&request.method, &segments)?;
        let identity = identity(&progress.bearer.as_ref()?.claims);
        Some(json!({
            "scope": operation.scope.to_string(), "identity": identity, "via": "request", "action": operation.action,
        }))
    }

    /// A refusal proves nothing about existence: says so, unless another step has shown the target to exist.
    fn unproven(&self, progress: &mut Progress) {
        let (Some(request), Some(seen)) = (&progress.step.request, &self.common.seen) else {
            return;
        };
        let path = path_of(&request.url);
        let below = format!("{path}/");
        let seen = seen.borrow();
        // Only what stands before counts: it has ended, however many steps run at a time.
        let shown = |trail: &Trail| trail.precedes(&progress.step.trail);
        // What is made, and what is done to something, needs only what it would stand in.
        let makes = matches!(request.method.as_str(), "PUT" | "POST");
        let around = |seen: &str| {
            makes && seen.matches('/').count() > 1 && path.strip_prefix(seen).is_some_and(|rest| rest.starts_with('/'))
        };
        let proves = |seen: &String| *seen == path || seen.starts_with(&below) || around(seen);
        if !seen.iter().any(|(seen, trail)| proves(seen) && shown(trail)) {
            progress.step.notes.push("denied, or it does not exist: no step has shown that it does".to_owned());
        }
    }

    /// An expression that must be true.
    pub(super) fn that(&self, expression: &Text, scope: &dyn Scope) -> Judged {
        match expression.render(scope) {
            Ok(value) => {
                let holds = truth(&value);
                Judged::Assertion(Box::new(Assertion {
                    subject: "that".into(),
                    path: None,
                    predicate: "that".to_owned(),
                    expected: Value::String(expression.template.text().trim().to_owned()),
                    reason: Some(why(expression, &value, scope)),
                    actual: value,
                    found: true,
                    holds,
                    place: place(self.engine.sources, expression.span),
                }))
            }
            Err(found) => {
                let diagnostic = found.diagnostic(self.engine.sources);
                Judged::Problem(Box::new(problem(self.engine.sources, diagnostic, expression.span)))
            }
        }
    }
}

/// Whether a step expects an error, so that one is no surprise.
fn speaks_of_errors(step: &Step) -> bool {
    step.assertions.iter().any(|assertion| matches!(assertion.subject, Subject::Error(_)))
}

/// What an expression came to, and the values it was made of.
fn why(expression: &Text, value: &Value, scope: &dyn Scope) -> String {
    const SHOWN: usize = 4;
    let mut told: Vec<String> = Vec::new();
    for name in expression.template.names() {
        let Some(root) = scope.get(&name.name) else { continue };
        let inner = name.path.iter().try_fold(&*root, |value, (member, _)| value.get(member));
        let Some(inner) = inner else { continue };
        let text = format!("`{}` is {}", name.dotted(), describe(inner));
        if told.len() < SHOWN && !told.contains(&text) {
            told.push(text);
        }
    }
    match value {
        _ if told.is_empty() => format!("is {}", describe(value)),
        Value::Bool(_) => told.join(", "),
        other => format!("is {}: {}", describe(other), told.join(", ")),
    }
}
