//! Access control of Resource Manager: whether the caller may do what the request wants, and why.

use serde_json::Value;

use crate::emulator::arm::Call;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::message::Reason;
use crate::emulator::store::Store;
use crate::emulator::store::access::{Question, Verdict};
use crate::emulator::store::tree::Subscription;
use crate::rbac::{Decision, Operation, Scope};

/// Access control: the roles of the caller must grant the operation, and nothing may deny it.
pub(super) fn authorize(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<(), Refusal> {
    let chain = store.tree.chain(&operation.scope);
    let question =
        Question { principal: &caller.object_id, action: &operation.action, chain: &chain, now: call.request.now };
    let verdict = store.access.decide(&question);
    call.notes.reason.set(Some(reason(call, (caller, operation), decision(call, caller, &verdict))));
    match verdict {
        // Conditions are shown and not evaluated: they count as met.
        Decision::Granted(_) | Decision::Conditional(_) => Ok(()),
        Decision::Denied(denied) => Err(Refusal::deny_assignment(caller, operation, denied)),
        Decision::Refused => Err(Refusal::forbidden(caller, operation)),
    }
}

/// Whether the caller may do an operation at a scope.
pub(super) fn is_granted(call: &Call<'_>, store: &Store, (caller, action, scope): (&Caller, &str, &Scope)) -> bool {
    let chain = store.tree.chain(scope);
    let question = Question { principal: &caller.object_id, action, chain: &chain, now: call.request.now };
    store.access.decide(&question).may_be_granted()
}

/// Notes who wants what before anything is decided: lists are answered with the part that one may read.
pub(super) fn watched(call: &Call<'_>, (caller, operation): (&Caller, &Operation)) {
    let decision = "answered with what may be read".to_owned();
    call.notes.reason.set(Some(reason(call, (caller, operation), decision)));
}

fn reason(call: &Call<'_>, (caller, operation): (&Caller, &Operation), decision: String) -> Reason {
    Reason {
        principal: caller.object_id.clone(),
        caller: name(call, &caller.object_id),
        operation: operation.action.clone(),
        scope: operation.scope.to_string(),
        decision,
    }
}

/// What the world calls a principal.
fn name(call: &Call<'_>, id: &str) -> String {
    let world = &call.state.world;
    let identity = world.identities.iter().find(|identity| identity.object_id.eq_ignore_ascii_case(id));
    let group = || world.groups.iter().find(|group| group.object_id.eq_ignore_ascii_case(id));
    let found = identity.map(|found| &found.name).or_else(|| group().map(|found| &found.name));
    found.cloned().unwrap_or_else(|| id.to_owned())
}

/// A decision in words.
fn decision(call: &Call<'_>, caller: &Caller, verdict: &Verdict<'_>) -> String {
    match verdict {
        Decision::Granted(held) | Decision::Conditional(held) => {
            let grant = &held.assignment.grant;
            let through = match held.assignment.principal.eq_ignore_ascii_case(&caller.object_id) {
                true => String::new(),
                false => format!(", held by the group {}", name(call, &held.assignment.principal)),
            };
            let condition = match verdict {
                Decision::Conditional(_) => ", its condition taken as met",
                _ => "",
            };
            format!("allowed by {} at {}{through}{condition}", grant.role.name, grant.scope)
        }
        Decision::Denied(denied) => format!("denied by the deny assignment {} at {}", denied.name, denied.scope),
        Decision::Refused => "refused: no role grants it here or above".to_owned(),
    }
}

/// Access to what a resource is to be linked with: each needs a right of its own at the other resource.
pub(super) fn authorize_linked(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<(), Refusal> {
    if !matches!(call.request.method.as_str(), "PUT" | "PATCH") || call.request.body.is_empty() {
        return Ok(());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.request.body) else {
        return Ok(());
    };
    for (action, id) in links(&body) {
        let allowed = Scope::parse(&id).is_ok_and(|scope| is_granted(call, store, (caller, action, &scope)));
        if !allowed {
            return Err(Refusal::linked(caller, operation, (action, &id)));
        }
    }
    Ok(())
}

/// The actions that a resource needs at others, with their ids.
fn links(body: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if let Some(identities) = body["identity"]["userAssignedIdentities"].as_object() {
        let wanted = identities.iter().filter(|(_, value)| !value.is_null());
        found.extend(
            wanted.map(|(id, _)| ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", id.clone())),
        );
    }
    let ids = |list: &Value, path: &str| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items.filter_map(|item| item.pointer(path)?.as_str().map(str::to_owned)).collect()
    };
    let properties = &body["properties"];
    let interfaces = ids(&properties["networkProfile"]["networkInterfaces"], "/id");
    found.extend(interfaces.into_iter().map(|id| ("Microsoft.Network/networkInterfaces/join/action", id)));
    let subnets = ids(&properties["ipConfigurations"], "/properties/subnet/id");
    found.extend(subnets.into_iter().map(|id| ("Microsoft.Network/virtualNetworks/subnets/join/action", id)));
    found
}

/// Whether the caller has any role that has to do with a subscription: one at it, above it or below it.
pub(super) fn touches(call: &Call<'_>, store: &Store, (caller, subscription): (&Caller, &Subscription)) -> bool {
    let scope = subscription.scope();
    let chain = store.tree.chain(&scope);
    store
        .access
        .everywhere(&caller.object_id, call.request.now)
        .iter()
        .map(|held| &held.assignment.grant.scope)
        .any(|held| scope.contains(held) || chain.contains(held))
}
