//! The JSON report: the record, as it is.

use crate::event::Record;

/// The report, with a line break at its end.
pub fn render(record: &Record) -> String {
    // A record holds no map with keys that are not text, the one thing that JSON refuses.
    let mut text = serde_json::to_string_pretty(record).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Record>();
    schema.insert("title".to_owned(), "mi-run report".into());
    schema.to_value()
}
