//! Steps of the document as steps of the plan: defaults applied, names checked, and what each one uses.

use std::collections::HashMap;
use std::time::Duration;

use super::build::Included;
use super::inputs::check_default;
use super::names::{Names, Position, Used};
use super::result::captures;
use super::texts::{action_texts, items_texts, selector_text, subject_texts};
use super::{Action, Each, Eventually, Include, Input, Items, Origin, Retry, Step, TIMEOUT, TokenRequest, order};
use crate::diagnostic::Diagnostics;
use crate::identity::{Selector, Whose};
use crate::playbook as document;
use crate::playbook::Named;
use crate::shape::Shape;
use crate::source::{Span, Spanned};
use crate::template::{Text, Tree};

/// How many steps an included playbook may come to: playbooks that include others twice, and those others twice, double.
const MOST_STEPS: usize = 1_000_000;

/// Names of a result, for `that` and for captures.
const RESULT: &[&str] = &["status", "headers", "json", "text", "claims", "duration"];

/// Makes steps.
pub(super) struct Builder<'b, 'd> {
    pub(super) names: Names<'b>,
    pub(super) defaults: document::Defaults,
    /// The ids that steps are given, with the step's number.
    pub(super) ids: HashMap<String, (usize, Span)>,
    /// The plans of the playbooks that are included, by the path as written.
    pub(super) includes: Included,
    /// The JSON Schemas that are expected, by where they are named.
    pub(super) shapes: HashMap<Span, Shape>,
    /// The identity that steps have when they name none.
    pub(super) identity: Option<Whose<Text>>,
    /// Whether it was told that something in the identity is undefined.
    pub(super) told: bool,
    /// The number of the next step.
    pub(super) next: usize,
    pub(super) diagnostics: &'d mut Diagnostics,
}

/// What the groups around a step say for it.
#[derive(Clone, Default)]
pub(super) struct Around {
    /// The names of the loops around.
    locals: Vec<String>,
    timeout: Option<Duration>,
    retry: Option<Retry>,
    eventually: Option<Eventually>,
    sensitive: bool,
}

