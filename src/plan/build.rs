//! From the document to the plan: names are resolved, defaults applied, and what fits no step is told.

use std::collections::HashMap;

use super::inputs::check_default;
use super::names::{Globals, Meaning, Names, Position, Uses};
use super::texts::{action_texts, subject_texts};
use super::{
    Action, Assertion, Auth, Body, Capture, Input, Origin, Plan, Request, Step, Subject, TIMEOUT, TokenRequest,
};
use crate::azure::cloud::{self, Cloud};
use crate::diagnostic::Diagnostics;
use crate::identity::Selector;
use crate::playbook as document;
use crate::playbook::{Check, Expectation, Named, Playbook};
use crate::source::{SourceId, Sources, Span};
use crate::template::{Text, Tree};

/// Names that every playbook has.
pub const GLOBALS: &Globals = &[
    ("cloud", cloud::MEMBERS),
    ("identity", &["principal_id", "client_id", "tenant_id", "source"]),
    ("env", &[]),
    ("run", &["id", "started_at"]),
];

/// Names of a result, for `that` and for captures.
const RESULT: &[&str] = &["status", "headers", "json", "text", "claims", "duration"];

/// Builds the plan of a playbook. The plan is only good when no error was found.
pub fn build(id: SourceId, playbook: Playbook, sources: &Sources, diagnostics: &mut Diagnostics) -> Plan {
    let vars = playbook.vars.unwrap_or_default().0;
    let vars: Vec<(String, Span, Tree)> = vars.into_iter().map(|(name, tree)| (name.value, name.span, tree)).collect();
    let inputs = playbook.inputs.unwrap_or_default().0;
    let inputs: Vec<Input> = inputs
        .into_iter()
        .map(|(name, input)| Input { name: name.value, span: name.span, declaration: input.unwrap_or_default() })
        .collect();
    let mut names = Names::new(sources, GLOBALS);
    inputs.iter().for_each(|input| names.define(&input.name, Meaning::Input(input.span), diagnostics));
    for (at, (name, span, _)) in vars.iter().enumerate() {
        names.define(name, Meaning::Var(at, *span), diagnostics);
    }
    for (index, step) in playbook.steps.iter().enumerate() {
        if let document::Action::Set(set) = &step.action {
            set.0.iter().for_each(|(name, _)| names.define(name, Meaning::Capture(index, name.span), diagnostics));
        }
        for (name, _) in &step.capture.iter().flat_map(|capture| &capture.0).collect::<Vec<_>>() {
            names.define(name, Meaning::Capture(index, name.span), diagnostics);
        }
    }
    names.follow_vars(&vars, diagnostics);
    let mut builder =
        Builder { names, defaults: playbook.defaults.unwrap_or_default(), ids: HashMap::new(), diagnostics };
    let head = builder.heads(&playbook.name, &inputs, &vars);
    let identity = builder.identity(playbook.identity, usize::MAX);
    let steps = playbook.steps.into_iter().enumerate().map(|(index, step)| builder.step(index, step)).collect();
    Plan {
        source: id,
        name: playbook.name,
        cloud: resolve_cloud(playbook.cloud),
        identity,
        inputs,
        vars: vars.into_iter().map(|(name, _, tree)| (name, tree)).collect(),
        head,
        steps,
    }
}

fn resolve_cloud(cloud: Option<document::Cloud>) -> Option<Cloud> {
    match cloud? {
        document::Cloud::Known(name) => {
            let (word, _) = document::CloudName::WORDS.iter().find(|(_, value)| *value == name)?;
            Cloud::named(word)
        }
        document::Cloud::Custom(endpoints) => {
            let arm = endpoints.arm.trim_end_matches('/').to_owned();
            let text = |value: Option<crate::source::Spanned<String>>| value.map(|text| text.value).unwrap_or_default();
            Some(Cloud {
                name: endpoints.name.map_or_else(|| "custom".to_owned(), |name| name.value),
                audience: endpoints.audience.map_or_else(|| format!("{arm}/"), |audience| audience.value),
                arm,
                authority: text(endpoints.authority),
                graph: text(endpoints.graph),
                key_vault: text(endpoints.key_vault),
                storage: text(endpoints.storage),
            })
        }
    }
}

