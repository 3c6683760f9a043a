//! Diagnoses from evidence, without a network.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::rbac::Pattern;

const START: &str = "Microsoft.Compute/virtualMachines/start/action";
const GROUP: &str = "/subscriptions/s/resourceGroups/web";

fn error(code: &str) -> ArmError {
    ArmError {
        code: code.to_owned(),
        action: Some(START.to_owned()),
        scope: Some(GROUP.to_owned()),
        object_id: Some("me".to_owned()),
        ..ArmError::default()
    }
}

fn permission(action: &str) -> Permission {
    Permission { actions: vec![Pattern::parse(action)], ..Permission::default() }
}

#[track_caller]
fn check(evidence: Evidence, expected: &[&str]) {
    let error = error("AuthorizationFailed");
    let found = cure(&Refusal { status: 403, error: &error, path: "" }, &evidence).expect("a cure");
    let told = found.notes.iter().chain(&found.helps).cloned().collect::<Vec<_>>().join("\n");
    for words in expected {
        assert!(told.contains(words), "`{words}` is not in:\n{told}");
    }
}

#[test]
fn a_refusal_is_cured_by_the_narrowest_role() {
    let error = error("AuthorizationFailed");
    let refusal = Refusal { status: 403, error: &error, path: "" };
    let evidence = Evidence { cloud: Some("china".to_owned()), ..Evidence::default() };
    let found = cure(&refusal, &evidence).expect("a cure");
    assert!(found.notes[1].contains("`Desktop Virtualization Power On Contributor`"), "{found:?}");
    assert!(found.notes[1].contains("well known, and wider: `Virtual Machine Contributor`"), "{found:?}");
    assert_eq!(
        found.helps[0],
        "az cloud set --name AzureChinaCloud && az role assignment create \
         --role \"Desktop Virtualization Power On Contributor\" --assignee-object-id me \
         --assignee-principal-type ServicePrincipal --scope \"/subscriptions/s/resourceGroups/web\""
    );
    assert_eq!(cure(&Refusal { status: 404, ..refusal }, &evidence), None);
    assert_eq!(cure(&Refusal { error: &ArmError::default(), ..refusal }, &evidence), None);
}

#[test]
fn what_is_held_at_the_scope_tells_why_it_does_not_do() {
    let with = |entries: Vec<Permission>| Evidence { permissions: Some(Ok(entries)), ..Evidence::default() };
    check(
        with(vec![permission("*/read")]),
        &["certain", "the role is too small", "is no reading", "az role assignment"],
    );
    check(with(vec![permission("Microsoft.Web/*")]), &["the role is too small: here it holds `Microsoft.Web/*`"]);
    let conditional = Permission { condition: Some("@x".to_owned()), ..permission("*") };
    check(with(vec![conditional]), &["likely", "only under a condition", "@x"]);
    check(with(vec![permission("*")]), &["likely", "only just become effective", "eventually: 10m"]);
    let data = Permission { data_actions: vec![Pattern::parse("*")], ..Permission::default() };
    check(with(vec![data]), &["certain", "for data only"]);
}

#[test]
fn an_assignment_that_is_not_effective_yet_is_waited_for() {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_607_200);
    let role = Role::built_in("Contributor").expect("a role");
    let held = |principal: &str, created: &str| Held {
        id: String::new(),
        role: role.id.clone(),
        principal: principal.to_owned(),
        kind: String::new(),
        scope: GROUP.to_owned(),
        condition: None,
        created: Some(created.to_owned()),
    };
    let with = |held: Held| Evidence {
        permissions: Some(Ok(vec![permission("*/read")])),
        assignments: Some(Ok(vec![held])),
        roles: vec![Arc::clone(&role)],
        now: Some(now),
        issued: Some(now - Duration::from_secs(7200)),
        ..Evidence::default()
    };
    check(
        with(held("ME", "2026-01-05T09:57:00Z")),
        &["likely", "`Contributor` was assigned 3m ago", "eventually: 10m"],
    );
    check(with(held("me", "2025-01-05T09:57:00Z")), &["possible", "has no effect"]);
    check(with(held("group", "2025-01-05T09:57:00Z")), &["likely", "comes through the group group", "issued 2h ago,"]);
}

#[test]
fn where_one_may_not_ask_the_lists_tell_where_the_role_is() {
    let with = |groups: Asked<Vec<String>>, subscriptions: Asked<Vec<(String, String)>>| Evidence {
        permissions: Some(Err(403)),
        groups,
        subscriptions,
        client_id: Some("app".to_owned()),
        own_subscription: Some("mine".to_owned()),
        ..Evidence::default()
    };
    let names = |names: &[&str]| Some(Ok(names.iter().map(|name| (*name).to_owned()).collect()));
    check(with(names(&["data"]), None), &["likely", "another scope: it may read `data`"]);
    check(with(names(&["web1", "data"]), None), &["is the group `web1` meant?"]);
    check(with(names(&["WEB"]), None), &["certain", "`web` exists"]);
    check(with(Some(Err(403)), Some(Ok(vec![]))), &["no role at all", "the client id app", "the object id me"]);
    let sees = |id: &str| Some(Ok(vec![(id.to_owned(), String::new())]));
    check(with(Some(Err(403)), sees("S")), &["at another scope of this subscription"]);
    check(
        with(Some(Err(403)), sees("t")),
        &["the wrong one", "it sees other subscriptions: `t`", "in the subscription `mine`"],
    );
    check(with(Some(Err(0)), Some(Err(500))), &["certain, by the answer"]);
}

