//! The identity endpoints of each host, request by request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::emulator::message::Door;
use crate::emulator::service;
use crate::emulator::token;
use crate::{http, identity};
use std::time::Duration;

const NOW: &str = "2026-01-05T10:00:00Z";
const ARM: &str = "https%3A%2F%2Fmanagement.chinacloudapi.cn%2F";
const AUTHORITY: &str = "https://127.0.0.1:1";

fn world(host: Host, kinds: &[Kind]) -> World {
    let mut world = World::quickstart();
    world.host = host;
    world.identities = kinds.iter().enumerate().map(|(at, kind)| Identity::new(&format!("id-{at}"), *kind)).collect();
    world
}

fn state(host: Host) -> State {
    state_of(world(host, &[Kind::System, Kind::User]))
}

fn state_of(world: World) -> State {
    State::new(world, [7; 32], NOW.parse().expect("a time"))
        .served_at(Some(AUTHORITY.to_owned()), vec!["https://127.0.0.1:2".to_owned()])
        .with_arc_folder(PathBuf::from("/folder"))
}

fn request(line: &str, headers: &[(&str, &str)]) -> Request {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    Request {
        door: Door::Imds,
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Vec::new(),
        origin: "http://127.0.0.1:3".to_owned(),
        now: NOW.parse().expect("a time"),
    }
}

fn ask(state: &State, line: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    read(&service::answer(state, &request(line, headers)))
}

fn read(response: &Response) -> (u16, Value) {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::String(text)))
}

