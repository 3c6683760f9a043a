//! Permission sets: one entry of a role, with what it grants and what it takes out again.

use serde::{Deserialize, Serialize};

use crate::rbac::{Pattern, Plane};

/// One permission entry of a role.
///
/// What `not_actions` takes out is taken out of this entry only: it is no deny.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", default, deny_unknown_fields)]
pub struct Permission {
    /// Control-plane operations that are granted.
    pub actions: Vec<Pattern>,
    /// Control-plane operations that are taken out again.
    pub not_actions: Vec<Pattern>,
    /// Data-plane operations that are granted.
    pub data_actions: Vec<Pattern>,
    /// Data-plane operations that are taken out again.
    pub not_data_actions: Vec<Pattern>,
    /// The condition that narrows the entry, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

impl Permission {
    /// Whether this entry grants a control-plane operation, its condition aside.
    pub fn grants(&self, action: &str) -> bool {
        self.covers(&action.to_ascii_lowercase(), Plane::Control)
    }

    /// Whether this entry grants a data-plane operation, its condition aside.
    pub fn grants_data(&self, action: &str) -> bool {
        self.covers(&action.to_ascii_lowercase(), Plane::Data)
    }

    /// Whether this entry names an operation of a plane, given in lower case, and does not take it out again.
    pub(super) fn covers(&self, action: &str, plane: Plane) -> bool {
        let matches_any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches_folded(action));
        let (actions, less) = self.on(plane);
        matches_any(actions) && !matches_any(less)
    }

    /// The patterns of a plane: what is granted, and what is taken out again.
    pub fn on(&self, plane: Plane) -> (&[Pattern], &[Pattern]) {
        match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_BLOB: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

    fn permission(actions: &str, not_actions: &str) -> Permission {
        let patterns = |text: &str| text.split_whitespace().map(Pattern::parse).collect();
        Permission { actions: patterns(actions), not_actions: patterns(not_actions), ..Permission::default() }
    }

    #[track_caller]
    fn check(actions: &str, not_actions: &str, action: &str, expected: bool) {
        assert_eq!(
            permission(actions, not_actions).grants(action),
            expected,
            "`{actions}` less `{not_actions}` on `{action}`"
        );
    }

    #[test]
    fn takes_out_what_not_actions_name() {
        check("", "", "a/read", false);
        check("*", "", "a/read", true);
        check("*", "a/*", "a/read", false);
        check("*", "a/write", "a/read", true);
        check("a/read b/read", "a/read", "b/read", true);
    }

    #[test]
    fn the_planes_are_apart() {
        let all = permission("*", "");
        assert!(!all.grants_data(READ_BLOB));
        let data = Permission {
            data_actions: vec![Pattern::parse("*/read"), Pattern::parse("*/write")],
            not_data_actions: vec![Pattern::parse("*/write")],
            ..Permission::default()
        };
        assert!(data.grants_data(READ_BLOB));
        assert!(!data.grants_data("a/write"));
        assert!(!data.grants(READ_BLOB));
    }
}
