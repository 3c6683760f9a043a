//! That counting changes nothing: what is judged is what the library says of values that nobody counts.

use jsonschema::json::conformance;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::meter::{Metered, Node};
use super::{Miss, Shape, told};

#[test]
fn counted_values_are_values() {
    conformance::assert_conformance::<Metered>(&Node(&conformance::document()));
}

/// What the library says of a value as it is.
fn plainly(schema: &Value, instance: &Value) -> Option<Vec<Miss>> {
    let validator = jsonschema::options().build(schema).ok()?;
    let misses = told(validator.iter_errors(instance), instance);
    assert_eq!(validator.is_valid(instance), misses.is_empty());
    Some(misses)
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "b", "aa", "ab", "b2", "é", "2001-01-01"]).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..4_i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 1e300]).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), value), 0..4).prop_map(|members| members.into_iter().collect())
}

/// A keyword and what it holds; keywords that look at the value alone.
fn assertion() -> impl Strategy<Value = (&'static str, Value)> {
    let names = prop::collection::hash_set(text(), 0..3).prop_map(|names| names.into_iter().collect::<Vec<_>>());
    let patterns = vec!["^a", "b$", "^(?=a)", "^(?!.*b)", "(?<=a)b", "^(a)\\1$", "^\\w{1,3}$"];
    prop_oneof![
        prop::sample::select(vec!["string", "integer", "number", "object", "array", "null"])
            .prop_map(|kind| ("type", json!(kind))),
        value().prop_map(|value| ("const", value)),
        prop::collection::vec(value(), 1..4).prop_map(|values| ("enum", json!(values))),
        prop::sample::select(patterns).prop_map(|text| ("pattern", json!(text))),
        (0..3_u8).prop_map(|least| ("minLength", json!(least))),
        (0..3_u8).prop_map(|most| ("maxItems", json!(most))),
        (0..3_u8).prop_map(|least| ("minProperties", json!(least))),
        (-1..3_i8).prop_map(|least| ("minimum", json!(least))),
        prop::sample::select(vec![0.5, 2.0]).prop_map(|of| ("multipleOf", json!(of))),
        names.prop_map(|names| ("required", json!(names))),
        any::<bool>().prop_map(|unique| ("uniqueItems", json!(unique))),
        Just(("format", json!("date"))),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let part = |keywords: Vec<(&str, Value)>| -> Value {
        keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value)).collect::<Map<_, _>>().into()
    };
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        Just(json!({"$ref": "#/$defs/a"})),
        prop::collection::vec(assertion(), 0..3).prop_map(part),
    ];
    leaf.prop_recursive(3, 16, 3, move |inner| {
        let inner = inner.boxed();
        let held = ["not", "if", "then", "else", "additionalProperties", "propertyNames", "items", "contains"];
        let rest = ["unevaluatedProperties", "unevaluatedItems"];
        let one = (prop::sample::select([&held[..], &rest].concat()), inner.clone());
        let several = (
            prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
        );
        let named = (
            prop::sample::select(vec!["properties", "dependentSchemas"]),
            members(inner.clone()).prop_map(Value::from),
        );
        let matched = prop::collection::vec((prop::sample::select(vec!["^a", "b$", "."]), inner), 1..3).prop_map(part);
        let keyword =
            prop_oneof![assertion(), one, several, named, matched.prop_map(|parts| ("patternProperties", parts))];
        prop::collection::vec(keyword, 1..4).prop_map(part)
    })
}

proptest! {
    #[test]
    fn counting_changes_nothing(schema in schema(), a in schema(), instance in value(), draft in 0..3_usize) {
        let mut schema = schema;
        if let Value::Object(members) = &mut schema {
            let drafts = ["https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
                "http://json-schema.org/draft-07/schema#"];
            members.insert("$schema".to_owned(), json!(drafts[draft]));
            members.insert("$defs".to_owned(), json!({"a": a}));
        }
        let shape = Shape::compile(&schema, &|_| Err("there is none".to_owned()));
        let plain = plainly(&schema, &instance);
        match shape {
            Ok(shape) => prop_assert_eq!(shape.judge(&instance).ok(), plain),
            Err(fault) => prop_assert_eq!((plain, fault.to_string()), (None, String::new())),
        }
    }
}
