//! Role assignments: read, list, create, delete.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, list as lists};
use crate::emulator::guid::is_guid;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::RoleAssignment;
use crate::emulator::world::{self, PrincipalKind};
use crate::rbac::{Assignment, Scope};

/// The assignments at a scope, above it and below it, as the filter wants.
pub(super) fn list(call: &Call<'_>, store: &Store, scope: &Scope) -> Result<Response, Refusal> {
    let filter = lists::filter(call)?;
    let chain = store.tree.chain(scope);
    let at_scope = filter.call("atscope").is_some();
    let principal = filter.equals("principalid");
    if at_scope && principal.is_some() {
        return Err(Refusal::unsupported_filter());
    }
    let assigned_to = filter.call("assignedto").and_then(|arguments| arguments.first());
    let principals = assigned_to.map(|principal| store.access.principals(principal));
    let found = store
        .access
        .assignments()
        .filter(|held| {
            let own = &held.assignment.grant.scope;
            chain.contains(own) || (!at_scope && contains(store, scope, own))
        })
        .filter(|held| principal.is_none_or(|wanted| held.assignment.principal.eq_ignore_ascii_case(wanted)))
        .filter(|held| {
            principals.as_ref().is_none_or(|all| all.contains(&held.assignment.principal.to_ascii_lowercase()))
        })
        .map(|held| body(held, false));
    lists::page(call, found)
}

/// Whether a scope lies below another; what is below a management group is found by its chain.
fn contains(store: &Store, above: &Scope, below: &Scope) -> bool {
    above.contains(below)
        || (above.segments().first().is_some_and(|first| first.eq_ignore_ascii_case("providers"))
            && store.tree.chain(below).contains(above))
}

/// Answers a request to one assignment.
pub(super) fn one(
    call: &Call<'_>,
    store: &mut Store,
    (caller, scope, name): (&Caller, &Scope, &str),
) -> Result<Response, Refusal> {
    let id =
        format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", scope.to_string().trim_end_matches('/'));
    match call.request.method.as_str() {
        "GET" => match store.access.assignment(&id) {
            Some(found) => Ok(Response::json(200, &body(found, false))),
            None => Err(Refusal::assignment_not_found(name)),
        },
        "PUT" => put(call, store, (caller, scope, name)),
        "DELETE" => Ok(match store.access.withdraw(&id, (call.request.now, call.state.world.propagation)) {
            Some(gone) => Response::json(200, &body(&gone, false)),
            None => Response::empty(204),
        }),
        method => Err(Refusal::method_not_allowed(method)),
    }
}

fn put(
    call: &Call<'_>,
    store: &mut Store,
    (caller, scope, name): (&Caller, &Scope, &str),
) -> Result<Response, Refusal> {
    if !is_guid(name) {
        return Err(Refusal::invalid_content(&format!(
            "The role assignment ID '{name}' is not valid. It must be a GUID."
        )));
    }
    let wanted = wanted(call, store, (scope, name))?;
    let same = |held: &&Arc<RoleAssignment>| {
        let one = &held.assignment;
        one.principal.eq_ignore_ascii_case(&wanted.principal)
            && one.grant.scope == wanted.grant.scope
            && one.grant.role.id.eq_ignore_ascii_case(&wanted.grant.role.id)
    };
    let id = RoleAssignment::new(wanted.clone(), call.request.now, None).id();
    let before = store.access.assignment(&id).cloned();
    if let Some(before) = &before
        && !same(&before)
    {
        return Err(Refusal::assignment_update());
    }
    if let Some(twin) = store.access.assignments().find(same)
        && before.is_none()
    {
        return Err(Refusal::assignment_exists(&twin.assignment.id));
    }
    let status = if before.is_some() { 200 } else { 201 };
    let created = before.map(|before| (before.created, before.effective));
    store.access.unassign(&id);
    let mut held = RoleAssignment::new(wanted, call.request.now, Some(caller.object_id.clone()));
    if let Some((created, effective)) = created {
        (held.created, held.effective) = (created, effective);
    }
    let held = store.access.assign(held);
    Ok(Response::json(status, &body(&held, status == 201)))
}

