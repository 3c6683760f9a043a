//! The provider `Microsoft.Authorization`: permissions.

use serde_json::{Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, locks, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::Question;
use crate::rbac::{Pattern, Scope};

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
    let rest: Vec<String> = address.rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), rest.as_slice()) {
        ("GET", ["permissions"]) => Ok(Response::json(200, &permissions(call, store, (caller, &scope)))),
        ("GET", _) => Err(Refusal::invalid_resource_type(address.namespace, version::of(call))),
        (method, _) => Err(Refusal::method_not_allowed(method)),
    }
}

/// What the caller may do at a scope: one entry per permission entry of each role that reaches it.
fn permissions(call: &Call<'_>, store: &Store, (caller, scope): (&Caller, &Scope)) -> Value {
    let texts =
        |patterns: &[Pattern]| -> Vec<String> { patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect() };
    let chain = store.tree.chain(scope);
    let question = Question { principal: &caller.object_id, action: "", chain: &chain, now: call.request.now };
    let entries: Vec<Value> = store
        .access
        .reaching(&question)
        .into_iter()
        .flat_map(|held| &held.assignment.grant.role.permissions)
        .map(|entry| {
            json!({
                "actions": texts(&entry.actions),
                "notActions": texts(&entry.not_actions),
                "dataActions": texts(&entry.data_actions),
                "notDataActions": texts(&entry.not_data_actions),
            })
        })
        .collect();
    json!({"value": entries, "nextLink": null})
}
