//! A JSONPath query in the first line, over the JSON document in the others.

use mi_run::query::{Query, Selection};
use serde_json::{Value, json};

use super::halves;

/// How many steps a query may take.
const BUDGET: u64 = 100_000;

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((text, document)) = halves(bytes) else { return };
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(error) => {
            assert!(error.offset <= text.len(), "{error}");
            return;
        }
    };
    let own = json!({"a": [{"b": 1, "c": "x"}, {"b": 2}], "d": {"e": {"a": [null, true]}}});
    let document: Value = serde_json::from_str(document).unwrap_or(own);
    let mut budget = BUDGET;
    match query.select_within(&mut budget, &document) {
        Some(Selection::One(found)) => {
            assert!(query.is_singular());
            assert!(found.is_none_or(|found| holds(&document, found)));
        }
        Some(Selection::Many(found)) => {
            assert!(!query.is_singular());
            assert!(found.len() as u64 <= BUDGET && found.iter().all(|found| holds(&document, found)));
        }
        None => assert_eq!(budget, 0),
    }
}

/// Whether one value is part of another: the very same, not an equal one.
fn holds(whole: &Value, part: &Value) -> bool {
    std::ptr::eq(whole, part)
        || match whole {
            Value::Array(items) => items.iter().any(|item| holds(item, part)),
            Value::Object(members) => members.values().any(|member| holds(member, part)),
            _ => false,
        }
}
