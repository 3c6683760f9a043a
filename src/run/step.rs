//! One step: whether it is begun, its loop, its action, how it came out.

use std::sync::Arc;

use super::place::place;
use super::playbook::Playbook;
use super::progress::Progress;
use crate::event::{self, Event, Iteration, Millis, Outcome, StepFinished, StepStarted, Trail, Turn, veil};
use crate::plan::{Action, Step};

impl<'p> Playbook<'p, '_> {
    /// Runs a step, which counts as number `at` in its block.
    pub(super) async fn step(&self, step: &'p Step, at: usize) -> Outcome {
        let turn = Turn { step: at as u32, iteration: None };
        let outcome = match (self.unneeded(step), &step.each) {
            (Some(why), _) => {
                let mut progress = self.blank(step, turn, None);
                progress.step.reason = Some(why);
                self.finish(progress)
            }
            (None, Some(each)) => Box::pin(self.each(step, each, turn)).await,
            (None, None) => self.turn(step, turn, None).await,
        };
        self.frame.ended(step.number, outcome);
        if outcome >= Outcome::Failed && self.engine.settings.fail_fast && !self.cleanup {
            self.engine.shared.failed.set(true);
        }
        outcome
    }

    /// Why a step is not even begun.
    pub(super) fn unneeded(&self, step: &Step) -> Option<String> {
        if let Some(reason) = self.engine.interrupt.reason(self.cleanup) {
            return Some(reason.to_owned());
        }
        if let Some(why) = step.left_out {
            return Some(why.to_owned());
        }
        if self.engine.shared.failed.get() && !self.cleanup {
            return Some("a step failed, and `--fail-fast` stops there".to_owned());
        }
        let unmet = step.needs.iter().find_map(|need| {
            let outcome = self.frame.outcome(*need).unwrap_or_default();
            (outcome != Outcome::Passed)
                .then(|| format!("needs step {}, which did not pass ({})", self.called(*need), outcome.word()))
        });
        let captures = step.uses.captures.iter().chain(step.each.iter().flat_map(|each| &each.uses.captures));
        unmet.or_else(|| {
            captures
                .filter(|(_, name)| self.frame.lacks(name))
                .map(|(need, name)| {
                    let outcome = self.frame.outcome(*need).unwrap_or_default();
                    format!("needs `{name}`, which step {} did not capture ({})", self.called(*need), outcome.word())
                })
                .next()
        })
    }

    /// What messages call another step.
    fn called(&self, number: usize) -> String {
        fn find(steps: &[Step], number: usize) -> Option<&Step> {
            let step = steps.iter().find(|step| (step.number..step.end).contains(&number))?;
            match &step.action {
                Action::Group(inner) if step.number != number => find(inner, number),
                _ => Some(step),
            }
        }
        let Some(step) = find(&self.plan.steps, number).or_else(|| find(&self.plan.cleanup, number)) else {
            return String::new();
        };
        let name = step.name.as_ref().and_then(|name| name.render_text(&*self.frame).ok());
        name.map_or_else(|| format!("`{}`", step.id), |name| format!("`{name}`"))
    }

    /// Runs a step, or one turn of it.
    pub(super) async fn turn(&self, step: &'p Step, turn: Turn, iteration: Option<Iteration>) -> Outcome {
        let mut progress = self.blank(step, turn, iteration);
        progress.step.outcome = Outcome::Passed;
        match &step.action {
            Action::Group(_) | Action::Include(_) => Box::pin(self.outer(step, &mut progress)).await,
            _ => {
                tokio::select! {
                    biased;
                    reason = self.engine.interrupt.wait(self.cleanup) => {
                        progress.step.outcome = Outcome::Errored;
                        progress.step.notes.push(format!("stopped before its end: {reason}"));
                        progress.step.reason = Some(reason.to_owned());
                    }
                    () = self.leaf(step, &mut progress) => {}
                }
            }
        }
        self.finish(progress)
    }

    /// A step that does something itself.
    async fn leaf(&self, step: &'p Step, progress: &mut Progress) {
        progress.permit = Arc::clone(&self.engine.permits).acquire_owned().await.ok();
        if self.begin(step, progress).await {
            for (name, value) in self.attempts(step, progress).await {
                progress.step.captures.insert(name.clone(), value.clone());
                self.frame.put(&name, value);
            }
        }
    }

    /// A step that holds others.
    async fn outer(&self, step: &'p Step, progress: &mut Progress) {
        if !self.begin(step, progress).await {
            return;
        }
        let inside = Playbook {
            trail: progress.step.trail.clone(),
            within: self.within.iter().cloned().chain([progress.step.title()]).collect(),
            sensitive: progress.sensitive,
            ..self.clone()
        };
        match &step.action {
            Action::Group(steps) => {
                progress.step.holds_steps = true;
                progress.step.outcome = inside.block(steps, 0).await;
            }
            Action::Include(include) => {
                for (name, value) in self.include(&inside, (step, include), progress).await {
                    progress.step.captures.insert(name.clone(), value.clone());
                    self.frame.put(&name, value);
                }
            }
            _ => {}
        }
    }

    /// Prepares a step and tells that it began; whether it is to be carried out.
    async fn begin(&self, step: &Step, progress: &mut Progress) -> bool {
        if !self.prepare(step, &step.uses, progress).await {
            return false;
        }
        match step.name.as_ref().map(|name| name.render_text(&*self.frame)) {
            Some(Ok(name)) => progress.step.name = name,
            Some(Err(misfit)) => {
                progress.misfit(self, &misfit);
                return false;
            }
            None => progress.step.name = step.headline(|text| text.render_text(&*self.frame).ok()),
        }
        if let Some(when) = &step.when {
            match when.render(&*self.frame) {
                Ok(value) if crate::value::truth(&value) => {}
                Ok(_) => {
                    progress.step.outcome = Outcome::Skipped;
                    progress.step.reason = Some(format!("`when: {}` is false", when.template.text().trim()));
                    return false;
                }
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    return false;
                }
            }
        }
        self.engine.outlet.send(Event::StepStarted(StepStarted {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: progress.step.trail.clone(),
            name: progress.step.title(),
        }));
        true
    }

    /// The steps beside it that a step waits for; those of the cleanup wait for what stands before, and say nothing of it.
    fn awaited(&self, step: &Step) -> Vec<Trail> {
        let waits = step.waits.iter().filter(|_| !self.cleanup);
        waits.map(|wait| self.trail.then(Turn { step: wait.step as u32, iteration: None })).collect()
    }

    /// A step of which nothing is known yet.
    pub(super) fn blank(&self, step: &Step, turn: Turn, iteration: Option<Iteration>) -> Progress {
        let written = step.name.as_ref().map(|name| name.template.text().to_owned());
        let place = place(self.engine.sources, step.span);
        let told = event::Step {
            trail: self.trail.then(turn),
            within: self.within.clone(),
            iteration,
            after: self.awaited(step),
            started_ms: self.engine.at(),
            phase: if self.cleanup { "cleanup" } else { "steps" }.into(),
            ..event::Step::new(
                step.id.clone(),
                written.unwrap_or_else(|| step.headline(|_| None)),
                step.action.word(),
                place,
            )
        };
        Progress {
            step: told,
            span: step.span,
            attempts: 0,
            sensitive: step.sensitive || self.sensitive,
            holds: step.captures.iter().any(|capture| capture.secret),
            held: Vec::new(),
            captured: false,
            waited: Default::default(),
            fault: None,
            permit: None,
            asks_for_all: false,
            cookies: Default::default(),
            bearer: None,
            carries: None,
        }
    }

    pub(super) fn finish(&self, progress: Progress) -> Outcome {
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
        step.duration_ms = Millis(((now.0 - step.started_ms.0) * 1000.0).round() / 1000.0);
        let mut summary = self.engine.shared.summary.get();
        summary.count(&step);
        self.engine.shared.summary.set(summary);
        let outcome = step.outcome;
        if !step.assertions.is_empty() || step.action == "token" && outcome == Outcome::Passed {
            self.engine.shared.judged.set(self.engine.shared.judged.get() + 1);
        }
        let finished = StepFinished { at_ms: now, playbook: self.index, step: Box::new(step), summary };
        self.engine.outlet.send(Event::StepFinished(finished));
        outcome
    }
}
