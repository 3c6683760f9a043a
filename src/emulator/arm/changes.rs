//! Resource Manager, request by request: what changes, and what is seen of it later.

use serde_json::{Value, json};

use crate::emulator::arm::tests::{Bench, body};
use crate::emulator::message::Response;
use crate::emulator::world::{Identity, Kind, Lock, LockLevel, World};
use crate::rbac::{Role, Scope};

const S: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861";
const G: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/DevTest";
const V: &str = "api-version=2024-03-01";

fn owner() -> Bench {
    Bench::with("Owner", S)
}

#[track_caller]
fn check(response: &Response, status: u16, code: &str) {
    assert_eq!((response.status, &body(response)["error"]["code"]), (status, &json!(code)));
}

fn names(response: &Response) -> Vec<String> {
    let list = body(response)["value"].as_array().expect("a list").clone();
    list.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

/// The way that a header names, without the origin.
fn follow(response: &Response, header: &str) -> String {
    let url = response.header(header).expect("a header");
    url.strip_prefix("http://127.0.0.1:1").expect("the same origin").to_owned()
}

#[test]
fn a_group_is_made_changed_and_deleted() {
    let bench = owner();
    let group = format!("{S}/resourceGroups/New");
    let made = bench.send(&format!("PUT {group}?{V}"), &json!({"location": "China North", "tags": {"a": "b"}}));
    assert_eq!(
        (made.status, body(&made)),
        (
            201,
            json!({
                "id": group, "name": "New", "type": "Microsoft.Resources/resourceGroups", "location": "chinanorth",
                "tags": {"a": "b"}, "properties": {"provisioningState": "Succeeded"},
            })
        )
    );
    let again = bench.send(&format!("PUT {S}/resourcegroups/NEW?{V}"), &json!({"location": "chinanorth"}));
    assert_eq!((again.status, &body(&again)["name"], &body(&again)["tags"]), (200, &json!("New"), &json!({})));
    let changed = bench.send(&format!("PATCH {group}?{V}"), &json!({"tags": {"x": "1"}}));
    assert_eq!((changed.status, &body(&changed)["tags"]), (200, &json!({"x": "1"})));
    let listed =
        bench.ask(&format!("GET {S}/resourcegroups?{V}&$filter=tagName%20eq%20'x'%20and%20tagValue%20eq%20'1'"));
    assert_eq!(names(&listed), ["New"]);

    let deleted = bench.ask(&format!("DELETE {group}?{V}"));
    assert_eq!((deleted.status, deleted.header("retry-after")), (202, Some("1")));
    let shown = body(&bench.ask(&format!("GET {group}?{V}")));
    assert_eq!(shown["properties"]["provisioningState"], "Deleting");
    let poll = follow(&deleted, "location");
    assert!(poll.starts_with(&format!("{S}/operationresults/")));
    assert_eq!(bench.ask(&format!("GET {poll}")).status, 202);
    assert_eq!(bench.ask(&format!("GET {poll}")).status, 200);
    check(&bench.ask(&format!("GET {group}?{V}")), 404, "ResourceGroupNotFound");
}

#[test]
fn groups_that_cannot_be_made_are_refused() {
    let bench = owner();
    let put = |name: &str, wanted: &Value| bench.send(&format!("PUT {S}/resourceGroups/{name}?{V}"), wanted);
    check(&put("New", &json!({})), 400, "LocationRequired");
    check(&put("DevTest", &json!({"location": "chinaeast"})), 409, "InvalidResourceGroupLocation");
    check(&put("Dot.", &json!({"location": "chinaeast"})), 400, "InvalidResourceGroup");
    check(&put(&"x".repeat(91), &json!({"location": "chinaeast"})), 400, "InvalidResourceGroup");
    check(&put("New", &json!({"location": "x", "tags": {"a": 1}})), 400, "InvalidRequestContent");
    check(&bench.ask(&format!("PUT {S}/resourceGroups/New?{V}")), 400, "InvalidRequestContent");
    check(&put("New", &json!([])), 400, "InvalidRequestContent");
}

#[test]
fn lists_come_in_pages() {
    let bench = owner();
    for number in 0..5 {
        bench.send(&format!("PUT {S}/resourceGroups/g{number}?{V}"), &json!({"location": "chinanorth"}));
    }
    let (mut line, mut found) = (format!("{S}/resourceGroups?{V}&$top=3"), Vec::new());
    loop {
        let page = bench.ask(&format!("GET {line}"));
        found.push(names(&page).len());
        match body(&page)["nextLink"].as_str() {
            Some(next) => line = next.strip_prefix("http://127.0.0.1:1").expect("the same origin").to_owned(),
            None => break,
        }
    }
    assert_eq!(found, [3, 3, 1]);
    check(&bench.ask(&format!("GET {S}/resourceGroups?{V}&$top=0")), 400, "InvalidTopInQueryString");
    check(&bench.ask(&format!("GET {S}/resourceGroups?{V}&$skiptoken=x")), 400, "InvalidSkipToken");
    check(&bench.ask(&format!("GET {S}/resourceGroups?{V}&$filter=x%20gt%203")), 400, "InvalidFilterInQueryString");
}

#[test]
fn a_resource_is_made_changed_listed_and_deleted() {
    let bench = owner();
    let vault = format!("{G}/providers/Microsoft.KeyVault/vaults/v1");
    let wanted =
        json!({"location": "chinanorth", "id": "x", "properties": {"a": {"b": 1, "c": 2}}, "sku": {"name": "s"}});
    let made = bench.send(&format!("PUT {}?{V}", vault.replace("DevTest", "devtest")), &wanted);
    assert_eq!(made.status, 201);
    assert_eq!(
        body(&made),
        json!({
            "id": vault, "name": "v1", "type": "Microsoft.KeyVault/vaults", "location": "chinanorth",
            "properties": {"a": {"b": 1, "c": 2}, "provisioningState": "Succeeded"}, "sku": {"name": "s"},
        })
    );
    assert_eq!(bench.send(&format!("PUT {vault}?{V}"), &wanted).status, 200);
    let change = json!({"tags": {"t": "1"}, "properties": {"a": {"b": null, "d": 3}}});
    let changed = body(&bench.send(&format!("PATCH {vault}?{V}"), &change));
    assert_eq!(changed["properties"]["a"], json!({"c": 2, "d": 3}));
    for list in [
        format!("{S}/resources?{V}&$filter=resourceType%20eq%20'microsoft.keyvault/vaults'"),
        format!("{S}/resources?{V}&$filter=tagName%20eq%20't'"),
        format!("{G}/providers/microsoft.keyvault/vaults?{V}"),
        format!("{S}/providers/Microsoft.KeyVault/vaults?{V}"),
    ] {
        assert_eq!(names(&bench.ask(&format!("GET {list}"))), ["v1"], "{list}");
    }
    assert_eq!(names(&bench.ask(&format!("GET {G}/resources?{V}"))), ["web-1", "v1"]);
    assert_eq!(bench.ask(&format!("HEAD {vault}?{V}")).status, 204);
    assert_eq!(bench.ask(&format!("DELETE {vault}?{V}")).status, 200);
    assert_eq!(bench.ask(&format!("DELETE {vault}?{V}")).status, 204);
    check(&bench.ask(&format!("GET {vault}?{V}")), 404, "ResourceNotFound");
}

#[test]
fn children_and_extensions_need_what_they_belong_to() {
    let bench = owner();
    let vm = format!("{G}/providers/Microsoft.Compute/virtualMachines");
    let put = |path: &str| bench.send(&format!("PUT {path}?{V}"), &json!({"properties": {}}));
    assert_eq!(put(&format!("{vm}/web-1/extensions/agent")).status, 201);
    let orphan = put(&format!("{vm}/none/extensions/agent"));
    check(&orphan, 404, "ParentResourceNotFound");
    assert_eq!(
        body(&orphan)["error"]["message"],
        "Can not perform requested operation on nested resource. Parent resource \
         'Microsoft.Compute/virtualMachines/none' not found."
    );
    let settings = "providers/Microsoft.Insights/diagnosticSettings/d";
    assert_eq!(put(&format!("{vm}/web-1/{settings}")).status, 201);
    check(&put(&format!("{vm}/none/{settings}")), 404, "ResourceNotFound");
    check(&put(&format!("{vm}/plain")), 400, "LocationRequired");
    let view = body(&bench.ask(&format!("GET {vm}/web-1/instanceView?{V}")));
    assert_eq!(view["statuses"][1]["code"], "PowerState/running");
    assert_eq!(names(&bench.ask(&format!("GET {vm}/web-1/extensions?{V}"))), ["agent"]);
    check(&put(&format!("{G}/providers/Microsoft.Nothing/things/x")), 404, "InvalidResourceNamespace");
    let version = bench.send(&format!("PUT {vm}/x?api-version=latest"), &json!({"location": "x"}));
    check(&version, 400, "NoRegisteredProviderFound");
}

#[test]
fn slow_actions_are_followed_by_their_status() {
    let bench = owner();
    let vm = format!("{G}/providers/Microsoft.Compute/virtualMachines/web-1");
    let begun = bench.ask(&format!("POST {vm}/restart?{V}"));
    assert_eq!(begun.status, 202);
    let (status, result) = (follow(&begun, "azure-asyncoperation"), follow(&begun, "location"));
    let first = bench.ask(&format!("GET {status}"));
    assert_eq!((first.status, &body(&first)["status"]), (200, &json!("InProgress")));
    bench.later(2);
    let last = body(&bench.ask(&format!("GET {status}")));
    assert_eq!((&last["status"], last["endTime"].is_string()), (&json!("Succeeded"), true));
    assert_eq!(bench.ask(&format!("GET {result}")).status, 200);
    let another = follow(&bench.ask(&format!("POST {vm}/start?{V}")), "location");
    assert_eq!(bench.ask(&format!("GET {another}")).status, 202);
    let nothing = status.replace("/operations/", "/operations/0");
    check(&bench.ask(&format!("GET {nothing}")), 404, "NotFound");
    assert_eq!(bench.ask(&format!("POST {vm}/anything?{V}")).status, 200);
    check(&bench.ask(&format!("POST {vm}0/restart?{V}")), 404, "ResourceNotFound");
}

#[test]
fn who_may_begin_and_not_look_is_refused_half_way() {
    let mut world = World::quickstart();
    let role = Role::built_in("Desktop Virtualization Power On Contributor").expect("a role");
    assert!(role.grants("Microsoft.Compute/virtualMachines/start/action"));
    world.assignments = vec![world.grant(0, role, Scope::parse(G).expect("a scope"))];
    let bench = Bench::new(world);
    let begun = bench.ask(&format!("POST {G}/providers/Microsoft.Compute/virtualMachines/web-1/start?{V}"));
    assert_eq!(begun.status, 202);
    check(&bench.ask(&format!("GET {}", follow(&begun, "azure-asyncoperation"))), 403, "AuthorizationFailed");
}

#[test]
fn a_template_is_deployed_with_the_rights_of_each_resource() {
    let bench = owner();
    let deployment = format!("{G}/providers/Microsoft.Resources/deployments/d1");
    let template = json!({
        "parameters": {"name": {"type": "string"}},
        "resources": [{
            "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('name')]",
            "location": "[resourceGroup().location]",
        }],
        "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.Storage/storageAccounts', 'data')]"}},
    });
    let wanted = json!({"properties": {
        "mode": "Incremental", "template": template, "parameters": {"name": {"value": "data"}}}});
    let begun = bench.send(&format!("PUT {deployment}?{V}"), &wanted);
    assert_eq!((begun.status, &body(&begun)["properties"]["provisioningState"]), (201, &json!("Running")));
    let status = follow(&begun, "azure-asyncoperation");
    assert!(status.starts_with(&format!("{deployment}/operationStatuses/")));
    assert_eq!(body(&bench.ask(&format!("GET {status}")))["status"], "InProgress");
    assert_eq!(body(&bench.ask(&format!("GET {status}")))["status"], "Succeeded");
    let done = body(&bench.ask(&format!("GET {deployment}?{V}")));
    let account = format!("{G}/providers/Microsoft.Storage/storageAccounts/data");
    assert_eq!(done["properties"]["provisioningState"], "Succeeded");
    assert_eq!(done["properties"]["outputs"]["id"]["value"], account);
    assert_eq!(body(&bench.ask(&format!("GET {account}?{V}")))["location"], "chinanorth");
    let steps = body(&bench.ask(&format!("GET {deployment}/operations?{V}")));
    assert_eq!(steps["value"][0]["properties"]["targetResource"]["id"], account);
    let older = deployment.replace("/providers/Microsoft.Resources", "");
    assert_eq!(bench.ask(&format!("GET {older}/operations?{V}")).status, 200);
    let bad = json!({"properties": {"template": {"resources": [{"type": "x"}]}}});
    check(&bench.send(&format!("PUT {deployment}?{V}"), &bad), 400, "InvalidTemplate");
}

