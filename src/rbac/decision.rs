//! Decisions: whether what reaches a principal at a scope allows an operation, and what decides it.

use std::sync::Arc;

use crate::rbac::{Permission, Role, Scope};

/// A role that is held at a scope and below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What is granted.
    pub role: Arc<Role>,
    /// Where it is granted.
    pub scope: Scope,
}

/// Which patterns of a permission entry an operation is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plane {
    /// Operations of Resource Manager: `actions`.
    Control,
    /// Operations on data: `dataActions`. They never count for the other plane.
    Data,
}

/// The outcome of an access check, with what decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<D, G> {
    /// This denies the operation.
    Denied(D),
    /// This grants the operation, and nothing denies it.
    Granted(G),
    /// This grants the operation if the condition of its entry is met, and nothing grants it without one.
    Conditional(G),
    /// Nothing grants the operation.
    Refused,
}

impl<D, G> Decision<D, G> {
    /// Whether the operation is allowed whatever conditions say.
    pub fn is_granted(&self) -> bool {
        matches!(self, Decision::Granted(_))
    }

    /// Whether the operation is allowed if all conditions are met.
    pub fn may_be_granted(&self) -> bool {
        matches!(self, Decision::Granted(_) | Decision::Conditional(_))
    }
}

/// Decides about an operation by everything that reaches the principal at the scope: what is denied comes first, whatever the
/// roles say; then any entry of any role suffices, one without a condition before one with it. What a `notActions` takes out
/// is taken out of its own entry only. The first in order is named.
///
/// [`PermissionSet::decide`](crate::rbac::PermissionSet::decide) decides alike, for those who ask more than once.
///
/// Source: Azure documentation, "What is Azure role-based access control", how Azure RBAC determines access.
pub fn decide<'a, D, G>(
    (action, plane): (&str, Plane),
    denials: impl IntoIterator<Item = (D, &'a [Permission])>,
    grants: impl IntoIterator<Item = (G, &'a [Permission])>,
) -> Decision<D, G> {
    let action = action.to_ascii_lowercase();
    let covers = |entry: &&Permission| entry.covers(&action, plane);
    if let Some((denial, _)) = denials.into_iter().find(|(_, entries)| entries.iter().any(|entry| covers(&entry))) {
        return Decision::Denied(denial);
    }
    let mut conditional = None;
    for (grant, entries) in grants {
        let mut covering = entries.iter().filter(covers).peekable();
        if covering.peek().is_none() {
            continue;
        }
        if covering.any(|entry| entry.condition.is_none()) {
            return Decision::Granted(grant);
        }
        conditional = conditional.or(Some(grant));
    }
    conditional.map_or(Decision::Refused, Decision::Conditional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::Pattern;
    use proptest::prelude::*;

    fn entry(actions: &str, not_actions: &str) -> Permission {
        let patterns = |text: &str| text.split_whitespace().map(Pattern::parse).collect();
        Permission { actions: patterns(actions), not_actions: patterns(not_actions), ..Permission::default() }
    }

    /// Entries as what reaches somebody, each named by its place.
    fn named(entries: &[Permission]) -> impl Iterator<Item = (usize, &[Permission])> {
        entries.iter().map(std::slice::from_ref).enumerate()
    }

    #[test]
    fn names_what_decides() {
        let roles =
            ["Reader", "Contributor", "User Access Administrator"].map(|name| Role::built_in(name).expect("a role"));
        #[track_caller]
        fn check(roles: &[Arc<Role>], action: &str, expected: Decision<(), &str>) {
            let grants = roles.iter().map(|role| (role.name.as_str(), role.permissions.as_slice()));
            assert_eq!(decide((action, Plane::Control), std::iter::empty(), grants), expected, "{action}");
        }
        check(&roles, "a/read", Decision::Granted("Reader"));
        check(&roles, "a/write", Decision::Granted("Contributor"));
        check(&roles, "Microsoft.Authorization/roleAssignments/write", Decision::Granted("User Access Administrator"));
        check(&roles[..2], "Microsoft.Authorization/roleAssignments/write", Decision::Refused);
        check(&[], "a/read", Decision::Refused);
        let conditional = Role::built_in("Role Based Access Control Administrator").expect("a role");
        let assign = "Microsoft.Authorization/roleAssignments/write";
        check(std::slice::from_ref(&conditional), assign, Decision::Granted("Role Based Access Control Administrator"));
    }

    #[test]
    fn a_grant_without_a_condition_comes_before_one_with_it() {
        let under =
            |condition: Option<&str>| [Permission { condition: condition.map(str::to_owned), ..entry("*", "") }];
        let (open, narrow) = (under(None), under(Some("C")));
        let decided = |grants: &[(usize, &[Permission])]| {
            decide::<(), usize>(("a/read", Plane::Control), std::iter::empty(), grants.iter().copied())
        };
        assert_eq!(decided(&[(0, &narrow), (1, &open)]), Decision::Granted(1));
        assert_eq!(decided(&[(0, &narrow), (1, &narrow)]), Decision::Conditional(0));
        assert!(decided(&[(0, &narrow)]).may_be_granted() && !decided(&[(0, &narrow)]).is_granted());
    }

    #[test]
    fn what_is_denied_comes_first_and_the_planes_are_apart() {
        let (all, writes) = ([entry("*", "")], [entry("*/write", "b/write")]);
        let decided = |action, plane| decide((action, plane), named(&writes), named(&all));
        assert_eq!(decided("a/write", Plane::Control), Decision::Denied(0));
        assert_eq!(decided("b/write", Plane::Control), Decision::Granted(0));
        assert_eq!(decided("a/read", Plane::Data), Decision::Refused);
    }

    fn entries() -> impl Strategy<Value = Vec<Permission>> {
        let texts = || prop::sample::select(vec!["", "*", "a/*", "*/read", "a/read", "b/write", "a/*/read"]);
        prop::collection::vec((texts(), texts()).prop_map(|(actions, not)| entry(actions, not)), 0..4)
    }

    proptest! {
        #[test]
        fn more_grants_never_take_and_more_denials_never_give(
            grants in entries(), more in entries(), denials in entries(), others in entries(),
            action in prop::sample::select(vec!["a/read", "b/read", "a/write", "b/write", "a/b/read"]),
        ) {
            let may = |denials: &[Permission], grants: &[Permission]| {
                decide((action, Plane::Control), named(denials), named(grants)).is_granted()
            };
            let before = may(&denials, &grants);
            prop_assert!(may(&denials, &[grants.clone(), more].concat()) >= before);
            prop_assert!(may(&[denials, others].concat(), &grants) <= before);
        }
    }
}