struct Builder<'b, 'd> {
    names: Names<'b>,
    defaults: document::Defaults,
    ids: HashMap<String, Span>,
    diagnostics: &'d mut Diagnostics,
}

impl Builder<'_, '_> {
    /// Checks the templates that stand before the steps. The variables that the playbook's name uses.
    fn heads(&mut self, name: &Option<Text>, inputs: &[Input], vars: &[(String, Span, Tree)]) -> Vec<usize> {
        let everywhere = Position { step: usize::MAX, result: &[], bare: false };
        let bare = Position { bare: true, ..everywhere };
        let mut uses = Uses::default();
        if let Some(text) = name {
            self.names.check(text, Position { step: 0, ..everywhere }, &mut uses, self.diagnostics);
        }
        let head = std::mem::take(&mut uses).vars();
        for input in inputs {
            check_default(input, self.diagnostics);
            let declaration = &input.declaration;
            for tree in declaration.default.iter().map(|tree| &tree.value).chain(declaration.one_of.iter().flatten()) {
                tree.each_text(&mut |text| self.names.check(text, bare, &mut uses, self.diagnostics));
            }
        }
        for (_, _, tree) in vars {
            tree.each_text(&mut |text| self.names.check(text, everywhere, &mut uses, self.diagnostics));
        }
        head
    }

    fn identity(&mut self, identity: Option<document::Identity>, step: usize) -> Selector<Text> {
        let position = Position { step, result: &[], bare: false };
        let Some(identity) = identity else {
            return Selector::System;
        };
        let selector = match (identity.client_id, identity.object_id, identity.resource_id) {
            (Some(id), _, _) => Selector::ClientId(id),
            (_, Some(id), _) => Selector::ObjectId(id),
            (_, _, Some(id)) => Selector::ResourceId(id),
            _ => Selector::System,
        };
        if let Selector::ClientId(text) | Selector::ObjectId(text) | Selector::ResourceId(text) = &selector {
            self.names.check(text, position, &mut Uses::default(), self.diagnostics);
        }
        selector
    }

    fn step(&mut self, index: usize, step: document::Step) -> Step {
        let id = step.id.as_ref().map(|id| id.value.clone());
        if let Some(id) = &step.id {
            match self.ids.get(&id.value) {
                Some(first) => self.diagnostics.duplicate_id(id.span, id, *first),
                None => drop(self.ids.insert(id.value.clone(), id.span)),
            }
        }
        let span = step.name.as_ref().map_or(step.span, |name| name.span);
        let timeout = step.timeout.or(self.defaults.timeout.clone()).map_or(TIMEOUT, |period| period.value.0);
        let word = match &step.action {
            document::Action::Token(_) => "token",
            document::Action::Request(_) => "request",
            document::Action::Set(_) => "set",
            document::Action::Assert(_) => "assert",
            document::Action::Unreadable => "",
        };
        let assertions = step.expect.map(|expect| self.assertions(expect, word)).unwrap_or_default();
        let captures = step.capture.map(captures).unwrap_or_default();
        self.refuse_captures(&captures, word);
        let mut planned = Step {
            index,
            id: id.unwrap_or_else(|| format!("{word}-{}", index + 1)),
            name: step.name,
            span,
            tags: step.tags.unwrap_or_default().into_iter().map(|tag| tag.value).collect(),
            when: step.when.map(|when| when.0),
            needs: Vec::new(),
            vars: Vec::new(),
            globals: Vec::new(),
            action: self.action(step.action, index),
            assertions,
            captures,
            timeout,
            sensitive: step.sensitive.unwrap_or(false),
        };
        self.uses(&mut planned);
        planned
    }

