//! The JSON report: the record, as it is.

use std::io;

use crate::event::Record;

/// The report, with a line break at its end.
pub fn render(record: &Record) -> String {
    let mut text = Vec::new();
    // Memory takes everything.
    let _ = write(record, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the report piece by piece: of a long run it is larger than all else.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    // A record holds no map with keys that are not text, the one thing that JSON refuses.
    serde_json::to_writer_pretty(&mut *out, record)?;
    out.write_all(b"\n")
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Record>();
    schema.insert("title".to_owned(), "mi-run report".into());
    schema.to_value()
}
