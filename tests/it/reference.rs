//! `docs/reference.md` and `docs/errors.md` are written from the types and the catalogue, and are what stands there;
//! `docs/language.md` names every word of templates, and its playbooks are valid. `UPDATE=1` writes the first two anew.

use std::fmt::Write as _;
use std::fs;

use mi_run::diagnostic::explain;
use mi_run::template;
use serde_json::{Map, Value};

use crate::folder;

#[test]
fn the_reference_is_what_the_types_say() {
    let schema = fs::read_to_string(folder::repository().join("schemas/playbook.schema.json")).expect("it is shipped");
    let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
    same("reference.md", &reference(&schema));
}

#[test]
fn the_page_of_errors_is_what_explain_says() {
    let mut page = "# What each diagnostic means\n\n\
         Written from the catalogue: `mi-run explain CODE` says the same. A code stands in brackets behind `error` or \
         `warning`.\n"
        .to_owned();
    for (code, text) in explain::CODES.iter() {
        let _ = write!(page, "\n## {code}\n\n{text}\n");
    }
    same("errors.md", &page);
}

#[test]
fn the_guide_names_every_word_of_templates() {
    let guide = fs::read_to_string(folder::repository().join("docs/language.md")).expect("it is shipped");
    let words = template::words();
    assert!(words.len() > 60);
    let missing: Vec<_> = words.iter().filter(|word| !guide.contains(&format!("`{word}"))).collect();
    assert!(missing.is_empty(), "docs/language.md does not name {missing:?}");
}

fn same(name: &str, page: &str) {
    let path = folder::repository().join("docs").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, page).expect("it can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/{name} is outdated: `UPDATE=1 cargo test --test it reference` writes it anew");
}

fn reference(schema: &Value) -> String {
    let mut page = "# Reference of the playbook language\n\n\
         Written from the types that read playbooks; `mi-run schema playbook` prints the same as a JSON Schema. \
         [language.md](language.md) explains how it fits together, and `playbooks/tour.yaml` shows all of it at work.\n\n\
         A text may hold templates `{{ … }}` wherever its kind is *text*; a value that is one template has the kind of \
         what the template gives. A duration is a number with a unit: `500ms`, `30s`, `2m`, `1h`.\n"
        .to_owned();
    section(&mut page, "Playbook", schema);
    // In the order one meets them.
    let all = schema["$defs"].as_object().expect("definitions");
    let mut order: Vec<&str> = Vec::new();
    met(schema, all, &mut order);
    for name in order {
        section(&mut page, name, &all[name]);
    }
    page
}

/// The definitions that a schema refers to, each behind the first that refers to it.
fn met<'s>(schema: &'s Value, all: &'s Map<String, Value>, order: &mut Vec<&'s str>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(referred)
                && !order.contains(&name)
            {
                order.push(name);
                met(&all[name], all, order);
            }
            members.iter().filter(|(key, _)| *key != "$defs").for_each(|(_, inner)| met(inner, all, order));
        }
        Value::Array(items) => items.iter().for_each(|item| met(item, all, order)),
        _ => {}
    }
}

fn referred(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix("#/$defs/")
}

fn section(page: &mut String, name: &str, schema: &Value) {
    let _ = write!(page, "\n## {name}\n\n{}\n", text(schema));
    let maps: Vec<&Value> = forms(schema).into_iter().filter(|form| form.get("properties").is_some()).collect();
    for form in forms(schema).into_iter().filter(|form| form.get("properties").is_none()) {
        let said = form.get("description").and_then(Value::as_str).filter(|said| *said != text(schema));
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let _ = write!(page, "\n- {}{said}\n", kind(form));
    }
    for form in maps {
        let required: Vec<&str> = form["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        page.push_str("\n| key | kind | meaning |\n|---|---|---|\n");
        for (key, inner) in form["properties"].as_object().into_iter().flatten() {
            let must = if required.contains(&key.as_str()) { " (required)" } else { "" };
            let _ = writeln!(
                page,
                "| `{key}`{must} | {} | {} |",
                kind(inner).replace('|', "\\|"),
                text(inner).replace('|', "\\|")
            );
        }
    }
}

fn text(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// The forms that a value may have.
fn forms(schema: &Value) -> Vec<&Value> {
    let alternatives =
        schema["anyOf"].as_array().or(schema["oneOf"].as_array().filter(|_| schema.get("properties").is_none()));
    match alternatives {
        Some(forms) => forms.iter().flat_map(forms_of_alternative).collect(),
        None => vec![schema],
    }
}

fn forms_of_alternative(schema: &Value) -> Vec<&Value> {
    if schema["type"] == "null" { Vec::new() } else { forms(schema) }
}

/// What kind of value is wanted, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(referred) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(word) = schema.get("const") {
        return format!("`{}`", word.as_str().unwrap_or_default());
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    let own = schema.get("properties").is_none();
    let alternatives = forms(schema);
    if own && (alternatives.len() != 1 || alternatives[0] != schema) {
        let mut kinds: Vec<String> = Vec::new();
        for kind in alternatives.into_iter().map(kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(" or ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(only) => vec![only],
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
        _ => return "any value".to_owned(),
    };
    types.iter().map(|word| of_type(word, schema)).collect::<Vec<_>>().join(" or ")
}

fn of_type(word: &str, schema: &Value) -> String {
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    match word {
        "string" if pattern.contains("(ms|s|m|h)") => "duration".to_owned(),
        "string" if pattern == "\\{[{%]" => "template".to_owned(),
        "string" if pattern.starts_with("^[1-5]xx") => "class such as `2xx`".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => match schema.get("items") {
            Some(items) => format!("list of {}", kind(items)),
            None => "list".to_owned(),
        },
        "object" => match schema.get("additionalProperties") {
            Some(Value::Bool(_)) | None => "map".to_owned(),
            Some(values) => format!("map of {}", kind(values)),
        },
        other => other.to_owned(),
    }
}
