//! The JSON Lines report: each event on a line of its own, as it happens.

use crate::event::Event;

/// The line of an event, with a line break at its end.
pub fn render(event: &Event) -> String {
    // An event holds no map with keys that are not text, the one thing that JSON refuses.
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

/// The JSON Schema of a line.
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Event>();
    schema.insert("title".to_owned(), "mi-run event".into());
    let mut schema = schema.to_value();
    let each = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut).into_iter().flatten();
    for word in each.filter_map(|event| event.pointer_mut("/properties/event")) {
        word["description"] = "What happened.".into();
    }
    schema
}
