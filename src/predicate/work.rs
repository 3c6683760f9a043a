//! A bound on the work of a judgement: lists compared with lists, and patterns over long texts, come to far more than they hold.

use std::cell::Cell;

use crate::pattern::{MOST_STEPS, Regex};
use crate::value::{Value, exceeds, same};

/// How much one judgement may take, in values compared.
pub(super) const MOST: u64 = 500_000_000;

/// How many steps of a pattern cost as much as a value.
const STEPS: u64 = MOST_STEPS / MOST;

/// How many bytes of text do.
const BYTES: u64 = 64;

/// What is left to be done. Once that is nothing, nothing is equal and nothing matches any more, and the judgement is none.
pub(super) struct Work(Cell<u64>);

impl Work {
    pub(super) fn of(most: u64) -> Self {
        Self(Cell::new(most))
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn pay(&self, cost: u64) -> bool {
        let left = self.0.get().saturating_sub(cost);
        self.0.set(left);
        left > 0
    }

    /// Whether two values are equal.
    pub(super) fn same(&self, one: &Value, other: &Value) -> bool {
        let is_paid = match (one, other) {
            (Value::String(one), Value::String(other)) if one.len() == other.len() => {
                self.pay(1 + one.len() as u64 / BYTES)
            }
            (Value::Array(one), Value::Array(other)) if one.len() != other.len() => self.pay(1),
            (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => self.pay_for(other),
            _ => self.pay(1),
        };
        is_paid && same(one, other)
    }

    /// Pays for a value and all that is in it.
    pub(super) fn pay_for(&self, value: &Value) -> bool {
        let before = usize::try_from(self.0.get()).unwrap_or(usize::MAX);
        let mut left = before;
        let is_too_much = exceeds(value, &mut left);
        self.pay(if is_too_much { u64::MAX } else { (before - left) as u64 })
    }

    /// Whether a text matches.
    pub(super) fn matches(&self, regex: &Regex, text: &str) -> bool {
        self.pay(1 + regex.cost(text) / STEPS) && regex.regex().is_match(text)
    }
}
