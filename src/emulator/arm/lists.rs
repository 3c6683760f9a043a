//! Lists of resources: of one type, or of all, in a group or a subscription.

use serde_json::json;

use crate::emulator::arm::address::Address;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, access, list, resources, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::tree::Resource;
use crate::rbac::{Operation, Scope};

/// The resources of a type, below what the path names.
pub(super) fn of_type(
    call: &Call<'_>,
    store: &Store,
    (caller, operation, address): (&Caller, &Operation, &Address<'_>),
) -> Result<Response, Refusal> {
    let all = may_see_all(call, store, (caller, operation))?;
    version::of_type(call, (address.namespace, &address.rest[0]))?;
    let kind = address.kind();
    let parent = address.without(1);
    if !parent.rest.is_empty() {
        let parent = resources::find(store, &parent)?;
        if kind.eq_ignore_ascii_case("Microsoft.Compute/virtualMachines/instanceView") {
            let status = |code: &str, text: &str| json!({"code": code, "level": "Info", "displayStatus": text});
            let statuses = [
                status("ProvisioningState/succeeded", "Provisioning succeeded"),
                status("PowerState/running", "VM running"),
            ];
            return Ok(Response::json(200, &json!({"computerName": parent.name, "statuses": statuses})));
        }
    }
    let base = match parent.rest.is_empty() {
        true => address.base_path(),
        false => parent.path(),
    };
    let filter = list::filter(call)?;
    let found = store
        .tree
        .below(&base)
        .map(|(_, resource)| resource)
        .filter(|resource| resource.kind.eq_ignore_ascii_case(&kind))
        .filter(|resource| all || may_read(call, store, (caller, resource)))
        .map(resources::body)
        .filter(|resource| list::satisfies(resource, &filter));
    list::page(call, found)
}

/// The resources of every type, in a group or a subscription.
pub(super) fn of_all(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<Response, Refusal> {
    let all = may_see_all(call, store, (caller, operation))?;
    version::own(call)?;
    let base = &call.target.segments[..call.target.segments.len() - 1];
    let base: String = base.iter().map(|segment| format!("/{segment}")).collect();
    let filter = list::filter(call)?;
    let found = store
        .tree
        .below(&base)
        .map(|(_, resource)| resource)
        .filter(|resource| is_listed(resource))
        .filter(|resource| all || may_read(call, store, (caller, resource)))
        .map(resources::summary)
        .filter(|resource| list::satisfies(resource, &filter));
    list::page(call, found)
}

/// Whether the caller may see a list whole. A refusal is only for those without any role in the subscription: who has
/// one below it sees what that role lets them read.
fn may_see_all(call: &Call<'_>, store: &Store, (caller, operation): (&Caller, &Operation)) -> Result<bool, Refusal> {
    if access::is_granted(call, store, (caller, &operation.action, &operation.scope)) {
        return Ok(true);
    }
    let found = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    let in_subscription = found.filter(|subscription| subscription.scope() == operation.scope);
    match in_subscription.is_some_and(|subscription| access::touches(call, store, (caller, subscription))) {
        true => Ok(false),
        false => Err(Refusal::forbidden(caller, operation)),
    }
}

fn may_read(call: &Call<'_>, store: &Store, (caller, resource): (&Caller, &Resource)) -> bool {
    let action = format!("{}/read", resource.kind);
    Scope::parse(&resource.id).is_ok_and(|scope| access::is_granted(call, store, (caller, &action, &scope)))
}

/// The lists over all types have top-level resources and children, but not what only describes others.
fn is_listed(resource: &Resource) -> bool {
    let described = ["Microsoft.Authorization/", "Microsoft.Resources/"];
    !described.iter().any(|namespace| {
        resource.kind.get(..namespace.len()).is_some_and(|start| start.eq_ignore_ascii_case(namespace))
    })
}
