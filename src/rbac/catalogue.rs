//! The catalogue of built-in roles: packed in the binary, unpacked when it is first used.
//!
//! Source and licence of the data stand in `roles/NOTICE.md`. One role stands on each line:
//! `{"id", "name", "description", "type", "permissions": [{"actions", "notActions", "dataActions", "notDataActions",
//! "condition"?, "conditionVersion"?}]}`.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::rbac::{Pattern, Permission, Role};

const PACKED: &[u8] = include_bytes!("roles/builtin-roles.json.z");

#[derive(Deserialize)]
struct Definition {
    id: String,
    name: String,
    description: String,
    permissions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
    condition: Option<String>,
}

impl From<Definition> for Role {
    fn from(definition: Definition) -> Role {
        let patterns = |texts: Vec<String>| texts.iter().map(|text| Pattern::parse(text)).collect();
        let permission = |entry: Entry| Permission {
            actions: patterns(entry.actions),
            not_actions: patterns(entry.not_actions),
            data_actions: patterns(entry.data_actions),
            not_data_actions: patterns(entry.not_data_actions),
            condition: entry.condition,
        };
        Role {
            id: definition.id,
            name: definition.name.trim().to_owned(),
            description: definition.description,
            custom: false,
            assignable_scopes: vec!["/".to_owned()],
            permissions: definition.permissions.into_iter().map(permission).collect(),
        }
    }
}

/// The data as it was packed.
fn unpacked() -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec_zlib(PACKED).expect("the catalogue is packed by hand and checked by a test")
}

/// All built-in roles, by name.
pub fn catalogue() -> &'static [Arc<Role>] {
    static ROLES: OnceLock<Vec<Arc<Role>>> = OnceLock::new();
    ROLES.get_or_init(|| {
        let definitions: Vec<Definition> =
            serde_json::from_slice(&unpacked()).expect("the catalogue is read by a test");
        definitions.into_iter().map(|definition| Arc::new(Role::from(definition))).collect()
    })
}

