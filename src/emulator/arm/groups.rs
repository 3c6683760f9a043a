//! Resource groups: read, list, create, change, delete.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, access, list, long_running, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::running::Effect;
use crate::emulator::store::tree::{Group, Subscription};
use crate::rbac::Operation;

/// How long the name of a group may be.
const NAME_LIMIT: usize = 90;

/// The groups that the caller may read; a refusal only for those without any role in the subscription.
pub(super) fn list(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<Response, Refusal> {
    let subscription = subscription(call, store)?;
    if !access::touches(call, store, (caller, subscription)) {
        return Err(Refusal::forbidden(caller, operation));
    }
    version::own(call)?;
    let filter = list::filter(call)?;
    // Who may read the subscription may read each of its groups.
    let all = access::is_granted(call, store, (caller, &operation.action, &subscription.scope()));
    let readable = subscription
        .groups
        .values()
        .filter(|group| {
            all || access::is_granted(call, store, (caller, &operation.action, &subscription.scope_of(group)))
        })
        .map(|group| body(subscription, group))
        .filter(|group| list::satisfies(group, &filter));
    list::page(call, readable)
}

/// Answers a request to one group.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, name: &str) -> Result<Response, Refusal> {
    version::own(call)?;
    match call.request.method.as_str() {
        "GET" => {
            let subscription = subscription(call, store)?;
            Ok(Response::json(200, &body(subscription, find(subscription, name)?)))
        }
        "HEAD" => find(subscription(call, store)?, name).map(|_| Response::empty(204)),
        "PUT" => put(call, store, name),
        "PATCH" => patch(call, store, name),
        "DELETE" => delete(call, store, name),
        method => Err(Refusal::method_not_allowed(method)),
    }
}

fn subscription<'a>(call: &Call<'_>, store: &'a Store) -> Result<&'a Subscription, Refusal> {
    let found = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    found.ok_or_else(Refusal::missing_subscription)
}

fn find<'a>(subscription: &'a Subscription, name: &str) -> Result<&'a Group, Refusal> {
    subscription.group(name).ok_or_else(|| Refusal::group_not_found(name))
}

fn put(call: &Call<'_>, store: &mut Store, name: &str) -> Result<Response, Refusal> {
    check_name(name)?;
    let wanted = call.body()?;
    let location = location(&wanted)?;
    let subscription = store.subscription_mut(call)?;
    let key = name.to_ascii_lowercase();
    let before = subscription.groups.get(&key);
    if let Some(before) = before
        && before.location != location
    {
        return Err(Refusal::group_location(&before.location, &location));
    }
    let status = if before.is_some() { 200 } else { 201 };
    let group = Group {
        name: before.map_or_else(|| name.to_owned(), |before| before.name.clone()),
        location,
        tags: tags(&wanted)?,
        provisioning_state: "Succeeded".to_owned(),
        managed_by: wanted.get("managedBy").and_then(Value::as_str).map(str::to_owned),
    };
    subscription.groups.insert(key.clone(), group);
    Ok(Response::json(status, &body(subscription, &subscription.groups[&key])))
}

fn patch(call: &Call<'_>, store: &mut Store, name: &str) -> Result<Response, Refusal> {
    let wanted = call.body()?;
    let subscription = store.subscription_mut(call)?;
    let key = name.to_ascii_lowercase();
    let group = subscription.groups.get_mut(&key).ok_or_else(|| Refusal::group_not_found(name))?;
    if wanted.contains_key("tags") {
        group.tags = tags(&wanted)?;
    }
    if let Some(manager) = wanted.get("managedBy") {
        group.managed_by = manager.as_str().map(str::to_owned);
    }
    Ok(Response::json(200, &body(subscription, &subscription.groups[&key])))
}

fn delete(call: &Call<'_>, store: &mut Store, name: &str) -> Result<Response, Refusal> {
    let subscription = store.subscription_mut(call)?;
    let group =
        subscription.groups.get_mut(&name.to_ascii_lowercase()).ok_or_else(|| Refusal::group_not_found(name))?;
    group.provisioning_state = "Deleting".to_owned();
    let effect = Effect::DeleteGroup(subscription.id.clone(), name.to_ascii_lowercase());
    Ok(long_running::by_location(call, store, effect))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let is_fit = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.' | '(' | ')');
    match !name.ends_with('.') && name.chars().all(is_fit) && name.chars().count() <= NAME_LIMIT {
        true => Ok(()),
        false => Err(Refusal::group_name(name)),
    }
}

/// The region that a body names, as Resource Manager keeps it: `West Europe` is `westeurope`.
pub(super) fn location(body: &Map<String, Value>) -> Result<String, Refusal> {
    match body.get("location").and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => {
            Ok(text.chars().filter(|one| !one.is_whitespace()).collect::<String>().to_ascii_lowercase())
        }
        _ => Err(Refusal::location_required()),
    }
}

/// The tags that a body names; every value is text.
pub(super) fn tags(body: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let pairs = match body.get("tags") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(pairs)) => pairs,
        Some(_) => return Err(Refusal::invalid_content("The tags of a resource are an object of texts.")),
    };
    let pair = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        _ => Err(Refusal::invalid_content("The tags of a resource are an object of texts.")),
    };
    pairs.iter().map(pair).collect()
}

/// A group as it goes over the wire.
pub(super) fn body(subscription: &Subscription, group: &Group) -> Value {
    let mut body = json!({
        "id": subscription.scope_of(group).to_string(),
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
    });
    if let Some(manager) = &group.managed_by {
        body["managedBy"] = manager.as_str().into();
    }
    body["tags"] = json!(group.tags);
    body["properties"] = json!({"provisioningState": group.provisioning_state});
    body
}
