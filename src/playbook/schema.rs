//! The JSON Schema of a playbook, made from the document types, and what those types cannot say by themselves.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::Playbook;

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Playbook>();
    schema.insert("title".to_owned(), "mi-run playbook".into());
    schema.to_value()
}

/// Text with a template in it, of which nothing more is known.
pub(super) const TEMPLATED: &str = r"\{[{%]";

/// What a duration is written like; one that is above zero where `positive`.
pub(super) fn period(positive: bool) -> Value {
    let pattern = match positive {
        true => r"^(0*[1-9][0-9]*(\.[0-9]+)?|0+\.0*[1-9][0-9]*) *(ms|s|m|h)$",
        false => r"^[0-9]+(\.[0-9]+)? *(ms|s|m|h)$",
    };
    json!({"type": "string", "pattern": pattern, "examples": ["30s", "500ms", "2m"]})
}

/// A status, a class of them, or a list.
pub(super) fn statuses() -> Value {
    let code = json!({"type": "integer", "minimum": 100, "maximum": 599});
    let class = json!({"type": "string", "pattern": "^[1-5]xx$"});
    let list = json!({"type": "array", "items": {"anyOf": [code, class]}, "minItems": 1});
    json!({"anyOf": [code, class, list]})
}

/// The value of a predicate.
pub(super) fn predicate(name: &str) -> Value {
    let or_template = |value: Value| json!({"anyOf": [value, {"type": "string", "pattern": TEMPLATED}]});
    match name {
        "one_of" => or_template(json!({"type": "array"})),
        "above" | "at_least" | "below" | "at_most" => or_template(json!({"type": "number"})),
        "empty" | "exists" => or_template(json!({"type": "boolean"})),
        "starts_with" | "ends_with" | "matches" | "resource_id" => json!({"type": "string"}),
        "type" => {
            let kind = json!({"enum": ["text", "string", "integer", "number", "boolean", "list", "map", "null", null]});
            or_template(json!({"anyOf": [kind, {"type": "array", "items": kind}]}))
        }
        "not" | "count" | "every" | "any" | "none" => json!({"$ref": "#/$defs/Predicate"}),
        _ => json!({}),
    }
}

/// Lets `schema` be one of `others` too, keeping its description on top.
pub(super) fn alternatives(schema: &mut Schema, others: &[Value]) {
    let mut own = std::mem::take(schema);
    let description = own.remove("description");
    let mut all = others.to_vec();
    all.push(own.to_value());
    schema.insert("anyOf".to_owned(), all.into());
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}

/// Allows at most one of some keys.
pub(super) fn at_most_one(schema: &mut Schema, keys: &[&str]) {
    let pairs = keys.iter().enumerate().flat_map(|(at, one)| keys[at + 1..].iter().map(move |other| [one, other]));
    let pairs: Vec<Value> = pairs.map(|pair| json!({"required": pair})).collect();
    schema.insert("not".to_owned(), json!({"anyOf": pairs}));
}

/// Turns the variants of an action into keys of the step, of which exactly one must be there.
pub(super) fn one_action(schema: &mut Schema) {
    let Some(Value::Array(variants)) = schema.remove("oneOf") else {
        return;
    };
    let mut choices = Vec::new();
    for mut variant in variants {
        let description = variant["description"].take();
        let Some(Value::Object(properties)) = variant.get_mut("properties").map(Value::take) else { continue };
        for (name, mut property) in properties {
            property["description"] = description.clone();
            choices.push(json!({"required": [name]}));
            if let Some(own) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                own.insert(name, property);
            }
        }
    }
    schema.insert("oneOf".to_owned(), choices.into());
    schema.insert("additionalProperties".to_owned(), false.into());
}

/// The keys of a map are names that templates can use.
pub(super) fn variable_names(schema: &mut Schema) {
    schema.insert("propertyNames".to_owned(), json!({"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}));
}

/// Something must stand here: not null, and not an empty map or list.
pub(super) fn not_empty(schema: &mut Schema) {
    let is_null = |value: &Value| *value == json!("null") || *value == json!({"type": "null"});
    for key in ["type", "anyOf"] {
        if let Some(Value::Array(list)) = schema.get_mut(key) {
            list.retain(|value| !is_null(value));
        }
    }
    // What stands elsewhere may allow null there, but not here.
    if schema.get("type").is_none() {
        schema.insert("not".to_owned(), json!({"type": "null"}));
    }
    for (word, bound) in [("object", "minProperties"), ("array", "minItems")] {
        let names = schema.get("type").is_some_and(|kind| match kind {
            Value::Array(list) => list.contains(&json!(word)),
            kind => *kind == json!(word),
        });
        if names {
            schema.insert(bound.to_owned(), 1.into());
        }
    }
}

/// Nothing that stands in a map may be empty, nor the map itself.
pub(super) fn nothing_empty(schema: &mut Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            if let Ok(inner) = <&mut Schema>::try_from(property) {
                not_empty(inner);
            }
        }
    }
    schema.insert("minProperties".to_owned(), 1.into());
}

/// A text that is not empty.
pub(super) fn some_text(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), r"\S".into());
}

/// A resource: one of some words, a URL, or a template.
pub(super) fn resource(schema: &mut Schema, words: &[&str]) {
    let other = format!("^[^\\s]*:[^\\s]*$|^[0-9A-Fa-f-]{{36}}$|{TEMPLATED}");
    schema.insert("anyOf".to_owned(), json!([{"enum": words}, {"pattern": other}, {"type": "null"}]));
}

/// A URL, or a path on Resource Manager.
pub(super) fn url(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), format!("^\\s*(/|[hH][tT][tT][pP][sS]?://)|{TEMPLATED}").into());
}

/// `METHOD url`.
pub(super) fn request_line() -> Value {
    let methods = "(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)";
    json!({
        "type": "string",
        "pattern": format!("^\\s*{methods}\\s+(/|[hH][tT][tT][pP][sS]?://|.*{TEMPLATED})"),
        "description": "`METHOD url`; a URL that begins with `/` is on the cloud's Resource Manager endpoint.",
    })
}
