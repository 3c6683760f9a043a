//! Roles: what a role definition holds, and the built-in ones every tenant has.

use std::sync::Arc;

use crate::rbac::{Pattern, Permission, catalogue};

/// A role definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The id, a GUID; for built-in roles the same in all clouds.
    pub id: String,
    /// The name people use, such as `Reader`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether the tenant made it, and not Azure.
    pub custom: bool,
    /// The scopes at which it can be assigned; `/` for built-in roles.
    pub assignable_scopes: Vec<String>,
    /// The permission entries; each is judged alone, and any one suffices.
    pub permissions: Vec<Permission>,
}

impl Role {
    /// The built-in role with this name or id; case and spaces around it do not matter.
    pub fn built_in(name_or_id: &str) -> Option<Arc<Role>> {
        let wanted = name_or_id.trim();
        let is_wanted =
            |name: &str, id: &str| name.trim().eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted);
        match COMMON.iter().find(|common| is_wanted(common.name, common.id)) {
            Some(common) => Some(Arc::new(common.role())),
            None => catalogue().iter().find(|role| is_wanted(&role.name, &role.id)).cloned(),
        }
    }

    /// Whether any entry grants a control-plane operation.
    pub fn grants(&self, action: &str) -> bool {
        self.permissions.iter().any(|entry| entry.grants(action))
    }

    /// Whether any entry grants a data-plane operation.
    pub fn grants_data(&self, action: &str) -> bool {
        self.permissions.iter().any(|entry| entry.grants_data(action))
    }
}

/// A role that nearly every world names: kept by itself, so that the catalogue need not be unpacked for it.
struct Common {
    id: &'static str,
    name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
}

impl Common {
    fn role(&self) -> Role {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text)).collect();
        Role {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            custom: false,
            assignable_scopes: vec!["/".to_owned()],
            permissions: vec![Permission {
                actions: patterns(self.actions),
                not_actions: patterns(self.not_actions),
                ..Permission::default()
            }],
        }
    }
}

const COMMON: [Common; 4] = [
    Common {
        id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[],
    },
    Common {
        id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
            "Microsoft.Subscription/cancel/action",
            "Microsoft.Subscription/enable/action",
        ],
    },
    Common {
        id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        name: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: &["*/read"],
        not_actions: &[],
    },
    Common {
        id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        name: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        actions: &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        not_actions: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_by_name_and_by_id() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let role = Role::built_in(text);
            assert_eq!(role.as_ref().map(|role| role.name.as_str()), expected, "`{text}`");
        }
        check("Reader", Some("Reader"));
        check(" user access administrator ", Some("User Access Administrator"));
        check("B24988AC-6180-42A0-AB88-20F7382DD24C", Some("Contributor"));
        check("acdd72a7-3385-48ef-bd42-f606fba81ae7", Some("Reader"));
        check("azure arc vmware administrator role", Some("Azure Arc VMware Administrator role"));
        check("Read", None);
        check("", None);
    }

    #[test]
    fn grants_what_the_documentation_says() {
        #[track_caller]
        fn check(role: &str, action: &str, expected: bool) {
            let role = Role::built_in(role).expect("a built-in role");
            assert_eq!(role.grants(action), expected, "{} on `{action}`", role.name);
        }
        check("Reader", "Microsoft.Storage/storageAccounts/listKeys/action", false);
        check("Reader", "Microsoft.Network/connections/sharedKey/read", true);
        check("Owner", "Microsoft.Authorization/roleAssignments/write", true);
        check("Contributor", "Microsoft.Authorization/roleAssignments/write", false);
        check("Contributor", "Microsoft.Authorization/roleAssignments/read", true);
        check("Contributor", "Microsoft.Authorization/locks/delete", false);
        check("Contributor", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", true);
        check("User Access Administrator", "Microsoft.Authorization/roleAssignments/write", true);
        check("User Access Administrator", "Microsoft.Compute/virtualMachines/write", false);
    }
}
