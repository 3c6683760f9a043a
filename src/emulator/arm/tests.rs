//! Resource Manager, request by request.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::message::{Door, Request, Response};
use crate::emulator::service;
use crate::emulator::state::{Order, State};
use crate::emulator::token;
use crate::emulator::world::{Subscription, World};
use crate::rbac::{Role, Scope};

const NOW: &str = "2026-01-05T10:00:00Z";
const S: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861";
const V: &str = "api-version=2021-04-01";

/// An emulator to ask, with the token of its identity.
pub(super) struct Bench {
    state: State,
    token: String,
    passed: Cell<i64>,
}

impl Bench {
    pub(super) fn new(world: World) -> Bench {
        let state = State::new(world, [7; 32], NOW.parse().expect("a time"));
        let token = state.token(&Order {
            identity: &state.world.identities[0],
            resource: "https://management.chinacloudapi.cn",
            fresh: false,
            person: false,
            now: NOW.parse().expect("a time"),
        });
        Bench { token: token.text, state, passed: Cell::new(0) }
    }

    fn quickstart() -> Bench {
        Bench::new(World::quickstart())
    }

    /// The world of the quickstart, but with this role at this scope.
    pub(super) fn with(role: &str, scope: &str) -> Bench {
        let mut world = World::quickstart();
        let role = Role::built_in(role).expect("a built-in role");
        world.assignments = vec![world.grant(0, role, Scope::parse(scope).expect("a scope"))];
        Bench::new(world)
    }

    fn request(&self, line: &str) -> Request {
        let (method, target) = line.split_once(' ').expect("a method and a target");
        Request {
            door: Door::Arm,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("authorization".to_owned(), format!("Bearer {}", self.token))],
            body: Vec::new(),
            origin: "http://127.0.0.1:1".to_owned(),
            now: NOW.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(self.passed.get()),
        }
    }

    pub(super) fn ask(&self, line: &str) -> Response {
        service::answer(&self.state, &self.request(line))
    }

    /// Asks with a body.
    pub(super) fn send(&self, line: &str, body: &Value) -> Response {
        let request = Request { body: body.to_string().into_bytes(), ..self.request(line) };
        service::answer(&self.state, &request)
    }

    /// Asks as another identity of the world.
    pub(super) fn ask_by(&self, identity: usize, line: &str) -> Response {
        let order = Order {
            identity: &self.state.world.identities[identity],
            resource: "https://management.chinacloudapi.cn",
            fresh: false,
            person: false,
            now: NOW.parse().expect("a time"),
        };
        let mut request = self.request(line);
        request.headers = vec![("authorization".to_owned(), format!("Bearer {}", self.state.token(&order).text))];
        service::answer(&self.state, &request)
    }

    /// Lets so many seconds pass.
    pub(super) fn later(&self, seconds: i64) {
        self.passed.set(self.passed.get() + seconds);
    }

    /// The object id of who asks.
    pub(super) fn principal(&self) -> &str {
        &self.state.world.identities[0].object_id
    }

    /// The client id of who asks.
    pub(super) fn client(&self) -> &str {
        &self.state.world.identities[0].client_id
    }

    /// Asks with claims of the test's own, signed as the emulator signs.
    fn ask_as(&self, change: &[(&str, Value)]) -> Response {
        let mut claims = token::verify(&self.token).expect("claims");
        for (name, value) in change {
            claims.insert((*name).to_owned(), value.clone());
        }
        self.ask_bearing(&format!("Bearer {}", token::sign(&Value::Object(claims))))
    }

    fn ask_bearing(&self, authorization: &str) -> Response {
        let mut request = self.request(&format!("GET {S}/resourceGroups/DevTest?{V}"));
        request.headers = vec![("Authorization".to_owned(), authorization.to_owned())];
        service::answer(&self.state, &request)
    }

    #[track_caller]
    fn refuses(&self, line: &str, status: u16, code: &str, message: &str) {
        refused(&self.ask(line), status, code, message);
    }

    /// Access control refuses this, naming action and scope.
    #[track_caller]
    fn forbids(&self, line: &str, action: &str, scope: &str) {
        let identity = &self.state.world.identities[0];
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope \
             '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            identity.client_id, identity.object_id
        );
        let response = self.ask(line);
        refused(&response, 403, "AuthorizationFailed", &message);
        assert_eq!(response.header("x-ms-failure-cause"), Some("gateway"));
        assert_eq!(response.header("www-authenticate"), None);
    }
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str, message: &str) {
    let expected = json!({"error": {"code": code, "message": message}}).to_string();
    let text = String::from_utf8_lossy(&response.body);
    assert_eq!((response.status, text.as_ref()), (status, expected.as_str()));
    assert_eq!(response.header("content-type"), Some("application/json; charset=utf-8"));
}

