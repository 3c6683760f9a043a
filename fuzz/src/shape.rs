//! A JSON Schema in the first line, which may refer to itself as a file, over the JSON value in the others.

use mi_run::shape::Shape;
use serde_json::Value;

use super::halves;

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((schema, instance)) = halves(bytes) else { return };
    let Ok(schema) = serde_json::from_str::<Value>(schema) else { return };
    let instance: Value = serde_json::from_str(instance).unwrap_or_default();
    let load = |path: &str| if path.len() < 9 { Ok(schema.clone()) } else { Err("there is no such file".to_owned()) };
    if let Ok(shape) = Shape::compile(&schema, &load)
        && let Ok(misses) = shape.judge_within(100_000, &instance)
    {
        assert!(misses.len() <= 20);
        // What is counted says what the library says.
        if let Ok(plain) = jsonschema::options().build(&schema) {
            assert_eq!(misses.is_empty(), plain.is_valid(&instance));
        }
    }
}
