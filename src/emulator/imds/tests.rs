//! The metadata endpoint, request by request.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::message::{Door, Request, Response};
use crate::emulator::service;
use crate::emulator::state::State;
use crate::emulator::world::{Identity, Kind, Resource, World};

const NOW: &str = "2026-01-05T10:00:00Z";
const TOKEN: &str = "/metadata/identity/oauth2/token";
const GOOD: &str = "api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.chinacloudapi.cn";

fn state() -> State {
    State::new(World::quickstart(), [7; 32], Timestamp::UNIX_EPOCH)
}

fn request(target: &str) -> Request {
    Request {
        door: Door::Imds,
        method: "GET".to_owned(),
        target: target.to_owned(),
        headers: vec![("Metadata".to_owned(), "true".to_owned())],
        body: Vec::new(),
        origin: "http://127.0.0.1:1".to_owned(),
        now: NOW.parse().expect("a time"),
    }
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}

#[track_caller]
fn check(request: &Request, status: u16, expected: &str) {
    let response = service::answer(&state(), request);
    let text = String::from_utf8_lossy(&response.body);
    assert_eq!((response.status, text.as_ref()), (status, expected), "{}", request.target);
    let content_type = response.header("content-type");
    assert_eq!(content_type, Some("application/json; charset=utf-8"));
}

#[track_caller]
fn refused(query: &str, description: &str) {
    let expected = format!(r#"{{"error":"invalid_request","error_description":"{description}"}}"#);
    check(&request(&format!("{TOKEN}?{query}")), 400, &expected);
}

#[test]
fn a_token_comes_with_alphabetical_strings() {
    let response = service::answer(&state(), &request(&format!("{TOKEN}?{GOOD}")));
    assert_eq!(response.status, 200);
    let body = body(&response);
    let keys: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "access_token",
            "client_id",
            "expires_in",
            "expires_on",
            "ext_expires_in",
            "not_before",
            "resource",
            "token_type"
        ]
    );
    let now = NOW.parse::<Timestamp>().expect("a time").as_second();
    assert_eq!(body["expires_in"], "86400");
    assert_eq!(body["expires_on"], (now + 86_400).to_string());
    assert_eq!(body["not_before"], (now - 300).to_string());
    assert_eq!(body["resource"], "https://management.chinacloudapi.cn");
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["access_token"].as_str().map(|token| token.split('.').count()), Some(3));
    assert_eq!(response.header("server"), Some("IMDS/150.870.65.1475"));
    assert_eq!(response.header("date"), Some("Mon, 05 Jan 2026 10:00:00 GMT"));
    assert!(response.header("x-ms-request-id").is_some());
}

