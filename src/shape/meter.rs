//! A bound on the work of judging: what refers to itself in several ways holds the same part against the same value more often
//! with each level, and the library goes on until it is done.
//!
//! A keyword of our own stands in each part of a schema, and counts.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jsonschema::{Keyword, ValidationError};

use crate::value::{Map, Value, exceeds};

/// The keyword, which nobody else uses.
pub(super) const KEYWORD: &str = "\u{1}meter";

thread_local! {
    /// What is left to be done on this thread.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// What ends the work when nothing is left.
struct Spent;

/// Does what comes to no more than so much work: nothing when it would. A part of a schema that is held against a value counts
/// as one, and all that it lists; when it is to tell what it misses, what that may keep counts too.
pub(super) fn within<T>(most: usize, work: impl FnOnce() -> T) -> Option<T> {
    LEFT.set(most);
    let done = catch_unwind(AssertUnwindSafe(work));
    LEFT.set(usize::MAX);
    match done {
        Ok(done) => Some(done),
        Err(cause) if cause.is::<Spent>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

/// What a miss weighs that is told, beside the values in it.
const MISS: usize = 8;

/// Counts whenever the part of a schema in which it stands is held against a value.
pub(super) struct Meter {
    cost: usize,
}

impl Meter {
    pub(super) fn new(part: &Map<String, Value>) -> Self {
        let listed = |value: &Value| match value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        Self { cost: 1 + part.values().map(listed).sum::<usize>() }
    }

    fn pay(cost: usize) {
        LEFT.set(LEFT.get().checked_sub(cost).unwrap_or_else(|| spent()));
    }
}

/// Ends the work. It is no panic: nothing is wrong, and nobody is to be told.
fn spent() -> ! {
    resume_unwind(Box::new(Spent))
}

impl<'i> Keyword<'i> for Meter {
    /// What is missed by alternatives is kept with a copy of the value that misses it.
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        Self::pay(MISS * self.cost);
        let mut left = LEFT.get();
        if exceeds(instance, &mut left) {
            spent();
        }
        LEFT.set(left);
        Ok(())
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        Self::pay(self.cost);
        true
    }
}

/// Puts the keyword into each part of a schema. What holds values or names and no parts stays as it is.
pub(super) fn add(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(add),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                match (key.as_str(), value) {
                    ("const" | "enum" | "default" | "examples" | "dependentRequired" | "$vocabulary", _) => {}
                    (
                        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
                        | "dependencies",
                        Value::Object(parts),
                    ) => parts.values_mut().for_each(add),
                    (_, value) => add(value),
                }
            }
            members.insert(KEYWORD.to_owned(), Value::Bool(true));
        }
        _ => {}
    }
}

/// A schema as it is written.
pub(super) fn without(schema: &Value) -> Value {
    let mut schema = schema.clone();
    remove(&mut schema);
    schema
}

fn remove(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(remove),
        Value::Object(members) => {
            members.shift_remove(KEYWORD);
            members.values_mut().for_each(remove);
        }
        _ => {}
    }
}
