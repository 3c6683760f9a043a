//! What is different between two values, line by line.

use serde_json::Value;

/// Values of more lines are not compared line by line.
const MOST: usize = 400;
/// Values that are shorter in one line need no comparison: both are shown whole.
const SHORT: usize = 80;

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Both.
    Both,
    /// What was expected.
    Expected,
    /// What was there.
    Actual,
}

/// The lines of two values, those of both told once; nothing where both are short, or too long.
pub(crate) fn lines(expected: &Value, actual: &Value) -> Option<Vec<(Of, String)>> {
    let is_short = |value: &Value| match value {
        Value::String(text) => !text.contains('\n') && text.len() <= SHORT,
        other => other.to_string().len() <= SHORT,
    };
    let are_alike = expected.is_string() == actual.is_string() && expected != actual;
    if !are_alike || is_short(expected) && is_short(actual) {
        return None;
    }
    let (expected, actual) = (written(expected), written(actual));
    let (one, other): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    (one.len() <= MOST && other.len() <= MOST).then(|| compared(&one, &other))
}

/// A value as people compare it: text as it is, anything else as JSON over several lines.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

/// The longest common lines stay together (as in Hunt and Szymanski, by a table).
fn compared(one: &[&str], other: &[&str]) -> Vec<(Of, String)> {
    let width = other.len() + 1;
    // At each place, how many lines the rests have in common.
    let mut common = vec![0u32; (one.len() + 1) * width];
    for at in (0..one.len()).rev() {
        for to in (0..other.len()).rev() {
            common[at * width + to] = if one[at] == other[to] {
                common[(at + 1) * width + to + 1] + 1
            } else {
                common[(at + 1) * width + to].max(common[at * width + to + 1])
            };
        }
    }
    let (mut at, mut to, mut found) = (0, 0, Vec::new());
    while at < one.len() || to < other.len() {
        let both = at < one.len() && to < other.len() && one[at] == other[to];
        let rest = |at: usize, to: usize| common[at * width + to];
        if both {
            found.push((Of::Both, one[at].to_owned()));
            (at, to) = (at + 1, to + 1);
        } else if to == other.len() || at < one.len() && rest(at + 1, to) >= rest(at, to + 1) {
            found.push((Of::Expected, one[at].to_owned()));
            at += 1;
        } else {
            found.push((Of::Actual, other[to].to_owned()));
            to += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(expected: &Value, actual: &Value) -> Option<String> {
        let mark = |(of, line): (Of, String)| match of {
            Of::Both => format!(" {line}\n"),
            Of::Expected => format!("-{line}\n"),
            Of::Actual => format!("+{line}\n"),
        };
        lines(expected, actual).map(|lines| lines.into_iter().map(mark).collect())
    }

    #[test]
    fn lines_of_both_are_told_once() {
        let long = "x".repeat(SHORT);
        let found = shown(&json!({"a": long, "b": [2, 3]}), &json!({"a": long, "b": [3], "c": 4}));
        let same = format!(" {{\n   \"a\": \"{long}\",\n");
        let expected = same + "   \"b\": [\n-    2,\n     3\n-  ]\n+  ],\n+  \"c\": 4\n }\n";
        assert_eq!(found.as_deref(), Some(expected.as_str()));
        assert_eq!(shown(&json!({"a": 1}), &json!({"a": 2})), None);
        assert_eq!(shown(&json!(long), &json!([long])), None);
        assert_eq!(shown(&json!("a"), &json!("b")), None);
        assert_eq!(shown(&json!(1), &json!(2)), None);
        assert_eq!(shown(&json!("a\nb"), &json!("a\nc")).as_deref(), Some(" a\n-b\n+c\n"));
        let long = json!((0..500).collect::<Vec<_>>());
        assert_eq!(shown(&long, &json!([])), None);
    }

    proptest! {
        #[test]
        fn each_side_is_whole(one in prop::collection::vec("[ab]", 0..8), other in prop::collection::vec("[ab]", 0..8)) {
            let (one, other): (Vec<&str>, Vec<&str>) =
                (one.iter().map(String::as_str).collect(), other.iter().map(String::as_str).collect());
            let found = compared(&one, &other);
            let side = |skip: Of| found.iter().filter(|(of, _)| *of != skip).map(|(_, line)| line.as_str()).collect::<Vec<_>>();
            prop_assert_eq!(side(Of::Actual), one);
            prop_assert_eq!(side(Of::Expected), other);
        }
    }
}
