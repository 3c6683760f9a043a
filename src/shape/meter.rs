//! A bound on the work of judging: what refers to itself in several ways holds the same part against the same value more often
//! with each level, and the library goes on until it is done.
//!
//! The library sees values as [`Metered`] shows them: each look at one is counted. A part of a schema that looks at nothing
//! has a keyword of our own, which counts.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{iter, slice};

use jsonschema::json::{self, Json, NodeIdentity, unique};
use jsonschema::{JsonType, Keyword, ValidationError};
use serde_json::{Number, map};

use crate::value::{Map, Value, exceeds};

/// The keyword, which nobody else uses.
pub(super) const KEYWORD: &str = "\u{1}meter";

/// How many looks it costs to keep a value, which takes memory.
const KEPT: usize = 80;

/// How many values a miss takes as much memory as, beside that which misses.
const MISS: usize = 8;

/// How many values the library compares with each other, before it remembers them.
const COMPARED: usize = 15;

/// How many bytes of a text are looked at at once.
const BYTES: usize = 64;

thread_local! {
    /// What is left to be done on this thread.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// What the names of members cost, for each byte.
    static NAMES: Cell<usize> = const { Cell::new(0) };
}

/// Why the work did not come to its end.
#[derive(Debug)]
pub(super) enum Undecided {
    /// It would be too much.
    Spent,
    /// Why else, as a clause.
    Because(String),
}

/// Does what comes to no more than so many looks. Names of members cost so much for each byte.
pub(super) fn within<T>(most: usize, names: usize, work: impl FnOnce() -> T) -> Result<T, Undecided> {
    LEFT.set(most);
    NAMES.set(names);
    let done = catch_unwind(AssertUnwindSafe(work));
    LEFT.set(usize::MAX);
    done.map_err(|cause| match cause.downcast() {
        Ok(undecided) => *undecided,
        Err(cause) => resume_unwind(cause),
    })
}

/// Ends the work. It is no panic: nothing is wrong, and nobody is to be told.
pub(super) fn end(why: Undecided) -> ! {
    resume_unwind(Box::new(why))
}

/// Does what is paid for already.
pub(super) fn paid<T>(work: impl FnOnce() -> T) -> T {
    let left = LEFT.replace(usize::MAX);
    let done = work();
    LEFT.set(left);
    done
}

/// Counts some looks.
pub(super) fn pay(cost: usize) {
    LEFT.set(LEFT.get().checked_sub(cost).unwrap_or_else(|| end(Undecided::Spent)));
}

/// Counts a look at a value and all that is in it, so many times.
fn pay_for(value: &Value, times: usize) {
    let before = LEFT.get();
    let mut left = before / times;
    if exceeds(value, &mut left) {
        end(Undecided::Spent);
    }
    LEFT.set(left * times + before % times);
}

/// Values that count how often they are looked at.
pub(super) struct Metered;

/// Such a value.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(pub(super) &'a Value);

/// The members of such a value.
pub(super) struct Members<'a>(&'a Map<String, Value>);

/// The items of such a value.
pub(super) struct Items<'a>(&'a [Value]);

impl Json for Metered {
    type Node<'a> = Node<'a>;
    type PreparedKey = String;
    type StringBuffer = Value;

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut Value, text: &str, work: impl FnOnce(Node<'_>) -> T) -> T {
        *buffer = Value::from(text);
        work(Node(buffer))
    }
}

impl<'a> json::Node<'a, Metered> for Node<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        pay(1);
        self.0.as_object().map(Members)
    }

    fn as_array(&self) -> Option<Items<'a>> {
        pay(1);
        self.0.as_array().map(|items| Items(items))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let text = self.0.as_str();
        pay(1 + text.map_or(0, str::len) / BYTES);
        text.map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        pay(1);
        self.0.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        pay(1);
        self.0.as_bool()
    }

    fn is_null(&self) -> bool {
        pay(1);
        self.0.is_null()
    }

    fn json_type(&self) -> JsonType {
        pay(1);
        match self.0 {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        pay_for(self.0, 1);
        json::cmp::equal(self.0, expected)
    }

    /// What is missed is kept with the value that misses it.
    fn to_value(&self) -> Cow<'a, Value> {
        pay(MISS * KEPT);
        pay_for(self.0, KEPT);
        Cow::Borrowed(self.0)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        pay(1);
        Some(NodeIdentity::new(std::ptr::from_ref(self.0).addr()))
    }
}

impl<'a> json::Object<'a, Metered> for Members<'a> {
    type Node = Node<'a>;
    type MemberName = &'a str;
    type MembersIter = iter::Map<map::Iter<'a>, fn((&'a String, &'a Value)) -> (&'a str, Node<'a>)>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<Node<'a>> {
        pay(1);
        self.0.get(key).map(Node)
    }

    fn members(&self) -> Self::MembersIter {
        self.0.iter().map(|(name, value)| {
            pay(1 + name.len().saturating_mul(NAMES.get()));
            (name.as_str(), Node(value))
        })
    }
}

impl<'a> json::Array<'a, Metered> for Items<'a> {
    type Node = Node<'a>;
    type ElementsIter = iter::Map<slice::Iter<'a, Value>, fn(&'a Value) -> Node<'a>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Self::ElementsIter {
        pay(1);
        self.0.iter().map(|item| {
            pay(1);
            Node(item)
        })
    }

    fn is_unique(&self) -> bool {
        self.0.iter().for_each(|item| pay_for(item, COMPARED));
        unique::is_unique(self.0)
    }
}

/// Counts whenever the part of a schema in which it stands is held against a value.
pub(super) struct Meter;

impl<'i> Keyword<'i, Metered> for Meter {
    fn validate(&self, _: Node<'i>) -> Result<(), ValidationError<'i>> {
        pay(1);
        Ok(())
    }

    fn is_valid(&self, _: Node<'i>) -> bool {
        pay(1);
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
                    ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => parts.iter_mut().for_each(add_to_part),
                    ("not" | "if" | "then" | "else", part) => add_to_part(part),
                    ("$defs" | "definitions", Value::Object(parts)) => parts.values_mut().for_each(add_to_part),
                    (
                        "properties" | "patternProperties" | "dependentSchemas" | "dependencies",
                        Value::Object(parts),
                    ) => parts.values_mut().for_each(add),
                    (_, value) => add(value),
                }
            }
            members.insert(KEYWORD.to_owned(), Value::Null);
        }
        _ => {}
    }
}

/// The same with a part that may be held against a value that it does not look at.
fn add_to_part(part: &mut Value) {
    match part {
        Value::Bool(true) => *part = serde_json::json!({KEYWORD: true}),
        Value::Bool(false) => *part = serde_json::json!({"not": {KEYWORD: false}}),
        part => add(part),
    }
}

/// Whether what may not hold is what was put for `false`.
pub(super) fn is_nothing(schema: &Value) -> bool {
    schema.get(KEYWORD) == Some(&Value::Bool(false))
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
            if members.get("not").is_some_and(is_nothing) {
                *schema = Value::Bool(false);
            } else if members.shift_remove(KEYWORD) == Some(Value::Bool(true)) {
                *schema = Value::Bool(true);
            } else {
                members.values_mut().for_each(remove);
            }
        }
        _ => {}
    }
}
