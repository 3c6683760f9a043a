//! Who may do what: role assignments and deny assignments, found by principal and scope.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::emulator::world::{self, DenyAssignment, World};
use crate::rbac::{Decision, Plane, Role, Scope, decide};

/// Roles, role assignments and deny assignments.
#[derive(Debug)]
pub(crate) struct Access {
    /// The custom roles, by id in lower case.
    roles: BTreeMap<String, Arc<Role>>,
    /// Role assignments by their whole id in lower case.
    assignments: BTreeMap<String, Arc<RoleAssignment>>,
    /// The same, by principal and scope, both in lower case.
    held: HashMap<String, HashMap<String, Vec<Arc<RoleAssignment>>>>,
    /// Deny assignments by their whole id in lower case.
    denied: BTreeMap<String, DenyAssignment>,
    /// The groups that somebody is in directly, by object id in lower case, and from when on tokens know of it.
    member_of: HashMap<String, Vec<(String, Timestamp)>>,
}

/// A role assignment as it stands.
#[derive(Debug)]
pub(crate) struct RoleAssignment {
    pub(crate) assignment: world::RoleAssignment,
    pub(crate) created: Timestamp,
    pub(crate) created_by: Option<String>,
    /// From when on it holds.
    pub(crate) effective: Timestamp,
    /// Until when it holds: it is no longer there, and not everybody knows.
    lapses: Timestamp,
}

/// How old an assignment is that holds from the start.
const AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

impl RoleAssignment {
    /// An assignment created now.
    pub(crate) fn new(assignment: world::RoleAssignment, now: Timestamp, created_by: Option<String>) -> RoleAssignment {
        let effective = after(now, assignment.effective_after);
        RoleAssignment { effective, assignment, created: now, created_by, lapses: Timestamp::MAX }
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.effective <= now && now < self.lapses
    }

    /// The whole id.
    pub(crate) fn id(&self) -> String {
        let scope = self.assignment.grant.scope.to_string();
        let scope = scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", self.assignment.id)
    }
}

