//! Access as role assignments, role definitions and deny assignments tell it: with the role and the scope of each grant.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::claims::Outcome;
use super::{Asked, Asker, Found};
use crate::azure::assignments::{self, Concern, Held};
use crate::azure::permissions;
use crate::rbac::{Origin, PermissionSet, Role, Scope};
use crate::run::mishap;
use crate::run::playbook::Playbook;
use crate::run::progress::Progress;
use crate::run::reply::Reply;
use crate::template::Text;

/// The right to read role assignments.
const READING: &str = "Microsoft.Authorization/roleAssignments/read";

/// A role assignment with the role's definition.
pub(super) struct Assigned {
    held: Held,
    role: Arc<Role>,
}

/// An assignment that is claimed: a role by name or id, and a scope.
pub(super) type Wanted = (String, Option<String>);

impl Playbook<'_, '_> {
    /// What assignments grant, less what deny assignments take away.
    pub(super) async fn by_assignments(&self, asker: &Asker<'_>, progress: &mut Progress) -> Asked<Found> {
        let (assigned, reply, mut hidden) = self.assigned(asker, progress).await?;
        let mut granted = PermissionSet::new();
        for Assigned { held, role } in &assigned {
            let origin = Origin {
                role: Some(Arc::clone(role)),
                scope: Scope::parse(&held.scope).ok(),
                assignment: Some(held.id.clone()),
                condition: held.condition.clone(),
                entry: 0,
            };
            granted.grant(&role.permissions, &origin);
        }
        let denied = self.denials(asker, (&assigned, &mut granted, &mut hidden), progress).await.ok_or(None)?;
        let locks = self.locks(asker, &mut hidden, progress).await.ok_or(None)?;
        let told = json!({
            "via": "assignments",
            "permissions": granted.entries().iter().map(|entry| entry.permission()).collect::<Vec<_>>(),
            "assignments": assigned.iter().map(Assigned::told).collect::<Vec<_>>(),
            "deny_assignments": denied,
            "locks": locks,
        });
        Ok(Found { granted, told, hidden, partial: false, assigned: Some(assigned), reply })
    }

    /// The assignments that reach the scope, the answer that told them, and what they leave open.
    pub(super) async fn assigned(
        &self,
        asker: &Asker<'_>,
        progress: &mut Progress,
    ) -> Asked<(Vec<Assigned>, Reply, Vec<String>)> {
        let Some(principal) = asker.token.claims.get("oid").and_then(Value::as_str) else {
            progress.errored(self, mishap::nameless_token());
            return Err(None);
        };
        let reply = self.ask(asker, &assignments::assigned_to(principal), progress).await.ok_or(None)?;
        let Some(held) = reply.document().and_then(assignments::held) else {
            progress.errored(self, mishap::cannot_ask(&reply, &asker.scope, READING));
            return Err(Some(reply));
        };
        if held.is_empty() {
            progress.errored(self, mishap::empty_answer(&asker.scope, READING));
            return Err(Some(reply));
        }
        let asked = (progress.step.request.clone(), progress.step.response.clone());
        let (mut roles, mut told) = (HashMap::new(), Vec::new());
        for one in &held {
            if !roles.contains_key(&one.role) {
                let role = self.definition(asker, (&one.role, &mut told), progress).await.ok_or(None)?;
                roles.insert(one.role.clone(), role);
            }
            let is_own = one.principal.eq_ignore_ascii_case(principal);
            if !is_own && let Some(role) = roles.get(&one.role) {
                told.push(format!(
                    "`{}` comes through the group {}: a token from before the membership may not know it for a day",
                    role.name, one.principal
                ));
            }
        }
        (progress.step.request, progress.step.response) = asked;
        let with_role = |held: Held| roles.get(&held.role).cloned().map(|role| Assigned { held, role });
        Ok((held.into_iter().filter_map(with_role).collect(), reply, told))
    }

    /// The definition of a role: as the scope has it, or else as it is built in.
    async fn definition(
        &self,
        asker: &Asker<'_>,
        (id, told): (&str, &mut Vec<String>),
        progress: &mut Progress,
    ) -> Option<Arc<Role>> {
        let reply = self.ask(asker, &permissions::definition(id), progress).await?;
        if let Some(role) = reply.document().and_then(permissions::role) {
            return Some(Arc::new(Role { id: id.to_owned(), ..role }));
        }
        let Some(role) = Role::built_in(id) else {
            progress.errored(self, mishap::unread_role(&reply, id));
            return None;
        };
        told.push(format!("the definition of `{}` could not be read: the one known here is taken", role.name));
        Some(role)
    }

