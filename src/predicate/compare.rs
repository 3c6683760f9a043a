//! The predicates that compare one value with another.

use std::cmp::Ordering;

use super::answer::Answer::{self, Fails, Holds, Unfit};
use super::answer::{got, wanted, when};
use super::includes::lack;
use super::work::Work;
use super::{Pattern, Predicate};
use crate::moment::Moment;
use crate::nearest::nearest;
use crate::pattern::Regex;
use crate::value::{KINDS, Value, compare, describe, kind, show};

/// The answer of a predicate that looks at one value as a whole; of the others, that they do not.
pub(super) fn of_value(predicate: &Predicate<Value>, actual: &Value, work: &Work) -> Answer {
    match predicate {
        Predicate::Equals(expected) => when(work.same(expected, actual), || got(actual, expected)),
        Predicate::OneOf(expected) => match expected {
            Value::Array(choices) => {
                when(choices.iter().any(|choice| work.same(choice, actual)), || format!("got {}", describe(actual)))
            }
            _ => refused("`one_of` takes a list", expected, work),
        },
        Predicate::Contains(expected) => contains(expected, actual, work),
        Predicate::StartsWith(expected) => text((expected, actual), work, |text, part| text.starts_with(part)),
        Predicate::EndsWith(expected) => text((expected, actual), work, |text, part| text.ends_with(part)),
        Predicate::Matches(pattern) => matches(pattern, actual, work),
        Predicate::Above(expected) => number((expected, actual), work, Ordering::is_gt),
        Predicate::AtLeast(expected) => number((expected, actual), work, Ordering::is_ge),
        Predicate::Below(expected) => number((expected, actual), work, Ordering::is_lt),
        Predicate::AtMost(expected) => number((expected, actual), work, Ordering::is_le),
        Predicate::Type(expected) => of_type(expected, actual),
        Predicate::Includes(expected) => match lack(expected, actual, work) {
            None => Holds,
            Some((place, what)) if place.is_empty() && what.starts_with("is ") => {
                Fails(format!("got {}", describe(actual)))
            }
            Some((place, what)) if place.is_empty() => Fails(what),
            Some((place, what)) => Fails(format!("`{}` {what}", place.strip_prefix('.').unwrap_or(&place))),
        },
        Predicate::ResourceId(expected) => text((expected, actual), work, |actual, expected| {
            actual.trim_end_matches('/').eq_ignore_ascii_case(expected.trim_end_matches('/'))
        }),
        Predicate::Before(expected) => time((expected, actual), work, Ordering::is_lt),
        Predicate::After(expected) => time((expected, actual), work, Ordering::is_gt),
        other => Unfit(format!("`{}` does not look at one value", other.name())),
    }
}

/// The answer when the argument is of a kind the predicate does not take: told with each item that it is asked of.
fn refused(what: &str, expected: &Value, work: &Work) -> Answer {
    Unfit(if work.pay_for(expected) { format!("{what}, not {}", describe(expected)) } else { String::new() })
}

fn contains(expected: &Value, actual: &Value, work: &Work) -> Answer {
    match (actual, expected) {
        (Value::String(actual), Value::String(part)) => {
            when(actual.contains(part.as_str()), || format!("got {}", show(&actual.as_str().into())))
        }
        (Value::Array(items), _) => {
            when(items.iter().any(|item| work.same(expected, item)), || format!("got {}", show(actual)))
        }
        (Value::Object(entries), Value::String(key)) => {
            when(entries.contains_key(key), || format!("got {}", describe(actual)))
        }
        (Value::String(_) | Value::Object(_), _) => {
            let contained = if work.pay_for(expected) { describe(expected) } else { String::new() };
            Unfit(format!("{} cannot contain {contained}", kind(actual)))
        }
        _ => wanted("text, a list or a map", actual),
    }
}

fn text((expected, actual): (&Value, &Value), work: &Work, holds: impl Fn(&str, &str) -> bool) -> Answer {
    match (expected, actual) {
        (Value::String(expected), Value::String(text)) => {
            when(holds(text, expected), || format!("got {}", show(actual)))
        }
        (Value::String(_), _) => wanted("text", actual),
        _ => refused("expected text to compare with", expected, work),
    }
}

fn matches(pattern: &Pattern<Value>, actual: &Value, work: &Work) -> Answer {
    let compile = || Regex::compile(pattern.source.as_str()?).ok();
    let Some(regex) = pattern.regex.get_or_init(compile) else {
        return Unfit(match &pattern.source {
            Value::String(_) => format!("{} is not a regular expression", show(&pattern.source)),
            other => return refused("a regular expression is text", other, work),
        });
    };
    match actual {
        Value::String(text) => when(work.matches(regex, text), || format!("got {}", show(actual))),
        _ => wanted("text", actual),
    }
}

fn number((expected, actual): (&Value, &Value), work: &Work, holds: impl Fn(Ordering) -> bool) -> Answer {
    match (expected, actual) {
        (Value::Number(expected), Value::Number(number)) => {
            when(holds(compare(number, expected)), || format!("got {}", show(actual)))
        }
        (Value::Number(_), _) => wanted("a number", actual),
        _ => refused("expected a number to compare with", expected, work),
    }
}

fn time((expected, actual): (&Value, &Value), work: &Work, holds: impl Fn(Ordering) -> bool) -> Answer {
    match (Moment::of(expected), Moment::of(actual)) {
        (Some(expected), Some(moment)) => when(holds(moment.cmp(&expected)), || format!("got {}", show(actual))),
        (Some(_), None) => wanted("a time", actual),
        (None, _) => refused("expected a time to compare with", expected, work),
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
