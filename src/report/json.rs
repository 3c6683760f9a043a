//! The JSON report: the record, as it is.

use std::io;

use super::text;
use crate::event::Record;

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    text::json(record, out)
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Record>();
    schema.insert("title".to_owned(), "mi-run report".into());
    schema.to_value()
}