#[test]
fn a_token_says_who_it_is_for() {
    use base64::Engine;
    let response = service::answer(&state(), &request(&format!("{TOKEN}?{GOOD}%2F")));
    let body = body(&response);
    let token = body["access_token"].as_str().expect("text");
    let part = token.split('.').nth(1).expect("three parts");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let world = World::quickstart();
    let now = NOW.parse::<Timestamp>().expect("a time").as_second();
    for (name, expected) in [
        ("aud", json!("https://management.chinacloudapi.cn/")),
        ("iss", json!("https://sts.chinacloudapi.cn/5b973f99-77df-4beb-b27d-aa0c70b8482c/")),
        ("idp", claims["iss"].clone()),
        ("iat", json!(now - 300)),
        ("nbf", json!(now - 300)),
        ("exp", json!(now - 300 + 86_700)),
        ("appid", json!(world.identities[0].client_id)),
        ("appidacr", json!("2")),
        ("idtyp", json!("app")),
        ("oid", json!(world.identities[0].object_id)),
        ("sub", json!(world.identities[0].object_id)),
        ("tid", json!(world.tenant)),
        ("ver", json!("1.0")),
        ("xms_mirid", json!(world.resource_id(&world.identities[0]))),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
}

#[test]
fn tolerates_what_clients_do() {
    for path in [
        format!("{TOKEN}/?{GOOD}"),
        format!("/Metadata/identity/oauth2/token?{GOOD}"),
        format!("{TOKEN}?{GOOD}&xms_cc=cp1&authority=x"),
        format!("{TOKEN}?resource=https://vault.azure.cn&api-version=2019-08-01"),
    ] {
        let response = service::answer(&state(), &request(&path));
        assert_eq!(response.status, 200, "{path}");
    }
    let mut marked = request(&format!("{TOKEN}?{GOOD}"));
    marked.headers = vec![("metadata".to_owned(), "True".to_owned())];
    assert_eq!(service::answer(&state(), &marked).status, 200);
}

#[test]
fn refuses_with_the_sentences_of_the_endpoint() {
    refused("api-version=2018-02-01", "Required query variable 'resource' is missing");
    refused("api-version=2018-02-01&resource=", "Required query variable 'resource' is missing");
    for selector in ["client_id=11111111-aaaa-4bbb-8ccc-000000000001", "object_id=x", "msi_res_id=/x", "client_id="] {
        refused(&format!("{GOOD}&{selector}"), "Identity not found");
    }
    refused(
        &format!("{GOOD}&client_id=a&object_id=b"),
        "Only one of the query variables 'client_id', 'object_id', 'msi_res_id' may be specified",
    );
    refused(&format!("{GOOD}&client_id=a&client_id=a"), "Query variable 'client_id' is specified more than once");
    let versions = r#"{"error":"Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds","newest-versions":["2025-04-07","2024-07-17","2024-03-15"]}"#;
    for query in ["resource=x", "api-version=", "api-version=2018-02-02", "api-version=2017-12-01"] {
        check(&request(&format!("{TOKEN}?{query}")), 400, versions);
    }
    check(&request("/metadata/instance"), 400, versions);
}

#[test]
fn refuses_requests_that_may_have_been_forwarded() {
    let mut unmarked = request(&format!("{TOKEN}?{GOOD}"));
    unmarked.headers.clear();
    let expected = r#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
    check(&unmarked, 400, expected);
    unmarked.headers = vec![("Metadata".to_owned(), "false".to_owned())];
    check(&unmarked, 400, expected);
    unmarked.target = "/metadata/instance?api-version=2021-02-01".to_owned();
    check(&unmarked, 400, r#"{ "error": "Bad request: . Required metadata header not specified" }"#);

    let mut forwarded = request(&format!("{TOKEN}?{GOOD}"));
    forwarded.headers.push(("X-Forwarded-For".to_owned(), "10.0.0.1".to_owned()));
    assert_eq!(service::answer(&state(), &forwarded).status, 400);

    for method in ["POST", "PUT", "DELETE", "HEAD"] {
        let mut other = request(&format!("{TOKEN}?{GOOD}"));
        other.method = method.to_owned();
        let response = service::answer(&state(), &other);
        assert_eq!((response.status, response.header("allow")), (405, Some("GET")));
    }
}

#[test]
fn unknown_resources_are_not_found_in_the_tenant() {
    let response = service::answer(
        &state(),
        &request(&format!("{TOKEN}?api-version=2018-02-01&resource=https://management.azure.com/")),
    );
    let body = body(&response);
    assert_eq!((response.status, &body["error"]), (400, &json!("invalid_resource")));
    let description = body["error_description"].as_str().expect("text");
    assert!(
        description.starts_with(
            "AADSTS500011: The resource principal named https://management.azure.com/ was not found in the tenant \
             named 5b973f99-77df-4beb-b27d-aa0c70b8482c."
        ),
        "{description}"
    );
    assert_eq!(body["error_codes"], json!([500011]));
    assert_eq!(body["timestamp"], "2026-01-05 10:00:00Z");
}

#[test]
fn the_same_token_is_given_until_it_is_nearly_used_up() {
    let state = state();
    let ask = |after: i64, query: &str| {
        let mut request = request(&format!("{TOKEN}?{query}"));
        request.now += SignedDuration::from_secs(after);
        let body = body(&service::answer(&state, &request));
        let text = |name: &str| body[name].as_str().expect("text").to_owned();
        (text("access_token"), text("expires_in"))
    };
    let (first, left) = ask(0, GOOD);
    assert_eq!(left, "86400");
    assert_eq!(ask(67, GOOD), (first.clone(), "86333".to_owned()));
    assert_ne!(ask(67, &format!("{GOOD}%2F")).0, first, "for another resource");
    assert_eq!(ask(86_100, GOOD), (first.clone(), "300".to_owned()));
    let (second, left) = ask(86_101, GOOD);
    assert_ne!(second, first);
    assert_eq!(left, "86400");
    let (third, _) = ask(86_101, &format!("{GOOD}&bypass_cache=true"));
    assert_ne!(third, second);
    assert_eq!(ask(86_101, GOOD).0, third);
}

#[test]
fn chooses_the_identity_that_answers() {
    #[track_caller]
    fn check(kinds: &[Kind], selector: &str, expected: Result<&str, &str>) {
        let mut world = World::quickstart();
        world.identities =
            kinds.iter().enumerate().map(|(at, kind)| Identity::new(&format!("id-{at}"), *kind)).collect();
        let name_of = |client: &str| {
            let found = world.identities.iter().find(|one| one.client_id == client);
            found.map(|one| one.name.clone())
        };
        let state = State::new(world.clone(), [7; 32], Timestamp::UNIX_EPOCH);
        let response = service::answer(&state, &request(&format!("{TOKEN}?{GOOD}{selector}")));
        let body = body(&response);
        let name = body["client_id"].as_str().and_then(name_of);
        let answer = match response.status {
            200 => Ok(name.as_deref().expect("a known identity")),
            _ => Err(body["error_description"].as_str().expect("text")),
        };
        assert_eq!(answer, expected, "{kinds:?} `{selector}`");
    }
    use Kind::{System, User};
    const MANY: &str = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
    check(&[], "", Err("Identity not found"));
    check(&[User], "", Ok("id-0"));
    check(&[User, User], "", Err(MANY));
    check(&[User, System, User], "", Ok("id-1"));
    let second = Identity::new("id-1", User);
    check(&[System, User], &format!("&client_id={}", second.client_id.to_uppercase()), Ok("id-1"));
    check(&[System, User], &format!("&object_id={}", second.object_id), Ok("id-1"));
    let resource = World::quickstart().resource_id(&second);
    check(&[System, User], &format!("&msi_res_id={}", resource.to_uppercase()), Ok("id-1"));
    check(&[System, System], &format!("&msi_res_id={resource}"), Err("Identity not found"));
}

#[test]
fn echoes_the_selector() {
    let world = World::quickstart();
    let object_id = world.identities[0].object_id.clone();
    let response = service::answer(&state(), &request(&format!("{TOKEN}?{GOOD}&object_id={object_id}")));
    assert_eq!(body(&response)["object_id"], object_id);
}

#[test]
fn tells_about_the_vm() {
    #[track_caller]
    fn check(path: &str, status: u16, expected: &str) {
        let response = service::answer(&state(), &request(path));
        let text = String::from_utf8_lossy(&response.body);
        assert_eq!((response.status, text.as_ref()), (status, expected), "{path}");
    }
    let compute = |leaf: &str| format!("/metadata/instance/compute/{leaf}?api-version=2021-02-01&format=text");
    check(&compute("azEnvironment"), 200, "AzureChinaCloud");
    check(&compute("name"), 200, "web-1");
    check(&compute("resourceGroupName"), 200, "DevTest");
    check(&compute("subscriptionId"), 200, "98f51385-2edc-4b79-bed9-7718de4cb861");
    check(&compute("location"), 200, "chinanorth");
    check(&compute("zone"), 200, "");
    check("/metadata/instance/network/interface/0/macAddress?api-version=2021-02-01&format=text", 200, "000D3A000004");
    check("/metadata/instance?api-version=2021-02-01&format=text", 200, "compute/\nnetwork/");
    check(&compute("nothing"), 404, r#"{"error":"Not found"}"#);
    check(
        "/metadata/instance/compute/name?api-version=2021-02-01",
        400,
        r#"{"error":"Bad request. This element is a leaf: it requires the query variable format=text"}"#,
    );
    let whole = service::answer(&state(), &request("/metadata/instance?api-version=2021-02-01"));
    let part = service::answer(&state(), &request("/metadata/instance/compute?api-version=2021-02-01"));
    assert_eq!(body(&whole)["compute"], body(&part));
    assert_eq!(
        body(&part)["resourceId"],
        "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/DevTest/providers/Microsoft.Compute\
         /virtualMachines/web-1"
    );
}

#[test]
fn every_primitive_about_the_vm_is_text() {
    fn all_text(value: &Value) -> bool {
        match value {
            Value::String(_) => true,
            Value::Array(elements) => elements.iter().all(all_text),
            Value::Object(members) => members.values().all(all_text),
            _ => false,
        }
    }
    let response = service::answer(&state(), &request("/metadata/instance?api-version=2025-04-07"));
    assert!(all_text(&body(&response)));
}

#[test]
fn tells_versions_and_tenant() {
    let response = service::answer(&state(), &request("/metadata/versions"));
    let body = body(&response);
    let versions = body["apiVersions"].as_array().expect("a list");
    assert_eq!(versions.first(), Some(&json!("2017-03-01")));
    assert_eq!(versions.last(), Some(&json!("2025-04-07")));
    check(
        &request("/metadata/identity/info?api-version=2018-02-01"),
        200,
        r#"{"tenantId":"5b973f99-77df-4beb-b27d-aa0c70b8482c"}"#,
    );
}

#[test]
fn other_paths_are_not_there() {
    let identity = r#"{"error":"not_found","error_description":"Not found"}"#;
    for path in [
        "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
        "/metadata/identity/issuecredential",
        "/metadata/identity",
        "/metadata/identity/oauth2/token/x",
    ] {
        check(&request(path), 404, identity);
    }
    for path in ["/", "/metadata", "/latest/meta-data/", "//"] {
        check(&request(path), 404, r#"{"error":"Not found"}"#);
    }
}

#[test]
fn the_tags_of_the_machine_s_resource_are_told() {
    let mut world = World::quickstart();
    world.subscriptions[0].groups[0].resources.push(Resource {
        kind: "microsoft.compute/virtualMachines".to_owned(),
        name: "WEB-1".to_owned(),
        body: json!({"tags": {"a": "1", "b": "2"}}).as_object().expect("an object").clone(),
    });
    let state = State::new(world, [7; 32], Timestamp::UNIX_EPOCH);
    let ask = |path: &str| body(&service::answer(&state, &request(&format!("{path}?api-version=2021-02-01"))));
    assert_eq!(ask("/metadata/instance/compute")["tags"], "a:1;b:2");
    assert_eq!(ask("/metadata/instance/compute/tagsList")[1], json!({"name": "b", "value": "2"}));
}
