//! Decisions: whether role assignments allow an operation at a scope, and which one does.

use std::sync::Arc;

use crate::rbac::{Role, Scope};

/// A role that a principal holds at a scope and below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What is granted.
    pub role: Arc<Role>,
    /// Where it is granted.
    pub scope: Scope,
}

/// The outcome of an access check, with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// This assignment grants the operation.
    Granted(&'a Assignment),
    /// No assignment at the scope or above it grants the operation.
    Refused,
}

impl Decision<'_> {
    /// Whether the operation is allowed.
    pub fn is_granted(&self) -> bool {
        matches!(self, Decision::Granted(_))
    }
}

/// Decides whether a principal with these assignments may do a control-plane operation at a scope.
pub fn decide<'a>(assignments: impl IntoIterator<Item = &'a Assignment>, action: &str, scope: &Scope) -> Decision<'a> {
    assignments
        .into_iter()
        .find(|held| held.scope.contains(scope) && held.role.grants(action))
        .map_or(Decision::Refused, Decision::Granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(role: &str, scope: &str) -> Assignment {
        Assignment {
            role: Role::built_in(role).expect("a built-in role"),
            scope: Scope::parse(scope).expect("a scope"),
        }
    }

    #[test]
    fn names_the_assignment_that_grants() {
        let held = [
            assignment("Reader", "/subscriptions/s/resourceGroups/DevTest"),
            assignment("Contributor", "/subscriptions/s"),
            assignment("User Access Administrator", "/subscriptions/s"),
        ];
        #[track_caller]
        fn check(held: &[Assignment], action: &str, scope: &str, expected: Option<(&str, &str)>) {
            let scope = Scope::parse(scope).expect("a scope");
            let reason = match decide(held, action, &scope) {
                Decision::Granted(grant) => Some((grant.role.name.as_str(), grant.scope.to_string())),
                Decision::Refused => None,
            };
            let reason = reason.as_ref().map(|(role, at)| (*role, at.as_str()));
            assert_eq!(reason, expected, "`{action}` at `{scope}`");
        }
        let group = "/subscriptions/s/resourcegroups/devtest";
        check(&held, "a/read", group, Some(("Reader", "/subscriptions/s/resourceGroups/DevTest")));
        check(&held, "a/write", group, Some(("Contributor", "/subscriptions/s")));
        check(
            &held,
            "Microsoft.Authorization/roleAssignments/write",
            group,
            Some(("User Access Administrator", "/subscriptions/s")),
        );
        check(&held[..1], "a/write", group, None);
        check(&held[..1], "a/read", "/subscriptions/s", None);
        check(&held, "a/read", "/subscriptions/t", None);
        check(&[], "a/read", "/", None);
    }
}