fn claims(body: &Value) -> Value {
    let text = body["access_token"].as_str().expect("a token");
    let part = text.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[test]
fn app_service_answers_as_documented() {
    let state = state(Host::AppService);
    let secret = [("X-IDENTITY-HEADER", state.secret.as_str())];
    let (status, body) = ask(&state, &format!("GET /msi/token?api-version=2019-08-01&resource={ARM}"), &secret);
    assert_eq!((status, &body["resource"]), (200, &json!("https://management.chinacloudapi.cn/")));
    assert!(body["expires_on"].is_string() && body.get("expires_in").is_none());
    assert_eq!(body["client_id"], state.world.identities[0].client_id);
    let old = [("secret", state.secret.as_str())];
    let (_, body) = ask(&state, &format!("GET /MSI/token/?api-version=2017-09-01&resource={ARM}"), &old);
    assert_eq!(body["expires_on"], "01/06/2026 10:00:00 +00:00");
    let user = &state.world.identities[1];
    for selector in [
        format!("client_id={}", user.client_id.to_uppercase()),
        format!("principal_id={}", user.object_id),
        format!("object_id={}", user.object_id),
        format!("mi_res_id={}", state.world.resource_id(user)),
    ] {
        let line = format!("GET /msi/token?api-version=2019-08-01&resource={ARM}&{selector}");
        let (status, body) = ask(&state, &line, &secret);
        assert_eq!((status, &body["client_id"]), (200, &json!(user.client_id)), "{selector}");
    }
}

#[test]
fn app_service_refuses_as_documented() {
    let state = state(Host::AppService);
    let secret = [("X-IDENTITY-HEADER", state.secret.as_str())];
    #[track_caller]
    fn check(state: &State, line: &str, headers: &[(&str, &str)], expected: (u16, &str)) {
        let (status, body) = ask(state, line, headers);
        assert_eq!((status, body["message"].as_str()), (expected.0, Some(expected.1)));
        assert_eq!((&body["statusCode"], body["correlationId"].is_string()), (&json!(status), true));
    }
    let line = format!("GET /msi/token?api-version=2019-08-01&resource={ARM}");
    let none = "The request carries no secret of this app, or another one.";
    check(&state, &line, &[], (401, none));
    check(&state, &line, &[("X-IDENTITY-HEADER", "x")], (401, none));
    let unknown = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
    check(&state, &format!("{line}&client_id=x"), &secret, (400, unknown));
    let resource =
        "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F.default";
    check(&state, resource, &secret, (500, "An unexpected error occured while fetching the AAD Token."));
    let missing = "The query variable 'resource' is required.";
    check(&state, "GET /msi/token?api-version=2019-08-01", &secret, (400, missing));
    assert_eq!(ask(&state, &format!("POST /msi/token?resource={ARM}"), &secret).0, 405);
    assert_eq!(ask(&state, &format!("GET /metadata/identity/oauth2/token?resource={ARM}"), &secret).0, 404);
    // The only identity is not taken for the one that is meant.
    let only = state_of(world(Host::ContainerApps, &[Kind::User]));
    let secret = [("X-IDENTITY-HEADER", only.secret.as_str())];
    check(&only, &line, &secret, (400, "Unable to load the proper Managed Identity."));
}

#[test]
fn arc_challenges_before_it_answers() {
    let state = state(Host::Arc);
    let line = format!("GET /metadata/identity/oauth2/token?api-version=2020-06-01&resource={ARM}");
    let marked = ("Metadata", "true");
    let challenge = || {
        let response = service::answer(&state, &request(&line, &[marked]));
        assert_eq!((response.status, read(&response).1["error"].as_str()), (401, Some("unauthorized_client")));
        let (path, key) = *response.file.clone().expect("a file");
        let realm = response.header("www-authenticate").expect("a challenge").to_owned();
        assert_eq!(realm, format!("Basic realm={}", path.display()));
        assert!(path.starts_with("/folder") && path.extension().is_some_and(|end| end == "key"));
        format!("Basic {}", String::from_utf8(key).expect("text"))
    };
    let first = challenge();
    let key = challenge();
    assert_eq!(ask(&state, &line, &[marked, ("Authorization", &first)]).0, 401, "a stale key");
    let key = match ask(&state, &line, &[marked, ("Authorization", &key)]).0 {
        200 => key,
        // Asking with a stale key has made a new one.
        _ => challenge(),
    };
    let (status, body) = ask(&state, &line, &[marked, ("Authorization", &challenge())]);
    assert_eq!((status, body["expires_in"].as_str()), (200, Some("86400")));
    assert_eq!(ask(&state, &line, &[marked, ("Authorization", &key)]).0, 401, "a key is good once");
    assert_eq!(ask(&state, &line, &[]).1["error_description"], "Required metadata header not specified");
    let mirid = claims(&body)["xms_mirid"].as_str().expect("a claim").to_owned();
    assert!(mirid.ends_with("/providers/Microsoft.HybridCompute/machines/web-1"));
}

#[test]
fn cloud_shell_gives_the_person_s_token() {
    let state = state(Host::CloudShell);
    let post = |body: &str| {
        let mut asked = request("POST /oauth2/token", &[("Metadata", "true")]);
        asked.body = body.as_bytes().to_vec();
        read(&service::answer(&state, &asked))
    };
    let (status, body) = post(&format!("resource={ARM}"));
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    let claims = claims(&body);
    assert_eq!(
        (&claims["scp"], claims.get("idtyp"), claims.get("xms_mirid")),
        (&json!("user_impersonation"), None, None)
    );
    let (status, body) = post("resource=https%3A%2F%2Fnowhere.example");
    assert_eq!((status, &body["error"]["code"]), (400, &json!("AudienceNotSupported")));
    assert!(body["error"]["message"].as_str().is_some_and(|text| {
        text.starts_with("Audience https://nowhere.example is not a supported MSI token audience.Supported audiences:")
    }));
    assert_eq!(ask(&state, "GET /oauth2/token", &[]).0, 405);
}

#[test]
fn machine_learning_gives_the_person_s_token_without_an_id() {
    let state = state(Host::MachineLearning);
    let secret = [("Secret", state.secret.as_str())];
    let line = format!("GET /MSI/auth?api-version=2017-09-01&resource={ARM}");
    let id = &state.world.identities[1].client_id;
    let (status, body) = ask(&state, &format!("{line}&clientid={id}"), &secret);
    assert_eq!((status, body["expires_on"].is_i64()), (200, true));
    assert_eq!(claims(&body)["appid"], *id);
    for ending in ["", "&clientid=clientid"] {
        assert_eq!(claims(&ask(&state, &format!("{line}{ending}"), &secret).1)["scp"], "user_impersonation");
    }
    let (status, text) = ask(&state, &format!("{line}&clientid=11111111-aaaa-4bbb-8ccc-000000000001"), &secret);
    assert_eq!((status, text), (404, json!("InternalError - :{ Info: Request failure status code: 404 }")));
    assert_eq!(ask(&state, &line, &[]).0, 401);
}

#[test]
fn service_fabric_answers_on_the_listener_with_the_certificate() {
    let state = state(Host::ServiceFabric);
    let ask = |query: &str, headers: &[(&str, &str)]| {
        let line = format!("GET /metadata/identity/oauth2/token?{query}");
        read(&service::answer(&state, &Request { door: Door::Authority, ..request(&line, headers) }))
    };
    let secret = [("Secret", state.secret.as_str())];
    let (status, body) = ask(&format!("api-version=2019-07-01-preview&resource={ARM}"), &secret);
    assert_eq!((status, body["expires_on"].is_i64()), (200, true));
    #[track_caller]
    fn check((status, body): (u16, Value), expected: (u16, &str, &str)) {
        assert_eq!(
            (status, body["error"]["code"].as_str(), body["error"]["message"].as_str()),
            (expected.0, Some(expected.1), Some(expected.2))
        );
        assert!(body["error"]["correlationId"].is_string());
    }
    let good = format!("api-version=2020-05-01&resource={ARM}");
    check(ask(&good, &[]), (400, "SecretHeaderNotFound", "Secret is not found in the request headers."));
    let version = format!("api-version=2018-02-01&resource={ARM}");
    check(ask(&version, &secret), (400, "InvalidApiVersion", "The api-version is not supported."));
    let empty = "The parameter 'resource' is null or empty.";
    check(ask("api-version=2020-05-01", &secret), (400, "ArgumentNullOrEmpty", empty));
    let nobody = "Managed identity is not found for the specified application.";
    check(ask(&format!("{good}&principalId=x"), &secret), (404, "ManagedIdentityNotFound", nobody));
}

/// Exchanges a form at the token authority.
fn exchange(state: &State, form: &[(&str, &str)]) -> (u16, Value) {
    let tenant = &state.world.tenant;
    let body = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let line = format!("POST //{tenant}//oauth2/v2.0/token");
    let asked = Request { door: Door::Authority, body: body.into_bytes(), ..request(&line, &[]) };
    read(&service::answer(state, &asked))
}

#[test]
fn a_workload_exchanges_its_assertion() {
    let mut aks = world(Host::Aks, &[Kind::User]);
    aks.identities[0].subject = Some("system:serviceaccount:shop:web".to_owned());
    aks.identities[0].client_secret = Some(crate::secret::Secret::new("open"));
    let state = state_of(aks);
    let now: Timestamp = NOW.parse().expect("a time");
    let assertion = workload::assertion(&state, AUTHORITY, now).expect("an assertion");
    let client = state.world.identities[0].client_id.clone();
    let form = |assertion: &str, client: &str, scope: &str| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        exchange(
            &state,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", client),
                ("client_assertion_type", kind),
                ("client_assertion", assertion),
                ("scope", scope),
            ],
        )
    };
    let scope = "https%3A%2F%2Fmanagement.chinacloudapi.cn%2F%2F.default";
    let (status, body) = form(&assertion, &client, scope);
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(86_400)));
    assert_eq!(claims(&body)["aud"], "https://management.chinacloudapi.cn/");

    #[track_caller]
    fn check((status, body): (u16, Value), expected: (u16, &str, u32)) {
        let code = format!("AADSTS{}:", expected.2);
        assert!(body["error_description"].as_str().is_some_and(|text| text.starts_with(&code)), "{body}");
        assert_eq!(
            (status, &body["error"], &body["error_codes"]),
            (expected.0, &json!(expected.1), &json!([expected.2]))
        );
    }
    let forged = |change: Value| {
        let part = assertion.split('.').nth(1).expect("claims");
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON");
        claims.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        token::sign(&claims)
    };
    check(form(&forged(json!({"sub": "x"})), &client, scope), (401, "invalid_client", 700_213));
    check(form(&forged(json!({"iss": "x"})), &client, scope), (401, "invalid_client", 700_211));
    check(form(&forged(json!({"aud": "x"})), &client, scope), (401, "invalid_client", 700_212));
    check(form(&forged(json!({"exp": 1})), &client, scope), (401, "invalid_client", 700_024));
    let secret = |secret: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", client.as_str()), ("scope", scope)];
        exchange(&state, &[fields[0], fields[1], fields[2], ("client_secret", secret)])
    };
    assert_eq!(secret("open").0, 200);
    check(secret("shut"), (401, "invalid_client", 7_000_215));
    check(form("a.b.c", &client, scope), (401, "invalid_client", 700_027));
    check(form(&assertion, "11111111-aaaa-4bbb-8ccc-000000000001", scope), (400, "unauthorized_client", 700_016));
    check(form(&assertion, &client, "https%3A%2F%2Fnowhere.example%2F.default"), (400, "invalid_resource", 500_011));
    check(form(&assertion, &client, "openid"), (400, "invalid_scope", 70_011));
    check(exchange(&state, &[]), (400, "invalid_request", 900_144));
    check(exchange(&state, &[("grant_type", "password")]), (400, "unsupported_grant_type", 70_003));
}

