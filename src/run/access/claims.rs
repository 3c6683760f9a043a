//! What claims about access come to: pure decisions, and their reason in words.

use serde_json::Value;

use crate::plan::Says;
use crate::rbac::{Algebra, Answer, Decision, Doubt, Operations, Pattern, PermissionSet, Plane, TooComplex, Verdict};

/// How a claim came out.
pub(super) struct Outcome {
    /// Whether it holds.
    pub(super) holds: bool,
    /// What was found, in a word or an action.
    pub(super) actual: Value,
    /// What decides it.
    pub(super) reason: String,
}

/// What speaks against a pattern that matches no known operation: most likely it is misspelt.
pub(super) fn doubt(pattern: &Pattern, plane: Plane) -> Option<String> {
    match Operations::built_in().doubt(pattern, plane)? {
        Doubt::OtherPlane => {
            Some(format!("`{pattern}` is known on the other plane only: is `can_data` meant, or `can`?"))
        }
        Doubt::Near(near) => Some(format!("no operation is known that `{pattern}` matches; similar is `{near}`")),
        Doubt::Unknown => None,
    }
}

/// Decides `can` and `cannot`.
pub(super) fn actions(
    granted: &PermissionSet,
    (pattern, plane): (&Pattern, Plane),
    wanted: bool,
) -> Result<Outcome, TooComplex> {
    let algebra = Algebra::built_in();
    let answer =
        if wanted { algebra.every(granted, (pattern, plane))? } else { algebra.any(granted, (pattern, plane))? };
    let witness = answer.witness.as_ref().map_or(pattern.as_str(), |witness| witness.action.as_str());
    let of = if pattern.is_literal() { String::new() } else { format!("`{witness}` is ") };
    let by = granted_by(&answer);
    let denied = denied_by(granted, witness, plane);
    let reason = match (answer.verdict, wanted) {
        (Verdict::Yes, true) => format!("granted{by}"),
        (Verdict::No, true) if pattern.is_literal() => denied.unwrap_or_else(|| "is not granted".to_owned()),
        (Verdict::No, true) => format!("{of}{}", denied.unwrap_or_else(|| "not granted".to_owned())),
        (Verdict::Yes, false) => format!("{of}granted{by}"),
        (Verdict::No, false) => "nothing of it is granted".to_owned(),
        (Verdict::Maybe, _) => format!("{of}granted under a condition only{by}"),
    };
    let actual = match answer.verdict {
        Verdict::Yes => "granted",
        Verdict::No => "refused",
        Verdict::Maybe => "conditional",
    };
    let holds = answer.verdict == if wanted { Verdict::Yes } else { Verdict::No };
    Ok(Outcome { holds, actual: Value::from(actual), reason })
}

/// Decides `at_most`, `at_least` and `exactly`.
pub(super) fn compared(granted: &PermissionSet, set: &PermissionSet, says: &Says) -> Result<Outcome, TooComplex> {
    let algebra = Algebra::built_in();
    let too_much = match says {
        Says::AtLeast(_) => None,
        _ => Some(algebra.included(granted, set)?).filter(|answer| answer.verdict != Verdict::Yes),
    };
    let too_little = match says {
        Says::AtMost(_) => None,
        _ => Some(algebra.included(set, granted)?).filter(|answer| answer.verdict != Verdict::Yes),
    };
    let told = |answer: &Answer<'_>, what: &str| {
        let witness = answer.witness.as_ref();
        let action = witness.map_or_else(|| "something".to_owned(), |witness| format!("`{}`", witness.action));
        let data = if witness.is_some_and(|witness| witness.plane == Plane::Data) { " on data" } else { "" };
        let maybe = if answer.verdict == Verdict::Maybe { ", depending on a condition" } else { "" };
        format!("{action} is {what}{data}{maybe}")
    };
    let reasons = [
        too_much.as_ref().map(|answer| told(answer, "granted beyond that") + &granted_by(answer)),
        too_little.as_ref().map(|answer| told(answer, "not granted")),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let witness = too_much.or(too_little).and_then(|answer| answer.witness);
    Ok(Outcome {
        holds: reasons.is_empty(),
        actual: witness.map_or(Value::Null, |witness| Value::from(witness.action)),
        reason: if reasons.is_empty() { "it is so for all actions".to_owned() } else { reasons.join("; ") },
    })
}

/// What denies an action, if a deny assignment does.
fn denied_by(granted: &PermissionSet, action: &str, plane: Plane) -> Option<String> {
    match granted.decide(action, plane) {
        Decision::Denied(entry) => Some(format!("denied by the deny assignment {}", entry.origin())),
        _ => None,
    }
}

/// By what something is granted, behind a comma.
fn granted_by(answer: &Answer<'_>) -> String {
    const SHOWN: usize = 3;
    let found = answer.grounds(SHOWN, " and ");
    if found.is_empty() { String::new() } else { format!(", by {}", found.join(" and ")) }
}
