//! Whether a value includes a part of one, and the first place where it does not.

use super::work::Work;
use crate::value::{Value, describe};

/// The first place where `actual` lacks something of `part`, with what is wrong there; `None` when it has it all.
///
/// A map includes a map when it has its keys with values that include theirs, a list includes a list when for each
/// item of it some item includes that, and all else is equality.
pub(super) fn lack(part: &Value, actual: &Value, work: &Work) -> Option<(String, String)> {
    match (part, actual) {
        (Value::Object(part), Value::Object(actual)) => part.iter().find_map(|(key, part)| match actual.get(key) {
            None => Some((member(key), "is missing".to_owned())),
            Some(value) => lack(part, value, work).map(|(place, what)| (member(key) + &place, what)),
        }),
        (Value::Array(part), Value::Array(actual)) => {
            let wanted = part.iter().find(|wanted| !actual.iter().any(|item| includes(wanted, item, work)))?;
            Some((String::new(), format!("has no item that includes {}", describe(wanted))))
        }
        _ if work.same(part, actual) => None,
        _ => Some((String::new(), format!("is {}", describe(actual)))),
    }
}

/// Whether `actual` lacks nothing of `part`.
fn includes(part: &Value, actual: &Value, work: &Work) -> bool {
    match (part, actual) {
        (Value::Object(part), Value::Object(actual)) => {
            part.iter().all(|(key, part)| actual.get(key).is_some_and(|value| includes(part, value, work)))
        }
        (Value::Array(part), Value::Array(actual)) => {
            part.iter().all(|wanted| actual.iter().any(|item| includes(wanted, item, work)))
        }
        _ => work.same(part, actual),
    }
}

fn member(key: &str) -> String {
    let plain = key.chars().all(|character| character.is_alphanumeric() || character == '_');
    if plain && !key.is_empty() { format!(".{key}") } else { format!("[{}]", Value::from(key)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn finds_the_first_place_that_lacks_something() {
        let actual = json!({
            "name": "a", "count": 2, "tags": {"my-key": "x", "b": null},
            "rules": [{"port": 22, "open": true}, {"port": 443, "open": false}]
        });
        let check = |part: Value, expected: Option<(&str, &str)>| {
            let found = lack(&part, &actual, &Work::of(1000));
            assert_eq!(found.as_ref().map(|(place, what)| (place.as_str(), what.as_str())), expected, "{part}");
        };
        check(json!({}), None);
        check(json!({"name": "a", "count": 2.0}), None);
        check(json!({"tags": {"b": null}}), None);
        check(json!({"rules": [{"port": 443}, {"port": 22, "open": true}]}), None);
        check(json!({"rules": []}), None);
        check(json!({"nome": "a"}), Some((".nome", "is missing")));
        check(json!({"tags": {"my-key": "y"}}), Some((".tags[\"my-key\"]", "is text \"x\"")));
        check(json!({"rules": [{"port": 80}]}), Some((".rules", "has no item that includes map {\"port\":80}")));
        check(json!({"name": ["a"]}), Some((".name", "is text \"a\"")));
        check(
            json!([1]),
            Some((
                "",
                "is map {\"name\":\"a\",\"count\":2,\"tags\":{\"my-key\":\"x\",\"b\":null},\"rules\":[{\"port\":22,\"open\":true},{\"port\":443,\"open\":false}]}",
            )),
        );
    }

    proptest! {
        #[test]
        fn a_value_includes_itself_and_more_includes_less(items in prop::collection::vec(any::<i64>(), 0..8), more in any::<i64>()) {
            let part = json!({"items": items});
            let mut longer = items.clone();
            longer.insert(0, more);
            prop_assert_eq!(lack(&part, &part, &Work::of(1000)), None);
            prop_assert_eq!(lack(&part, &json!({"items": longer, "else": 1}), &Work::of(1000)), None);
        }
    }
}
