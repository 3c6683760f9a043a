//! Locks: what they forbid, and requests to them.

use serde_json::{Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list, resources, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::tree::{Resource, Tree};
use crate::rbac::Scope;

/// The type of locks.
pub(super) const KIND: &str = "Microsoft.Authorization/locks";

/// Whether an address is about locks.
pub(super) fn is_concerned(address: &Address<'_>) -> bool {
    address.begins("Microsoft.Authorization", "locks")
}

/// Checks that no lock forbids what a request wants to do at a scope; locks themselves can always be changed.
pub(super) fn check(call: &Call<'_>, tree: &Tree, scope: &Scope) -> Result<(), Refusal> {
    let (verb, deletes) = match call.request.method.as_str() {
        "PUT" | "PATCH" | "POST" => ("write", false),
        "DELETE" => ("delete", true),
        _ => return Ok(()),
    };
    if Address::of(scope.segments()).is_some_and(|address| is_concerned(&address)) {
        return Ok(());
    }
    let forbids =
        |lock: &Resource| match lock.body.get("properties").and_then(|properties| properties["level"].as_str()) {
            Some(level) if level.eq_ignore_ascii_case("ReadOnly") => true,
            _ => deletes,
        };
    let at = |scope: Scope| {
        let own = format!("{}/providers/{KIND}", scope.to_string().trim_end_matches('/'));
        tree.below(&own).map(|(_, lock)| lock)
    };
    let mut found: Vec<&Resource> = scope.chain().flat_map(at).collect();
    if deletes {
        // What is deleted takes everything below it along.
        found.extend(tree.below(&scope.to_string()).map(|(_, lock)| lock).filter(|lock| is_lock(lock)));
    }
    let mut locked: Vec<String> =
        found.into_iter().filter(|lock| forbids(lock)).map(|lock| scope_of(&lock.id).to_owned()).collect();
    locked.sort();
    locked.dedup();
    match locked.is_empty() {
        true => Ok(()),
        false => Err(Refusal::scope_locked(&scope.to_string(), verb, &locked)),
    }
}

fn is_lock(resource: &Resource) -> bool {
    resource.kind.eq_ignore_ascii_case(KIND)
}

/// The scope that a lock's id begins with.
fn scope_of(id: &str) -> &str {
    id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/locks/").map_or(id, |at| &id[..at])
}

/// Answers a request to the locks at a scope, or to one of them.
pub(super) fn answer(call: &Call<'_>, store: &mut Store, address: &Address<'_>) -> Result<Response, Refusal> {
    version::own(call)?;
    match (call.request.method.as_str(), address.rest) {
        ("GET", [_]) => {
            let below = store.tree.below(&address.base_path());
            list::page(call, below.map(|(_, lock)| lock).filter(|lock| is_lock(lock)).map(body))
        }
        ("GET", [_, _]) => resources::find(store, address).map(|found| Response::json(200, &body(found))),
        ("PUT", [_, _]) => {
            let wanted = call.body()?;
            let properties = wanted.get("properties").cloned().unwrap_or_default();
            let level = ["CanNotDelete", "ReadOnly"]
                .into_iter()
                .find(|level| properties["level"].as_str().is_some_and(|sent| sent.eq_ignore_ascii_case(level)))
                .ok_or_else(|| Refusal::invalid_content("The level of a lock is 'CanNotDelete' or 'ReadOnly'."))?;
            let notes = properties.get("notes").cloned().filter(Value::is_string);
            let mut kept = json!({"level": level});
            if let Some(notes) = notes {
                kept["notes"] = notes;
            }
            let lock = serde_json::Map::from_iter([("properties".to_owned(), kept.clone())]);
            let status = resources::put(call, store, (address, lock))?;
            if let Some(lock) = store.tree.resource_mut(&address.path()) {
                lock.body.insert("properties".to_owned(), kept);
            }
            resources::find(store, address).map(|found| Response::json(status, &body(found)))
        }
        ("DELETE", [_, _]) => Ok(match store.delete(&address.path()) {
            Some(_) => Response::empty(200),
            None => Response::empty(204),
        }),
        (method, _) => Err(Refusal::method_not_allowed(method)),
    }
}

fn body(lock: &Resource) -> Value {
    json!({
        "properties": lock.body.get("properties"),
        "id": lock.id,
        "type": KIND,
        "name": lock.name,
    })
}
