//! One playbook, step by step.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use serde_json::Value;

use super::frame::Frame;
use super::place::{place, problem};
use super::reply::Reply;
use super::{Engine, Job, mishap};
use crate::azure::cloud::Cloud;
use crate::diagnostic::Diagnostic;
use crate::event::{self, Assertion, AttemptFinished, Event, Millis, Outcome, StepFinished, StepStarted, veil};
use crate::plan::{Action, Plan, Step};
use crate::source::Span;
use crate::template::{Misfit, Text};

/// A playbook that is being run.
pub(super) struct Playbook<'p, 'e> {
    pub(super) engine: &'p Engine<'e>,
    pub(super) index: usize,
    pub(super) job: &'p Job,
    pub(super) frame: Frame,
    pub(super) cloud: RefCell<Option<Rc<Cloud>>>,
    /// Paths of Resource Manager that answered, in lower case: what is there without doubt.
    pub(super) seen: RefCell<HashSet<String>>,
    outcomes: RefCell<Vec<Outcome>>,
    computed: RefCell<HashSet<usize>>,
    stopped: Cell<bool>,
}

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
    captured: bool,
}

impl Progress {
    /// Takes a judged assertion.
    pub(super) fn judged(&mut self, judged: Judged) {
        match judged {
            Judged::Assertion(mut assertion) => {
                if !assertion.holds {
                    self.step.outcome = self.step.outcome.max(Outcome::Failed);
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

/// What judging came to.
pub(super) enum Judged {
    /// An assertion that holds or does not.
    Assertion(Box<Assertion>),
    /// It could not be judged.
    Problem(Box<event::Problem>),
}

impl<'p, 'e> Playbook<'p, 'e> {
    pub(super) fn new(engine: &'p Engine<'e>, index: usize, job: &'p Job) -> Self {
        let frame = Frame::new(&job.values, engine);
        if let Some(cloud) = &job.plan.cloud {
            frame.put("cloud", cloud.to_value());
        }
        for input in job.plan.inputs.iter().filter(|input| input.declaration.secret.unwrap_or(false)) {
            job.values.get(&input.name).into_iter().for_each(|value| engine.outlet.hide_value(value));
        }
        Self {
            engine,
            index,
            job,
            frame,
            cloud: RefCell::new(job.plan.cloud.clone().map(Rc::new)),
            seen: RefCell::default(),
            outcomes: RefCell::default(),
            computed: RefCell::default(),
            stopped: Cell::new(false),
        }
    }

    fn plan(&self) -> &'p Plan {
        &self.job.plan
    }

    /// What the playbook is called: its path, when it has no name or the name cannot be told yet.
    pub(super) fn name(&self) -> String {
        let computed = self.compute(&self.plan().head).is_ok();
        let name = self.plan().name.as_ref().filter(|_| computed);
        name.and_then(|name| name.render_text(&self.frame).ok()).unwrap_or_else(|| self.job.path.to_string())
    }

    /// Runs all steps, in the order of the file.
    pub(super) async fn run(&self) -> Outcome {
        let mut outcome = Outcome::Skipped;
        for step in &self.plan().steps {
            let finished = self.step(step).await;
            self.outcomes.borrow_mut().push(finished);
            outcome = outcome.max(finished);
        }
        outcome
    }

    async fn step(&self, step: &Step) -> Outcome {
        let begun = self.engine.at();
        let mut progress = Progress {
            step: self.blank(step, begun),
            span: step.span,
            attempts: 0,
            sensitive: step.sensitive,
            holds: step.captures.iter().any(|capture| capture.secret),
            held: Vec::new(),
            captured: false,
        };
        if let Some(why) = self.unneeded(step) {
            progress.step.reason = Some(why);
            return self.finish(progress, begun);
        }
        progress.step.outcome = Outcome::Passed;
        tokio::select! {
            biased;
            () = self.engine.interrupt.wait() => {
                self.stopped.set(true);
                progress.step.outcome = Outcome::Errored;
                progress.step.reason = Some("interrupted".to_owned());
            }
            () = self.carry_out(step, &mut progress) => {}
        }
        self.finish(progress, begun)
    }

    /// Why a step is not even begun.
    fn unneeded(&self, step: &Step) -> Option<String> {
        if self.engine.interrupt.came() || self.stopped.get() {
            return Some("interrupted".to_owned());
        }
        let outcomes = self.outcomes.borrow();
        step.needs.iter().find_map(|(need, name)| {
            let missing = self.frame.lacks(name);
            let outcome = outcomes.get(*need).copied().unwrap_or_default();
            missing.then(|| {
                let owner = &self.plan().steps[*need];
                format!("needs `{name}`, which step {} did not capture ({})", self.called(owner), outcome.word())
            })
        })
    }

    /// What messages call another step.
    fn called(&self, step: &Step) -> String {
        let name = step.name.as_ref().and_then(|name| name.render_text(&self.frame).ok());
        name.map_or_else(|| format!("`{}`", step.id), |name| format!("`{name}`"))
    }

    async fn carry_out(&self, step: &Step, progress: &mut Progress) {
        if !self.prepare(step, progress).await {
            return;
        }
        match step.name.as_ref().map(|name| name.render_text(&self.frame)) {
            Some(Ok(name)) => progress.step.name = name,
            Some(Err(misfit)) => return progress.misfit(self, &misfit),
            None => progress.step.name = step.headline(|text| text.render_text(&self.frame).ok()),
        }
        if let Some(when) = &step.when {
            match when.render(&self.frame) {
                Ok(value) if crate::value::truth(&value) => {}
                Ok(_) => {
                    progress.step.outcome = Outcome::Skipped;
                    progress.step.reason = Some(format!("`when: {}` is false", when.template.text().trim()));
                    return;
                }
                Err(misfit) => return progress.misfit(self, &misfit),
            }
        }
        self.engine.outlet.send(Event::StepStarted(StepStarted {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: step.index,
            name: progress.step.name.clone(),
        }));
        let captured = match &step.action {
            Action::Token(token) => {
                let reply = self.token(step, token, progress).await;
                self.conclude(step, reply, progress)
            }
            Action::Request(request) => {
                let reply = self.request(step, request, progress).await;
                self.conclude(step, reply, progress)
            }
            Action::Set(set) => self.set(set, progress),
            Action::Assert(list) => {
                self.assert(list, progress);
                Vec::new()
            }
        };
        for (name, value) in captured {
            progress.step.captures.insert(name.clone(), value.clone());
            self.frame.put(&name, value);
        }
    }

    /// Judges and captures. What was captured counts even when an assertion fails: it was there.
    fn conclude(&self, step: &Step, reply: Option<Reply>, progress: &mut Progress) -> Vec<(String, Value)> {
        let Some(mut reply) = reply else {
            return Vec::new();
        };
        if step.sensitive {
            reply.veiled = true;
            self.engine.outlet.hide(&reply.text());
        }
        self.judge(step, &reply, progress);
        let captured = self.capture(step, &reply, progress);
        progress.captured = true;
        if progress.step.outcome == Outcome::Failed {
            progress.step.notes.extend(mishap::explanation(step, &reply));
        }
        captured
    }

    /// Sees to it that every name the step uses has its value.
    async fn prepare(&self, step: &Step, progress: &mut Progress) -> bool {
        if step.globals.contains(&"cloud") && self.the_cloud(step, progress).await.is_none() {
            return false;
        }
        if step.globals.contains(&"identity")
            && self.frame.lacks("identity")
            && self.own_token(step, progress).await.is_none()
        {
            return false;
        }
        match self.compute(&step.vars) {
            Ok(()) => true,
            Err(misfit) => {
                progress.misfit(self, &misfit);
                false
            }
        }
    }

    /// Computes variables that have no value yet. Each stands behind those that it needs.
    fn compute(&self, vars: &[usize]) -> Result<(), Box<Misfit>> {
        for at in vars {
            let (name, tree) = &self.plan().vars[*at];
            if self.computed.borrow().contains(at) || self.job.values.contains_key(name) {
                continue;
            }
            let value = tree.render(&self.frame)?;
            self.frame.put(name, value);
            self.computed.borrow_mut().insert(*at);
        }
        Ok(())
    }

    fn blank(&self, step: &Step, begun: Millis) -> event::Step {
        let written = step.name.as_ref().map(|name| name.template.text().to_owned());
        let called = || step.headline(|_| None);
        event::Step {
            index: step.index,
            id: step.id.clone(),
            name: written.unwrap_or_else(called),
            action: step.action.word(),
            outcome: Outcome::Skipped,
            phase: "steps",
            iteration: None,
            reason: None,
            started_ms: begun,
            duration_ms: Millis(0.0),
            place: place(self.engine.sources, step.span),
            attempts: Vec::new(),
            request: None,
            response: None,
            assertions: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
            captures: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    fn finish(&self, progress: Progress, begun: Millis) -> Outcome {
        for mut attempt in progress.held {
            if let Some(exchange) = attempt.exchange.as_deref_mut().filter(|_| !progress.captured) {
                veil::bodies(exchange);
            }
            self.engine.outlet.send(Event::AttemptFinished(attempt));
        }
        let mut step = progress.step;
        if progress.sensitive {
            veil::step(&mut step);
        }
        let now = self.engine.at();
        step.duration_ms = Millis(((now.0 - begun.0) * 1000.0).round() / 1000.0);
        let mut summary = self.engine.shared.summary.get();
        summary.count(&step);
        self.engine.shared.summary.set(summary);
        let outcome = step.outcome;
        let finished = StepFinished { at_ms: now, playbook: self.index, step: Box::new(step), summary };
        self.engine.outlet.send(Event::StepFinished(finished));
        outcome
    }
}

impl Step {
    /// What a step without a name is called. What cannot be rendered is called as it is written.
    fn headline(&self, render: impl Fn(&Text) -> Option<String>) -> String {
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
            Action::Assert(list) => match list.as_slice() {
                [only] => format!("assert {}", only.template.text()),
                many => format!("assert {} expressions", many.len()),
            },
        }
    }
}
