//! Microsoft.Authorization, request by request.

use serde_json::{Value, json};

use crate::emulator::arm::tests::{Bench, body};
use crate::emulator::message::Response;
use crate::emulator::world::{DenyAssignment, Group, Identity, Kind, PrincipalKind, RoleAssignment, World};
use crate::rbac::{Assignment, Pattern, Permission, Role, Scope};

const S: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861";
const V: &str = "api-version=2022-04-01";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const SOMEONE: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const NAME: &str = "22222222-bbbb-4ccc-8ddd-000000000002";

fn group() -> String {
    format!("{S}/resourceGroups/DevTest")
}

fn path(scope: &str, rest: &str) -> String {
    let query = if rest.contains('?') { "&" } else { "?" };
    format!("{scope}/providers/Microsoft.Authorization/{rest}{query}{V}")
}

fn assign(bench: &Bench, scope: &str, properties: Value) -> Response {
    let line = format!("PUT {}", path(scope, &format!("roleAssignments/{NAME}")));
    bench.send(&line, &json!({"properties": properties}))
}

fn reader_for(principal: &str) -> Value {
    let role = format!("{S}/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    json!({"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"})
}

#[track_caller]
fn check(response: &Response, status: u16, code: &str) {
    assert_eq!((response.status, &body(response)["error"]["code"]), (status, &json!(code)));
}

#[test]
fn an_assignment_is_made_shown_and_taken_away() {
    let bench = Bench::with("Owner", S);
    let made = assign(&bench, &group(), reader_for(SOMEONE));
    assert_eq!(made.status, 201);
    let id = format!("{}/providers/Microsoft.Authorization/roleAssignments/{NAME}", group());
    let mut shown = json!({
        "properties": {
            "roleDefinitionId": format!("{S}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
            "principalId": SOMEONE,
            "principalType": "ServicePrincipal",
            "scope": group(),
            "condition": null,
            "conditionVersion": null,
            "createdOn": "2026-01-05T10:00:00.0000000Z",
            "updatedOn": "2026-01-05T10:00:00.0000000Z",
            "createdBy": null,
            "updatedBy": bench.principal(),
            "delegatedManagedIdentityResourceId": null,
            "description": null,
        },
        "id": id,
        "type": "Microsoft.Authorization/roleAssignments",
        "name": NAME,
    });
    assert_eq!(String::from_utf8_lossy(&made.body), shown.to_string());
    // Who made it stands there only later.
    shown["properties"]["createdBy"] = bench.principal().into();
    let one = path(&group(), &format!("roleAssignments/{NAME}"));
    assert_eq!(body(&bench.ask(&format!("GET {one}"))), shown);
    assert_eq!(assign(&bench, &group(), reader_for(SOMEONE)).status, 200);
    let gone = bench.ask(&format!("DELETE {one}"));
    assert_eq!((gone.status, body(&gone)), (200, shown));
    assert_eq!(bench.ask(&format!("DELETE {one}")).status, 204);
    check(&bench.ask(&format!("GET {one}")), 404, "RoleAssignmentNotFound");
}

#[test]
fn assignments_that_cannot_be_made_are_refused() {
    let bench = Bench::with("Owner", S);
    assert_eq!(assign(&bench, &group(), reader_for(SOMEONE)).status, 201);
    let other = "33333333-cccc-4ddd-8eee-000000000003";
    let line = format!("PUT {}", path(&group(), &format!("roleAssignments/{other}")));
    let twin = bench.send(&line, &json!({"properties": reader_for(SOMEONE)}));
    check(&twin, 409, "RoleAssignmentExists");
    assert_eq!(
        body(&twin)["error"]["message"],
        format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            NAME.replace('-', "")
        )
    );
    check(&assign(&bench, &group(), reader_for(other)), 400, "RoleAssignmentUpdateNotPermitted");
    let mut unknown = reader_for(other);
    unknown["principalType"] = Value::Null;
    let unknown = bench.send(&line, &json!({"properties": unknown}));
    check(&unknown, 400, "PrincipalNotFound");
    let mut role = reader_for(other);
    role["roleDefinitionId"] = json!(format!("/providers/Microsoft.Authorization/roleDefinitions/{other}"));
    check(&bench.send(&line, &json!({"properties": role})), 404, "RoleDefinitionDoesNotExist");
    let mut kind = reader_for(bench.principal());
    kind["principalType"] = json!("User");
    check(&bench.send(&line, &json!({"properties": kind})), 400, "UnmatchedPrincipalType");
    check(&bench.send(&line, &json!({})), 400, "InvalidRequestContent");
    let bad = format!("PUT {}", path(&group(), "roleAssignments/mine"));
    check(&bench.send(&bad, &json!({"properties": reader_for(other)})), 400, "InvalidRequestContent");
}

#[test]
fn lists_assignments_as_the_filter_wants() {
    let mut world = World::quickstart();
    let me = world.identities[0].object_id.clone();
    world.groups.push(Group {
        name: "g".to_owned(),
        object_id: SOMEONE.to_owned(),
        members: vec![me.clone()],
        effective_after: std::time::Duration::ZERO,
    });
    let held = |principal: &str, kind, role: &str, scope: &str| {
        let role = Role::built_in(role).expect("a role");
        RoleAssignment::new((principal, kind), Assignment { role, scope: Scope::parse(scope).expect("a scope") })
    };
    world.assignments = vec![
        held(&me, PrincipalKind::ServicePrincipal, "Owner", "/"),
        held(SOMEONE, PrincipalKind::Group, "Reader", S),
        held(&me, PrincipalKind::ServicePrincipal, "Reader", &group()),
    ];
    let bench = Bench::new(world);
    let scopes = |scope: &str, filter: &str| -> Vec<String> {
        let response = bench.ask(&format!("GET {}", path(scope, &format!("roleAssignments?$filter={filter}"))));
        assert_eq!(response.status, 200, "{filter}");
        let list = body(&response)["value"].as_array().expect("a list").clone();
        let mut found: Vec<String> =
            list.iter().filter_map(|one| one["properties"]["scope"].as_str().map(str::to_owned)).collect();
        found.sort();
        found
    };
    assert_eq!(scopes(S, ""), ["/", S, &group()]);
    assert_eq!(scopes(S, "atScope()"), ["/", S]);
    assert_eq!(scopes(&group(), "atScope()"), ["/", S, &group()]);
    assert_eq!(scopes(S, &format!("principalId%20eq%20'{me}'")), ["/", &group()]);
    assert_eq!(scopes(S, &format!("assignedTo('{me}')")), ["/", S, &group()]);
    assert_eq!(scopes(S, &format!("atScope()%20and%20assignedTo('{me}')")), ["/", S]);
    assert_eq!(scopes("", "atScope()"), ["/"]);
    let refused = bench.ask(&format!(
        "GET {}",
        path(S, &format!("roleAssignments?$filter=atScope()%20and%20principalId%20eq%20'{me}'"))
    ));
    check(&refused, 400, "UnsupportedQuery");
}

#[test]
fn a_right_that_is_given_holds_at_once_and_is_gone_with_its_group() {
    let mut world = World::quickstart();
    world.identities.push(Identity::new("other", Kind::User));
    let other = world.identities[1].object_id.clone();
    let role = Role::built_in("Owner").expect("a role");
    world.assignments = vec![world.grant(0, role, Scope::parse(S).expect("a scope"))];
    let bench = Bench::new(world);
    let read = format!("GET {}?{V}", group());
    assert_eq!(bench.ask_by(1, &read).status, 403);
    assert_eq!(assign(&bench, &group(), reader_for(&other)).status, 201);
    assert_eq!(bench.ask_by(1, &read).status, 200);
    assert_eq!(bench.ask(&format!("DELETE {}?{V}", group())).status, 202);
    bench.later(10);
    assert_eq!(bench.send(&format!("PUT {}?{V}", group()), &json!({"location": "chinanorth"})).status, 201);
    assert_eq!(bench.ask_by(1, &read).status, 403);
}

#[test]
fn deny_assignments_come_first_and_spare_the_excluded() {
    let mut world = World::quickstart();
    world.identities.push(Identity::new("spared", Kind::User));
    let (me, spared) = (world.identities[0].object_id.clone(), world.identities[1].object_id.clone());
    let role = Role::built_in("Owner").expect("a role");
    let scope = Scope::parse(S).expect("a scope");
    world.assignments = vec![world.grant(0, role.clone(), scope.clone()), world.grant(1, role, scope.clone())];
    world.deny_assignments = vec![DenyAssignment {
        id: NAME.to_owned(),
        name: "No reading".to_owned(),
        description: None,
        permissions: vec![Permission { actions: vec![Pattern::parse("*/resourceGroups/read")], ..Default::default() }],
        scope,
        own_scope_only: false,
        principals: Vec::new(),
        excluded: vec![spared],
    }];
    let bench = Bench::new(world);
    let read = format!("GET {}?{V}", group());
    let response = bench.ask(&read);
    check(&response, 403, "DenyAssignmentAuthorizationFailed");
    let client = bench.client();
    assert_eq!(
        body(&response)["error"]["message"],
        format!(
            "The client '{client}' with object id '{me}' has permission to perform action \
             'Microsoft.Resources/subscriptions/resourceGroups/read' on scope '{}'; however, the access is denied \
             because of the deny assignment with name 'No reading' and Id '{}' at scope '{S}'.",
            group(),
            NAME.replace('-', "")
        )
    );
    assert_eq!(bench.ask_by(1, &read).status, 200);
    let listed = body(&bench.ask(&format!("GET {}", path(&group(), "denyAssignments"))));
    assert_eq!(listed["value"][0]["properties"]["principals"][0]["type"], "SystemDefined");
    let one = path(S, &format!("denyAssignments/{NAME}"));
    assert_eq!(bench.ask(&format!("DELETE {one}")).status, 200);
    assert_eq!(bench.ask(&read).status, 200);
    let everyone = json!({"properties": {"denyAssignmentName": "x", "principals": [
        {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]}});
    check(&bench.send(&format!("PUT {one}"), &everyone), 400, "InvalidRequestContent");
}

#[test]
fn roles_are_listed_and_custom_ones_made_and_deleted() {
    let bench = Bench::with("Owner", S);
    let names = |filter: &str| -> Vec<String> {
        let response = bench.ask(&format!("GET {}", path(S, &format!("roleDefinitions?$filter={filter}"))));
        let list = body(&response)["value"].as_array().expect("a list").clone();
        list.iter().filter_map(|one| one["properties"]["roleName"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names("roleName%20eq%20'reader'"), ["Reader"]);
    assert_eq!(names("").len(), 928);
    assert!(names("type%20eq%20'CustomRole'").is_empty());
    let one = path(S, &format!("roleDefinitions/{NAME}"));
    let role = json!({"properties": {
        "roleName": "Restarter", "description": "d", "assignableScopes": [S],
        "permissions": [{"actions": ["*/restart/action"], "notActions": []}],
    }});
    assert_eq!(bench.send(&format!("PUT {one}"), &role).status, 201);
    assert_eq!(names("type%20eq%20'CustomRole'"), ["Restarter"]);
    let shown = body(&bench.ask(&format!("GET {one}")));
    assert_eq!(shown["properties"]["type"], "CustomRole");
    assert_eq!(shown["id"], format!("{S}/providers/Microsoft.Authorization/roleDefinitions/{NAME}"));
    let mut taken = role.clone();
    taken["properties"]["roleName"] = json!("Contributor");
    check(&bench.send(&format!("PUT {one}"), &taken), 409, "RoleDefinitionWithSameNameExists");
    let mut everywhere = role;
    everywhere["properties"]["assignableScopes"] = json!(["/"]);
    check(&bench.send(&format!("PUT {one}"), &everywhere), 400, "InvalidRequestContent");
    let mut held = reader_for(SOMEONE);
    held["roleDefinitionId"] = shown["id"].clone();
    assert_eq!(assign(&bench, &group(), held).status, 201);
    check(&bench.ask(&format!("DELETE {one}")), 400, "RoleDefinitionHasAssignments");
    bench.ask(&format!("DELETE {}", path(&group(), &format!("roleAssignments/{NAME}"))));
    assert_eq!(bench.ask(&format!("DELETE {one}")).status, 200);
    let built_in = path(S, &format!("roleDefinitions/{READER}"));
    check(&bench.ask(&format!("DELETE {built_in}")), 403, "RoleDefinitionIsBuiltIn");
}

#[test]
fn access_checks_answer_for_any_principal() {
    let bench = Bench::with("Owner", S);
    let ask = |action: &str, data: bool| {
        let asked = json!({
            "Subject": {"Attributes": {"ObjectId": bench.principal()}},
            "Actions": [{"Id": action, "IsDataAction": data}],
            "Resource": {"Id": group()},
        });
        let response = bench.send(&format!("POST {}", path(&group(), "checkAccess")), &asked);
        assert_eq!(response.status, 200);
        body(&response)[0].clone()
    };
    let allowed = ask("Microsoft.Compute/virtualMachines/start/action", false);
    assert_eq!((&allowed["accessDecision"], &allowed["roleAssignment"]["scope"]), (&json!("Allowed"), &json!(S)));
    let data = ask("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", true);
    assert_eq!((&data["accessDecision"], &data["roleAssignment"]), (&json!("NotAllowed"), &Value::Null));
}

#[test]
fn operations_of_providers_are_listed() {
    let bench = Bench::with("Owner", "/");
    let listed = body(&bench.ask(&format!("GET {}", path("", "providerOperations/microsoft.keyvault"))));
    let operations = listed["operations"].as_array().expect("a list");
    let is_data = |name: &str| {
        let found =
            operations.iter().find(|one| one["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)));
        found.and_then(|one| one["isDataAction"].as_bool())
    };
    assert_eq!(is_data("Microsoft.KeyVault/vaults/secrets/getSecret/action"), Some(true));
    assert_eq!(is_data("Microsoft.KeyVault/vaults/read"), Some(false));
    assert_eq!(is_data("Microsoft.KeyVault/nothing"), None);
}
