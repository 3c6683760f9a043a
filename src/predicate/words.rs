//! How a predicate is said in a report: as a value, and in words.

use super::Predicate;
use crate::value::{Map, Value, describe, show, truth};

impl Predicate<Value> {
    /// The argument of the predicate as the author wrote it, templates rendered.
    pub fn argument(&self) -> Value {
        match self {
            Predicate::Equals(value)
            | Predicate::OneOf(value)
            | Predicate::Contains(value)
            | Predicate::StartsWith(value)
            | Predicate::EndsWith(value)
            | Predicate::Above(value)
            | Predicate::AtLeast(value)
            | Predicate::Below(value)
            | Predicate::AtMost(value)
            | Predicate::Empty(value)
            | Predicate::Exists(value)
            | Predicate::Type(value)
            | Predicate::Includes(value)
            | Predicate::ResourceId(value)
            | Predicate::Before(value)
            | Predicate::After(value) => value.clone(),
            Predicate::Matches(pattern) => pattern.source().clone(),
            Predicate::Not(inner)
            | Predicate::Count(inner)
            | Predicate::Every(inner)
            | Predicate::Any(inner)
            | Predicate::None(inner) => inner.written(),
            Predicate::All(_) => self.written(),
        }
    }

    /// The predicate as it stands in a playbook: a plain value for equality, else a map of its keys.
    fn written(&self) -> Value {
        match self {
            Predicate::Equals(value) if !value.is_object() => value.clone(),
            Predicate::All(parts) => {
                Value::Object(parts.iter().map(|part| (part.name().to_owned(), part.argument())).collect())
            }
            _ => Value::Object(Map::from_iter([(self.name().to_owned(), self.argument())])),
        }
    }

    /// What is expected, in words: `text "chinaeast"`, `above 5`, `every item starts with "a"`.
    pub fn words(&self) -> String {
        let with = |verb: &str, value: &Value| format!("{verb} {}", show(value));
        match self {
            Predicate::Equals(value) => describe(value),
            Predicate::Not(inner) => format!("not {}", inner.words()),
            Predicate::OneOf(value) => with("one of", value),
            Predicate::Contains(value) => with("contains", value),
            Predicate::StartsWith(value) => with("starts with", value),
            Predicate::EndsWith(value) => with("ends with", value),
            Predicate::Matches(pattern) => with("matches", pattern.source()),
            Predicate::Above(value) => with("above", value),
            Predicate::AtLeast(value) => with("at least", value),
            Predicate::Below(value) => with("below", value),
            Predicate::AtMost(value) => with("at most", value),
            Predicate::Count(inner) => format!("a count of {}", inner.words()),
            Predicate::Empty(value) => if truth(value) { "empty" } else { "not empty" }.to_owned(),
            Predicate::Exists(value) => if truth(value) { "a value" } else { "no value" }.to_owned(),
            Predicate::Type(value) => with("of type", value),
            Predicate::Includes(value) => with("includes", value),
            Predicate::Every(inner) => format!("every item {}", inner.words()),
            Predicate::Any(inner) => format!("any item {}", inner.words()),
            Predicate::None(inner) => format!("no item {}", inner.words()),
            Predicate::ResourceId(value) => with("resource id", value),
            Predicate::Before(value) => with("before", value),
            Predicate::After(value) => with("after", value),
            Predicate::All(parts) => parts.iter().map(Predicate::words).collect::<Vec<_>>().join(" and "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::{NAMES, Pattern};
    use serde_json::json;

    #[test]
    fn says_what_is_expected() {
        let check = |predicate: Predicate<Value>, words: &str, argument: Value| {
            assert_eq!((predicate.words().as_str(), predicate.argument()), (words, argument));
        };
        let starts = || Box::new(Predicate::StartsWith(json!("a")));
        check(Predicate::Equals(json!("x")), "text \"x\"", json!("x"));
        check(Predicate::Above(json!(5)), "above 5", json!(5));
        check(Predicate::Not(Box::new(Predicate::Equals(json!(5)))), "not integer 5", json!(5));
        check(Predicate::Every(starts()), "every item starts with \"a\"", json!({"starts_with": "a"}));
        check(Predicate::Count(Box::new(Predicate::Equals(json!(2)))), "a count of integer 2", json!(2));
        check(Predicate::Exists(json!(false)), "no value", json!(false));
        check(Predicate::Matches(Pattern::templated(json!("^a"))), "matches \"^a\"", json!("^a"));
        let both = Predicate::All(vec![Predicate::Above(json!(1)), Predicate::Below(json!(9))]);
        check(Predicate::Any(Box::new(both)), "any item above 1 and below 9", json!({"above": 1, "below": 9}));
        check(
            Predicate::Not(Box::new(Predicate::Equals(json!({"above": 1})))),
            "not map {\"above\":1}",
            json!({"equals": {"above": 1}}),
        );
    }

    #[test]
    fn every_name_is_listed_once() {
        let mut names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
        assert!(NAMES.iter().all(|(_, doc)| doc.ends_with('.')));
    }
}