/// The assignment that a request asks for.
fn wanted(call: &Call<'_>, store: &Store, (scope, name): (&Scope, &str)) -> Result<world::RoleAssignment, Refusal> {
    let body = call.body()?;
    // Clients of the oldest versions send the properties bare.
    let properties = body.get("properties").cloned().unwrap_or_else(|| Value::Object(body.clone()));
    let text = |key: &str| properties[key].as_str().filter(|text| !text.is_empty());
    let missing =
        |key: &str| Refusal::invalid_content(&format!("The request to create a role assignment has no '{key}'."));
    let principal = text("principalId").ok_or_else(|| missing("principalId"))?;
    if !is_guid(principal) {
        return Err(Refusal::invalid_content(&format!(
            "The principal ID '{principal}' is not valid. It must be a GUID."
        )));
    }
    let role = text("roleDefinitionId").ok_or_else(|| missing("roleDefinitionId"))?;
    let role = role.rsplit('/').next().unwrap_or(role);
    let role = store.access.role(role).ok_or_else(|| Refusal::definition_not_found(role))?;
    let known = principal_kind(call, principal);
    let sent = match text("principalType") {
        None => None,
        Some(word) => Some(
            kind_of(word)
                .ok_or_else(|| Refusal::invalid_content(&format!("The principal type '{word}' is not valid.")))?,
        ),
    };
    let principal_kind = match (known, sent) {
        (Some(known), Some(sent)) if known != sent => return Err(Refusal::unmatched_principal(principal)),
        (known, sent) => {
            known.or(sent).ok_or_else(|| Refusal::principal_not_found(principal, &call.state.world.tenant))?
        }
    };
    Ok(world::RoleAssignment {
        id: name.to_owned(),
        principal: principal.to_owned(),
        principal_kind,
        grant: Assignment { role, scope: scope.clone() },
        condition: text("condition").map(str::to_owned),
        description: text("description").map(str::to_owned),
        effective_after: call.state.world.propagation,
    })
}

/// What the directory knows of a principal.
fn principal_kind(call: &Call<'_>, id: &str) -> Option<PrincipalKind> {
    let world = &call.state.world;
    if world.identities.iter().any(|identity| identity.object_id.eq_ignore_ascii_case(id)) {
        return Some(PrincipalKind::ServicePrincipal);
    }
    world.groups.iter().any(|group| group.object_id.eq_ignore_ascii_case(id)).then_some(PrincipalKind::Group)
}

const KINDS: [(&str, PrincipalKind); 3] = [
    ("User", PrincipalKind::User),
    ("Group", PrincipalKind::Group),
    ("ServicePrincipal", PrincipalKind::ServicePrincipal),
];

fn kind_of(word: &str) -> Option<PrincipalKind> {
    KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// An assignment as it goes over the wire; who made it stands there only later.
pub(super) fn body(held: &RoleAssignment, fresh: bool) -> Value {
    let one = &held.assignment;
    let kind = KINDS.iter().find(|(_, kind)| *kind == one.principal_kind).map(|(name, _)| *name);
    let created = held.created.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string();
    json!({
        "properties": {
            "roleDefinitionId": super::definitions::id_at(&one.grant.scope, &one.grant.role.id),
            "principalId": one.principal,
            "principalType": kind,
            "scope": one.grant.scope.to_string(),
            "condition": one.condition,
            "conditionVersion": one.condition.as_ref().map(|_| "2.0"),
            "createdOn": created,
            "updatedOn": created,
            "createdBy": if fresh { None } else { held.created_by.as_ref() },
            "updatedBy": held.created_by,
            "delegatedManagedIdentityResourceId": null,
            "description": one.description,
        },
        "id": held.id(),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": one.id,
    })
}