/// The providers that built-in roles name, with their resource types, by name.
pub fn provider_types() -> &'static [(String, Vec<String>)] {
    static TYPES: OnceLock<Vec<(String, Vec<String>)>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let mut found: BTreeMap<String, (String, BTreeMap<String, String>)> = BTreeMap::new();
        let entries = catalogue().iter().flat_map(|role| &role.permissions);
        let patterns =
            entries.flat_map(|entry| entry.actions.iter().chain(&entry.not_actions).chain(&entry.data_actions));
        for pattern in patterns {
            let Some((namespace, rest)) = pattern.as_str().split_once('/').filter(|(name, _)| !name.contains('*'))
            else {
                continue;
            };
            let (_, types) =
                found.entry(namespace.to_ascii_lowercase()).or_insert_with(|| (namespace.to_owned(), BTreeMap::new()));
            // The last segment is the verb; of an action the one before it is its name.
            let words: Vec<&str> = rest.split('/').collect();
            let verb = words.last().map_or(0, |last| if last.eq_ignore_ascii_case("action") { 2 } else { 1 });
            let kind = words[..words.len().saturating_sub(verb)].join("/");
            if !kind.is_empty() && !kind.contains('*') {
                types.entry(kind.to_ascii_lowercase()).or_insert(kind);
            }
        }
        found.into_values().map(|(namespace, types)| (namespace, types.into_values().collect())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::digest::{SHA256, digest};
    use std::collections::BTreeSet;

    #[test]
    fn holds_what_was_packed() {
        let data = unpacked();
        let hash: String = digest(&SHA256, &data).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(data.len(), 886_185);
        assert_eq!(hash, "96c1a1397a5ecd2a8964a57371c47a2ecc8d6bd6535c08145f442c716639fb79");
        let ids: BTreeSet<&str> = catalogue().iter().map(|role| role.id.as_str()).collect();
        let names: BTreeSet<&str> = catalogue().iter().map(|role| role.name.as_str()).collect();
        assert_eq!((ids.len(), names.len(), catalogue().len()), (928, 928, 928));
        let entries = || catalogue().iter().map(|role| &role.permissions);
        assert_eq!(entries().filter(|all| all.iter().any(|one| one.condition.is_some())).count(), 29);
        assert_eq!(entries().filter(|all| all.iter().any(|one| !one.data_actions.is_empty())).count(), 318);
        assert_eq!(entries().filter(|all| all.len() > 1).count(), 16);
    }

    #[test]
    fn the_common_roles_are_those_of_the_catalogue() {
        for name in ["Owner", "Contributor", "Reader", "User Access Administrator"] {
            let packed = catalogue().iter().find(|role| role.name == name).expect("a role");
            assert_eq!(Role::built_in(name).as_ref(), Some(packed), "{name}");
        }
    }

    #[test]
    fn roles_grant_what_they_are_known_for() {
        const BLOB: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        const GROUP: &str = "Microsoft.Resources/subscriptions/resourceGroups";
        #[track_caller]
        fn check(roles: &[&str], action: &str, expected: bool) {
            let role = |name: &&str| Role::built_in(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(roles.iter().map(role).any(|role| role.grants(action)), expected, "{roles:?} on `{action}`");
        }
        #[track_caller]
        fn check_data(role: &str, action: &str, expected: bool) {
            assert_eq!(Role::built_in(role).expect("a role").grants_data(action), expected, "{role} on `{action}`");
        }
        check(&["Reader"], "Microsoft.Storage/storageAccounts/listKeys/action", false);
        check(&["Reader"], "Microsoft.Network/connections/sharedKey/read", true);
        check_data("Owner", BLOB, false);
        check(&["Contributor"], "Microsoft.Authorization/roleAssignments/write", false);
        check(&["Contributor", "User Access Administrator"], "Microsoft.Authorization/roleAssignments/write", true);
        check(&["Managed Identity Operator"], ASSIGN, true);
        check(&["Managed Identity Contributor"], ASSIGN, false);
        let vm = "Virtual Machine Contributor";
        check(&[vm], "Microsoft.Compute/virtualMachines/start/action", true);
        check(&[vm], "Microsoft.Network/virtualNetworks/subnets/join/action", true);
        check(&[vm], &format!("{GROUP}/read"), true);
        check(&[vm], &format!("{GROUP}/write"), false);
        check(&[vm], ASSIGN, false);
        check_data("Storage Blob Data Reader", BLOB, true);
        check(&["Storage Blob Data Reader"], "Microsoft.Storage/storageAccounts/read", false);
        check(&["Storage Blob Data Reader"], &format!("{GROUP}/read"), false);
        check(&["Key Vault Secrets User"], "Microsoft.KeyVault/vaults/read", false);
        check(&["Key Vault Reader"], "Microsoft.KeyVault/vaults/read", true);
        check(&["AcrPull"], "Microsoft.ContainerRegistry/registries/pull/read", true);
        check(&["AcrPull"], "Microsoft.ContainerRegistry/registries/read", false);
    }

    #[test]
    fn as_many_roles_grant_an_operation_as_are_known_to() {
        #[track_caller]
        fn check(action: &str, expected: usize) {
            assert_eq!(catalogue().iter().filter(|role| role.grants(action)).count(), expected, "`{action}`");
        }
        check("Microsoft.Resources/subscriptions/resourceGroups/read", 400);
        check("Microsoft.Resources/subscriptions/resourceGroups/write", 20);
        check("Microsoft.Compute/virtualMachines/read", 47);
        check("Microsoft.Compute/virtualMachines/start/action", 8);
        check("Microsoft.Storage/storageAccounts/read", 57);
        check("Microsoft.Storage/storageAccounts/listKeys/action", 24);
        check("Microsoft.KeyVault/vaults/read", 31);
        check("Microsoft.ManagedIdentity/userAssignedIdentities/read", 22);
        check("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", 4);
        check("Microsoft.Authorization/roleAssignments/write", 28);
        let data = |action: &str| catalogue().iter().filter(|role| role.grants_data(action)).count();
        assert_eq!(data("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"), 15);
        assert_eq!(data("Microsoft.KeyVault/vaults/secrets/getSecret/action"), 4);
    }

    #[test]
    fn knows_providers_and_their_types() {
        let compute = provider_types().iter().find(|(name, _)| name == "Microsoft.Compute").expect("a provider");
        assert!(compute.1.iter().any(|kind| kind.eq_ignore_ascii_case("virtualMachines/extensions")));
    }
}