    /// Checks every template of a step, and finds out what the step waits for.
    fn uses(&mut self, step: &mut Step) {
        let before = Position { step: step.index, result: &[], bare: false };
        let after = Position { result: RESULT, ..before };
        let mut uses = Uses::default();
        let (names, diagnostics) = (&self.names, &mut *self.diagnostics);
        let mut check = |text: &Text, position| names.check(text, position, &mut uses, diagnostics);
        step.name.iter().chain(&step.when).for_each(|text| check(text, before));
        action_texts(&step.action, &mut |text| check(text, before));
        for assertion in &step.assertions {
            subject_texts(&assertion.subject, &mut |text, of_result| {
                check(text, if of_result { after } else { before })
            });
        }
        for capture in &step.captures {
            if let Origin::Template(text) = &capture.origin {
                check(text, after);
            }
            if let Origin::Header(text) = &capture.origin {
                check(text, before);
            }
            capture.default.iter().for_each(|tree| tree.each_text(&mut |text| check(text, before)));
        }
        step.vars = uses.vars();
        step.needs = uses.captures.into_iter().collect();
        step.globals = uses.globals.into_iter().collect();
    }

    fn action(&mut self, action: document::Action, index: usize) -> Action {
        match action {
            document::Action::Token(token) => Action::Token(TokenRequest {
                resource: token.resource,
                identity: token.identity.map(|identity| self.identity(Some(identity), index)),
                fresh: token.fresh.unwrap_or(false),
            }),
            document::Action::Request(request) => Action::Request(Box::new(self.request(*request, index))),
            document::Action::Set(set) => Action::Set(plain(set)),
            document::Action::Assert(list) => Action::Assert(list.into_iter().map(|expression| expression.0).collect()),
            document::Action::Unreadable => Action::Set(Vec::new()),
        }
    }

    fn request(&mut self, request: document::Request, index: usize) -> Request {
        let common = self.defaults.headers.clone().unwrap_or_default();
        let headers = plain(common).into_iter().chain(plain(request.headers.unwrap_or_default())).collect();
        let own = request.api_version.map(|version| (version, false));
        let body = match (request.json, request.form, request.text, request.file) {
            (Some(tree), ..) => Body::Json(tree),
            (_, Some(form), ..) => Body::Form(plain(form)),
            (_, _, Some(text), _) => Body::Text(text),
            (_, _, _, Some(file)) => Body::File(file),
            _ => Body::None,
        };
        let auth = match request.auth {
            None => Auth::Default,
            Some(document::Auth { bearer: Some(bearer), .. }) => Auth::Bearer(bearer),
            Some(auth) => {
                let identity = auth.identity.map(|identity| self.identity(Some(identity), index));
                Auth::Resource(auth.resource, identity)
            }
        };
        Request {
            method: request.method.map_or("GET", |method| method.value.word()),
            url: request.url,
            prefix: request.prefix,
            api_version: own.or_else(|| self.defaults.api_version.clone().map(|version| (version, true))),
            query: plain(request.query.unwrap_or_default()),
            headers,
            body,
            auth,
            redirects: request.redirects.map_or(0, |redirects| redirects.value),
        }
    }

    /// The expectations as a list; those that cannot be of this action are told.
    fn assertions(&mut self, expect: Expectation, action: &'static str) -> Vec<Assertion> {
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
    fn refuse_captures(&mut self, captures: &[Capture], action: &'static str) {
        for capture in captures {
            match (action, &capture.origin) {
                ("request", Origin::Claims(_)) => {
                    let known = ["json", "header", "regex", "text"];
                    self.diagnostics.subject_of_other_action(capture.span, "claims", action, &known);
                }
                ("set" | "assert", _) => {
                    self.diagnostics.subject_of_other_action(capture.span, "capture", action, &[]);
                }
                _ => {}
            }
        }
    }

    fn refuse_foreign(&mut self, list: &[Assertion], action: &'static str) {
        let known: &[&str] = match action {
            "token" => &["status", "headers", "json", "claims", "text", "duration", "that"],
            "request" => &["status", "allowed", "denied", "error", "headers", "json", "text", "duration", "that"],
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

fn captures(named: Named<document::Capture>) -> Vec<Capture> {
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

fn plain<T>(named: Named<T>) -> Vec<(String, T)> {
    named.0.into_iter().map(|(name, value)| (name.value, value)).collect()
}
