//! The JSON Schema of a playbook, made from the document types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Playbook;

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Playbook>();
    schema.insert("title".to_owned(), "mi-run playbook".into());
    schema.to_value()
}
