//! The provider `Microsoft.Authorization`: who may do what, as a resource of its own.

mod assignments;
mod check;
mod definitions;
mod denials;
mod operations;

use serde_json::{Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, locks, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::Question;
use crate::rbac::{Pattern, Permission, Scope};

/// Whether an address is about access control.
pub(super) fn is_concerned(address: &Address<'_>) -> bool {
    address.namespace.eq_ignore_ascii_case("Microsoft.Authorization") && !locks::is_concerned(address)
}

/// Answers a request that passed all checks.
pub(super) fn answer(
    call: &Call<'_>,
    store: &mut Store,
    (caller, address): (&Caller, &Address<'_>),
) -> Result<Response, Refusal> {
    version::own(call)?;
    let scope = Scope::of(address.base.iter().cloned());
    let kind = address.rest[0].to_ascii_lowercase();
    let method = call.request.method.as_str();
    match (kind.as_str(), address.rest, method) {
        ("roleassignments", [_], "GET") => assignments::list(call, store, &scope),
        ("roleassignments", [_, name], _) => assignments::one(call, store, (caller, &scope, name)),
        ("roledefinitions", [_], "GET") => definitions::list(call, store, &scope),
        ("roledefinitions", [_, name], _) => definitions::one(call, store, (&scope, name)),
        ("denyassignments", [_], "GET") => denials::list(call, store, &scope),
        ("denyassignments", [_, name], _) => denials::one(call, store, (&scope, name)),
        ("permissions", [_], "GET") => Ok(Response::json(200, &permissions(call, store, (caller, &scope)))),
        ("checkaccess", [_], "POST") => check::answer(call, store, &scope),
        ("provideroperations", [_], "GET") => operations::list(call),
        ("provideroperations", [_, namespace], "GET") => operations::one(namespace),
        (_, _, "GET") => Err(Refusal::invalid_resource_type(address.namespace, version::of(call))),
        _ => Err(Refusal::method_not_allowed(method)),
    }
}

/// A permission entry as it goes over the wire.
fn permission(entry: &Permission) -> Value {
    let texts =
        |patterns: &[Pattern]| -> Vec<String> { patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect() };
    let mut body = json!({
        "actions": texts(&entry.actions),
        "notActions": texts(&entry.not_actions),
        "dataActions": texts(&entry.data_actions),
        "notDataActions": texts(&entry.not_data_actions),
    });
    if let Some(condition) = &entry.condition {
        body["condition"] = condition.as_str().into();
        body["conditionVersion"] = "2.0".into();
    }
    body
}

/// What the caller may do at a scope: one entry per permission entry of each role that reaches it.
fn permissions(call: &Call<'_>, store: &Store, (caller, scope): (&Caller, &Scope)) -> Value {
    let chain = store.tree.chain(scope);
    let question = Question { principal: &caller.object_id, action: "", chain: &chain, now: call.request.now };
    let mut entries = Vec::new();
    for held in store.access.reaching(&question) {
        for entry in &held.assignment.grant.role.permissions {
            let mut body = permission(entry);
            if let Some(condition) = &held.assignment.condition {
                body["condition"] = condition.as_str().into();
                body["conditionVersion"] = "2.0".into();
            }
            entries.push(body);
        }
    }
    json!({"value": entries, "nextLink": null})
}

#[cfg(test)]
mod tests;
