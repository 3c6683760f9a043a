//! Providers: which namespaces and types there are, and which a subscription is registered for.

use serde_json::{Value, json};

use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::rbac::provider_types;

/// Answers a request to the providers of a subscription, or of the tenant.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, rest: &[&str]) -> Result<Response, Refusal> {
    version::own(call)?;
    let subscription = call.subscription.as_ref().map(|place| place.id.as_str());
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            let all = provider_types().iter();
            list::page(call, all.map(|(namespace, types)| body(store, subscription, (namespace, types))))
        }
        ("GET", [namespace]) => {
            let found = find(namespace)?;
            Ok(Response::json(200, &body(store, subscription, found)))
        }
        ("POST", [namespace, action]) => {
            let found = find(namespace)?;
            let key = key(subscription, found.0);
            match action.to_ascii_lowercase().as_str() {
                "register" => store.unregistered.remove(&key),
                "unregister" => store.unregistered.insert(key),
                _ => return Err(Refusal::method_not_allowed("POST")),
            };
            Ok(Response::json(200, &body(store, subscription, found)))
        }
        (method, _) => Err(Refusal::method_not_allowed(method)),
    }
}

/// Checks that a namespace exists.
pub(super) fn exists(namespace: &str) -> Result<(), Refusal> {
    find(namespace).map(|_| ())
}

/// Checks that the subscription is registered for a namespace.
pub(super) fn is_registered(call: &Call<'_>, store: &Store, namespace: &str) -> Result<(), Refusal> {
    let subscription = call.subscription.as_ref().map(|place| place.id.as_str());
    match store.unregistered.is_empty() || !store.unregistered.contains(&key(subscription, namespace)) {
        true => Ok(()),
        false => Err(Refusal::not_registered(namespace)),
    }
}

fn key(subscription: Option<&str>, namespace: &str) -> String {
    format!("{}/{namespace}", subscription.unwrap_or_default()).to_ascii_lowercase()
}

type Types = (&'static str, &'static [String]);

fn find(namespace: &str) -> Result<Types, Refusal> {
    let all = provider_types();
    let found = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(namespace));
    found.map(|(name, types)| (name.as_str(), types.as_slice())).ok_or_else(|| Refusal::invalid_namespace(namespace))
}

fn body(store: &Store, subscription: Option<&str>, (namespace, types): (&str, &[String])) -> Value {
    let registered = !store.unregistered.contains(&key(subscription, namespace));
    let types: Vec<Value> = types
        .iter()
        .map(|kind| json!({"resourceType": kind, "locations": [], "apiVersions": [], "capabilities": "None"}))
        .collect();
    let mut body = json!({"namespace": namespace, "resourceTypes": types});
    if let Some(subscription) = subscription {
        body["id"] = format!("/subscriptions/{subscription}/providers/{namespace}").into();
        body["registrationState"] = if registered { "Registered" } else { "NotRegistered" }.into();
        body["registrationPolicy"] = "RegistrationRequired".into();
    }
    body
}
