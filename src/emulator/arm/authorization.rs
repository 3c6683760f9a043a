//! The provider `Microsoft.Authorization`: permissions.

use serde_json::{Value, json};

use crate::emulator::arm::Call;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::read::{absent, version_is_valid};
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::Question;
use crate::emulator::target::Target;
use crate::rbac::{Pattern, Scope};

/// Where the provider's own part of a path begins.
fn own(segments: &[String]) -> Option<usize> {
    let clause = |at: &usize| {
        segments[*at].eq_ignore_ascii_case("providers")
            && segments.get(at + 1).is_some_and(|namespace| namespace.eq_ignore_ascii_case("Microsoft.Authorization"))
    };
    (0..segments.len()).step_by(2).rev().find(clause)
}

/// Whether a path leads to this provider.
pub(super) fn is_concerned(target: &Target) -> bool {
    own(&target.segments).is_some()
}

/// Answers a request that passed all checks.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, caller: &Caller) -> Result<Response, Refusal> {
    version_is_valid(call)?;
    let segments: Vec<&str> = call.target.segments.iter().map(String::as_str).collect();
    let at = own(&call.target.segments).unwrap_or_default();
    let scope = Scope::of(segments[..at].iter().copied());
    let rest: Vec<String> = segments[at..].iter().skip(2).map(|segment| segment.to_ascii_lowercase()).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), rest.as_slice()) {
        ("GET", ["permissions"]) => Ok(Response::json(200, &permissions(call, store, (caller, &scope)))),
        _ => Err(absent(call, &segments)),
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
