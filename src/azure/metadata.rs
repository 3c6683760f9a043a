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

/// The cloud that a metadata document names.
pub fn environment(document: &Value) -> Option<&str> {
    document.pointer("/compute/azEnvironment").and_then(Value::as_str)
}
