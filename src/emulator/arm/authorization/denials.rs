//! Deny assignments: read, list, create, delete.

use serde_json::{Value, json};

use crate::emulator::arm::authorization::{definitions, permission};
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list as lists};
use crate::emulator::guid::is_guid;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::deny_id;
use crate::emulator::world::DenyAssignment;
use crate::rbac::Scope;

/// The id that stands for everyone.
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// The deny assignments at a scope, above it and below it, as the filter wants.
pub(super) fn list(call: &Call<'_>, store: &Store, scope: &Scope) -> Result<Response, Refusal> {
    let filter = lists::filter(call)?;
    let chain = store.tree.chain(scope);
    let at_scope = filter.call("atscope").is_some();
    let name = filter.equals("denyassignmentname");
    let principal = filter
        .equals("principalid")
        .or_else(|| filter.call("assignedto").and_then(|arguments| arguments.first()).map(String::as_str));
    let concerns = |denied: &DenyAssignment, principal: &str| {
        let all = store.access.principals(principal);
        denied.principals.is_empty() || denied.principals.iter().any(|id| all.contains(&id.to_ascii_lowercase()))
    };
    let found = store
        .access
        .denied()
        .filter(|denied| chain.contains(&denied.scope) || (!at_scope && scope.contains(&denied.scope)))
        .filter(|denied| name.is_none_or(|name| denied.name.eq_ignore_ascii_case(name)))
        .filter(|denied| principal.is_none_or(|principal| concerns(denied, principal)))
        .map(body);
    lists::page(call, found)
}

/// Answers a request to one deny assignment.
pub(super) fn one(call: &Call<'_>, store: &mut Store, (scope, name): (&Scope, &str)) -> Result<Response, Refusal> {
    let id = deny_id(scope, name);
    match call.request.method.as_str() {
        "GET" => match store.access.denial(&id) {
            Some(found) => Ok(Response::json(200, &body(found))),
            None => Err(Refusal::denial_not_found(name)),
        },
        "PUT" => {
            let wanted = wanted(call, (scope, name))?;
            let status = if store.access.denial(&id).is_some() { 200 } else { 201 };
            let body = body(&wanted);
            store.access.deny(wanted);
            Ok(Response::json(status, &body))
        }
        "DELETE" => Ok(match store.access.undeny(&id) {
            Some(gone) => Response::json(200, &body(&gone)),
            None => Response::empty(204),
        }),
        method => Err(Refusal::method_not_allowed(method)),
    }
}

fn wanted(call: &Call<'_>, (scope, name): (&Scope, &str)) -> Result<DenyAssignment, Refusal> {
    let sent = call.body()?;
    let properties = sent.get("properties").cloned().unwrap_or_default();
    if !is_guid(name) {
        return Err(Refusal::invalid_content(&format!(
            "The deny assignment ID '{name}' is not valid. It must be a GUID."
        )));
    }
    let ids = |key: &str| -> Vec<String> {
        let items = properties[key].as_array().into_iter().flatten();
        items.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    };
    let (principals, excluded) = (ids("principals"), ids("excludePrincipals"));
    let everyone = principals.iter().any(|id| id == EVERYONE);
    if everyone && excluded.is_empty() {
        return Err(Refusal::invalid_content("A deny assignment to everyone excludes at least one principal."));
    }
    if principals.is_empty() {
        return Err(Refusal::invalid_content("The deny assignment has no 'principals'."));
    }
    Ok(DenyAssignment {
        id: name.to_owned(),
        name: properties["denyAssignmentName"].as_str().unwrap_or(name).to_owned(),
        description: properties["description"].as_str().map(str::to_owned),
        permissions: definitions::permissions(properties.get("permissions")),
        scope: scope.clone(),
        own_scope_only: properties["doNotApplyToChildScopes"].as_bool().unwrap_or_default(),
        principals: if everyone { Vec::new() } else { principals },
        excluded,
    })
}

fn body(denied: &DenyAssignment) -> Value {
    let principals: Vec<Value> = match denied.principals.as_slice() {
        [] => vec![json!({"id": EVERYONE, "type": "SystemDefined"})],
        some => some.iter().map(|id| json!({"id": id, "type": "ServicePrincipal"})).collect(),
    };
    let excluded: Vec<Value> = denied.excluded.iter().map(|id| json!({"id": id, "type": "ServicePrincipal"})).collect();
    json!({
        "properties": {
            "denyAssignmentName": denied.name,
            "description": denied.description,
            "permissions": denied.permissions.iter().map(permission).collect::<Vec<_>>(),
            "scope": denied.scope.to_string(),
            "doNotApplyToChildScopes": denied.own_scope_only,
            "principals": principals,
            "excludePrincipals": excluded,
            "isSystemProtected": false,
        },
        "id": deny_id(&denied.scope, &denied.id),
        "type": "Microsoft.Authorization/denyAssignments",
        "name": denied.id,
    })
}