    /// Takes away what deny assignments deny.
    async fn denials(
        &self,
        asker: &Asker<'_>,
        (assigned, granted, hidden): (&[Assigned], &mut PermissionSet, &mut Vec<String>),
        progress: &mut Progress,
    ) -> Option<Vec<Value>> {
        let reply = self.ask_aside(asker, assignments::DENIALS, progress).await?;
        let Some(denials) = reply.document().and_then(assignments::denials) else {
            hidden.push(format!(
                "deny assignments cannot be read (status {}): they may still stand in the way",
                reply.status
            ));
            return Some(Vec::new());
        };
        let principal = asker.token.claims.get("oid").and_then(Value::as_str).unwrap_or_default();
        let groups: Vec<&str> = assigned.iter().map(|one| one.held.principal.as_str()).collect();
        let at = Scope::parse(&asker.scope).unwrap_or_else(|_| Scope::root());
        let mut told = Vec::new();
        for denial in denials {
            let condition = match denial.concerns(principal, &groups, &at) {
                Concern::No => continue,
                Concern::Yes => None,
                Concern::Perhaps(why) => Some(why),
            };
            told.push(json!({"name": denial.name, "scope": denial.scope, "permissions": denial.permissions, "perhaps": condition}));
            let scope = Scope::parse(&denial.scope).ok();
            let origin = Origin { scope, assignment: Some(denial.name.clone()), condition, ..Origin::default() };
            granted.deny(&denial.permissions, &origin);
        }
        Some(told)
    }

    /// Locks stop what roles grant, and are told beside.
    async fn locks(&self, asker: &Asker<'_>, hidden: &mut Vec<String>, progress: &mut Progress) -> Option<Vec<Value>> {
        let reply = self.ask_aside(asker, assignments::LOCKS, progress).await?;
        let Some(locks) = reply.document().and_then(assignments::locks) else {
            hidden.push(format!("locks cannot be read (status {}): they may still stand in the way", reply.status));
            return Some(Vec::new());
        };
        let at = Scope::parse(&asker.scope).unwrap_or_else(|_| Scope::root());
        let reaches = |scope: &str| Scope::parse(scope).is_ok_and(|scope| scope.contains(&at));
        let locks = locks.into_iter().filter(|(_, _, scope)| reaches(scope));
        let each = |(level, name, scope): (String, String, String)| {
            hidden.push(format!("the lock `{name}` ({level}) at {scope} stops what it stops, whatever roles grant"));
            json!({"name": name, "level": level, "scope": scope})
        };
        Some(locks.map(each).collect())
    }

    /// The assignments that a claim names, templates filled in.
    pub(super) fn wanted(&self, roles: &[(Text, Option<Text>)], progress: &mut Progress) -> Option<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for (role, scope) in roles {
            let role = self.rendered(role, progress)?.trim().to_owned();
            let scope = match scope {
                Some(scope) => Some(self.scope(scope, progress)?),
                None => None,
            };
            wanted.push((role, scope));
        }
        Some(wanted)
    }
}

impl Assigned {
    fn told(&self) -> Value {
        let Held { id, role, principal, kind, scope, condition, created } = &self.held;
        json!({
            "id": id, "role": self.role.name, "role_id": role, "scope": scope, "principal_id": principal,
            "principal_type": kind, "condition": condition, "created_on": created, "permissions": self.role.permissions,
        })
    }

    fn is(&self, (role, scope): &Wanted) -> bool {
        let is_role = self.role.name.eq_ignore_ascii_case(role) || self.held.role.eq_ignore_ascii_case(role);
        let is_there = scope.as_ref().is_none_or(|scope| {
            let parse = |text: &str| Scope::parse(if text.is_empty() { "/" } else { text });
            matches!((parse(scope), parse(&self.held.scope)), (Ok(one), Ok(other)) if one == other)
        });
        is_role && is_there
    }

    fn named(&self) -> String {
        format!("{} at {}", self.role.name, self.held.scope)
    }
}

/// Compares the assignments that are claimed with those that there are.
pub(super) fn compared(wanted: &[Wanted], assigned: &[Assigned]) -> (Value, Outcome) {
    let named = |(role, scope): &Wanted| match scope {
        Some(scope) => format!("{role} at {}", if scope.is_empty() { "/" } else { scope }),
        None => role.clone(),
    };
    let missing = wanted
        .iter()
        .filter(|wanted| !assigned.iter().any(|one| one.is(wanted)))
        .map(|wanted| format!("`{}` is not assigned", named(wanted)));
    let extra = assigned
        .iter()
        .filter(|one| !wanted.iter().any(|wanted| one.is(wanted)))
        .map(|one| format!("`{}` is assigned beyond that", one.named()));
    let reasons: Vec<String> = missing.chain(extra).collect();
    let outcome = Outcome {
        holds: reasons.is_empty(),
        actual: assigned.iter().map(Assigned::named).collect(),
        reason: if reasons.is_empty() { "these and no others".to_owned() } else { reasons.join("; ") },
    };
    (wanted.iter().map(named).collect(), outcome)
}
