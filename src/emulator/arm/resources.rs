//! Resources of any provider: read, create, change, delete, and their actions.

use serde_json::{Map, Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, groups, long_running, version};
use crate::emulator::guid::derive;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::running::Effect;
use crate::emulator::store::tree::Resource;

/// What a virtual machine can be told that takes time.
const SLOW_ACTIONS: [&str; 8] =
    ["start", "restart", "poweroff", "deallocate", "redeploy", "reapply", "reimage", "performmaintenance"];

/// Answers a request to one resource.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, address: &Address<'_>) -> Result<Response, Refusal> {
    version::of_type(call, (address.namespace, &address.rest[0]))?;
    match call.request.method.as_str() {
        "GET" => find(store, address).map(|found| Response::json(200, &body(found))),
        "HEAD" => find(store, address).map(|_| Response::empty(204)),
        "PUT" => {
            let wanted = call.body()?;
            let status = put(call, store, (address, wanted))?;
            find(store, address).map(|found| Response::json(status, &body(found)))
        }
        "PATCH" => patch(call, store, address),
        "DELETE" => Ok(match store.delete(&address.path()) {
            Some(_) => Response::empty(200),
            None => Response::empty(204),
        }),
        method => Err(Refusal::method_not_allowed(method)),
    }
}

/// The resource at an address.
pub(super) fn find<'a>(store: &'a Store, address: &Address<'_>) -> Result<&'a Resource, Refusal> {
    store.tree.resource(&address.path()).ok_or_else(|| absent(address))
}

/// What is said of a resource that is not there.
pub(super) fn absent(address: &Address<'_>) -> Refusal {
    match address.base {
        [_, _, kind, group] if kind.eq_ignore_ascii_case("resourceGroups") => {
            Refusal::resource_not_found(&address.described(), group)
        }
        _ => Refusal::resource_missing(&address.described()),
    }
}

