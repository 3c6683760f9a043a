//! Instance metadata: what the VM knows of itself.
//!
//! Source: Azure documentation, `instance-metadata-service.md`.

use std::time::Duration;

use serde_json::Value;

use crate::http::{Request, Route};

/// The request for the metadata of this VM. `endpoint` is that of the instance metadata service.
pub fn request(endpoint: &str, timeout: Duration) -> Request {
    Request {
        method: "GET",
        url: format!("{}/metadata/instance?api-version=2021-02-01", endpoint.trim_end_matches('/')),
        headers: vec![("Metadata".to_owned(), "true".to_owned())],
        body: None,
        timeout,
        route: Route::Local,
    }
}

/// What templates know as `vm`: what stands under `compute`, and `network`.
pub fn machine(document: &Value) -> Value {
    let mut machine = document.get("compute").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(network) = document.get("network") {
        machine.insert("network".to_owned(), network.clone());
    }
    Value::Object(machine)
}

/// The part of a document that a path names: `compute`, `network/interface/0`; `/` is all of it.
///
/// # Errors
/// With the names that there are where the path goes astray.
pub fn part<'d>(document: &'d Value, path: &str) -> Result<&'d Value, Vec<String>> {
    path.split('/').filter(|name| !name.is_empty()).try_fold(document, |value, name| match value {
        Value::Object(members) => {
            let found = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value).ok_or_else(|| members.keys().cloned().collect())
        }
        Value::Array(items) => name
            .parse::<usize>()
            .ok()
            .and_then(|at| items.get(at))
            .ok_or_else(|| (0..items.len()).map(|at| at.to_string()).collect()),
        _ => Err(Vec::new()),
    })
}

/// The cloud that a metadata document names.
pub fn environment(document: &Value) -> Option<&str> {
    document.pointer("/compute/azEnvironment").and_then(Value::as_str)
}
