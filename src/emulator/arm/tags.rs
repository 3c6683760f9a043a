//! Tags as a resource of their own: `Microsoft.Resources/tags/default` at any scope.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, groups, resources, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;

/// Whether an address is about the tags of a scope.
pub(super) fn is_concerned(address: &Address<'_>) -> bool {
    address.begins("Microsoft.Resources", "tags")
}

/// Answers a request to the tags of a scope.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, address: &Address<'_>) -> Result<Response, Refusal> {
    version::own(call)?;
    if address.rest.len() != 2 || !address.last().eq_ignore_ascii_case("default") {
        return Err(resources::absent(address));
    }
    let mut tags = read(store, address)?;
    match call.request.method.as_str() {
        "GET" => return Ok(Response::json(200, &body(address, &tags))),
        "PUT" => tags = given(call)?.1,
        "PATCH" => {
            let (operation, given) = given(call)?;
            match operation.to_ascii_lowercase().as_str() {
                "merge" => tags.extend(given),
                "replace" => tags = given,
                "delete" => tags.retain(|name, value| given.get(name) != Some(value)),
                _ => return Err(Refusal::invalid_content("The operation is 'Merge', 'Replace' or 'Delete'.")),
            }
        }
        "DELETE" => {
            write(store, address, BTreeMap::new())?;
            return Ok(Response::empty(200));
        }
        method => return Err(Refusal::method_not_allowed(method)),
    }
    write(store, address, tags.clone())?;
    Ok(Response::json(200, &body(address, &tags)))
}

/// The operation and the tags that the request sends.
fn given(call: &Call<'_>) -> Result<(String, BTreeMap<String, String>), Refusal> {
    let sent = call.body()?;
    let operation = sent.get("operation").and_then(Value::as_str).unwrap_or_default().to_owned();
    let properties = sent.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok((operation, groups::tags(&properties)?))
}

fn read(store: &Store, address: &Address<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let (subscription, group) = place(address)?;
    let missing = || Refusal::subscription_not_found(subscription);
    Ok(match (Address::of(address.base), group) {
        (Some(resource), _) => {
            let found = resources::find(store, &resource)?.body.get("tags").and_then(Value::as_object);
            let pair = |(name, value): (&String, &Value)| (name.clone(), crate::value::to_text(value));
            found.into_iter().flatten().map(pair).collect()
        }
        (None, Some(name)) => {
            let subscription = store.tree.subscription(subscription).ok_or_else(missing)?;
            subscription.group(name).ok_or_else(|| Refusal::group_not_found(name))?.tags.clone()
        }
        (None, None) => store.tree.subscription(subscription).ok_or_else(missing)?.tags.clone(),
    })
}

fn write(store: &mut Store, address: &Address<'_>, tags: BTreeMap<String, String>) -> Result<(), Refusal> {
    let (subscription, group) = place(address)?;
    if let Some(resource) = Address::of(address.base) {
        if let Some(found) = store.tree.resource_mut(&resource.path()) {
            found.body.insert("tags".to_owned(), json!(tags));
        }
        return Ok(());
    }
    let found =
        store.tree.subscription_mut(subscription).ok_or_else(|| Refusal::subscription_not_found(subscription))?;
    match group {
        Some(name) => {
            let group = found.groups.get_mut(&name.to_ascii_lowercase());
            group.ok_or_else(|| Refusal::group_not_found(name))?.tags = tags;
        }
        None => found.tags = tags,
    }
    Ok(())
}

/// The subscription and the group in which the tags are.
fn place<'a>(address: &Address<'a>) -> Result<(&'a str, Option<&'a str>), Refusal> {
    match address.base {
        [_, subscription] => Ok((subscription, None)),
        [_, subscription, kind, group, ..] if kind.eq_ignore_ascii_case("resourceGroups") => {
            Ok((subscription, Some(group)))
        }
        [_, subscription, ..] => Ok((subscription, None)),
        _ => Err(Refusal::missing_subscription()),
    }
}

fn body(address: &Address<'_>, tags: &BTreeMap<String, String>) -> Value {
    json!({
        "id": format!("{}/providers/Microsoft.Resources/tags/default", address.base_path()),
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    })
}