/// Creates or replaces a resource; gives the status to answer with.
pub(super) fn put(
    call: &Call<'_>,
    store: &mut Store,
    (address, mut wanted): (&Address<'_>, Map<String, Value>),
) -> Result<u16, Refusal> {
    let id = address.path();
    let parent = address.without(2);
    if address.rest.len() > 2 && store.tree.resource(&parent.path()).is_none() {
        return Err(Refusal::parent_not_found(&parent.described()));
    }
    if let Some(base) = Address::of(address.base)
        && store.tree.resource(&address.base_path()).is_none()
    {
        return Err(absent(&base));
    }
    let before = store.tree.resource(&id).cloned();
    let is_tracked = address.rest.len() == 2 && address.base.len() == 4 && !describes(address);
    if wanted.contains_key("location") || (is_tracked && before.is_none()) {
        let location = groups::location(&wanted)?;
        wanted.insert("location".to_owned(), location.into());
    } else if let Some(location) = before.as_ref().and_then(|before| before.body.get("location")) {
        wanted.insert("location".to_owned(), location.clone());
    }
    if wanted.contains_key("tags") {
        wanted.insert("tags".to_owned(), json!(groups::tags(&wanted)?));
    }
    wanted.retain(|key, _| !matches!(key.as_str(), "id" | "name" | "type"));
    let properties = wanted.entry("properties").or_insert_with(|| json!({}));
    if !properties.is_object() {
        return Err(Refusal::invalid_content("The property 'properties' of a resource is an object."));
    }
    complete(call, address, properties);
    let status = if before.is_some() { 200 } else { 201 };
    store.tree.insert(Resource {
        name: address.last().to_owned(),
        kind: before.as_ref().map_or_else(|| address.kind(), |before| before.kind.clone()),
        created: before.as_ref().map_or(call.request.now, |before| before.created),
        id: before.map_or_else(|| canonical(store, address), |before| before.id),
        body: wanted,
        changed: call.request.now,
    });
    Ok(status)
}

/// Whether a resource only says something of what it belongs to, and so is nowhere itself.
fn describes(address: &Address<'_>) -> bool {
    let providers =
        ["Microsoft.Authorization", "Microsoft.Insights", "Microsoft.Resources", "Microsoft.PolicyInsights"];
    address.is_extension() || providers.iter().any(|name| address.namespace.eq_ignore_ascii_case(name))
}

/// Adds what a provider says of a resource by itself.
fn complete(call: &Call<'_>, address: &Address<'_>, properties: &mut Value) {
    properties["provisioningState"] = "Succeeded".into();
    if address.kind().eq_ignore_ascii_case("Microsoft.ManagedIdentity/userAssignedIdentities") {
        let id = address.path().to_ascii_lowercase();
        properties["tenantId"] = call.state.world.tenant.as_str().into();
        properties["principalId"] = derive(format!("{id}/object").as_bytes()).into();
        properties["clientId"] = derive(format!("{id}/client").as_bytes()).into();
    }
}

/// The id of a new resource: what exists already in its own spelling, the new part as it was sent.
fn canonical(store: &Store, address: &Address<'_>) -> String {
    let mut base = address.base_path();
    if let [_, subscription, rest @ ..] = address.base
        && let Some(subscription) = store.tree.subscription(subscription)
    {
        base = match rest {
            [_, group, ..] => match subscription.group(group) {
                Some(group) => {
                    let below: String = rest[2..].iter().map(|segment| format!("/{segment}")).collect();
                    format!("{}{below}", subscription.scope_of(group))
                }
                None => base,
            },
            _ => subscription.scope().to_string(),
        };
    }
    format!("{base}/providers/{}", address.described())
}

fn patch(call: &Call<'_>, store: &mut Store, address: &Address<'_>) -> Result<Response, Refusal> {
    let mut wanted = call.body()?;
    wanted.retain(|key, _| !matches!(key.as_str(), "id" | "name" | "type" | "location"));
    if wanted.contains_key("tags") {
        wanted.insert("tags".to_owned(), json!(groups::tags(&wanted)?));
    }
    let now = call.request.now;
    let resource = store.tree.resource_mut(&address.path()).ok_or_else(|| absent(address))?;
    if let Some(tags) = wanted.remove("tags") {
        resource.body.insert("tags".to_owned(), tags);
    }
    merge(&mut resource.body, wanted);
    resource.changed = now;
    Ok(Response::json(200, &body(resource)))
}

/// Merges as RFC 7396 says: null takes away, objects are merged, everything else is replaced.
fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (into.get_mut(&key), value) {
            (_, Value::Null) => {
                into.remove(&key);
            }
            (Some(Value::Object(inner)), Value::Object(patch)) => merge(inner, patch),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Answers a request to an action of a resource.
pub(super) fn act(call: &Call<'_>, store: &mut Store, address: &Address<'_>) -> Result<Response, Refusal> {
    version::of_type(call, (address.namespace, &address.rest[0]))?;
    let resource = find(store, &address.without(1))?;
    let action = address.last().to_ascii_lowercase();
    let is = |kind: &str| resource.kind.eq_ignore_ascii_case(kind);
    if is("Microsoft.Compute/virtualMachines") && SLOW_ACTIONS.contains(&action.as_str()) {
        return Ok(long_running::by_status(call, store, (address.namespace, Effect::None)));
    }
    Ok(match action.as_str() {
        "listkeys" if is("Microsoft.Storage/storageAccounts") => {
            let key = |number: u8| json!({"keyName": format!("key{number}"), "value": format!("emulated key {number}"), "permissions": "FULL"});
            Response::json(200, &json!({"keys": [key(1), key(2)]}))
        }
        _ => Response::json(200, &json!({})),
    })
}

/// A resource as it goes over the wire.
pub(super) fn body(resource: &Resource) -> Value {
    let mut body = Map::new();
    body.insert("id".to_owned(), resource.id.as_str().into());
    body.insert("name".to_owned(), resource.name.as_str().into());
    body.insert("type".to_owned(), resource.kind.as_str().into());
    body.extend(resource.body.iter().map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(body)
}

/// A resource as the lists over all types have it: without its properties.
pub(super) fn summary(resource: &Resource) -> Value {
    let mut body = body(resource);
    if let Value::Object(members) = &mut body {
        members.shift_remove("properties");
    }
    body
}
