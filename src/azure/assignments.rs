//! Role assignments, deny assignments and locks, as Resource Manager lists them.
//!
//! Source: Microsoft.Authorization, `RoleAssignments_ListForScope` and `DenyAssignments_ListForScope`, api-version 2022-04-01;
//! `ManagementLocks_ListByScope`, api-version 2020-05-01. `atScope()` leaves out what is below the scope, `assignedTo()` takes
//! in what comes through groups; deny assignments have no such filter.

use serde_json::Value;

use super::permissions::permissions_of;
use crate::rbac::{Permission, Scope};

/// The id that stands for everyone in a deny assignment.
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// The path below a scope that tells the deny assignments that reach it.
pub const DENIALS: &str = "/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01&$filter=atScope()";

/// The path below a scope that tells the locks that reach it.
pub const LOCKS: &str = "/providers/Microsoft.Authorization/locks?api-version=2020-05-01";

/// The path below a scope that tells the role assignments that reach it and concern a principal, through groups too.
pub fn assigned_to(principal: &str) -> String {
    let filter = crate::http::encode(&format!("atScope() and assignedTo('{}')", principal.replace('\'', "''")));
    format!("/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter={filter}")
}

/// A role assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its whole id.
    pub id: String,
    /// The id of its role, without what stands before it.
    pub role: String,
    /// Whose it is.
    pub principal: String,
    /// What that is: `ServicePrincipal`, `Group`, …
    pub kind: String,
    /// Where it is.
    pub scope: String,
    /// Its condition.
    pub condition: Option<String>,
    /// When it was made, as the answer says it.
    pub created: Option<String>,
}

/// The role assignments of an answer; nothing when it is no such answer.
pub fn held(document: &Value) -> Option<Vec<Held>> {
    let each = |item: &Value| {
        let properties = item.get("properties")?;
        let text = |name: &str| properties.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let role = text("roleDefinitionId")?.rsplit('/').next()?;
        role.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-').then(|| Held {
            id: item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            role: role.to_ascii_lowercase(),
            principal: text("principalId").unwrap_or_default().to_owned(),
            kind: text("principalType").unwrap_or_default().to_owned(),
            scope: text("scope").unwrap_or("/").to_owned(),
            condition: text("condition").map(str::to_owned),
            created: text("createdOn").map(str::to_owned),
        })
    };
    document.get("value")?.as_array()?.iter().map(each).collect()
}

/// A deny assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub scope: String,
    /// What it denies.
    pub permissions: Vec<Permission>,
    own_scope_only: bool,
    principals: Vec<(String, bool)>,
    excluded: Vec<(String, bool)>,
    condition: Option<String>,
}

/// Whether a deny assignment has to do with a principal at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// It has not.
    No,
    /// It has.
    Yes,
    /// It hangs on something, in words.
    Perhaps(String),
}

