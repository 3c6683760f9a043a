//! What Resource Manager answers once all checks are passed: subscriptions, resource groups, permissions.

use serde_json::{Value, json};

use crate::emulator::arm::Call;
use crate::emulator::arm::access::{is_granted, touches};
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::operation::Operation;
use crate::emulator::arm::refusal::{OWN_VERSIONS, Refusal};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::tree::{Group, Subscription};

/// The subscriptions in which the caller has any role; never a refusal.
pub(super) fn subscriptions(call: &Call<'_>, store: &Store, caller: &Caller) -> Result<Response, Refusal> {
    if call.request.method != "GET" {
        return Err(Refusal::method_not_allowed(&call.request.method));
    }
    version_is_valid(call)?;
    let visible: Vec<Value> = store
        .tree
        .subscriptions()
        .filter(|subscription| subscription.tenant.eq_ignore_ascii_case(&call.state.world.tenant))
        .filter(|subscription| touches(call, store, (caller, subscription)))
        .map(subscription_body)
        .collect();
    let count = json!({"type": "Total", "value": visible.len()});
    Ok(Response::json(200, &json!({"value": visible, "count": count})))
}

/// The resource groups that the caller may read; a refusal only for those without any role in the subscription.
pub(super) fn groups(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<Response, Refusal> {
    let found = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    let subscription = found.ok_or_else(Refusal::missing_subscription)?;
    if !touches(call, store, (caller, subscription)) {
        return Err(Refusal::forbidden(caller, operation));
    }
    version_is_valid(call)?;
    let readable: Vec<Value> = subscription
        .groups
        .values()
        .filter(|group| is_granted(call, store, (caller, &operation.action, &subscription.scope_of(group))))
        .map(|group| group_body(subscription, group))
        .collect();
    Ok(Response::json(200, &json!({"value": readable})))
}

/// Answers a request that passed all checks.
pub(super) fn answer(call: &Call<'_>, store: &Store) -> Result<Response, Refusal> {
    version_is_valid(call)?;
    let segments: Vec<&str> = call.target.segments.iter().map(String::as_str).collect();
    let method = call.request.method.as_str();
    let subscription = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    if let (Some(subscription), [_, _, rest @ ..]) = (subscription, segments.as_slice()) {
        match (method, rest) {
            ("GET", []) => return Ok(Response::json(200, &subscription_body(subscription))),
            ("GET" | "HEAD", [kind, name]) if kind.eq_ignore_ascii_case("resourceGroups") => {
                return group(call, subscription, name);
            }
            _ => {}
        }
    }
    Err(absent(call, &segments))
}

fn group(call: &Call<'_>, subscription: &Subscription, name: &str) -> Result<Response, Refusal> {
    let group = subscription.group(name).ok_or_else(|| Refusal::group_not_found(name))?;
    Ok(match call.request.method.as_str() {
        "HEAD" => Response::empty(204),
        _ => Response::json(200, &group_body(subscription, group)),
    })
}

/// What is said of a thing that access control let through and that is not there.
pub(super) fn absent(call: &Call<'_>, segments: &[&str]) -> Refusal {
    let method = call.request.method.as_str();
    let version = call.target.parameter("api-version").unwrap_or_default();
    let is_word = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    let in_group = is_word(2, "resourceGroups") && is_word(4, "providers");
    // Of an action, the resource is what stands before the action's name.
    let resource = match method {
        "POST" => &segments[..segments.len().saturating_sub(1)],
        _ => segments,
    };
    match method {
        "GET" | "POST" if in_group && resource.len() >= 8 && resource.len().is_multiple_of(2) => {
            Refusal::resource_not_found(&resource[5..].join("/"), resource[3])
        }
        "GET" => {
            let namespace = segments
                .iter()
                .rposition(|segment| segment.eq_ignore_ascii_case("providers"))
                .and_then(|at| segments.get(at + 1))
                .unwrap_or(&"Microsoft.Resources");
            Refusal::invalid_resource_type(namespace, version)
        }
        _ => Refusal::method_not_allowed(method),
    }
}

/// A version is a date, optionally with a suffix.
pub(super) fn version_is_valid(call: &Call<'_>) -> Result<(), Refusal> {
    let version = call.target.parameter("api-version").unwrap_or_default();
    let (date, suffix) = match version.get(..10) {
        Some(date) => (date, &version[10..]),
        None => (version, ""),
    };
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let is_suffix = suffix.is_empty()
        || suffix
            .strip_prefix('-')
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match is_date && is_suffix {
        true => Ok(()),
        false => Err(Refusal::invalid_api_version(version, OWN_VERSIONS)),
    }
}

fn subscription_body(subscription: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

fn group_body(subscription: &Subscription, group: &Group) -> Value {
    json!({
        "id": subscription.scope_of(group).to_string(),
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": {"provisioningState": group.provisioning_state},
    })
}
