//! What one permission set grants that another does not, for people and for programs.

use crate::rbac::{Difference, Pattern, Plane, Remainder};
use serde_json::{Value, json};

/// A paragraph for each part.
pub fn text(difference: &Difference<'_>) -> String {
    let mut text = String::new();
    for (part, certain) in parts(difference) {
        let data = if part.plane == Plane::Data { "data  " } else { "" };
        let maybe = if certain { "" } else { "  (under a condition)" };
        text.push_str(&format!("{data}{}{maybe}\n", part.pattern));
        part.also.iter().for_each(|also| text.push_str(&format!("    that is  {also}\n")));
        part.less.iter().for_each(|less| text.push_str(&format!("    but not  {less}\n")));
        let examples: Vec<&str> = part.examples.iter().map(|witness| witness.action.as_str()).collect();
        if !(part.less.is_empty() && part.also.is_empty() && part.pattern.is_literal()) {
            text.push_str(&format!("    such as  {}\n", examples.join(", ")));
        }
    }
    text
}

/// An object for each part.
pub fn json(difference: &Difference<'_>) -> Value {
    let texts = |patterns: &[Pattern]| patterns.iter().map(Pattern::to_string).collect::<Vec<_>>();
    let each = |(part, certain): (&Remainder<'_>, bool)| {
        json!({
            "data": part.plane == Plane::Data, "pattern": part.pattern.to_string(), "also": texts(&part.also),
            "less": texts(&part.less), "known": part.known, "certain": certain,
            "examples": part.examples.iter().map(|witness| &witness.action).collect::<Vec<_>>(),
        })
    };
    parts(difference).map(each).collect()
}

/// Whether there is none.
pub fn is_empty(difference: &Difference<'_>) -> bool {
    difference.certain.is_empty() && difference.possible.is_empty()
}

fn parts<'d>(difference: &'d Difference<'_>) -> impl Iterator<Item = (&'d Remainder<'d>, bool)> {
    let certain = difference.certain.iter().map(|part| (part, true));
    certain.chain(difference.possible.iter().map(|part| (part, false)))
}