/// From when on something holds that begins so long after the start.
fn after(start: Timestamp, wait: Duration) -> Timestamp {
    match SignedDuration::try_from(wait) {
        // What holds at once has held before as well.
        Ok(SignedDuration::ZERO) => Timestamp::MIN,
        wait => start.saturating_add(wait.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX),
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
        let mut member_of: HashMap<String, Vec<(String, Timestamp)>> = HashMap::new();
        for group in &world.groups {
            let membership = (group.object_id.to_ascii_lowercase(), after(now, group.effective_after));
            for member in &group.members {
                member_of.entry(member.to_ascii_lowercase()).or_default().push(membership.clone());
            }
        }
        let roles = world.roles.iter().map(|role| (role.id.to_ascii_lowercase(), Arc::clone(role)));
        let mut access = Access {
            roles: roles.collect(),
            assignments: BTreeMap::new(),
            held: HashMap::new(),
            denied: BTreeMap::new(),
            member_of,
        };
        for assignment in &world.assignments {
            let assignment = RoleAssignment::new(assignment.clone(), now, None);
            let has_held = assignment.effective < now;
            let created = if has_held { now.saturating_sub(AGE).unwrap_or(now) } else { now };
            access.assign(RoleAssignment { created, ..assignment });
        }
        for denied in &world.deny_assignments {
            access.deny(denied.clone());
        }
        access
    }

    /// Adds a role assignment.
    pub(crate) fn assign(&mut self, assignment: RoleAssignment) -> Arc<RoleAssignment> {
        let assignment = Arc::new(assignment);
        self.hold(Arc::clone(&assignment));
        self.assignments.insert(assignment.id().to_ascii_lowercase(), Arc::clone(&assignment));
        assignment
    }

    /// Lets an assignment count.
    fn hold(&mut self, assignment: Arc<RoleAssignment>) {
        let principal = assignment.assignment.principal.to_ascii_lowercase();
        let scope = assignment.assignment.grant.scope.to_string().to_ascii_lowercase();
        self.held.entry(principal).or_default().entry(scope).or_default().push(assignment);
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

    /// The same; for a while its effect stays.
    pub(crate) fn withdraw(&mut self, id: &str, (now, stays): (Timestamp, Duration)) -> Option<Arc<RoleAssignment>> {
        let gone = self.unassign(id)?;
        if !stays.is_zero() {
            let lapses = after(now, stays);
            let (assignment, created_by) = (gone.assignment.clone(), gone.created_by.clone());
            self.hold(Arc::new(RoleAssignment { assignment, created_by, lapses, ..*gone }));
        }
        Some(gone)
    }

    /// A principal and every group it is in, directly or through other groups; all in lower case.
    pub(crate) fn principals(&self, principal: &str) -> BTreeSet<String> {
        self.principals_at(principal, Timestamp::MAX)
    }

    /// The same, of groups those that its tokens know of at that time.
    fn principals_at(&self, principal: &str, now: Timestamp) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![principal.to_ascii_lowercase()];
        while let Some(one) = waiting.pop() {
            if found.contains(&one) {
                continue;
            }
            let groups = self.member_of.get(&one).into_iter().flatten();
            waiting.extend(groups.filter(|(_, from)| *from <= now).map(|(group, _)| group.clone()));
            found.insert(one);
        }
        found
    }

    /// The assignments that reach a principal somewhere along a chain of scopes, and hold at that time.
    pub(crate) fn reaching(&self, question: &Question<'_>) -> Vec<&Arc<RoleAssignment>> {
        let now = question.now;
        let scopes: Vec<String> = question.chain.iter().map(|scope| scope.to_string().to_ascii_lowercase()).collect();
        let principals = self.principals_at(question.principal, now);
        let held: Vec<&HashMap<_, _>> = principals.iter().filter_map(|principal| self.held.get(principal)).collect();
        scopes
            .iter()
            .flat_map(|scope| held.iter().filter_map(move |by_scope| by_scope.get(scope)))
            .flatten()
            .filter(|held| held.holds(now))
            .collect()
    }

    /// Every assignment that a principal has, directly or through groups, anywhere, that holds at that time.
    pub(crate) fn everywhere(&self, principal: &str, now: Timestamp) -> Vec<&Arc<RoleAssignment>> {
        let principals = self.principals_at(principal, now);
        let of_principals = principals.iter().filter_map(|principal| self.held.get(principal));
        of_principals.flat_map(HashMap::values).flatten().filter(|held| held.holds(now)).collect()
    }

    /// Decides whether a principal may do something; the grant nearest to the scope is named.
    pub(crate) fn decide(&self, question: &Question<'_>) -> Verdict<'_> {
        self.decide_on(question, Plane::Control)
    }

    /// The same for an operation of one of the planes.
    pub(crate) fn decide_on(&self, question: &Question<'_>, plane: Plane) -> Verdict<'_> {
        let denials = self.denied.values().filter(|denied| self.concerns(denied, question));
        let grants = self.reaching(question).into_iter();
        decide(
            (question.action, plane),
            denials.map(|denied| (denied, denied.permissions.as_slice())),
            grants.map(|held| (held.as_ref(), held.assignment.grant.role.permissions.as_slice())),
        )
    }

    /// Whether a deny assignment is about who asks and where.
    fn concerns(&self, denied: &DenyAssignment, question: &Question<'_>) -> bool {
        let reaches = match denied.own_scope_only {
            true => question.chain.first() == Some(&denied.scope),
            false => question.chain.contains(&denied.scope),
        };
        if !reaches {
            return false;
        }
        let principals = self.principals_at(question.principal, question.now);
        let names = |ids: &[String]| ids.iter().any(|id| principals.contains(&id.to_ascii_lowercase()));
        (denied.principals.is_empty() || names(&denied.principals)) && !names(&denied.excluded)
    }

    /// The role assignment with this id.
    pub(crate) fn assignment(&self, id: &str) -> Option<&Arc<RoleAssignment>> {
        self.assignments.get(&id.to_ascii_lowercase())
    }

    /// All role assignments, by id.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = &Arc<RoleAssignment>> {
        self.assignments.values()
    }

    /// The deny assignments, by id.
    pub(crate) fn denied(&self) -> impl Iterator<Item = &DenyAssignment> {
        self.denied.values()
    }

    /// Adds a deny assignment.
    pub(crate) fn deny(&mut self, denied: DenyAssignment) {
        self.denied.insert(deny_id(&denied.scope, &denied.id).to_ascii_lowercase(), denied);
    }

    /// Takes a deny assignment away, found by its whole id.
    pub(crate) fn undeny(&mut self, id: &str) -> Option<DenyAssignment> {
        self.denied.remove(&id.to_ascii_lowercase())
    }

    /// The deny assignment with this whole id.
    pub(crate) fn denial(&self, id: &str) -> Option<&DenyAssignment> {
        self.denied.get(&id.to_ascii_lowercase())
    }

    /// The role with this id, a custom or a built-in one.
    pub(crate) fn role(&self, id: &str) -> Option<Arc<Role>> {
        self.roles
            .get(&id.to_ascii_lowercase())
            .cloned()
            .or_else(|| Role::built_in(id).filter(|role| role.id.eq_ignore_ascii_case(id)))
    }

    /// The custom roles, by id.
    pub(crate) fn custom_roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// Adds or replaces a custom role. What was assigned of it before grants from now on what the new one does.
    pub(crate) fn define(&mut self, role: Role) -> Arc<Role> {
        let role = Arc::new(role);
        self.roles.insert(role.id.to_ascii_lowercase(), Arc::clone(&role));
        let ids: Vec<String> = self.with_role(&role.id).map(|held| held.id()).collect();
        for id in ids {
            if let Some(held) = self.unassign(&id) {
                let mut assignment = held.assignment.clone();
                assignment.grant.role = Arc::clone(&role);
                self.assign(RoleAssignment { assignment, created_by: held.created_by.clone(), ..*held });
            }
        }
        role
    }

    /// Takes a custom role away.
    pub(crate) fn undefine(&mut self, id: &str) -> Option<Arc<Role>> {
        self.roles.remove(&id.to_ascii_lowercase())
    }

    /// The assignments of a role.
    pub(crate) fn with_role<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Arc<RoleAssignment>> {
        self.assignments.values().filter(move |held| held.assignment.grant.role.id.eq_ignore_ascii_case(id))
    }
}

/// The whole id of a deny assignment.
pub(crate) fn deny_id(scope: &Scope, name: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/denyAssignments/{name}", scope.to_string().trim_end_matches('/'))
}

/// The answer to a question, with what decided it.
pub(crate) type Verdict<'a> = Decision<&'a DenyAssignment, &'a RoleAssignment>;

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
            effective_after: Duration::ZERO,
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

    #[test]
    fn what_is_taken_away_stays_in_effect_for_a_while() {
        let world = World::quickstart();
        let principal = world.assignments[0].principal.clone();
        let scope = world.assignments[0].grant.scope.clone();
        let mut access = Access::of(&world, Timestamp::UNIX_EPOCH);
        let id = access.assignments().next().expect("an assignment").id();
        access.withdraw(&id, (Timestamp::UNIX_EPOCH, Duration::from_secs(5)));
        assert_eq!(access.assignments().count(), world.assignments.len() - 1);
        let may = |at: i64| {
            let now = Timestamp::from_second(at).expect("a time");
            let question =
                Question { principal: &principal, action: "a/read", chain: std::slice::from_ref(&scope), now };
            access.decide(&question).is_granted()
        };
        assert_eq!((may(4), may(5)), (true, false));
    }

    #[test]
    fn tokens_learn_of_a_membership_in_time_and_lists_know_it_at_once() {
        let mut world = World::quickstart();
        let member = world.assignments[0].principal.clone();
        let effective_after = Duration::from_secs(60);
        let group =
            Group { name: "g".to_owned(), object_id: "g".to_owned(), members: vec![member.clone()], effective_after };
        world.groups = vec![group];
        world.assignments[0].principal = "g".to_owned();
        let scope = world.assignments[0].grant.scope.clone();
        let access = Access::of(&world, Timestamp::UNIX_EPOCH);
        let may = |at: i64| {
            let now = Timestamp::from_second(at).expect("a time");
            let question = Question { principal: &member, action: "a/read", chain: std::slice::from_ref(&scope), now };
            access.decide(&question).is_granted()
        };
        assert_eq!((may(59), may(60)), (false, true));
        assert!(access.principals(&member).contains("g"));
    }
}
