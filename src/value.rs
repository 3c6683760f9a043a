//! What flows through templates, captures and assertions, and how it is named in messages.

use std::cmp::Ordering;
use std::io::{self, Write};

pub use serde_json::{Map, Number, Value};

/// The words for kinds of values, as [`kind`] gives them.
pub const KINDS: &[&str] = &["text", "integer", "number", "boolean", "list", "map", "null"];

/// How many characters of a value a message shows.
const SHOWN: usize = 160;

/// The word for what a value is.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// A value with its kind, as messages name it: `text "chinaeast"`, `integer 5`. Long ones are cut.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        _ => format!("{} {}", kind(value), show(value)),
    }
}

/// A value as JSON on one line, cut where it grows long, with how much was left out.
pub fn show(value: &Value) -> String {
    if let Value::String(text) = value {
        let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(end, _)| end);
        let more = text[end..].chars().count();
        let quoted = Value::from(&text[..end]).to_string();
        return if more == 0 {
            quoted
        } else {
            format!("{}…\" ({more} more characters)", &quoted[..quoted.len() - 1])
        };
    }
    let mut out = Bounded::default();
    // Neither the value nor the writer can fail.
    let _ = serde_json::to_writer(&mut out, value);
    let kept = String::from_utf8_lossy(&out.kept);
    match out.characters.saturating_sub(SHOWN) {
        0 => kept.into_owned(),
        more => format!("{kept}… ({more} more characters)"),
    }
}

/// Keeps the first characters written to it and counts all of them, so that a big value is never held twice.
#[derive(Default)]
struct Bounded {
    kept: Vec<u8>,
    characters: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if byte & 0xC0 != 0x80 {
                self.characters += 1;
            }
            if self.characters <= SHOWN {
                self.kept.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a value stands inside a longer text: text as it is, nothing for null, lists and maps as compact JSON.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a value counts as true where a condition is asked: all but null, `false`, zero and what is empty.
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(boolean) => *boolean,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

/// How many values a value is, with all that is in it.
pub fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(entries) => entries.values().map(count).sum(),
        _ => 0,
    }
}

/// Whether a value, with all that is in it, counts more values than are left; what it counts is taken off.
pub fn exceeds(value: &Value, left: &mut usize) -> bool {
    if *left == 0 {
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter().any(|item| exceeds(item, left)),
        Value::Object(entries) => entries.values().any(|value| exceeds(value, left)),
        _ => false,
    }
}

/// Whether two values are equal: numbers by value (`1` is `1.0`), maps whatever the order of their keys.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// The order of two numbers by value, exact also where an integer has more digits than a float can hold.
pub fn compare(left: &Number, right: &Number) -> Ordering {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => integer_to_float(left, float(right)),
        (None, Some(right)) => integer_to_float(right, float(left)).reverse(),
        (None, None) => float(left).total_cmp(&float(right)),
    }
}

fn float(number: &Number) -> f64 {
    // Adding zero turns minus zero into zero, the one pair of equal floats with two spellings.
    number.as_f64().unwrap_or(f64::NAN) + 0.0
}

fn integer_to_float(integer: i128, float: f64) -> Ordering {
    // The cast saturates, which keeps the order for floats beyond every integer a value can hold.
    integer.cmp(&(float.trunc() as i128)).then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn names_values_in_messages() {
        let check = |value: Value, expected: &str| assert_eq!(describe(&value), expected);
        check(json!("chinaeast"), "text \"chinaeast\"");
        check(json!("a\"b\n"), "text \"a\\\"b\\n\"");
        check(json!(5), "integer 5");
        check(json!(u64::MAX), "integer 18446744073709551615");
        check(json!(5.0), "number 5.0");
        check(json!(true), "boolean true");
        check(json!([1, "a"]), "list [1,\"a\"]");
        check(json!({"b": 1, "a": null}), "map {\"b\":1,\"a\":null}");
        check(json!(null), "null");
        check(json!("é".repeat(163)), &format!("text \"{}…\" (3 more characters)", "é".repeat(160)));
        check(json!(["é".repeat(200)]), &format!("list [\"{}… (44 more characters)", "é".repeat(158)));
    }

    #[test]
    fn stands_inside_text() {
        let check = |value: Value, expected: &str| assert_eq!(to_text(&value), expected);
        check(json!("as is"), "as is");
        check(json!(7), "7");
        check(json!(1.5), "1.5");
        check(json!(false), "false");
        check(json!(null), "");
        check(json!({"z": [1, null], "a": "x"}), "{\"z\":[1,null],\"a\":\"x\"}");
    }

    #[test]
    fn equality_is_by_value() {
        let check = |left: Value, right: Value, expected: bool| {
            assert_eq!(same(&left, &right), expected, "{left} {right}");
            assert_eq!(same(&right, &left), expected, "{right} {left}");
        };
        check(json!(1), json!(1.0), true);
        check(json!(0), json!(-0.0), true);
        check(json!({"a": [1, 2], "b": 0}), json!({"b": 0.0, "a": [1.0, 2.0]}), true);
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), false);
        check(json!([1]), json!([1, 2]), false);
        check(json!(u64::MAX), json!(u64::MAX as f64), false);
        check(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0), false);
        check(json!("1"), json!(1), false);
        check(json!(null), json!(false), false);
    }

    #[test]
    fn truth_is_as_in_templates() {
        for (value, expected) in [
            (json!(null), false),
            (json!(0), false),
            (json!(0.0), false),
            (json!(""), false),
            (json!([]), false),
            (json!({}), false),
            (json!("false"), true),
            (json!(-1), true),
            (json!([0]), true),
        ] {
            assert_eq!(truth(&value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn integers_and_floats_are_ordered_by_value(integer in any::<i64>(), float in -1e19..1e19_f64) {
            let (left, right) = (json!(integer), json!(float));
            let (Value::Number(left), Value::Number(right)) = (&left, &right) else { unreachable!() };
            prop_assert_eq!(compare(left, right), compare(right, left).reverse());
            if (integer as f64) < float {
                prop_assert_eq!(compare(left, right), Ordering::Less);
            }
        }

        #[test]
        fn text_is_cut_on_borders_of_characters(text in any::<String>()) {
            prop_assert!(show(&json!(text)).starts_with('"'));
            prop_assert!(show(&json!([text])).starts_with("[\""));
        }
    }
}
