//! Who may do what: role assignments and deny assignments, found by principal and scope.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::emulator::world::{self, DenyAssignment, World};
use crate::rbac::{Assignment, Decision, Role, Scope, decide};

/// Roles, role assignments and deny assignments.
#[derive(Debug)]
pub(crate) struct Access {
    /// The custom roles, by id in lower case.
    roles: BTreeMap<String, Arc<Role>>,
    /// Role assignments by their whole id in lower case.
    assignments: BTreeMap<String, Arc<RoleAssignment>>,
    /// The same, by principal and scope, both in lower case.
    held: HashMap<String, HashMap<String, Vec<Arc<RoleAssignment>>>>,
    denied: Vec<DenyAssignment>,
    /// The groups that somebody is in directly, by object id in lower case.
    member_of: HashMap<String, Vec<String>>,
}

/// A role assignment as it stands.
#[derive(Debug)]
pub(crate) struct RoleAssignment {
    pub(crate) assignment: world::RoleAssignment,
    pub(crate) created: Timestamp,
    pub(crate) created_by: Option<String>,
    /// From when on it holds.
    pub(crate) effective: Timestamp,
}

impl RoleAssignment {
    /// An assignment created now.
    pub(crate) fn new(assignment: world::RoleAssignment, now: Timestamp, created_by: Option<String>) -> RoleAssignment {
        let effective = match SignedDuration::try_from(assignment.effective_after) {
            // What holds at once has held before as well.
            Ok(SignedDuration::ZERO) => Timestamp::MIN,
            wait => now.saturating_add(wait.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX),
        };
        RoleAssignment { effective, assignment, created: now, created_by }
    }

    /// The whole id.
    pub(crate) fn id(&self) -> String {
        let scope = self.assignment.grant.scope.to_string();
        let scope = scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", self.assignment.id)
    }
}

/// The question of an access check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The object id of who asks.
    pub(crate) principal: &'a str,
    /// The name of the operation.
    pub(crate) action: &'a str,
    /// The scope and all above it, lowest first.
    pub(crate) chain: &'a [Scope],
    pub(crate) now: Timestamp,
}

impl Access {
    pub(crate) fn of(world: &World, now: Timestamp) -> Access {
        let mut member_of: HashMap<String, Vec<String>> = HashMap::new();
        for group in &world.groups {
            for member in &group.members {
                member_of.entry(member.to_ascii_lowercase()).or_default().push(group.object_id.to_ascii_lowercase());
            }
        }
        let roles = world.roles.iter().map(|role| (role.id.to_ascii_lowercase(), Arc::clone(role)));
        let mut access = Access {
            roles: roles.collect(),
            assignments: BTreeMap::new(),
            held: HashMap::new(),
            denied: world.deny_assignments.clone(),
            member_of,
        };
        for assignment in &world.assignments {
            access.assign(RoleAssignment::new(assignment.clone(), now, None));
        }
        access
    }

    /// Adds a role assignment.
    pub(crate) fn assign(&mut self, assignment: RoleAssignment) -> Arc<RoleAssignment> {
        let assignment = Arc::new(assignment);
        let principal = assignment.assignment.principal.to_ascii_lowercase();
        let scope = assignment.assignment.grant.scope.to_string().to_ascii_lowercase();
        self.held.entry(principal).or_default().entry(scope).or_default().push(Arc::clone(&assignment));
        self.assignments.insert(assignment.id().to_ascii_lowercase(), Arc::clone(&assignment));
        assignment
    }

