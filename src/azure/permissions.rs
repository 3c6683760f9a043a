//! Azure's answer about what the caller may do at a scope, and the definitions of roles.
//!
//! Source: Microsoft.Authorization, `Permissions_ListForResourceGroup` and `RoleDefinitions_List`, api-version 2022-04-01. There is
//! one entry per permission entry of each role that reaches the scope, without its role and scope. Deny assignments and
//! locks are not in it.

use serde_json::Value;

use crate::rbac::{Pattern, Permission};

/// The path below a scope that tells the caller's permissions there.
pub const PERMISSIONS: &str = "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01";

/// The path below a scope that tells the roles with a name.
pub fn definitions(name: &str) -> String {
    let filter = crate::http::encode(&format!("roleName eq '{}'", name.replace('\'', "''")));
    format!("/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter={filter}")
}

/// The entries of an answer of the permissions API; nothing when it is no such answer.
pub fn entries(document: &Value) -> Option<Vec<Permission>> {
    document.get("value")?.as_array()?.iter().map(entry).collect()
}

/// The entries of the first role definition of a list; nothing when there is none.
pub fn role(document: &Value) -> Option<Vec<Permission>> {
    let role = document.get("value")?.as_array()?.first()?;
    role.get("properties")?.get("permissions")?.as_array()?.iter().map(entry).collect()
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
        let listed = json!({"value": [{"properties": {"permissions": [{"actions": ["c"]}]}}]});
        assert!(role(&listed).is_some_and(|entries| entries[0].grants("c")));
        assert!(role(&json!({"value": []})).is_none());
        assert_eq!(
            definitions("it's"),
            "/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName%20eq%20%27it%27%27s%27"
        );
    }
}
