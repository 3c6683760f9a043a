//! JSON as Resource Manager reads it: names without quotes, comments and commas at the end are let pass. The Azure CLI
//! sends the first of them when it deploys a template, and templates in files have the others.

use serde_json::{Map, Value};

/// The object in a text.
pub(super) fn object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(text).ok().or_else(|| {
        let text = std::str::from_utf8(text).ok()?;
        serde_json::from_str(&strict(text.trim_start_matches('\u{feff}'))).ok()
    })
}

/// The same text with its liberties taken back; what is no JSON after all stays none.
fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => quoted(rest),
            '/' if rest.starts_with("//") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.split_once("*/").map_or("", |(_, after)| after);
                continue;
            }
            '}' | ']' => {
                let kept = strict.trim_end().trim_end_matches(',').len();
                strict.truncate(kept);
                1
            }
            first if first.is_ascii_alphabetic() || matches!(first, '_' | '$') => {
                let end = rest.find(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '_' | '$'));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                // `true`, `false` and `null` are no names.
                if after.trim_start().starts_with(':') {
                    strict.extend(["\"", word, "\""]);
                    rest = after;
                    continue;
                }
                word.len()
            }
            other => other.len_utf8(),
        };
        let (taken, after) = rest.split_at(length);
        strict.push_str(taken);
        rest = after;
    }
    strict
}

/// How long a text in quotes is, at the beginning of another.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, one)| {
        let ends = *one == '"' && !escaped;
        escaped = *one == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn lets_liberties_pass() {
        #[track_caller]
        fn check(text: &str, expected: Option<Value>) {
            assert_eq!(object(text.as_bytes()).map(Value::Object), expected, "{text}");
        }
        check(r#"{"a": 1}"#, Some(json!({"a": 1})));
        check(
            r#"{"a": {"b": "x"}, template:{"c": [true, null]}}"#,
            Some(json!({"a": {"b": "x"}, "template": {"c": [true, null]}})),
        );
        check(
            "{\n// one\n\"a\": 1, /* two */ $b : \"// no comment, }\",\n}",
            Some(json!({"a": 1, "$b": "// no comment, }"})),
        );
        check("\u{feff}{\"a\": [1, 2, ], \"b\": \"\\\"a:\"}", Some(json!({"a": [1, 2], "b": "\"a:"})));
        check("[1]", None);
        check("{a", None);
        check("", None);
        check("{a: b}", None);
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(text in "[a-z{}\\[\\]:,\"\\\\/* é\n]{0,40}") {
            object(text.as_bytes());
        }
    }
}