#[test]
fn a_deployment_fails_with_what_was_refused_in_it() {
    let mut world = World::quickstart();
    let role = |name: &str| Role::built_in(name).expect("a role");
    let scope = Scope::parse(G).expect("a scope");
    let may_deploy = role("Virtual Machine Contributor");
    world.assignments = vec![world.grant(0, may_deploy, scope.clone()), world.grant(0, role("Reader"), scope)];
    let bench = Bench::new(world);
    let template = json!({"resources": [
        {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-01-01", "name": "v", "location": "chinanorth"}]});
    let deployment = format!("{G}/providers/Microsoft.Resources/deployments/d1");
    let begun = bench.send(&format!("PUT {deployment}?{V}"), &json!({"properties": {"template": template}}));
    assert_eq!(begun.status, 201);
    bench.later(5);
    let status = body(&bench.ask(&format!("GET {}", follow(&begun, "azure-asyncoperation"))));
    assert_eq!((&status["status"], &status["error"]["code"]), (&json!("Failed"), &json!("DeploymentFailed")));
    assert_eq!(status["error"]["details"][0]["code"], "AuthorizationFailed");
}

#[test]
fn locks_hold_against_everyone() {
    let mut world = World::quickstart();
    let role = Role::built_in("Owner").expect("a role");
    world.assignments = vec![world.grant(0, role, Scope::parse(S).expect("a scope"))];
    world.locks = vec![Lock {
        name: "keep".to_owned(),
        level: LockLevel::CanNotDelete,
        scope: Scope::parse(G).expect("a scope"),
        notes: Some("n".to_owned()),
    }];
    let bench = Bench::new(world);
    let vm = format!("{G}/providers/Microsoft.Compute/virtualMachines/web-1");
    let locked = bench.ask(&format!("DELETE {vm}?{V}"));
    check(&locked, 409, "ScopeLocked");
    assert_eq!(
        body(&locked)["error"]["message"],
        format!(
            "The scope '{vm}' cannot perform delete operation because following scope(s) are locked: '{G}'. Please remove \
             the lock and try again."
        )
    );
    assert_eq!(bench.send(&format!("PATCH {vm}?{V}"), &json!({"tags": {}})).status, 200);
    let lock = format!("{G}/providers/Microsoft.Authorization/locks/keep");
    let harder = json!({"properties": {"level": "ReadOnly"}});
    assert_eq!(bench.send(&format!("PUT {lock}?{V}"), &harder).status, 200);
    check(&bench.send(&format!("PATCH {vm}?{V}"), &json!({"tags": {}})), 409, "ScopeLocked");
    check(&bench.ask(&format!("POST {vm}/start?{V}")), 409, "ScopeLocked");
    assert_eq!(names(&bench.ask(&format!("GET {S}/providers/Microsoft.Authorization/locks?{V}"))), ["keep"]);
    assert_eq!(bench.ask(&format!("DELETE {lock}?{V}")).status, 200);
    assert_eq!(bench.ask(&format!("DELETE {vm}?{V}")).status, 200);
}

#[test]
fn a_disabled_subscription_can_only_be_read() {
    let mut world = World::quickstart();
    let role = Role::built_in("Owner").expect("a role");
    world.assignments = vec![world.grant(0, role, Scope::parse(S).expect("a scope"))];
    world.subscriptions[0].enabled = false;
    let bench = Bench::new(world);
    assert_eq!(bench.ask(&format!("GET {G}?{V}")).status, 200);
    check(&bench.ask(&format!("DELETE {G}?{V}")), 409, "ReadOnlyDisabledSubscription");
    assert_eq!(body(&bench.ask(&format!("GET {S}?{V}")))["state"], "Disabled");
}

#[test]
fn providers_can_be_registered_and_not() {
    let bench = owner();
    let vault = format!("{G}/providers/Microsoft.KeyVault/vaults/v1");
    let provider = format!("{S}/providers/Microsoft.KeyVault");
    let off = body(&bench.ask(&format!("POST {provider}/unregister?{V}")));
    assert_eq!(off["registrationState"], "NotRegistered");
    check(&bench.send(&format!("PUT {vault}?{V}"), &json!({"location": "x"})), 409, "MissingSubscriptionRegistration");
    bench.ask(&format!("POST {provider}/register?{V}"));
    assert_eq!(bench.send(&format!("PUT {vault}?{V}"), &json!({"location": "x"})).status, 201);
    let shown = body(&bench.ask(&format!("GET {provider}?{V}")));
    assert_eq!(
        (&shown["namespace"], &shown["registrationState"]),
        (&json!("Microsoft.KeyVault"), &json!("Registered"))
    );
    assert_eq!(bench.ask(&format!("GET {S}/providers?{V}")).status, 200);
    check(&bench.ask(&format!("GET {S}/providers/Microsoft.Nothing?{V}")), 404, "InvalidResourceNamespace");
}

#[test]
fn tags_are_a_resource_of_their_own() {
    let bench = owner();
    for scope in [S.to_owned(), G.to_owned(), format!("{G}/providers/Microsoft.Compute/virtualMachines/web-1")] {
        let tags = format!("{scope}/providers/Microsoft.Resources/tags/default?{V}");
        let send = |method: &str, wanted: Value| body(&bench.send(&format!("{method} {tags}"), &wanted));
        let all = |shown: &Value| shown["properties"]["tags"].clone();
        assert_eq!(all(&send("PUT", json!({"properties": {"tags": {"a": "1"}}}))), json!({"a": "1"}));
        let merge = json!({"operation": "Merge", "properties": {"tags": {"b": "2"}}});
        assert_eq!(all(&send("PATCH", merge)), json!({"a": "1", "b": "2"}));
        let less = json!({"operation": "Delete", "properties": {"tags": {"a": "1"}}});
        assert_eq!(all(&send("PATCH", less)), json!({"b": "2"}));
        assert_eq!(all(&body(&bench.ask(&format!("GET {tags}")))), json!({"b": "2"}));
        assert_eq!(body(&bench.ask(&format!("GET {scope}?{V}")))["tags"], json!({"b": "2"}));
    }
}

#[test]
fn linked_resources_need_rights_of_their_own() {
    let mut world = World::quickstart();
    world.identities.push(Identity { attached: false, ..Identity::new("worker", Kind::User) });
    let worker = world.resource_id(&world.identities[1]);
    let role = Role::built_in("Virtual Machine Contributor").expect("a role");
    world.assignments = vec![world.grant(0, role, Scope::parse(S).expect("a scope"))];
    let bench = Bench::new(world);
    let vm = format!("{G}/providers/Microsoft.Compute/virtualMachines/web-2");
    let wanted = json!({"location": "chinanorth", "identity": {"userAssignedIdentities": {&worker: {}}}});
    let refused = bench.send(&format!("PUT {vm}?{V}"), &wanted);
    check(&refused, 403, "LinkedAuthorizationFailed");
    let message = body(&refused)["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.ends_with(&format!(
        "has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '{vm}'; however, it does not \
         have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the \
         linked scope(s) '{worker}' (respectively) or the linked scope(s) are invalid."
    )));
    assert_eq!(bench.send(&format!("PUT {vm}?{V}"), &json!({"location": "chinanorth"})).status, 201);
}

#[test]
fn tenants_management_groups_and_locations_are_told() {
    let bench = Bench::with("Reader", "/");
    let tenants = body(&bench.ask(&format!("GET /tenants?{V}")));
    assert_eq!(tenants["value"][0]["tenantId"], "5b973f99-77df-4beb-b27d-aa0c70b8482c");
    let groups = "/providers/Microsoft.Management/managementGroups";
    let listed = names(&bench.ask(&format!("GET {groups}?{V}")));
    assert_eq!(listed, ["5b973f99-77df-4beb-b27d-aa0c70b8482c"]);
    let root = body(&bench.ask(&format!("GET {groups}/{}?{V}", listed[0])));
    assert_eq!(root["properties"]["displayName"], "Tenant Root Group");
    check(&bench.ask(&format!("GET {groups}/none?{V}")), 404, "NotFound");
    assert!(names(&bench.ask(&format!("GET {S}/locations?{V}"))).contains(&"chinanorth".to_owned()));
}

#[test]
fn counters_count_and_throttling_refuses_when_it_is_on() {
    let mut world = World::quickstart();
    world.throttling = true;
    let bench = Bench::new(world);
    let ask = || bench.ask(&format!("GET {G}?{V}"));
    let left = |response: &Response| {
        response.header("x-ms-ratelimit-remaining-subscription-reads").and_then(|text| text.parse::<u32>().ok())
    };
    assert_eq!(left(&ask()), Some(249));
    assert_eq!(left(&ask()), Some(248));
    while ask().status == 200 {}
    let refused = ask();
    check(&refused, 429, "SubscriptionRequestsThrottled");
    assert_eq!(refused.header("retry-after"), Some("1"));
    bench.later(1);
    assert_eq!(left(&ask()), Some(24));
}