pub(super) fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}

#[test]
fn the_quickstart_reads_its_group() {
    let response = Bench::quickstart().ask(&format!("GET {S}/resourcegroups/devtest?{V}"));
    assert_eq!(response.status, 200);
    assert_eq!(
        String::from_utf8_lossy(&response.body),
        r#"{"id":"/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/DevTest","name":"DevTest","type":"Microsoft.Resources/resourceGroups","location":"chinanorth","tags":{"env":"dev"},"properties":{"provisioningState":"Succeeded"}}"#
    );
}

#[test]
fn the_quickstart_reads_nothing_else() {
    let bench = Bench::quickstart();
    for (segment, name) in [("resourceGroups", "Prod"), ("resourcegroups", "prod"), ("resourceGroups", "Missing")] {
        bench.forbids(
            &format!("GET {S}/{segment}/{name}?{V}"),
            &format!("Microsoft.Resources/subscriptions/{segment}/read"),
            &format!("{S}/{segment}/{name}"),
        );
    }
    bench.forbids(&format!("GET {S}?{V}"), "Microsoft.Resources/subscriptions/read", S);
}

#[test]
fn writing_is_refused_by_the_operation_s_name() {
    let bench = Bench::quickstart();
    let group = format!("{S}/resourceGroups/DevTest");
    for (method, verb) in [("PUT", "write"), ("PATCH", "write"), ("DELETE", "delete")] {
        bench.forbids(
            &format!("{method} {group}?{V}"),
            &format!("Microsoft.Resources/subscriptions/resourceGroups/{verb}"),
            &group,
        );
    }
    let vm = format!("{group}/providers/Microsoft.Compute/virtualMachines/web-1");
    bench.forbids(&format!("POST {vm}/restart?{V}"), "Microsoft.Compute/virtualMachines/restart/action", &vm);
    bench.forbids(
        &format!("PUT {group}/providers/Microsoft.Authorization/roleAssignments/x?{V}"),
        "Microsoft.Authorization/roleAssignments/write",
        &format!("{group}/providers/Microsoft.Authorization/roleAssignments/x"),
    );
}

#[test]
fn head_tells_whether_a_group_exists() {
    #[track_caller]
    fn check(bench: &Bench, name: &str, status: u16, cause: Option<&str>) {
        let response = bench.ask(&format!("HEAD {S}/resourcegroups/{name}?{V}"));
        assert_eq!((response.status, response.body.len()), (status, 0), "{name}");
        assert_eq!(response.header("x-ms-failure-cause"), cause);
    }
    check(&Bench::quickstart(), "DevTest", 204, None);
    check(&Bench::quickstart(), "Prod", 403, Some("gateway"));
    check(&Bench::with("Reader", S), "Missing", 404, Some("gateway"));
}