/// The deny assignments of an answer; nothing when it is no such answer.
pub fn denials(document: &Value) -> Option<Vec<Denial>> {
    let each = |item: &Value| {
        let properties = item.get("properties")?;
        let text = |name: &str| properties.get(name).and_then(Value::as_str);
        let principals = |name: &str| -> Vec<(String, bool)> {
            let list = properties.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let each = |one: &Value| {
                let is_group = one.get("type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("Group"));
                Some((one.get("id")?.as_str()?.to_owned(), is_group))
            };
            list.iter().filter_map(each).collect()
        };
        Some(Denial {
            name: text("denyAssignmentName").or(item.get("name").and_then(Value::as_str))?.to_owned(),
            scope: text("scope").unwrap_or("/").to_owned(),
            permissions: permissions_of(properties.get("permissions")?)?,
            own_scope_only: properties.get("doNotApplyToChildScopes").and_then(Value::as_bool).unwrap_or(false),
            principals: principals("principals"),
            excluded: principals("excludePrincipals"),
            condition: text("condition").filter(|text| !text.is_empty()).map(str::to_owned),
        })
    };
    document.get("value")?.as_array()?.iter().map(each).collect()
}

impl Denial {
    /// Whether it has to do with a principal at a scope. `groups` are those that the principal is known to be in; of
    /// others it is not known.
    pub fn concerns(&self, principal: &str, groups: &[&str], at: &Scope) -> Concern {
        if self.own_scope_only && Scope::parse(&self.scope).is_ok_and(|own| own != *at) {
            return Concern::No;
        }
        let is_own = |(id, _): &&(String, bool)| {
            id.eq_ignore_ascii_case(principal) || groups.iter().any(|group| group.eq_ignore_ascii_case(id))
        };
        let is_named = |(id, _): &&(String, bool)| id == EVERYONE;
        let of_group = |(_, is_group): &&(String, bool)| *is_group;
        if self.excluded.iter().any(|one| is_own(&one)) {
            return Concern::No;
        }
        let named = self.principals.iter().any(|one| is_own(&one) || is_named(&one));
        let perhaps = |(group, _): &(String, bool), word: &str| {
            Concern::Perhaps(format!("`{}` {word} the group {group}, and who is in it is not known here", self.name))
        };
        match (self.excluded.iter().find(of_group), self.principals.iter().find(of_group)) {
            (Some(group), _) if named => perhaps(group, "spares"),
            (_, Some(group)) if !named => perhaps(group, "is for"),
            _ if !named => Concern::No,
            _ => self.condition.clone().map_or(Concern::Yes, Concern::Perhaps),
        }
    }
}

/// The locks of an answer, each with its level, name and scope; nothing when it is no such answer.
pub fn locks(document: &Value) -> Option<Vec<(String, String, String)>> {
    let each = |item: &Value| {
        let id = item.get("id")?.as_str()?;
        let scope = id.to_ascii_lowercase().find("/providers/microsoft.authorization/locks/").map(|at| &id[..at])?;
        let level = item.get("properties")?.get("level")?.as_str()?;
        Some((level.to_owned(), item.get("name")?.as_str()?.to_owned(), scope.to_owned()))
    };
    document.get("value")?.as_array()?.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn assignments_are_read_and_what_is_none_is_not() {
        let document = json!({"value": [{
            "id": "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a",
            "properties": {"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/ACDD72A7", "principalId": "p",
                "principalType": "Group", "scope": "/subscriptions/s", "condition": null, "createdOn": "2026-01-05T10:00:00Z"},
        }]});
        let read = held(&document).expect("assignments");
        assert_eq!((read[0].role.as_str(), read[0].kind.as_str(), &read[0].condition), ("acdd72a7", "Group", &None));
        for bad in [
            json!({}),
            json!({"value": [{}]}),
            json!({"value": [{"properties": {"roleDefinitionId": "/x/../../y?z"}}]}),
        ] {
            assert_eq!(held(&bad), None, "{bad}");
        }
        assert!(assigned_to("o'k").ends_with("assignedTo%28%27o%27%27k%27%29"), "{}", assigned_to("o'k"));
    }

    #[test]
    fn a_deny_assignment_concerns_whom_it_names_and_does_not_spare() {
        #[track_caller]
        fn check(principals: Value, spared: Value, own_scope_only: bool, expected: &str) {
            let document = json!({"value": [{"properties": {"denyAssignmentName": "d", "scope": "/subscriptions/s",
                "permissions": [{"actions": ["*/write"]}], "doNotApplyToChildScopes": own_scope_only,
                "principals": principals, "excludePrincipals": spared}}]});
            let at = Scope::parse("/subscriptions/s/resourceGroups/g").expect("a scope");
            let concern = denials(&document).expect("denials")[0].concerns("me", &["ours"], &at);
            let found = match concern {
                Concern::No => "no",
                Concern::Yes => "yes",
                Concern::Perhaps(_) => "perhaps",
            };
            assert_eq!(found, expected, "{document}");
        }
        let one = |id: &str, kind: &str| json!([{"id": id, "type": kind}]);
        check(one(EVERYONE, "SystemDefined"), json!([]), false, "yes");
        check(one(EVERYONE, "SystemDefined"), json!([]), true, "no");
        check(one(EVERYONE, "SystemDefined"), one("ME", "ServicePrincipal"), false, "no");
        check(one(EVERYONE, "SystemDefined"), one("ours", "Group"), false, "no");
        check(one(EVERYONE, "SystemDefined"), one("theirs", "Group"), false, "perhaps");
        check(one("me", "ServicePrincipal"), json!([]), false, "yes");
        check(one("ours", "Group"), json!([]), false, "yes");
        check(one("theirs", "Group"), json!([]), false, "perhaps");
        check(one("other", "ServicePrincipal"), one("theirs", "Group"), false, "no");
    }

    #[test]
    fn locks_tell_their_scope() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/locks/keep";
        let document = json!({"value": [{"id": id, "name": "keep", "properties": {"level": "CanNotDelete"}}]});
        let expected = ("CanNotDelete".to_owned(), "keep".to_owned(), "/subscriptions/s/resourceGroups/g".to_owned());
        assert_eq!(locks(&document), Some(vec![expected]));
        assert_eq!(locks(&json!({"value": [{}]})), None);
    }
}
