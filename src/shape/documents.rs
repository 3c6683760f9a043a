//! The files that a schema refers to: found while it is compiled, loaded in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ReferencingError, Retrieve, Uri, ValidationError};
use serde_json::{Map, Value};

use super::{Fault, message};

/// How many folders a reference may lead up.
const LEVELS: usize = 16;

/// Where the schema stands: below folders whose names nobody uses, so that `..` is not lost.
pub(super) const BASE: &str = "shape:///~0/~1/~2/~3/~4/~5/~6/~7/~8/~9/~10/~11/~12/~13/~14/~15/~schema";

/// How many files a schema may refer to.
const MOST: usize = 64;

/// The files known so far, and the one that was missing last.
#[derive(Clone, Default)]
pub(super) struct Documents(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// By URI: path and text.
    files: HashMap<String, (String, Value)>,
    missing: Option<String>,
}

impl Retrieve for Documents {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let mut known = self.known();
        if let Some((_, document)) = known.files.get(uri.as_str()) {
            return Ok(document.clone());
        }
        known.missing = Some(uri.as_str().to_owned());
        Err("it is not loaded yet".into())
    }
}

impl Documents {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URI that was asked for in vain since the last call.
    pub(super) fn missing(&self) -> Option<String> {
        self.known().missing.take()
    }

    /// Adds a file.
    pub(super) fn add(&self, uri: String, path: String, document: Value) -> Result<(), String> {
        let mut known = self.known();
        if known.files.len() == MOST {
            return Err(format!("the schema refers to more than {MOST} files"));
        }
        known.files.insert(uri, (path, document));
        Ok(())
    }

    /// What a compiler's error means, and where it is.
    pub(super) fn place(&self, schema: &Value, error: ValidationError<'_>) -> Fault {
        let Kind::Referencing(problem) = error.kind() else {
            return Fault::new(None, error.instance_path().as_str(), message(&error, schema));
        };
        let (fragment, text) = match problem {
            ReferencingError::PointerToNowhere { pointer } => (pointer, format!("there is no `{pointer}`")),
            ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => {
                (anchor, format!("there is no anchor `{anchor}`"))
            }
            ReferencingError::Unretrievable { uri, .. } => {
                let (file, pointer) = self.reference(schema, uri);
                let message = format!("`{uri}` is not part of the draft of this schema: name its draft in `$schema`");
                return Fault { file, pointer, message };
            }
            other => return Fault::new(None, "", other.to_string()),
        };
        let (file, pointer) = self.find(schema, |reference| {
            reference.split_once('#').is_some_and(|(_, own)| own == fragment || decode(own) == *fragment)
        });
        Fault { file, pointer, message: text }
    }

    /// Where the reference to a URI stands.
    pub(super) fn reference(&self, schema: &Value, uri: &str) -> (Option<String>, String) {
        self.find(schema, |reference| {
            let link = reference.split('#').next().unwrap_or_default();
            let name = link.rsplit("../").next().unwrap_or_default().trim_start_matches("./");
            !name.is_empty() && uri.ends_with(name)
        })
    }

    fn find(&self, schema: &Value, is_it: impl Fn(&str) -> bool) -> (Option<String>, String) {
        if let Some(pointer) = reference_in(schema, &is_it) {
            return (None, pointer);
        }
        let known = self.known();
        let mut files: Vec<_> = known.files.values().collect();
        files.sort_by_key(|(path, _)| path);
        let found = files.into_iter().find_map(|(path, document)| Some((path, reference_in(document, &is_it)?)));
        found.map_or((None, String::new()), |(path, pointer)| (Some(path.clone()), pointer))
    }
}

/// The keywords that refer to a part.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// How many references a part of a schema has.
pub(super) fn count(part: &Map<String, Value>) -> usize {
    REFERENCES.iter().filter(|key| part.contains_key(**key)).count()
}

/// The first reference that is meant, as a JSON pointer.
fn reference_in(value: &Value, is_it: &impl Fn(&str) -> bool) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let key_pointer = || format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let is_reference = REFERENCES.contains(&key.as_str()) || key == "$schema";
            if is_reference && value.as_str().is_some_and(is_it) {
                return Some(key_pointer());
            }
            Some(key_pointer() + &reference_in(value, is_it)?)
        }),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| Some(format!("/{at}{}", reference_in(item, is_it)?)))
        }
        _ => None,
    }
}

/// The path of a file, relative to the schema.
///
/// # Errors
/// When the URI is not that of a file beside the schema: why, as a clause.
pub(super) fn path(uri: &str) -> Result<String, String> {
    let scheme = uri.split(':').next().unwrap_or_default();
    let Some(path) = uri.strip_prefix("shape:///") else {
        return Err(match scheme {
            "http" | "https" => format!("`{uri}` is on the network, and schemas are not fetched: put it into a file"),
            "shape" => "a file is named by its path relative to the schema".to_owned(),
            _ => format!("`{uri}` is neither in the schema nor a file beside it"),
        });
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let base = BASE.trim_start_matches("shape:///").split('/').take(LEVELS);
    let down = path.split('/').zip(base).take_while(|(one, other)| one == other).count();
    if down == 0 {
        return Err("a file is named by its path relative to the schema".to_owned());
    }
    let below: Vec<_> = path.split('/').skip(down).collect();
    Ok(decode(&("../".repeat(LEVELS - down) + &below.join("/"))))
}

/// Reads `%20` and its like; what is not UTF-8 then stays as it was.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_the_schema_names_them() {
        let base = BASE.trim_end_matches("~schema");
        let check = |link: &str, expected: &str| {
            assert_eq!(path(&format!("{base}{link}")).as_deref(), Ok(expected), "{link}");
        };
        check("x.json", "x.json");
        check("a/x.json#/b", "a/x.json");
        check("a%20b%C3%A9.json", "a bé.json");
        check("100%.json", "100%.json");
        let above = BASE.trim_end_matches("~14/~15/~schema");
        assert_eq!(path(&format!("{above}a/x.json")).as_deref(), Ok("../../a/x.json"));
        for foreign in ["shape:///etc/x.json", "shape://host/x.json", "https://host/x", "urn:x", "file:///x", ""] {
            assert!(path(foreign).is_err(), "{foreign}");
        }
    }
}
