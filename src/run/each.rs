//! Loops: a step once for each item, as many at a time as are allowed; what is captured becomes lists.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};

use super::frame::Frame;
use super::items::Turns;
use super::playbook::Playbook;
use crate::event::{Event, Iteration, LoopFinished, LoopStarted, Outcome, Turn};
use crate::plan::{Each, Step};

/// How a turn came out, and the value of each name that it could capture.
struct Turned {
    outcome: Outcome,
    values: Vec<Option<Arc<Value>>>,
}

/// What the turns captured, in the order of the items whatever order they end in.
#[derive(Default)]
struct Columns {
    /// Turns that ended before one that stands before them.
    early: BTreeMap<usize, Turned>,
    /// How many turns are in the columns.
    told: usize,
    /// By name: the values so far.
    values: Vec<Vec<Value>>,
    /// By name: whether a turn that was carried out has none.
    missing: Vec<bool>,
}

impl Columns {
    fn take(&mut self, at: usize, turned: Turned) {
        self.early.insert(at, turned);
        while let Some(turned) = self.early.remove(&self.told) {
            self.told += 1;
            self.values.resize_with(turned.values.len(), Vec::new);
            self.missing.resize(turned.values.len(), false);
            for (at, value) in turned.values.into_iter().enumerate() {
                self.missing[at] |= value.is_none() && turned.outcome != Outcome::Skipped;
                self.values[at].extend(value.map(|value| (*value).clone()));
            }
        }
    }
}

impl<'p> Playbook<'p, '_> {
    /// Runs a step once for each item.
    pub(super) async fn each(&self, step: &'p Step, each: &'p Each, turn: Turn) -> Outcome {
        let Some(turns) = self.turns(step, each, turn).await else {
            return self.frame.outcome(step.number).unwrap_or_default();
        };
        self.engine.outlet.send(Event::LoopStarted(LoopStarted {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: self.trail.then(turn),
            iterations: turns.count() as u32,
            steps: step.leaves(),
        }));
        let mut columns = Columns::default();
        let (mut next, mut outcome) = (0, Outcome::Skipped);
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.engine.settings.jobs && next < turns.count() {
                running.push(self.one(step, (each, turns.item(next)), (turn, next, turns.count())));
                next += 1;
            }
            let Some((at, turned)) = running.next().await else { break };
            outcome = outcome.max(turned.outcome);
            columns.take(at, turned);
        }
        for ((name, values), missing) in step.exports.iter().zip(columns.values).zip(columns.missing) {
            if !missing {
                self.frame.put(name, Value::Array(values));
            }
        }
        self.engine.outlet.send(Event::LoopFinished(LoopFinished {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: self.trail.then(turn),
            iterations: turns.count() as u32,
        }));
        outcome
    }

    /// The items of a loop; where there are none, the step has ended with that.
    async fn turns(&self, step: &'p Step, each: &'p Each, turn: Turn) -> Option<Turns> {
        let mut progress = self.blank(step, turn, None);
        if self.prepare(step, &each.uses, &mut progress).await {
            match Turns::of(each, &*self.frame) {
                Ok(turns) if turns.count() > 0 => return Some(turns),
                Ok(_) => {
                    progress.step.reason = Some("`for_each` has nothing to go over".to_owned());
                    self.engine.shared.hollow(&progress.step.name, "its `for_each` has nothing to go over");
                    // What is captured nowhere is captured as often as that.
                    step.exports.iter().for_each(|name| self.frame.put(name, Value::Array(Vec::new())));
                }
                Err(problem) => progress.errored(self, problem.diagnostic(self.engine.sources)),
            }
        }
        self.frame.ended(step.number, progress.step.outcome);
        self.finish(progress);
        None
    }

    /// One turn of a loop.
    async fn one(
        &self,
        step: &'p Step,
        (each, item): (&'p Each, Value),
        (turn, at, count): (Turn, usize, usize),
    ) -> (usize, Turned) {
        let frame = Rc::new(Frame::inside(&self.frame));
        let turning = json!({
            "index": at + 1, "index0": at, "first": at == 0, "last": at + 1 == count, "length": count,
        });
        frame.put("loop", turning);
        frame.put(&each.name, item.clone());
        let inside = Playbook { frame: Rc::clone(&frame), ..self.clone() };
        let turn = Turn { iteration: Some(at as u32), ..turn };
        let iteration = Iteration { index: at as u32, item };
        let outcome = match self.unneeded(step) {
            None => inside.turn(step, turn, Some(iteration)).await,
            Some(why) => {
                let mut progress = inside.blank(step, turn, Some(iteration));
                progress.step.reason = Some(why);
                inside.finish(progress)
            }
        };
        frame.hand_over();
        (at, Turned { outcome, values: step.exports.iter().map(|name| frame.own(name)).collect() })
    }
}