#[test]
fn what_may_be_read_and_is_missing_is_not_found() {
    let bench = Bench::with("Reader", S);
    bench.refuses(
        &format!("GET {S}/resourceGroups/Missing?{V}"),
        404,
        "ResourceGroupNotFound",
        "Resource group 'Missing' could not be found.",
    );
    bench.refuses(
        &format!("GET {S}/resourceGroups/Missing/providers/Microsoft.Compute/virtualMachines/v?{V}"),
        404,
        "ResourceGroupNotFound",
        "Resource group 'Missing' could not be found.",
    );
    bench.refuses(
        &format!("GET {S}/resourceGroups/DevTest/providers/Microsoft.Compute/virtualMachines/v/extensions/e?{V}"),
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Compute/virtualMachines/v/extensions/e' under resource group 'DevTest' was not \
         found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    );
    let empty = bench.ask(&format!("GET {S}/resourceGroups/DevTest/providers/Microsoft.Compute/disks?{V}"));
    assert_eq!((empty.status, body(&empty)), (200, json!({"value": []})));
}

#[test]
fn what_is_allowed_and_not_served_is_not_said_to_be_denied() {
    let bench = Bench::with("Owner", "/");
    for (line, status) in [
        (format!("DELETE {S}/resourceGroups/Missing?{V}"), 404),
        (format!("POST {S}/resourceGroups/DevTest/providers/Microsoft.Compute/virtualMachines/v/start?{V}"), 404),
        (format!("POST {S}/resourceGroups/DevTest/exportTemplate?{V}"), 405),
        (format!("GET {S}/resourceGroups/DevTest/providers/Microsoft.Nothing/things?{V}"), 404),
        (format!("GET /providers/Microsoft.Authorization/classicAdministrators?{V}"), 404),
        (format!("OPTIONS {S}?{V}"), 405),
    ] {
        let response = bench.ask(&line);
        assert_eq!(response.status, status, "{line}");
        assert!(body(&response)["error"]["code"].is_string());
    }
}

#[test]
fn lists_only_what_may_be_read() {
    let names = |bench: &Bench, path: &str| -> Vec<String> {
        let response = bench.ask(&format!("GET {path}?{V}"));
        assert_eq!(response.status, 200);
        let body = body(&response);
        let values = body["value"].as_array().expect("a list").clone();
        values
            .iter()
            .filter_map(|value| value.get("name").or(value.get("displayName"))?.as_str().map(str::to_owned))
            .collect()
    };
    let groups = format!("{S}/resourcegroups");
    assert_eq!(names(&Bench::quickstart(), &groups), ["DevTest"]);
    assert_eq!(names(&Bench::with("Reader", S), &groups), ["DevTest", "Prod"]);
    assert_eq!(names(&Bench::quickstart(), "/subscriptions"), ["dev"]);
    let nobody = Bench::with("Owner", "/subscriptions/another");
    assert!(names(&nobody, "/subscriptions").is_empty());
    let list = nobody.ask(&format!("GET /subscriptions?{V}"));
    assert_eq!(String::from_utf8_lossy(&list.body), r#"{"value":[],"count":{"type":"Total","value":0}}"#);
    nobody.forbids(&format!("GET {S}/resourcegroups?{V}"), "Microsoft.Resources/subscriptions/resourcegroups/read", S);
}

#[test]
fn tells_about_a_subscription() {
    let response = Bench::with("Reader", S).ask(&format!("GET {S}?{V}"));
    assert_eq!(
        body(&response),
        json!({
            "id": S, "authorizationSource": "RoleBased", "managedByTenants": [],
            "subscriptionId": "98f51385-2edc-4b79-bed9-7718de4cb861",
            "tenantId": "5b973f99-77df-4beb-b27d-aa0c70b8482c", "displayName": "dev", "state": "Enabled",
            "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
        })
    );
}

#[test]
fn tells_the_caller_s_permissions() {
    let bench = Bench::quickstart();
    let group = format!("{S}/resourceGroups/DevTest");
    let path = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    let response = bench.ask(&format!("GET {group}/{path}"));
    assert_eq!(
        String::from_utf8_lossy(&response.body),
        r#"{"value":[{"actions":["*/read"],"notActions":[],"dataActions":[],"notDataActions":[]}],"nextLink":null}"#
    );
    let vm = format!("{group}/providers/Microsoft.Compute/virtualMachines/web-1");
    assert_eq!(bench.ask(&format!("GET {vm}/{path}")).body, response.body);
    bench.forbids(
        &format!("GET {S}/resourceGroups/Prod/{path}"),
        "Microsoft.Authorization/permissions/read",
        &format!("{S}/resourceGroups/Prod/providers/Microsoft.Authorization"),
    );
}

#[test]
fn checks_the_request_before_the_token() {
    let mut bench = Bench::quickstart();
    bench.token = "nonsense".to_owned();
    let missing = "The api-version query parameter (?api-version=) is required for all requests.";
    for path in [S, "/subscriptions/x", "/metadata/endpoints", "/", "/x?api-version="] {
        bench.refuses(&format!("GET {path}"), 400, "MissingApiVersionParameter", missing);
    }
    bench.refuses(
        &format!("GET /subscriptions//resourceGroups/x?{V}"),
        400,
        "InvalidSubscriptionId",
        "The provided subscription identifier 'resourceGroups' is malformed or invalid.",
    );
    bench.refuses(
        &format!("GET /subscriptions/00000000-0000-0000-0000-000000000000?{V}"),
        404,
        "SubscriptionNotFound",
        "The subscription '00000000-0000-0000-0000-000000000000' could not be found.",
    );
    let mangled = "The request did not have a subscription or a valid tenant level resource provider.";
    for path in ["/", "/C:/Git/subscriptions/x", "/providers/Microsoft.Unknown/x"] {
        bench.refuses(&format!("GET {path}?{V}"), 404, "MissingSubscription", mangled);
    }
}

#[test]
fn checks_the_version_after_access() {
    let bench = Bench::quickstart();
    for version in ["x", "2021-4-1", "2021-04-01-", "2021-04-01-p%20q", "2021-04-0é"] {
        let response = bench.ask(&format!("GET {S}/resourceGroups/DevTest?api-version={version}"));
        let body = body(&response);
        assert_eq!((response.status, &body["error"]["code"]), (400, &json!("InvalidApiVersionParameter")));
        assert!(
            body["error"]["message"]
                .as_str()
                .is_some_and(|message| { message.contains("' is invalid. The supported versions are '2025-04-01,") })
        );
    }
    let fine = bench.ask(&format!("GET {S}/resourceGroups/DevTest?API-VERSION=2022-03-01-preview"));
    assert_eq!(fine.status, 200);
    assert_eq!(bench.ask(&format!("GET {S}/resourceGroups/Prod?api-version=x")).status, 403);
}

#[test]
fn refuses_what_is_no_bearer() {
    let bench = Bench::quickstart();
    let authority = "https://login.chinacloudapi.cn/5b973f99-77df-4beb-b27d-aa0c70b8482c";
    let challenge = |description: &str| {
        format!(
            "Bearer authorization_uri=\"{authority}\", error=\"invalid_token\", error_description=\"{description}\""
        )
    };
    #[track_caller]
    fn check(response: &Response, code: &str, message: &str, challenge: &str) {
        refused(response, 401, code, message);
        assert_eq!(response.header("www-authenticate"), Some(challenge));
        assert_eq!(response.header("x-ms-failure-cause"), Some("gateway"));
    }
    let missing = "Authentication failed. The 'Authorization' header is missing.";
    let described = challenge("The authentication failed because of missing 'Authorization' header.");
    check(&bench.ask_bearing(" "), "AuthenticationFailed", missing, &described);
    let mut request = bench.request(&format!("GET {S}/resourceGroups/DevTest?{V}"));
    request.headers.clear();
    let response = service::answer(&bench.state, &request);
    check(&response, "AuthenticationFailed", missing, &described);

    request.target = format!("/subscriptions?{V}");
    let response = service::answer(&bench.state, &request);
    let header = response.header("www-authenticate").expect("a challenge");
    assert!(header.starts_with("Bearer authorization_uri=\"https://login.chinacloudapi.cn/\","));

    let message = "Authentication failed. The 'Authorization' header is missing the access token.";
    let response = bench.ask_bearing("Bearer ");
    check(&response, "AuthenticationFailedMissingToken", message, &challenge(message));
    let message = "Authentication failed. The 'Authorization' header is provided in an invalid format.";
    for header in ["Basic abc", "Bearer a b", "abc"] {
        let response = bench.ask_bearing(header);
        check(&response, "AuthenticationFailedInvalidHeader", message, &challenge(message));
    }
    let message = "The access token is invalid.";
    for header in ["Bearer abc", "bearer a.b.c"] {
        let response = bench.ask_bearing(header);
        check(&response, "InvalidAuthenticationToken", message, &challenge(message));
    }
}

#[test]
fn refuses_a_token_for_its_claims() {
    let bench = Bench::quickstart();
    assert_eq!(bench.ask_as(&[]).status, 200);
    for audience in [
        "https://management.core.chinacloudapi.cn/",
        "https://management.core.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/",
    ] {
        assert_eq!(bench.ask_as(&[("aud", json!(audience))]).status, 200, "{audience}");
    }
    refused(
        &bench.ask_as(&[("aud", json!("https://vault.azure.cn"))]),
        401,
        "InvalidAuthenticationTokenAudience",
        "The access token has been obtained for wrong audience or resource 'https://vault.azure.cn'. It should exactly \
         match with one of the allowed audiences 'https://management.core.chinacloudapi.cn/',\
         'https://management.core.chinacloudapi.cn','https://management.chinacloudapi.cn/',\
         'https://management.chinacloudapi.cn'.",
    );
    refused(
        &bench.ask_as(&[("oid", json!(""))]),
        401,
        "InvalidAuthenticationToken",
        "The received access token is not valid: at least one of the claims 'puid' or 'altsecid' or 'oid' should be \
         present. If you are accessing as application please make sure service principal is properly created in the \
         tenant.",
    );
    let wrong = bench.ask_as(&[("tid", json!("11111111-aaaa-4bbb-8ccc-000000000001"))]);
    assert_eq!(body(&wrong)["error"]["code"], "InvalidAuthenticationTokenTenant");
    assert_eq!(bench.ask_as(&[("exp", json!("soon"))]).status, 401);
    let stranger = bench.ask_as(&[("oid", json!("11111111-aaaa-4bbb-8ccc-000000000001"))]);
    assert_eq!(stranger.status, 403);
}

#[test]
fn a_subscription_of_another_tenant_names_that_tenant() {
    let mut world = World::quickstart();
    let other = "22222222-bbbb-4ccc-8ddd-000000000002";
    world.subscriptions.push(Subscription {
        name: "other".to_owned(),
        id: other.to_owned(),
        tenant: other.to_owned(),
        management_group: None,
        enabled: true,
        tags: Default::default(),
        groups: Vec::new(),
    });
    let response = Bench::new(world).ask(&format!("GET /subscriptions/{other}?{V}"));
    refused(
        &response,
        401,
        "InvalidAuthenticationTokenTenant",
        &format!(
            "The access token is from the wrong issuer \
             'https://sts.chinacloudapi.cn/5b973f99-77df-4beb-b27d-aa0c70b8482c/'. It must match the tenant \
             'https://sts.chinacloudapi.cn/{other}/' associated with this subscription. Please use the authority (URL) \
             'https://login.chinacloudapi.cn/{other}' to get the token. Note, if the subscription is transferred to \
             another tenant there is no impact to the services, but information about new tenant could take time to \
             propagate (up to an hour). If you just transferred your subscription and see this error message, please \
             try back later."
        ),
    );
    let challenge = response.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains(&format!("\"https://login.chinacloudapi.cn/{other}\"")));
}

#[test]
fn tokens_are_good_for_their_time_and_five_minutes() {
    let bench = Bench::quickstart();
    let at = |seconds: i64| {
        let mut request = bench.request(&format!("GET {S}/resourceGroups/DevTest?{V}"));
        request.now += SignedDuration::from_secs(seconds);
        service::answer(&bench.state, &request)
    };
    assert_eq!(at(-600).status, 200);
    refused(&at(-601), 401, "InvalidAuthenticationToken", "The access token is invalid.");
    assert_eq!(at(86_400 + 300).status, 200);
    refused(
        &at(86_400 + 301),
        401,
        "ExpiredAuthenticationToken",
        "The access token expiry UTC time '1/6/2026 10:00:00 AM' is earlier than current UTC time \
         '1/6/2026 10:05:01 AM'.",
    );
}

#[test]
fn every_answer_carries_the_headers_of_the_gateway() {
    let bench = Bench::quickstart();
    let line = format!("GET {S}/resourceGroups/DevTest?{V}");
    let response = bench.ask(&line);
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("content-type", "application/json; charset=utf-8"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-ms-ratelimit-remaining-subscription-reads", "249"),
        ("x-ms-ratelimit-remaining-subscription-global-reads", "3749"),
        ("date", "Mon, 05 Jan 2026 10:00:00 GMT"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    let id = |name: &str| response.header(name).expect("an id").to_owned();
    assert_ne!(id("x-ms-request-id"), id("x-ms-correlation-request-id"));
    assert!(id("x-ms-routing-request-id").starts_with("CHINANORTH:20260105T100000Z:"));
    assert_eq!(response.header("x-ms-failure-cause"), None);

    let mut request = bench.request(&line);
    let mut add = |name: &str, value: &str| {
        request.headers.push((name.to_owned(), value.to_owned()));
        service::answer(&bench.state, &request)
    };
    let response = add("X-MS-Correlation-Request-Id", "mine");
    assert_eq!(response.header("x-ms-correlation-request-id"), Some("mine"));
    let response = add("x-ms-client-request-id", "me");
    assert_eq!(response.header("x-ms-client-request-id"), None);
    let response = add("x-ms-return-client-request-id", "true");
    assert_eq!(response.header("x-ms-client-request-id"), Some("me"));
}

#[test]
fn describes_the_cloud_to_everybody() {
    let mut bench = Bench::quickstart();
    bench.token.clear();
    let ask = |version: &str| body(&bench.ask(&format!("GET /metadata/endpoints?api-version={version}")));
    let one = ask("2022-09-01");
    assert_eq!(one["name"], "AzureChinaCloud");
    assert_eq!(one["resourceManager"], "http://127.0.0.1:1/");
    assert_eq!(
        one["authentication"]["audiences"],
        json!(["https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"])
    );
    for version in ["2019-05-01", "2020-06-01", "latest"] {
        let all = ask(version);
        let names: Vec<&Value> = all.as_array().expect("a list").iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["AzureCloud", "AzureChinaCloud", "AzureUSGovernment"]);
        assert_eq!(all[0]["resourceManager"], "https://management.azure.com/");
        assert_eq!(all[1], one);
    }
    let old = ask("2015-01-01");
    assert_eq!(old["authentication"]["loginEndpoint"], "https://login.partner.microsoftonline.cn/");
    assert_eq!(ask("2000-01-01")["error"]["code"], "InvalidApiVersionParameter");
}

#[test]
fn encoded_paths_are_read_as_plain_ones() {
    let bench = Bench::quickstart();
    let path = format!("{S}/resourceGroups/DevTest").replace('/', "%2F");
    assert_eq!(bench.ask(&format!("GET /{path}?{V}")).status, 200);
}

proptest::proptest! {
    #[test]
    fn answers_anything(
        method in "GET|PUT|POST|DELETE|HEAD|X",
        path in "(/(subscriptions|98f51385-2edc-4b79-bed9-7718de4cb861|resourceGroups|DevTest|providers|Microsoft.Authorization|permissions|é|%)){0,9}",
        query in "(\\?api-version=(2021-04-01|.{0,12}))?",
    ) {
        let response = Bench::with("Owner", "/").ask(&format!("{method} {path}{query}"));
        proptest::prop_assert!((200..500).contains(&response.status));
    }
}
