//! The predicates over how many items there are, and over each of them.

use super::Predicate;
use super::answer::Answer::{self, Fails, Holds, Unfit};
use super::answer::{flag, wanted, when};
use super::judge::{Actual, ask};
use super::work::Work;
use crate::value::{Value, describe, show};

const NO_ITEMS: &str = "has no items; `empty: true` beside it would allow that";

pub(super) fn count(inner: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    let count = match actual {
        Actual::Many(values) => values.len(),
        Actual::One(Value::Array(items)) => items.len(),
        Actual::One(Value::Object(entries)) => entries.len(),
        Actual::One(Value::String(text)) => text.chars().count(),
        Actual::One(other) => return wanted("a list, a map or text", other),
        Actual::Missing => return Unfit("is missing".to_owned()),
    };
    match ask(inner, &Actual::One(&Value::from(count)), work) {
        Fails(_) => Fails(format!("got {count}")),
        answer => answer,
    }
}

pub(super) fn empty(expected: &Value, actual: &Actual<'_>) -> Answer {
    let is_empty = match actual {
        Actual::Many(values) => values.is_empty(),
        Actual::One(Value::Array(items)) => items.is_empty(),
        Actual::One(Value::Object(entries)) => entries.is_empty(),
        Actual::One(Value::String(text)) => text.is_empty(),
        Actual::One(Value::Null) => true,
        Actual::One(other) => return wanted("a list, a map or text", other),
        Actual::Missing => return Unfit("is missing".to_owned()),
    };
    match flag(expected) {
        Ok(expected) => when(expected == is_empty, || match actual.value() {
            Some(value) if !is_empty => format!("got {}", describe(&value)),
            _ => "is empty".to_owned(),
        }),
        Err(unfit) => unfit,
    }
}

/// The items a predicate over items looks at: matches, the items of a list, the values of a map.
pub(super) fn items<'v>(actual: &Actual<'v>) -> Result<Vec<&'v Value>, Answer> {
    match actual {
        Actual::Many(values) => Ok(values.clone()),
        Actual::One(Value::Array(items)) => Ok(items.iter().collect()),
        Actual::One(Value::Object(entries)) => Ok(entries.values().collect()),
        Actual::One(other) => Err(wanted("a list or a map", other)),
        Actual::Missing => Err(Unfit("is missing".to_owned())),
    }
}

pub(super) fn every(inner: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    let items = match items(actual) {
        Ok(items) if items.is_empty() => return Unfit(NO_ITEMS.to_owned()),
        Ok(items) => items,
        Err(unfit) => return unfit,
    };
    let mut failed = None;
    for (at, item) in items.into_iter().enumerate() {
        match ask(inner, &Actual::One(item), work) {
            Holds => {}
            Unfit(reason) => return Unfit(format!("item {at}: {reason}")),
            Fails(reason) => failed = failed.or_else(|| Some(format!("item {at}: {reason}"))),
        }
    }
    failed.map_or(Holds, Fails)
}

pub(super) fn any(inner: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    let items = match items(actual) {
        Ok(items) if items.is_empty() => return Fails("has no items".to_owned()),
        Ok(items) => items,
        Err(unfit) => return unfit,
    };
    let (mut failed, mut unfit) = (0, None);
    for item in items {
        match ask(inner, &Actual::One(item), work) {
            Holds => return Holds,
            Fails(_) => failed += 1,
            Unfit(reason) => unfit = unfit.or(Some(reason)),
        }
    }
    match unfit {
        Some(reason) if failed == 0 => Unfit(reason),
        _ => Fails(actual.value().map(|value| format!("got {}", show(&value))).unwrap_or_default()),
    }
}

pub(super) fn none(inner: &Predicate<Value>, actual: &Actual<'_>, work: &Work) -> Answer {
    let items = match items(actual) {
        Ok(items) if items.is_empty() => return Unfit(NO_ITEMS.to_owned()),
        Ok(items) => items,
        Err(unfit) => return unfit,
    };
    let mut unfit = None;
    for (at, item) in items.into_iter().enumerate() {
        match ask(inner, &Actual::One(item), work) {
            Holds => return Fails(format!("item {at} is {}", describe(item))),
            Fails(_) => {}
            Unfit(reason) => unfit = unfit.or_else(|| Some(format!("item {at}: {reason}"))),
        }
    }
    unfit.map_or(Holds, Unfit)
}
