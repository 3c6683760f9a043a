//! Places in values, and how large values are.

use serde_json::{Map, Value};

/// A step from a value to one inside it. Items come in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// To an item of a list.
    Item(usize),
    /// To a member of an object.
    Member(String),
}

/// The steps of a JSON pointer into a value (RFC 6901).
pub(super) fn steps(pointer: &str, value: &Value) -> Vec<Step> {
    let mut at = Some(value);
    let names = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
    names
        .map(|name| match (at, name.parse()) {
            (Some(Value::Array(items)), Ok(number)) => {
                at = items.get(number);
                Step::Item(number)
            }
            _ => {
                at = at.and_then(|value| value.get(&name));
                Step::Member(name)
            }
        })
        .collect()
}

/// The JSONPath of these steps.
pub(super) fn path(steps: &[Step]) -> String {
    let mut path = "$".to_owned();
    for step in steps {
        path += &match step {
            Step::Item(number) => format!("[{number}]"),
            Step::Member(name) if is_plain(name) => format!(".{name}"),
            Step::Member(name) => format!("[{}]", Value::from(name.as_str())),
        };
    }
    path
}

/// Whether a name may follow a dot (RFC 9535, section 2.5.1.1).
fn is_plain(name: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii();
    name.chars().all(is_word) && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// How deep a value is nested: a text is 0. Nothing when it is deeper than the limit.
pub(super) fn depth(value: &Value, limit: usize) -> Option<usize> {
    let inside = |mut values: &mut dyn Iterator<Item = &Value>| {
        let left = limit.checked_sub(1);
        (&mut values).try_fold(0, |deepest: usize, value| Some(deepest.max(depth(value, left?)? + 1)))
    };
    match value {
        Value::Array(items) => inside(&mut items.iter()),
        Value::Object(members) => inside(&mut members.values()),
        _ => Some(0),
    }
}

/// What the objects of a value come to, itself included; its depth is known to be bounded.
pub(super) fn sum(value: &Value, of: &impl Fn(&Map<String, Value>) -> usize) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| sum(item, of)).sum(),
        Value::Object(members) => of(members) + members.values().map(|member| sum(member, of)).sum::<usize>(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_become_paths() {
        let value = json!({"a": [{"0": 1}], "0": {"b/c~": 1}});
        let check = |pointer: &str, expected: &str| {
            assert_eq!(path(&steps(pointer, &value)), expected, "{pointer}");
        };
        check("", "$");
        check("/a", "$.a");
        check("/a/0", "$.a[0]");
        check("/a/0/0", "$.a[0][\"0\"]");
        check("/0/b~1c~0", "$[\"0\"][\"b/c~\"]");
        check("/nowhere/0", "$.nowhere[\"0\"]");
        check("/", "$[\"\"]");
    }

    #[test]
    fn depth_is_counted_up_to_a_limit() {
        let check = |value: Value, limit: usize, expected: Option<usize>| {
            assert_eq!(depth(&value, limit), expected, "{value} {limit}");
        };
        check(json!(1), 0, Some(0));
        check(json!({}), 0, Some(0));
        check(json!([1]), 0, None);
        check(json!([1]), 1, Some(1));
        check(json!({"a": [1], "b": {"c": [2]}}), 3, Some(3));
        check(json!({"a": [1], "b": {"c": [2]}}), 2, None);
        assert_eq!(sum(&json!({"a": [{}, {"b": {}}], "c": 1}), &|_| 1), 4);
    }
}
