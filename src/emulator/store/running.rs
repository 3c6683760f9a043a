//! Long-running operations: what was begun and is not done yet, and what became of it.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How long an operation takes, unless somebody asks for it twice before.
const TAKES: SignedDuration = SignedDuration::from_secs(2);
/// How often somebody has to ask until an operation is done.
const POLLS: u32 = 2;
/// How many operations are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 1000;

/// The operations, by id.
#[derive(Debug, Default)]
pub(crate) struct Running {
    operations: HashMap<String, Operation>,
    order: VecDeque<String>,
}

/// A long-running operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) started: Timestamp,
    /// Since when it is done.
    pub(crate) ended: Option<Timestamp>,
    /// Why it failed, as Resource Manager says it.
    pub(crate) failure: Option<Value>,
    polls: u32,
    effect: Option<Effect>,
}

/// What an operation brings about at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that can be seen elsewhere.
    None,
    /// A resource group is gone: the subscription's id and the group's name.
    DeleteGroup(String, String),
    /// The resource with this id has this provisioning state.
    Settle(String, &'static str),
}

impl Running {
    /// Begins an operation.
    pub(crate) fn begin(&mut self, id: &str, effect: Effect, now: Timestamp) {
        let operation = Operation { started: now, ended: None, failure: None, polls: 0, effect: Some(effect) };
        self.remember(id, operation);
    }

    /// Begins an operation that will have failed.
    pub(crate) fn begin_failing(&mut self, id: &str, effect: Effect, (failure, now): (Value, Timestamp)) {
        let failure = Some(failure);
        let operation = Operation { started: now, ended: None, failure, polls: 0, effect: Some(effect) };
        self.remember(id, operation);
    }

    fn remember(&mut self, id: &str, operation: Operation) {
        self.operations.insert(id.to_ascii_lowercase(), operation);
        self.order.push_back(id.to_ascii_lowercase());
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.operations.remove(&oldest);
            }
        }
    }

    /// Counts a question for an operation.
    pub(crate) fn ask(&mut self, id: &str) {
        if let Some(operation) = self.operations.get_mut(&id.to_ascii_lowercase()) {
            operation.polls += 1;
        }
    }

    /// An operation.
    pub(crate) fn get(&self, id: &str) -> Option<&Operation> {
        self.operations.get(&id.to_ascii_lowercase())
    }

    /// Ends the operations whose time has come; gives back what they bring about, the oldest first.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for id in &self.order {
            let Some(operation) = self.operations.get_mut(id) else { continue };
            let is_over = operation.polls >= POLLS || now.duration_since(operation.started) >= TAKES;
            if operation.ended.is_none() && is_over {
                operation.ended = Some(now);
                effects.extend(operation.effect.take());
            }
        }
        effects
    }

    /// Whether anything is not done yet.
    pub(crate) fn is_idle(&self) -> bool {
        self.operations.values().all(|operation| operation.ended.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_time_or_when_asked_twice() {
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        let mut running = Running::default();
        running.begin("A", Effect::Settle("x".to_owned(), "Succeeded"), at(0));
        running.begin("b", Effect::None, at(1));
        assert!(running.due(at(1)).is_empty());
        running.ask("b");
        assert!(running.due(at(1)).is_empty());
        running.ask("B");
        assert_eq!(running.due(at(1)), [Effect::None]);
        assert!(!running.is_idle());
        assert_eq!(running.due(at(2)), [Effect::Settle("x".to_owned(), "Succeeded")]);
        assert!(running.due(at(9)).is_empty() && running.is_idle());
        assert_eq!(running.get("a").and_then(|one| one.ended), Some(at(2)));
    }

    #[test]
    fn forgets_the_oldest() {
        let mut running = Running::default();
        for number in 0..REMEMBERED + 5 {
            running.begin(&format!("o{number}"), Effect::None, Timestamp::UNIX_EPOCH);
        }
        assert!(running.get("o4").is_none() && running.get("o5").is_some());
    }
}
