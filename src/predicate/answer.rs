//! What can become of asking a predicate, and how the reason is put.

use crate::value::{Value, describe, kind, show};

/// The answer. One that does not fit is not turned into a yes by `not`.
pub(super) enum Answer {
    Holds,
    Fails(String),
    Unfit(String),
}

use Answer::{Fails, Holds, Unfit};

/// Holds, or fails for a reason that is put only then.
pub(super) fn when(holds: bool, reason: impl FnOnce() -> String) -> Answer {
    if holds { Holds } else { Fails(reason()) }
}

/// `got "x"`, and with its kind where that is what differs.
pub(super) fn got(actual: &Value, expected: &Value) -> String {
    if kind(actual) == kind(expected) { format!("got {}", show(actual)) } else { format!("got {}", describe(actual)) }
}

/// The answer when the value is of a kind the predicate does not fit.
pub(super) fn wanted(what: &str, actual: &Value) -> Answer {
    Unfit(format!("got {}, and only {what} will do", describe(actual)))
}

/// The argument of a predicate that takes `true` or `false`.
pub(super) fn flag(expected: &Value) -> Result<bool, Answer> {
    expected.as_bool().ok_or_else(|| Unfit(format!("expected `true` or `false`, not {}", describe(expected))))
}