/// A directory that answers nothing, and keeps what it was asked.
#[derive(Default)]
struct Deaf(std::cell::RefCell<Vec<u8>>);

impl http::Transport for Deaf {
    fn send(&self, request: http::Request) -> std::pin::Pin<Box<dyn Future<Output = http::Answer> + '_>> {
        *self.0.borrow_mut() = request.body.unwrap_or_default();
        let body = bytes::Bytes::from_static(b"{}");
        let response = http::Response { status: 400, headers: Vec::new(), body, duration: Duration::ZERO };
        Box::pin(async { Ok(response) })
    }
}

#[test]
fn an_application_signs_with_the_key_of_its_certificate() {
    let file = std::env::temp_dir().join(format!("mi-run-application-{}.pem", std::process::id()));
    let certificate = crate::emulator::certificate::make(NOW.parse().expect("a time")).expect("a certificate").ca_pem;
    let path = file.display().to_string();
    let ask = |content: &str| {
        std::fs::write(&file, content).expect("a file");
        let variable = |name: &str| match name {
            "AZURE_CLIENT_CERTIFICATE_PATH" => Some(path.clone()),
            "AZURE_CLIENT_ID" | "AZURE_TENANT_ID" => Some("t".to_owned()),
            _ => None,
        };
        let nowhere = std::path::Path::new("");
        let machine = identity::Machine { variable: &variable, arc_keys: nowhere, himds: nowhere, azure_cli: "" };
        let ask = identity::Ask {
            resource: "https://management.azure.com/",
            selector: &identity::Selector::System,
            timeout: Duration::from_secs(1),
            now: std::time::UNIX_EPOCH + Duration::from_secs(1000),
            imds_endpoint: None,
            authority: AUTHORITY,
            machine: &machine,
            renewal: None,
        };
        let directory = Deaf::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let refusal = runtime.block_on(identity::acquire(identity::Source::Environment, &ask, &directory)).err();
        (String::from_utf8(directory.0.take()).expect("text"), refusal.expect("nothing is given"))
    };
    let (body, _) = ask(&format!("{}{certificate}", crate::emulator::key::tests::pem()));
    let assertion = body.split('&').find_map(|pair| pair.strip_prefix("client_assertion=")).expect("an assertion");
    let (signed, signature) = assertion.rsplit_once('.').expect("a signature");
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
    let parts: Vec<Value> =
        signed.split('.').map(|part| serde_json::from_slice(&decode(part)).expect("JSON")).collect();
    let key = crate::emulator::key::Key::get().public();
    let [n, e] = ["n", "e"].map(|name| decode(key[name].as_str().expect("text")));
    let public = ring::signature::RsaPublicKeyComponents { n: &n, e: &e };
    let pss = &ring::signature::RSA_PSS_2048_8192_SHA256;
    assert!(public.verify(pss, signed.as_bytes(), &decode(signature)).is_ok());
    assert_eq!(parts[0]["alg"], "PS256");
    assert_eq!(parts[0]["x5t#S256"].as_str().map(str::len), Some(43));
    let url = format!("{AUTHORITY}/t/oauth2/v2.0/token");
    let claims = ["aud", "iss", "sub", "nbf", "exp"].map(|name| parts[1][name].clone());
    assert_eq!(claims, [json!(url), json!("t"), json!("t"), json!(1000), json!(1600)]);

    for (content, part) in [
        (certificate.as_str(), "holds no RSA key"),
        (&crate::emulator::key::tests::pem(), "holds no certificate"),
        ("PKCS #12", "is not PEM"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "protected by a password"),
    ] {
        let (_, refusal) = ask(content);
        assert!(matches!(&refusal, identity::Refusal::Unmet { why, .. } if why.contains(part)), "{refusal:?}");
    }
    std::fs::remove_file(&file).expect("it was made above");
}

