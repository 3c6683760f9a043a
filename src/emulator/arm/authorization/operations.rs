//! The operations of providers, as far as the built-in roles name them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list as lists};
use crate::emulator::message::Response;
use crate::rbac::{catalogue, provider_types};

/// The operations of every provider.
pub(super) fn list(call: &Call<'_>) -> Result<Response, Refusal> {
    lists::page(call, provider_types().iter().map(|(namespace, _)| body(namespace)))
}

/// The operations of one provider.
pub(super) fn one(namespace: &str) -> Result<Response, Refusal> {
    let found = provider_types().iter().find(|(name, _)| name.eq_ignore_ascii_case(namespace));
    found
        .map(|(namespace, _)| Response::json(200, &body(namespace)))
        .ok_or_else(|| Refusal::invalid_namespace(namespace))
}

fn body(namespace: &str) -> Value {
    let mut operations: BTreeMap<String, (String, bool)> = BTreeMap::new();
    for entry in catalogue().iter().flat_map(|role| &role.permissions) {
        for (patterns, is_data) in [(&entry.actions, false), (&entry.not_actions, false), (&entry.data_actions, true)] {
            for name in patterns.iter().map(|pattern| pattern.as_str()) {
                let own = name.split_once('/').is_some_and(|(first, _)| first.eq_ignore_ascii_case(namespace));
                if own && !name.contains('*') {
                    operations.entry(name.to_ascii_lowercase()).or_insert_with(|| (name.to_owned(), is_data));
                }
            }
        }
    }
    let operations: Vec<Value> = operations
        .into_values()
        .map(|(name, is_data)| json!({"name": name, "displayName": name, "isDataAction": is_data}))
        .collect();
    json!({
        "id": format!("/providers/Microsoft.Authorization/providerOperations/{namespace}"),
        "type": "Microsoft.Authorization/providerOperations",
        "name": namespace,
        "displayName": namespace,
        "resourceTypes": [],
        "operations": operations,
    })
}
