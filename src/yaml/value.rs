//! Text → value, for YAML that no author wrote here and nobody is pointed into: the same words mean the same as in a
//! file, and less of it is read.

use serde_yaml::{DuplicateKeyPolicy, Error, NonFiniteFloatPolicy, Spanned};

use super::{Raw, is_bomb};
use crate::value::{Map, Value, to_text};

/// How deep it may nest.
const DEEPEST: usize = 24;

/// The largest text that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// How many values there may be in it, those that aliases repeat among them.
const VALUES: usize = 50_000;

/// Reads the value of a YAML text; nothing but blanks gives null.
///
/// # Errors
/// When the text is no YAML, holds a key twice or several documents, or is more than is read; with the reason.
pub fn value(text: &str) -> Result<Value, String> {
    if text.len() > LARGEST {
        return Err(format!("a YAML text may have {LARGEST} bytes"));
    }
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_events: 4 * VALUES,
            max_nodes: VALUES,
            max_total_scalar_bytes: LARGEST,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: VALUES },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => plain(raw.value),
        Err(error) => Err(reason(&error)),
    }
}

fn reason(error: &Error) -> String {
    if let Error::MultipleDocuments { .. } = error.without_snippet() {
        return "the YAML text holds several documents".to_owned();
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    if is_bomb(message) {
        return "the YAML text nests or expands beyond what is read".to_owned();
    }
    let line = error.location().map_or(1, |location| location.line());
    format!("not YAML: {message}, in line {line}")
}

/// The value without its places.
fn plain(raw: Raw) -> Result<Value, String> {
    Ok(match raw {
        Raw::Null => Value::Null,
        Raw::Boolean(value) => Value::Bool(value),
        Raw::Number(value) => Value::Number(value),
        Raw::Text(value) => Value::String(value),
        Raw::List(items) => items.into_iter().map(|item| plain(item.value)).collect::<Result<_, _>>()?,
        Raw::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                // A merged key (`<<`) yields to one written here; the parser hands both over.
                let merged = key.referenced != key.defined;
                let name = to_text(&plain(key.value)?);
                let value = plain(value.value)?;
                match map.contains_key(&name) {
                    false => {
                        map.insert(name, value);
                    }
                    true if merged => {}
                    true => return Err(format!("key `{name}` stands twice in the YAML text")),
                }
            }
            Value::Object(map)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_read_as_files_are() {
        let check = |text: &str, expected: Value| assert_eq!(value(text), Ok(expected), "{text}");
        check("", json!(null));
        check("# nothing\n", json!(null));
        check("a", json!("a"));
        check(
            "a: 1\nb: [no, true, 1.5, ~]\r\nc: {d: 'x'}\n",
            json!({"a": 1, "b": ["no", true, 1.5, null], "c": {"d": "x"}}),
        );
        check("1: one\ntrue: two", json!({"1": "one", "true": "two"}));
        check(
            "base: &base {a: 1, b: 2}\nhere:\n  <<: *base\n  a: 3\n",
            json!({"base": {"a": 1, "b": 2}, "here": {"a": 3, "b": 2}}),
        );
        check("a: .inf", json!({"a": ".inf"}));
        check("text: |\n  one\n  two\n", json!({"text": "one\ntwo\n"}));
    }

    #[test]
    fn what_is_not_read_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = value(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check("a: [", "not YAML: ");
        check("a: 1\na: 2", "key `a` stands twice in the YAML text");
        check("a\n---\nb", "several documents");
        check("a: *b", "not YAML: ");
        let beyond = "beyond what is read";
        check(&"[".repeat(100_000), beyond);
        check(&"- ".repeat(100_000), beyond);
        check(&"- 1\n".repeat(60_000), beyond);
        check(&" ".repeat(2 << 20), "may have 1048576 bytes");
        let levels = (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
        check(&format!("a0: &a0 x\n{}", levels.collect::<String>()), beyond);
        check(&format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(10_000)), beyond);
        check(&format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000), "*a, ".repeat(40_000)), beyond);
        check(&format!("a: &a {{b: {}}}\nb: [{}]\n", "x".repeat(900_000), "*a, ".repeat(9_000)), beyond);
    }
}