#[test]
fn the_keys_of_the_authority_verify_its_tokens() {
    let state = state(Host::Vm);
    let get = |path: &str| {
        read(&service::answer(&state, &Request { door: Door::Authority, ..request(&format!("GET {path}"), &[]) }))
    };
    let tenant = &state.world.tenant;
    let (_, configuration) = get(&format!("/{tenant}/v2.0/.well-known/openid-configuration"));
    let keys =
        configuration["jwks_uri"].as_str().and_then(|url| url.strip_prefix("http://127.0.0.1:3")).expect("a URL");
    let key = get(keys).1["keys"][0].clone();
    let text = token::sign(&json!({"a": 1}));
    let parts: Vec<&str> = text.split('.').collect();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
    let header: Value = serde_json::from_slice(&decode(parts[0])).expect("JSON");
    assert_eq!((&header["kid"], &header["alg"]), (&key["kid"], &json!("RS256")));
    let (n, e) = (decode(key["n"].as_str().expect("n")), decode(key["e"].as_str().expect("e")));
    let public = ring::signature::RsaPublicKeyComponents { n, e };
    let message = format!("{}.{}", parts[0], parts[1]);
    let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
    assert!(public.verify(algorithm, message.as_bytes(), &decode(parts[2])).is_ok());
}

#[test]
fn each_host_s_clients_find_what_they_need() {
    let places = Places {
        imds: "http://127.0.0.1:3".to_owned(),
        authority: Some(AUTHORITY.to_owned()),
        thumbprint: "AB".to_owned(),
        assertion: Some(PathBuf::from("/token")),
    };
    #[track_caller]
    fn check(host: Host, places: &Places, expected: &[&str]) {
        let found = environment(&state(host), places);
        let mut names: Vec<&str> = found.keys().copied().collect();
        names.sort_unstable();
        assert_eq!(names, expected);
        assert!(found.values().all(|value| !value.is_empty()), "{found:?}");
    }
    check(Host::Vm, &places, &["AZURE_POD_IDENTITY_AUTHORITY_HOST"]);
    check(Host::AppService, &places, &["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]);
    check(Host::ContainerApps, &places, &["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT"]);
    check(Host::Arc, &places, &["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"]);
    check(Host::CloudShell, &places, &["AZUREPS_HOST_ENVIRONMENT", "MSI_ENDPOINT"]);
    check(Host::MachineLearning, &places, &["DEFAULT_IDENTITY_CLIENT_ID", "MSI_ENDPOINT", "MSI_SECRET"]);
    let fabric = ["IDENTITY_API_VERSION", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"];
    check(Host::ServiceFabric, &places, &fabric);
    let aks = [
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "AZURE_TENANT_ID",
    ];
    check(Host::Aks, &places, &aks);
}

#[test]
fn the_attested_document_is_plainly_the_emulator_s() {
    let state = state(Host::Vm);
    let line = "GET /metadata/attested/document?api-version=2021-02-01&nonce=1234567890";
    let (status, body) = ask(&state, line, &[("Metadata", "true")]);
    assert_eq!((status, &body["encoding"]), (200, &json!("pkcs7")));
    let bytes = base64::engine::general_purpose::STANDARD.decode(body["signature"].as_str().expect("text"));
    let message: Value = serde_json::from_slice(&bytes.expect("base64")).expect("JSON");
    assert_eq!(
        (&message["signed_by"], &message["content"]["nonce"]),
        (&json!("the emulator of mi-run"), &json!("1234567890"))
    );
    assert_eq!(message["content"]["timeStamp"]["createdOn"], "01/05/26 10:00:00 -0000");
    assert_eq!(ask(&state, &format!("{line}%21"), &[("Metadata", "true")]).0, 400);
}

#[test]
fn graph_tells_who_principals_are() {
    let state = state(Host::Vm);
    let token = |resource: &str| {
        let order = Order {
            identity: &state.world.identities[0],
            resource,
            fresh: false,
            person: false,
            now: NOW.parse().expect("a time"),
        };
        format!("Bearer {}", state.token(&order).text)
    };
    let bearer = token("https://microsoftgraph.chinacloudapi.cn");
    let send = |line: &str, bearer: &str, body: &str| {
        let asked = request(line, &[("Authorization", bearer)]);
        read(&service::answer(&state, &Request { door: Door::Authority, body: body.as_bytes().to_vec(), ..asked }))
    };
    let user = &state.world.identities[1];
    let by_id = format!("{{\"ids\": [\"{}\", \"x\"], \"types\": []}}", user.object_id);
    let (status, body) = send("POST /v1.0/directoryObjects/getByIds", &bearer, &by_id);
    assert_eq!(
        (status, body["value"].as_array().map(Vec::len), &body["value"][0]["appId"]),
        (200, Some(1), &json!(user.client_id))
    );
    let filter = format!("servicePrincipalNames/any(c:c%20eq%20'{}')", user.client_id);
    let (_, body) = send(&format!("GET /v1.0/servicePrincipals?$filter={filter}"), &bearer, "");
    assert_eq!(body["value"][0]["id"], user.object_id);
    assert_eq!(send("GET /v1.0/servicePrincipals/x", &bearer, "").0, 404);
    assert_eq!(send("GET /v1.0/me", &bearer, "").0, 400);
    assert_eq!(send("GET /v1.0/users", &token("https://management.chinacloudapi.cn"), "").0, 401);
    assert_eq!(send("GET /v1.0/users", "", "").0, 401);
}