    /// Takes away every role assignment that was made at a scope or below it.
    pub(crate) fn forget(&mut self, scope: &Scope) {
        let gone: Vec<String> = self
            .assignments
            .iter()
            .filter(|(_, held)| scope.contains(&held.assignment.grant.scope))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.unassign(&id);
        }
    }

    /// Takes a role assignment away, found by its whole id.
    pub(crate) fn unassign(&mut self, id: &str) -> Option<Arc<RoleAssignment>> {
        let gone = self.assignments.remove(&id.to_ascii_lowercase())?;
        let principal = gone.assignment.principal.to_ascii_lowercase();
        let scope = gone.assignment.grant.scope.to_string().to_ascii_lowercase();
        if let Some(held) = self.held.get_mut(&principal).and_then(|by_scope| by_scope.get_mut(&scope)) {
            held.retain(|other| !Arc::ptr_eq(other, &gone));
        }
        Some(gone)
    }

    /// A principal and every group it is in, directly or through other groups; all in lower case.
    pub(crate) fn principals(&self, principal: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![principal.to_ascii_lowercase()];
        while let Some(one) = waiting.pop() {
            if found.contains(&one) {
                continue;
            }
            waiting.extend(self.member_of.get(&one).into_iter().flatten().cloned());
            found.insert(one);
        }
        found
    }

    /// The assignments that reach a principal somewhere along a chain of scopes, and hold at that time.
    pub(crate) fn reaching(&self, question: &Question<'_>) -> Vec<&Arc<RoleAssignment>> {
        let now = question.now;
        let scopes: Vec<String> = question.chain.iter().map(|scope| scope.to_string().to_ascii_lowercase()).collect();
        let principals = self.principals(question.principal);
        let of_principals = principals.iter().filter_map(|principal| self.held.get(principal));
        of_principals
            .flat_map(|by_scope| scopes.iter().filter_map(|scope| by_scope.get(scope)))
            .flatten()
            .filter(|held| held.effective <= now)
            .collect()
    }

    /// Every assignment that a principal has, directly or through groups, anywhere, that holds at that time.
    pub(crate) fn everywhere(&self, principal: &str, now: Timestamp) -> Vec<&Arc<RoleAssignment>> {
        let principals = self.principals(principal);
        let of_principals = principals.iter().filter_map(|principal| self.held.get(principal));
        of_principals.flat_map(HashMap::values).flatten().filter(|held| held.effective <= now).collect()
    }

    /// Decides whether a principal may do something.
    pub(crate) fn decide(&self, question: &Question<'_>) -> Decision<'_> {
        let Some(scope) = question.chain.first() else {
            return Decision::Refused;
        };
        let grants = self.reaching(question).into_iter().map(|held| &held.assignment.grant);
        // The chain has seen to the scopes, management groups among them.
        let grants: Vec<&Assignment> = grants.collect();
        let found = grants.into_iter().find(|grant| grant.role.grants(question.action));
        match found {
            Some(grant) => decide(std::iter::once(grant), question.action, &grant.scope),
            None => decide(std::iter::empty(), question.action, scope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::world::{Group, Identity, Kind};

    #[test]
    fn groups_pass_on_what_they_hold_once_it_holds() {
        let mut world = World::quickstart();
        let someone = Identity::new("someone", Kind::User);
        let group = |name: &str, member: &str| Group {
            name: name.to_owned(),
            object_id: name.to_owned(),
            members: vec![member.to_owned()],
        };
        world.groups = vec![group("inner", &someone.object_id), group("outer", "inner"), group("inner", "outer")];
        let mut held = world.assignments[0].clone();
        held.principal = "OUTER".to_owned();
        held.effective_after = std::time::Duration::from_secs(20);
        let scope = held.grant.scope.clone();
        world.assignments = vec![held];
        let access = Access::of(&world, Timestamp::UNIX_EPOCH);
        let chain: Vec<Scope> = scope.chain().collect();
        let may = |principal: &str, at: i64| {
            let now = Timestamp::from_second(at).expect("a time");
            access.decide(&Question { principal, action: "a/read", chain: &chain, now }).is_granted()
        };
        assert!(may(&someone.object_id, 20));
        assert!(!may(&someone.object_id, 19));
        assert!(!may("stranger", 20));
    }
}
