//! Azure's answer about what the caller may do at a scope, and the definitions of roles.
//!
//! Source: Microsoft.Authorization, `Permissions_ListForResourceGroup` and `RoleDefinitions_List`, api-version 2022-04-01. There is
//! one entry per permission entry of each role that reaches the scope, without its role and scope. Deny assignments and
//! locks are not in it.

use serde_json::Value;

use super::error::ArmError;
use crate::rbac::{Pattern, Permission, Role};

/// The path below a scope that tells the caller's permissions there.
pub const PERMISSIONS: &str = "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01";

/// The same for clouds that lag behind, the newest first. They tell neither conditions nor data actions.
pub const OLDER: [(&str, &str); 2] = [
    ("2018-01-01-preview", "/providers/Microsoft.Authorization/permissions?api-version=2018-01-01-preview"),
    ("2015-07-01", "/providers/Microsoft.Authorization/permissions?api-version=2015-07-01"),
];

/// Whether an answer says that it is the api-version that is not known.
pub fn is_too_new(status: u16, error: Option<&ArmError>) -> bool {
    let codes = ["NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType"];
    matches!(status, 400 | 404) && error.is_some_and(|error| codes.iter().any(|code| error.is(code)))
}

/// The path below a scope that tells the roles with a name.
pub fn definitions(name: &str) -> String {
    let filter = crate::http::encode(&format!("roleName eq '{}'", name.replace('\'', "''")));
    format!("/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter={filter}")
}

/// The entries of an answer of the permissions API; nothing when it is no such answer.
pub fn entries(document: &Value) -> Option<Vec<Permission>> {
    permissions_of(document.get("value")?)
}

/// The entries of a list of permissions; nothing when it is none.
pub fn permissions_of(list: &Value) -> Option<Vec<Permission>> {
    list.as_array()?.iter().map(entry).collect()
}

/// The path below a scope that tells the definition of the role with an id.
pub fn definition(id: &str) -> String {
    format!("/providers/Microsoft.Authorization/roleDefinitions/{id}?api-version=2022-04-01")
}

/// A role definition, alone or the first of a list; nothing when there is none.
pub fn role(document: &Value) -> Option<Role> {
    let definition = match document.get("value") {
        Some(list) => list.as_array()?.first()?,
        None => document,
    };
    let properties = definition.get("properties")?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Role {
        id: text(definition, "name").to_ascii_lowercase(),
        name: text(properties, "roleName").trim().to_owned(),
        description: text(properties, "description"),
        custom: text(properties, "type") == "CustomRole",
        assignable_scopes: Vec::new(),
        permissions: permissions_of(properties.get("permissions")?)?,
    })
}

fn entry(entry: &Value) -> Option<Permission> {
    let patterns = |name: &str| match entry.get(name) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(texts)) => texts.iter().map(|text| text.as_str().map(Pattern::parse)).collect(),
        Some(_) => None,
    };
    entry.as_object()?;
    Some(Permission {
        actions: patterns("actions")?,
        not_actions: patterns("notActions")?,
        data_actions: patterns("dataActions")?,
        not_data_actions: patterns("notDataActions")?,
        condition: entry.get("condition").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_said_of_the_version_counts() {
        let error = |code: &str| ArmError { code: code.to_owned(), ..ArmError::default() };
        assert!(is_too_new(400, Some(&error("noRegisteredProviderFound"))));
        assert!(!is_too_new(403, Some(&error("NoRegisteredProviderFound"))));
        assert!(!is_too_new(404, Some(&error("ResourceGroupNotFound"))) && !is_too_new(400, None));
    }

    #[test]
    fn entries_are_read_and_what_is_none_is_not() {
        let document = json!({"value": [
            {"actions": ["*/read"], "notActions": ["a/read"], "dataActions": [], "notDataActions": []},
            {"actions": null, "dataActions": ["b/read"], "condition": "@x", "conditionVersion": "2.0"},
        ]});
        let read = entries(&document).expect("entries");
        assert!(read[0].grants("b/read") && !read[0].grants("a/read"));
        assert!(read[1].grants_data("b/read"));
        assert_eq!(read[1].condition.as_deref(), Some("@x"));
        for bad in [json!({}), json!({"value": {}}), json!({"value": [5]}), json!({"value": [{"actions": "a"}]})] {
            assert!(entries(&bad).is_none(), "{bad}");
        }
        let one = json!({"name": "1A", "properties": {"roleName": "C", "permissions": [{"actions": ["c"]}]}});
        for document in [json!({"value": [one.clone()]}), one] {
            let role = role(&document).expect("a role");
            assert!(role.grants("c") && role.name == "C" && role.id == "1a", "{role:?}");
        }
        assert!(role(&json!({"value": []})).is_none());
        assert_eq!(
            definitions("it's"),
            "/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName%20eq%20%27it%27%27s%27"
        );
    }
}
