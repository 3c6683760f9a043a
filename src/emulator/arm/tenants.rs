//! What lies above resource groups: tenants, management groups, subscriptions.

use serde_json::{Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, access, list, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::tree::{Subscription, management_scope};
use crate::emulator::world::ManagementGroup;

/// The operation of who reads a management group.
const READ_MANAGEMENT_GROUP: &str = "Microsoft.Management/managementGroups/read";

/// The tenants of the caller: its own.
pub(super) fn tenants(call: &Call<'_>) -> Result<Response, Refusal> {
    only_get(call)?;
    version::own(call)?;
    let tenant = &call.state.world.tenant;
    Ok(list::whole(vec![json!({
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "displayName": "mi-run emulator",
        "tenantCategory": "Home",
        "domains": [],
    })]))
}

/// The subscriptions in which the caller has any role; never a refusal.
pub(super) fn subscriptions(call: &Call<'_>, store: &Store, caller: &Caller) -> Result<Response, Refusal> {
    only_get(call)?;
    version::own(call)?;
    let visible: Vec<Value> = store
        .tree
        .subscriptions()
        .filter(|subscription| subscription.tenant.eq_ignore_ascii_case(&call.state.world.tenant))
        .filter(|subscription| access::touches(call, store, (caller, subscription)))
        .map(body)
        .collect();
    let count = json!({"type": "Total", "value": visible.len()});
    Ok(Response::json(200, &json!({"value": visible, "count": count})))
}

/// Answers a request to one subscription.
pub(super) fn subscription(call: &Call<'_>, store: &Store) -> Result<Response, Refusal> {
    only_get(call)?;
    version::own(call)?;
    let found = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    found.map(|found| Response::json(200, &body(found))).ok_or_else(Refusal::missing_subscription)
}

/// The regions of a subscription.
pub(super) fn locations(call: &Call<'_>, store: &Store) -> Result<Response, Refusal> {
    only_get(call)?;
    version::own(call)?;
    let found = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    let subscription = found.ok_or_else(Refusal::missing_subscription)?;
    let mut names: Vec<&str> = subscription.groups.values().map(|group| group.location.as_str()).collect();
    names.extend(call.state.world.cloud.facts().regions);
    names.sort_unstable();
    names.dedup();
    let region = |name: &str| {
        json!({
            "id": format!("/subscriptions/{}/locations/{name}", subscription.id),
            "name": name,
            "type": "Region",
            "displayName": name,
            "regionalDisplayName": name,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        })
    };
    Ok(list::whole(names.into_iter().map(region).collect()))
}

fn only_get(call: &Call<'_>) -> Result<(), Refusal> {
    match call.request.method.as_str() {
        "GET" => Ok(()),
        method => Err(Refusal::method_not_allowed(method)),
    }
}

fn body(subscription: &Subscription) -> Value {
    let mut body = json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": if subscription.enabled { "Enabled" } else { "Disabled" },
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    });
    if !subscription.tags.is_empty() {
        body["tags"] = json!(subscription.tags);
    }
    body
}

/// Whether an address is about management groups themselves.
pub(super) fn is_management_group(address: &Address<'_>) -> bool {
    address.base.is_empty() && address.begins("Microsoft.Management", "managementGroups") && address.rest.len() <= 2
}

/// Answers a request to management groups: a list of those that may be read is never refused.
pub(super) fn management_groups(
    call: &Call<'_>,
    store: &Store,
    (caller, address): (&Caller, &Address<'_>),
) -> Result<Response, Refusal> {
    only_get(call)?;
    version::own(call)?;
    let tenant = call.state.world.tenant.as_str();
    let root = ManagementGroup { name: tenant.to_owned(), display_name: "Tenant Root Group".to_owned(), parent: None };
    let all = std::iter::once(&root).chain(store.tree.management_groups());
    match address.rest {
        [_, name] => {
            let mut all = all;
            let found = all.find(|group| group.name.eq_ignore_ascii_case(name));
            let found = found.ok_or_else(|| Refusal::management_group_not_found(name))?;
            Ok(Response::json(200, &management_body(store, found, tenant)))
        }
        _ => {
            let readable = all
                .filter(|group| {
                    access::is_granted(call, store, (caller, READ_MANAGEMENT_GROUP, &management_scope(&group.name)))
                })
                .map(|group| summary(group, tenant));
            list::page(call, readable)
        }
    }
}

fn summary(group: &ManagementGroup, tenant: &str) -> Value {
    json!({
        "id": management_scope(&group.name).to_string(),
        "type": "Microsoft.Management/managementGroups",
        "name": group.name,
        "properties": {"tenantId": tenant, "displayName": group.display_name},
    })
}

fn management_body(store: &Store, group: &ManagementGroup, tenant: &str) -> Value {
    let mut body = summary(group, tenant);
    let parent = match (&group.parent, group.name.eq_ignore_ascii_case(tenant)) {
        (_, true) => None,
        (Some(parent), _) => {
            store.tree.management_group(parent).map(|found| (found.name.clone(), found.display_name.clone()))
        }
        (None, _) => Some((tenant.to_owned(), "Tenant Root Group".to_owned())),
    };
    if let Some((name, display_name)) = parent {
        let id = management_scope(&name).to_string();
        body["properties"]["details"] = json!({"parent": {"id": id, "name": name, "displayName": display_name}});
    }
    body
}