#[test]
fn it_is_asked_step_by_step_and_no_more_than_is_needed() {
    let error = error("AuthorizationFailed");
    let refusal = Refusal { status: 403, error: &error, path: "" };
    let next = |evidence: &Evidence| next(&refusal, evidence);
    let mut evidence = Evidence::default();
    assert_eq!(next(&evidence), Some(Probe::Permissions(GROUP.to_owned())));
    evidence.permissions = Some(Ok(vec![permission("*/read")]));
    assert_eq!(next(&evidence), Some(Probe::Assignments(GROUP.to_owned(), "me".to_owned())));
    evidence.assignments = Some(Err(403));
    assert_eq!(next(&evidence), None);
    evidence.permissions = Some(Err(403));
    assert_eq!(next(&evidence), Some(Probe::Groups("s".to_owned())));
    evidence.groups = Some(Ok(vec!["a".to_owned()]));
    assert_eq!(next(&evidence), None);
    evidence.groups = Some(Ok(Vec::new()));
    assert_eq!(next(&evidence), Some(Probe::Subscriptions));
    evidence.subscriptions = Some(Err(429));
    assert_eq!(next(&evidence), None);
}

#[test]
fn lists_are_about_the_scope_that_they_are_of() {
    #[track_caller]
    fn check(scope: &str, expected: Option<&str>) {
        let error = ArmError { scope: Some(scope.to_owned()), ..ArmError::default() };
        assert_eq!(Refusal { status: 403, error: &error, path: "" }.scope().as_deref(), expected);
    }
    check("/subscriptions/s/providers/Microsoft.Authorization", Some("/subscriptions/s"));
    check("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute", Some("/subscriptions/s/resourceGroups/g"));
    check("/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/r", Some("/subscriptions/s"));
    check("/subscriptions/s/resourceGroups/providers", Some("/subscriptions/s/resourceGroups/providers"));
    check("https://elsewhere", None);
}

#[test]
fn codes_speak_for_themselves() {
    #[track_caller]
    fn check(code: &str, message: &str, expected: &[&str]) {
        let error = ArmError { code: code.to_owned(), message: message.to_owned(), ..ArmError::default() };
        let path = "/subscriptions/s1/resourceGroups/wbe";
        let evidence = Evidence {
            cloud: Some("public".to_owned()),
            groups: Some(Ok(vec!["web".to_owned()])),
            subscriptions: Some(Ok(vec![("s2".to_owned(), String::new())])),
            ..Evidence::default()
        };
        let found = cure(&Refusal { status: 403, error: &error, path }, &evidence).expect("a cure");
        let told = found.notes.iter().chain(&found.helps).cloned().collect::<Vec<_>>().join("\n");
        expected.iter().for_each(|words| assert!(told.contains(words), "`{words}` is not in:\n{told}"));
    }
    let audience = "obtained for wrong audience or resource 'https://management.usgovcloudapi.net/'. It should";
    check("InvalidAuthenticationTokenAudience", audience, &["Resource Manager of the cloud `usgov`", "cloud `public`"]);
    let graph = "wrong audience or resource 'https://graph.microsoft.com'.";
    check("InvalidAuthenticationTokenAudience", graph, &["which is Microsoft Graph"]);
    let tenant =
        "from the wrong issuer 'https://sts.windows.net/t1/'. It must match the tenant 'https://sts.windows.net/t2/' x";
    check("InvalidAuthenticationTokenTenant", tenant, &["of the tenant `t1`, and the subscription of `t2`"]);
    check("SubscriptionNotFound", "", &["no such subscription", "`s2`"]);
    let denied = "because of the deny assignment with name 'Keep' and Id '1' at scope '/subscriptions/s'.";
    check("DenyAssignmentAuthorizationFailed", denied, &["deny assignment `Keep` at `/subscriptions/s`", "az rest"]);
    let linked = "has permission to perform action 'A/write' on scope '/a'; however, it does not have permission to perform \
                  action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '/n,/m' (respectively)";
    check("LinkedAuthorizationFailed", linked, &["subnets/join/action` is missing at the other resource, `/n`"]);
    check("ResourceGroupNotFound", "", &["the group is", "`web`"]);
    let vault = "Caller is not authorized.\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n";
    check("ForbiddenByRbac", vault, &["getSecret/action`", "`Key Vault"]);
    check("AuthorizationPermissionMismatch", "", &["Storage refused"]);
    check("ReadOnlyDisabledSubscription", "", &["disabled"]);
    let inside = ArmError { code: "Conflict".to_owned(), inner: vec!["ScopeLocked".to_owned()], ..ArmError::default() };
    assert!(cure(&Refusal { status: 409, error: &inside, path: "" }, &Evidence::default()).is_some());
}