impl Builder<'_, '_> {
    /// Checks the templates that stand before the steps. The variables that the playbook's name uses.
    pub(super) fn heads(&mut self, name: &Option<Text>, inputs: &[Input], vars: &[(String, Span, Tree)]) -> Vec<usize> {
        let everywhere = Position { step: usize::MAX, result: &[], bare: false };
        let bare = Position { bare: true, ..everywhere };
        let mut uses = Used::default();
        if let Some(text) = name {
            self.names.check(text, Position { step: 0, ..everywhere }, &mut uses, self.diagnostics);
        }
        let head = std::mem::take(&mut uses).plan().vars;
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

    /// What the outputs use.
    pub(super) fn outputs(&mut self, outputs: &[(String, Tree)]) -> super::Uses {
        let position = Position { step: usize::MAX, result: &[], bare: false };
        let mut used = Used::default();
        for (_, tree) in outputs {
            tree.each_text(&mut |text| self.names.check(text, position, &mut used, self.diagnostics));
        }
        used.plan()
    }

    /// The identity that a document names. The templates in it are checked where it is used.
    pub(super) fn identity(identity: Option<document::Identity>) -> Option<Whose<Text>> {
        let identity = identity?;
        let selector = match (identity.client_id, identity.object_id, identity.resource_id) {
            (Some(id), _, _) => Selector::ClientId(id),
            (_, Some(id), _) => Selector::ObjectId(id),
            (_, _, Some(id)) => Selector::ResourceId(id),
            _ => Selector::System,
        };
        Some(Whose { selector, source: identity.source.and_then(|source| source.value.source()) })
    }

    /// The steps of a block, and what waits for what among them.
    pub(super) fn block(&mut self, steps: Vec<document::Step>, around: &Around) -> Vec<Step> {
        let mut steps: Vec<Step> = steps.into_iter().map(|step| self.step(step, around)).collect();
        order::arrange(&mut steps, self.diagnostics);
        steps
    }

    fn step(&mut self, step: document::Step, around: &Around) -> Step {
        let number = self.next;
        self.next += 1;
        let span = step.name.as_ref().map_or(step.span, |name| name.span);
        let word = step.action.word();
        self.refuse_modifiers(&step, word);
        let (each, inside) = self.each(step.for_each, step.r#as, (number, around));
        let inside = self.around(inside, &step.timeout, (&step.retry, &step.eventually), step.sensitive);
        let assertions = step.expect.map(|expect| self.assertions(expect, word)).unwrap_or_default();
        let captures = step.capture.map(captures).unwrap_or_default();
        self.refuse_captures(&captures, word);
        let safe = step.safe.is_some_and(|safe| safe.value);
        let waits = step.needs.unwrap_or_default();
        let action = self.action(step.action, step.with, &inside);
        if let Action::Include(include) = &action {
            self.refuse_outputs(include, &assertions, &captures);
        }
        let mut planned = Step {
            number,
            end: self.next,
            id: step.id.map_or_else(|| format!("{word}-{}", number + 1), |id| id.value),
            name: step.name,
            span,
            tags: step.tags.unwrap_or_default().into_iter().map(|tag| tag.value).collect(),
            when: step.when.map(|when| when.0),
            each,
            waits: Vec::new(),
            needs: Vec::new(),
            uses: super::Uses::default(),
            changes: changes(&action, safe),
            exports: exports(&action, &captures),
            action,
            assertions,
            captures,
            timeout: inside.timeout.unwrap_or(TIMEOUT),
            retry: inside.retry.unwrap_or_default(),
            eventually: inside.eventually,
            sensitive: inside.sensitive,
            safe,
            left_out: None,
        };
        self.needs(&mut planned, &waits);
        self.uses(&mut planned, &inside);
        planned
    }

    /// The loop of a step, and what is around the steps inside.
    fn each(
        &mut self,
        each: Option<document::Each>,
        name: Option<Spanned<String>>,
        (number, around): (usize, &Around),
    ) -> (Option<Each>, Around) {
        let mut inside = around.clone();
        let Some(each) = each else {
            return (None, inside);
        };
        let called = name.as_ref().map_or("item", |name| name.value.as_str()).to_owned();
        let place = name.as_ref().map_or(each.span, |name| name.span);
        if inside.locals.contains(&called) {
            self.diagnostics.item_taken(place, &called);
        } else if name.is_some() {
            self.names.refuse_taken(&called, place, self.diagnostics);
        }
        let items = match each.items {
            document::Items::List(tree) => Items::List(tree),
            document::Items::Axes(axes) => Items::Axes(plain(Named(axes))),
        };
        let mut used = Used::default();
        let position = Position { step: number, result: &around.locals, bare: false };
        items_texts(&items, &mut |text| self.names.check(text, position, &mut used, self.diagnostics));
        inside.locals.retain(|local| local != "loop");
        inside.locals.extend([called.clone(), "loop".to_owned()]);
        (Some(Each { span: each.span, items, name: called, uses: used.plan() }), inside)
    }

    /// What a step says of repeating and waiting, over what the groups around it say, over the defaults.
    fn around(
        &self,
        mut around: Around,
        timeout: &Option<Spanned<document::Period>>,
        (retry, eventually): (&Option<Spanned<document::Retry>>, &Option<Spanned<document::Eventually>>),
        sensitive: Option<bool>,
    ) -> Around {
        let defaults = &self.defaults;
        if let Some(timeout) = timeout.as_ref().or(defaults.timeout.as_ref().filter(|_| around.timeout.is_none())) {
            around.timeout = Some(timeout.value.0);
        }
        let default = defaults.retry.as_ref().filter(|_| around.retry.is_none());
        if let Some(retry) = retry.as_ref().map(|retry| &retry.value).or(default) {
            let before = around.retry.unwrap_or_default();
            around.retry = Some(Retry {
                attempts: retry.attempts.as_ref().map_or(before.attempts, |attempts| attempts.value),
                base: retry.base.as_ref().map_or(before.base, |base| base.value.0),
                cap: retry.cap.as_ref().map_or(before.cap, |cap| cap.value.0),
            });
        }
        let default = defaults.eventually.as_ref().filter(|_| around.eventually.is_none());
        let span = eventually.as_ref().map(|eventually| eventually.span);
        if let Some(eventually) = eventually.as_ref().map(|eventually| &eventually.value).or(default) {
            around.eventually = Some(Eventually {
                within: eventually.within.value.0,
                every: eventually.every.as_ref().map(|every| every.value.0),
                hold: eventually.hold.as_ref().map_or(1, |hold| hold.value),
                span,
            });
        }
        around.sensitive |= sensitive.unwrap_or(false);
        around
    }

    /// Tells modifiers that mean nothing beside the action.
    fn refuse_modifiers(&mut self, step: &document::Step, action: &'static str) {
        let mut refuse = |span: Option<Span>, key: &str, why: &str| {
            if let Some(span) = span {
                self.diagnostics.modifier_of_other_action(span, key, action, why);
            }
        };
        let repeats = [
            (step.eventually.as_ref().map(|value| value.span), "eventually"),
            (step.retry.as_ref().map(|value| value.span), "retry"),
            (step.timeout.as_ref().map(|value| value.span), "timeout"),
        ];
        let why = match action {
            "set" | "assert" => Some("nothing is sent, so there is nothing to wait for"),
            "playbook" => Some("the steps of the included playbook say this for themselves"),
            _ => None,
        };
        for (span, key) in repeats {
            why.iter().for_each(|why| refuse(span, key, why));
        }
        if action != "request" {
            refuse(step.safe.as_ref().map(|safe| safe.span), "safe", "only a request may change something");
        }
        if step.for_each.is_none() {
            refuse(step.r#as.as_ref().map(|name| name.span), "as", "it names the item of `for_each`");
        }
        if action != "playbook"
            && let Some((name, _)) = step.with.iter().flat_map(|with| &with.0).next()
        {
            refuse(Some(name.span), "with", "it gives the inputs of an included `playbook`");
        }
    }

    /// Finds the steps that are meant by ids.
    fn needs(&mut self, step: &mut Step, ids: &[Spanned<String>]) {
        for id in ids {
            match self.ids.get(&id.value) {
                Some((number, _)) if (step.number..step.end).contains(number) => {
                    let name = order::called(step);
                    self.diagnostics.step_cycle(id.span, &[name.clone(), name]);
                }
                Some((number, _)) => step.needs.push(*number),
                None => {
                    let mut known: Vec<&str> = self.ids.keys().map(String::as_str).collect();
                    known.sort_unstable();
                    self.diagnostics.unknown_id(id.span, id, &known);
                }
            }
        }
    }

    /// Checks every template of a step, and finds out what the step waits for.
    fn uses(&mut self, step: &mut Step, inside: &Around) {
        let result: Vec<String> =
            inside.locals.iter().cloned().chain(RESULT.iter().map(|word| (*word).to_owned())).collect();
        let before = Position { step: step.number, result: &inside.locals, bare: false };
        let after = Position { result: &result, ..before };
        let mut used = Used::default();
        if matches!(step.action, Action::Token(_) | Action::Request(_) | Action::Access(_)) {
            self.identity_uses(before, &mut used);
        }
        let (names, diagnostics) = (&self.names, &mut *self.diagnostics);
        let mut check = |text: &Text, position| names.check(text, position, &mut used, diagnostics);
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
        step.uses = used.plan();
    }

    /// What the identity uses that a step has when it names none.
    fn identity_uses(&mut self, position: Position<'_>, used: &mut Used) {
        let mut found = Diagnostics::new();
        self.identity.iter().for_each(|identity| {
            selector_text(identity, &mut |text| self.names.check(text, position, used, &mut found));
        });
        // Each step would tell the same again.
        if found.has_errors() && !std::mem::replace(&mut self.told, true) {
            found.sorted().into_iter().for_each(|diagnostic| self.diagnostics.push(diagnostic));
        }
    }

    fn action(&mut self, action: document::Action, with: Option<Named<Tree>>, inside: &Around) -> Action {
        match action {
            document::Action::Token(token) => Action::Token(TokenRequest {
                resource: token.resource,
                identity: Self::identity(token.identity),
                source: token.source.and_then(|source| source.value.source()),
                fresh: token.fresh.unwrap_or(false),
            }),
            document::Action::Request(request) => Action::Request(Box::new(self.request(*request))),
            document::Action::Set(set) => Action::Set(plain(set)),
            document::Action::Assert(list) => Action::Assert(list.into_iter().map(|expression| expression.0).collect()),
            document::Action::Access(access) => Action::Access(Box::new((*access).into())),
            document::Action::Metadata(path) => Action::Metadata(path),
            document::Action::Steps(steps) => Action::Group(self.block(steps, inside)),
            document::Action::Playbook(path) => match self.includes.get(&path.value).cloned() {
                Some((_, plan)) if plan.leaves() > MOST_STEPS => {
                    self.diagnostics.too_many_steps(path.span, &path.value, MOST_STEPS);
                    Action::Set(Vec::new())
                }
                Some((shown, plan)) => {
                    let with = with.unwrap_or_default();
                    super::inputs::check_with(&plan, (&with, path.span, &shown), self.diagnostics);
                    Action::Include(Box::new(Include { path: shown, plan, with: plain(with) }))
                }
                // Why it could not be read, has been told.
                None => Action::Set(Vec::new()),
            },
            document::Action::Unreadable => Action::Set(Vec::new()),
        }
    }
}

/// Whether an action may change something outside.
fn changes(action: &Action, safe: bool) -> bool {
    match action {
        Action::Request(request) => !safe && !matches!(request.method, "GET" | "HEAD" | "OPTIONS"),
        Action::Include(include) => include.plan.changes,
        Action::Group(steps) => steps.iter().any(|step| step.changes),
        Action::Token(_) | Action::Access(_) | Action::Set(_) | Action::Assert(_) | Action::Metadata(_) => false,
    }
}

/// The names that a step and the steps inside capture.
fn exports(action: &Action, captures: &[super::Capture]) -> Vec<String> {
    let own = captures.iter().map(|capture| capture.name.clone());
    match action {
        Action::Set(set) => own.chain(set.iter().map(|(name, _)| name.clone())).collect(),
        Action::Group(steps) => own.chain(steps.iter().flat_map(|step| step.exports.iter().cloned())).collect(),
        _ => own.collect(),
    }
}

pub(super) fn plain<T>(named: Named<T>) -> Vec<(String, T)> {
    named.0.into_iter().map(|(name, value)| (name.value, value)).collect()
}
