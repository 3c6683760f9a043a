//! The predicates that compare one value with another.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::answer::Answer::{self, Fails, Holds, Unfit};
use super::answer::{got, wanted, when};
use super::includes::lack;
use super::{Pattern, Predicate};
use crate::moment::Moment;
use crate::nearest::nearest;
use crate::pattern;
use crate::value::{KINDS, Value, compare, describe, kind, same, show};

/// The answer of a predicate that looks at one value as a whole; of the others, that they do not.
pub(super) fn of_value(predicate: &Predicate<Value>, actual: &Value) -> Answer {
    match predicate {
        Predicate::Equals(expected) => when(same(expected, actual), || got(actual, expected)),
        Predicate::OneOf(expected) => match expected {
            Value::Array(choices) => {
                when(choices.iter().any(|choice| same(choice, actual)), || format!("got {}", describe(actual)))
            }
            _ => Unfit(format!("`one_of` takes a list, not {}", describe(expected))),
        },
        Predicate::Contains(expected) => contains(expected, actual),
        Predicate::StartsWith(expected) => text(expected, actual, |text, part| text.starts_with(part)),
        Predicate::EndsWith(expected) => text(expected, actual, |text, part| text.ends_with(part)),
        Predicate::Matches(pattern) => matches(pattern, actual),
        Predicate::Above(expected) => number(expected, actual, Ordering::is_gt),
        Predicate::AtLeast(expected) => number(expected, actual, Ordering::is_ge),
        Predicate::Below(expected) => number(expected, actual, Ordering::is_lt),
        Predicate::AtMost(expected) => number(expected, actual, Ordering::is_le),
        Predicate::Type(expected) => of_type(expected, actual),
        Predicate::Includes(expected) => match lack(expected, actual) {
            None => Holds,
            Some((place, what)) if place.is_empty() && what.starts_with("is ") => {
                Fails(format!("got {}", describe(actual)))
            }
            Some((place, what)) if place.is_empty() => Fails(what),
            Some((place, what)) => Fails(format!("`{}` {what}", place.strip_prefix('.').unwrap_or(&place))),
        },
        Predicate::ResourceId(expected) => {
            let plain = |id: &str| id.trim_end_matches('/').to_ascii_lowercase();
            text(expected, actual, |actual, expected| plain(actual) == plain(expected))
        }
        Predicate::Before(expected) => time(expected, actual, Ordering::is_lt),
        Predicate::After(expected) => time(expected, actual, Ordering::is_gt),
        other => Unfit(format!("`{}` does not look at one value", other.name())),
    }
}

fn contains(expected: &Value, actual: &Value) -> Answer {
    match (actual, expected) {
        (Value::String(actual), Value::String(part)) => {
            when(actual.contains(part.as_str()), || format!("got {}", show(&actual.as_str().into())))
        }
        (Value::Array(items), _) => {
            when(items.iter().any(|item| same(item, expected)), || format!("got {}", show(actual)))
        }
        (Value::Object(entries), Value::String(key)) => {
            when(entries.contains_key(key), || format!("got {}", describe(actual)))
        }
        (Value::String(_) | Value::Object(_), _) => {
            Unfit(format!("{} cannot contain {}", kind(actual), describe(expected)))
        }
        _ => wanted("text, a list or a map", actual),
    }
}

fn text(expected: &Value, actual: &Value, holds: impl Fn(&str, &str) -> bool) -> Answer {
    match (expected, actual) {
        (Value::String(expected), Value::String(text)) => {
            when(holds(text, expected), || format!("got {}", show(actual)))
        }
        (Value::String(_), _) => wanted("text", actual),
        _ => Unfit(format!("expected text to compare with, not {}", describe(expected))),
    }
}

fn matches(pattern: &Pattern<Value>, actual: &Value) -> Answer {
    let regex = match (&pattern.regex, &pattern.source) {
        (Some(regex), _) => Cow::Borrowed(regex),
        (None, Value::String(source)) => match pattern::compile(source) {
            Ok(regex) => Cow::Owned(regex),
            Err(_) => {
                return Unfit(format!("{} is not a regular expression", show(&pattern.source)));
            }
        },
        (None, other) => {
            return Unfit(format!("a regular expression is text, not {}", describe(other)));
        }
    };
    match actual {
        Value::String(text) => when(regex.is_match(text), || format!("got {}", show(actual))),
        _ => wanted("text", actual),
    }
}

fn number(expected: &Value, actual: &Value, holds: impl Fn(Ordering) -> bool) -> Answer {
    match (expected, actual) {
        (Value::Number(expected), Value::Number(number)) => {
            when(holds(compare(number, expected)), || format!("got {}", show(actual)))
        }
        (Value::Number(_), _) => wanted("a number", actual),
        _ => Unfit(format!("expected a number to compare with, not {}", describe(expected))),
    }
}

fn time(expected: &Value, actual: &Value, holds: impl Fn(Ordering) -> bool) -> Answer {
    match (Moment::of(expected), Moment::of(actual)) {
        (Some(expected), Some(moment)) => when(holds(moment.cmp(&expected)), || format!("got {}", show(actual))),
        (Some(_), None) => wanted("a time", actual),
        (None, _) => Unfit(format!("expected a time to compare with, not {}", describe(expected))),
    }
}

fn of_type(expected: &Value, actual: &Value) -> Answer {
    let names = match expected {
        Value::Array(names) => names.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut fits = false;
    for name in names {
        match name.as_str() {
            Some("number") => fits |= actual.is_number(),
            Some("string") => fits |= actual.is_string(),
            Some(name) if KINDS.contains(&name) => fits |= kind(actual) == name,
            Some(name) => {
                let similar = nearest(name, KINDS.iter().copied());
                let hint = similar.map(|similar| format!("; a similar one is `{similar}`")).unwrap_or_default();
                return Unfit(format!("there is no type `{name}`{hint}"));
            }
            None if name.is_null() => fits |= actual.is_null(),
            None => return Unfit(format!("a type is a word, not {}", describe(name))),
        }
    }
    when(fits, || format!("got {}", describe(actual)))
}
