//! Role definitions: the built-in ones, and those of the tenant's own.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list as lists};
use crate::emulator::guid::is_guid;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::rbac::{Pattern, Permission, Role, Scope, catalogue};

/// The id of a role, seen from a scope: below a subscription it names the subscription.
pub(super) fn id_at(scope: &Scope, role: &str) -> String {
    let base = match scope.segments() {
        [kind, subscription, ..] if kind.eq_ignore_ascii_case("subscriptions") => {
            format!("/subscriptions/{subscription}")
        }
        _ => String::new(),
    };
    format!("{base}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

/// The roles that can be assigned at a scope, as the filter wants.
pub(super) fn list(call: &Call<'_>, store: &Store, scope: &Scope) -> Result<Response, Refusal> {
    let filter = lists::filter(call)?;
    let chain = store.tree.chain(scope);
    let name = filter.equals("rolename");
    let custom = match filter.equals("type") {
        None => None,
        Some(word) if word.eq_ignore_ascii_case("CustomRole") => Some(true),
        Some(word) if word.eq_ignore_ascii_case("BuiltInRole") => Some(false),
        Some(_) => return Err(Refusal::unsupported_filter()),
    };
    let below = filter.call("atscopeandbelow").is_some();
    let is_here = |role: &Role| {
        !role.custom
            || role
                .assignable_scopes
                .iter()
                .filter_map(|text| Scope::parse(text).ok())
                .any(|assignable| chain.contains(&assignable) || (below && scope.contains(&assignable)))
    };
    let found = catalogue()
        .iter()
        .chain(store.access.custom_roles())
        .filter(|role| custom.is_none_or(|custom| role.custom == custom))
        .filter(|role| name.is_none_or(|name| role.name.eq_ignore_ascii_case(name)))
        .filter(|role| is_here(role))
        .map(|role| body(role, scope));
    lists::page(call, found)
}

/// Answers a request to one role.
pub(super) fn one(call: &Call<'_>, store: &mut Store, (scope, name): (&Scope, &str)) -> Result<Response, Refusal> {
    match call.request.method.as_str() {
        "GET" => match store.access.role(name) {
            Some(role) => Ok(Response::json(200, &body(&role, scope))),
            None => Err(Refusal::definition_not_found(name)),
        },
        "PUT" => put(call, store, (scope, name)),
        "DELETE" => {
            match store.access.role(name) {
                None => return Ok(Response::empty(204)),
                Some(role) if !role.custom => return Err(Refusal::definition_is_built_in()),
                Some(_) => {}
            }
            if store.access.with_role(name).next().is_some() {
                return Err(Refusal::definition_has_assignments());
            }
            Ok(match store.access.undefine(name) {
                Some(role) => Response::json(200, &body(&role, scope)),
                None => Response::empty(204),
            })
        }
        method => Err(Refusal::method_not_allowed(method)),
    }
}

fn put(call: &Call<'_>, store: &mut Store, (scope, name): (&Scope, &str)) -> Result<Response, Refusal> {
    if !is_guid(name) {
        return Err(Refusal::invalid_content(&format!(
            "The role definition ID '{name}' is not valid. It must be a GUID."
        )));
    }
    let before = store.access.role(name);
    if before.as_ref().is_some_and(|role| !role.custom) {
        return Err(Refusal::definition_is_built_in());
    }
    let role = wanted(call, name)?;
    let is_twin =
        |other: &Arc<Role>| other.name.eq_ignore_ascii_case(&role.name) && !other.id.eq_ignore_ascii_case(&role.id);
    if catalogue().iter().chain(store.access.custom_roles()).any(is_twin) {
        return Err(Refusal::definition_name_taken(&role.name));
    }
    let status = if before.is_some() { 200 } else { 201 };
    let role = store.access.define(role);
    Ok(Response::json(status, &body(&role, scope)))
}

/// The role that a request asks for.
fn wanted(call: &Call<'_>, id: &str) -> Result<Role, Refusal> {
    let sent = call.body()?;
    let none = Map::new();
    let properties = sent.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let text = |key: &str| properties.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("roleName").filter(|name| !name.trim().is_empty());
    let scopes = texts(properties.get("assignableScopes"));
    let fits =
        |scope: &String| Scope::parse(scope).is_ok_and(|scope| !scope.segments().is_empty()) && !scope.contains('*');
    if scopes.is_empty() || !scopes.iter().all(fits) {
        return Err(Refusal::invalid_content(
            "The assignable scopes of a custom role are one or more scopes below '/', without wildcards.",
        ));
    }
    Ok(Role {
        id: id.to_owned(),
        name: name.ok_or_else(|| Refusal::invalid_content("The role definition has no 'roleName'."))?,
        description: text("description").unwrap_or_default(),
        custom: true,
        assignable_scopes: scopes,
        permissions: permissions(properties.get("permissions")),
    })
}

/// Permission entries as they are sent.
pub(super) fn permissions(sent: Option<&Value>) -> Vec<Permission> {
    let patterns = |value: &Value| texts(Some(value)).iter().map(|text| Pattern::parse(text)).collect();
    let entry = |value: &Value| Permission {
        actions: patterns(&value["actions"]),
        not_actions: patterns(&value["notActions"]),
        data_actions: patterns(&value["dataActions"]),
        not_data_actions: patterns(&value["notDataActions"]),
        condition: value["condition"].as_str().map(str::to_owned),
    };
    sent.and_then(Value::as_array).into_iter().flatten().map(entry).collect()
}

/// The texts of a list.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A role as it goes over the wire, seen from a scope.
fn body(role: &Role, scope: &Scope) -> Value {
    json!({
        "id": id_at(scope, &role.id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
        "properties": {
            "roleName": role.name,
            "type": if role.custom { "CustomRole" } else { "BuiltInRole" },
            "description": role.description,
            "assignableScopes": role.assignable_scopes,
            "permissions": role.permissions.iter().map(super::permission).collect::<Vec<_>>(),
            "createdOn": "2015-02-02T21:55:09.8806423Z",
            "updatedOn": "2021-11-11T20:13:47.8628684Z",
            "createdBy": null,
            "updatedBy": null,
        },
    })
}
