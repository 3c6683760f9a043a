//! How a predicate is said in a report: as a value, and in words.

use super::Predicate;
use crate::value::{Map, Value, describe, show, to_text, truth};

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

    /// What is expected, in words: `text "chinaeast"`, `above 5`, `every item to start with "a"`.
    pub fn words(&self) -> String {
        match self {
            Predicate::All(parts) => parts.iter().map(Predicate::words).collect::<Vec<_>>().join(" and "),
            _ => expectation(self.name(), &self.argument(), &show),
        }
    }
}

/// What is expected by the predicate of this name with this argument, in words that follow on "expected:". `show`
/// writes the values.
pub fn expectation(name: &str, argument: &Value, show: &dyn Fn(&Value) -> String) -> String {
    let with = |words: &str| format!("{words} {}", show(argument));
    let wanted = truth(argument);
    match name {
        "equals" => describe(argument),
        "one_of" => format!("one of {}", listed(argument, show, ", ")),
        "contains" => with("to contain"),
        "starts_with" => with("to start with"),
        "ends_with" => with("to end with"),
        "matches" => format!("to match `{}`", to_text(argument)),
        "empty" => if wanted { "to be empty" } else { "not to be empty" }.to_owned(),
        "exists" => if wanted { "to exist" } else { "not to exist" }.to_owned(),
        "type" => format!("of type {}", listed(argument, &to_text, " or ")),
        "includes" => with("to include"),
        "resource_id" => with("the resource id"),
        "count" => match argument {
            Value::Object(_) => format!("a count {}", inner(argument, show)),
            _ => with("a count of"),
        },
        "not" => match argument {
            Value::Object(_) => format!("not {}", inner(argument, show)),
            _ => format!("not {}", describe(argument)),
        },
        "every" => format!("every item {}", inner(argument, show)),
        "any" => format!("at least one item {}", inner(argument, show)),
        "none" => format!("no item {}", inner(argument, show)),
        // `above`, `at_least`, `before` and their like are words already.
        other => with(&other.replace('_', " ")),
    }
}

/// The predicate inside another one, as [`Predicate::argument`] gives it.
fn inner(written: &Value, show: &dyn Fn(&Value) -> String) -> String {
    let Value::Object(parts) = written else {
        return format!("to be {}", describe(written));
    };
    let words = |(name, argument): (&String, &Value)| match name.as_str() {
        "equals" => format!("to be {}", describe(argument)),
        name => expectation(name, argument, show),
    };
    parts.iter().map(words).collect::<Vec<_>>().join(" and ")
}

/// The items of a list, or the one value.
fn listed(value: &Value, show: &dyn Fn(&Value) -> String, between: &str) -> String {
    match value {
        Value::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(between),
        single => show(single),
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
        check(Predicate::Every(starts()), "every item to start with \"a\"", json!({"starts_with": "a"}));
        check(Predicate::Count(Box::new(Predicate::Equals(json!(2)))), "a count of 2", json!(2));
        check(Predicate::Exists(json!(false)), "not to exist", json!(false));
        check(Predicate::Exists(json!(true)), "to exist", json!(true));
        check(Predicate::Empty(json!(false)), "not to be empty", json!(false));
        check(Predicate::OneOf(json!(["a", 2])), "one of \"a\", 2", json!(["a", 2]));
        check(Predicate::Type(json!(["text", "null"])), "of type text or null", json!(["text", "null"]));
        check(Predicate::AtLeast(json!(3)), "at least 3", json!(3));
        check(Predicate::None(Box::new(Predicate::Equals(json!(3)))), "no item to be integer 3", json!(3));
        check(Predicate::Count(Box::new(Predicate::Above(json!(1)))), "a count above 1", json!({"above": 1}));
        check(Predicate::Not(starts()), "not to start with \"a\"", json!({"starts_with": "a"}));
        check(Predicate::Matches(Pattern::templated(json!("^a"))), "to match `^a`", json!("^a"));
        let both = Predicate::All(vec![Predicate::Above(json!(1)), Predicate::Below(json!(9))]);
        check(Predicate::Any(Box::new(both)), "at least one item above 1 and below 9", json!({"above": 1, "below": 9}));
        check(
            Predicate::Not(Box::new(Predicate::Equals(json!({"above": 1})))),
            "not to be map {\"above\":1}",
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
