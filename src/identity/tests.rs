//! Each source against a machine and a transport that are made up: the request it sends, and what it makes of the answer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::http::{Answer, FaultKind, Response, Route};

const CLIENT: &str = "1b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a11";

/// The status, the headers and the body of an answer.
type Said = (u16, Vec<(String, String)>, String);

/// Answers in a row, and what was asked.
struct Script {
    answers: RefCell<VecDeque<Said>>,
    asked: RefCell<Vec<Request>>,
}

impl Script {
    fn of(answers: &[(u16, &str, Value)]) -> Script {
        let each = |(status, challenge, body): &(u16, &str, Value)| {
            let challenge = (!challenge.is_empty()).then(|| ("www-authenticate".to_owned(), (*challenge).to_owned()));
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            (*status, challenge.into_iter().collect(), text)
        };
        Script { answers: RefCell::new(answers.iter().map(each).collect()), asked: RefCell::default() }
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        self.asked.borrow_mut().push(request);
        let next = self.answers.borrow_mut().pop_front();
        Box::pin(async move {
            let silent = || Fault { kind: FaultKind::Refused, detail: String::new(), duration: Duration::ZERO };
            let (status, headers, body) = next.ok_or_else(silent)?;
            Ok(Response { status, headers, body: body.into_bytes().into(), duration: Duration::ZERO })
        })
    }
}

fn token(claims: Value) -> String {
    format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// What a source makes of answers on a machine with these variables.
fn run(
    source: Source,
    selector: &Selector,
    (set, keys): (&[(&str, &str)], &Path),
    script: &Script,
) -> Result<Token, Refusal> {
    let variable = |name: &str| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let machine = Machine { arc_keys: keys, ..machine(&variable) };
    block_on(acquire(source, &asking(selector, &machine), script))
}

/// The same after a token was refused.
fn run_again(
    source: Source,
    (set, keys): (&[(&str, &str)], &Path),
    script: &Script,
    renewal: Option<&Renewal>,
) -> Result<Token, Refusal> {
    let variable = |name: &str| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let machine = Machine { arc_keys: keys, ..machine(&variable) };
    block_on(acquire(source, &Ask { renewal, ..asking(&Selector::System, &machine) }, script))
}

fn machine<'m>(variable: &'m dyn Fn(&str) -> Option<String>) -> Machine<'m> {
    Machine { variable, arc_keys: Path::new(""), himds: Path::new(""), azure_cli: "" }
}

fn asking<'a>(selector: &'a Selector, machine: &'a Machine<'a>) -> Ask<'a> {
    Ask {
        resource: "https://management.azure.com/",
        selector,
        timeout: Duration::from_secs(1),
        now: SystemTime::UNIX_EPOCH,
        imds_endpoint: None,
        authority: "https://login.microsoftonline.com",
        machine,
        renewal: None,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn good() -> Value {
    json!({"access_token": token(json!({"appid": CLIENT})), "expires_on": "4102444800"})
}

/// The request that a source sends: its method, URL, first header and body.
#[track_caller]
fn asks(source: Source, selector: Selector, set: &[(&str, &str)], expected: [&str; 4]) {
    let script = Script::of(&[(200, "", good())]);
    run(source, &selector, (set, Path::new("/keys")), &script).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let asked = script.asked.borrow();
    let (name, value) = &asked[0].headers[0];
    let body = asked[0].body.clone().map(|body| String::from_utf8(body).expect("text")).unwrap_or_default();
    let found = [asked[0].method, &asked[0].url, &format!("{name}: {value}"), &body];
    assert_eq!(found, expected, "{source:?}");
}

const RESOURCE: &str = "resource=https%3A%2F%2Fmanagement.azure.com%2F";

#[test]
fn each_source_is_asked_in_its_own_words() {
    let client = || Selector::ClientId(CLIENT.to_owned());
    let app = [("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token/"), ("IDENTITY_HEADER", "h")];
    let url = |tail: &str| format!("http://127.0.0.1:1/msi/token/?api-version=2019-08-01&{RESOURCE}{tail}");
    let header = "X-IDENTITY-HEADER: h";
    asks(Source::AppService, Selector::System, &app, ["GET", &url(""), header, ""]);
    asks(Source::AppService, client(), &app, ["GET", &url(&format!("&client_id={CLIENT}")), header, ""]);
    asks(Source::AppService, Selector::ObjectId("o".into()), &app, ["GET", &url("&principal_id=o"), header, ""]);
    asks(Source::AppService, Selector::ResourceId("/r".into()), &app, ["GET", &url("&mi_res_id=%2Fr"), header, ""]);
    let old =
        [("MSI_ENDPOINT", "http://127.0.0.1:1/x?y=1"), ("MSI_SECRET", "s"), ("DEFAULT_IDENTITY_CLIENT_ID", CLIENT)];
    let url = |tail: &str| format!("http://127.0.0.1:1/x?y=1&api-version=2017-09-01&{RESOURCE}{tail}");
    asks(Source::LegacyAppService, Selector::System, &old, ["GET", &url(""), "Secret: s", ""]);
    let of_client = url(&format!("&clientid={CLIENT}"));
    asks(Source::LegacyAppService, client(), &old, ["GET", &of_client, "Secret: s", ""]);
    asks(Source::MachineLearning, Selector::System, &old, ["GET", &of_client, "secret: s", ""]);
    let shell = [("MSI_ENDPOINT", "http://localhost:50342/oauth2/token")];
    asks(
        Source::CloudShell,
        Selector::System,
        &shell,
        ["POST", "http://localhost:50342/oauth2/token", "Metadata: true", RESOURCE],
    );
    let thumbprint = "00ff".repeat(10);
    let fabric = [
        ("IDENTITY_ENDPOINT", "https://localhost:2377/token"),
        ("IDENTITY_HEADER", "h"),
        ("IDENTITY_SERVER_THUMBPRINT", thumbprint.as_str()),
    ];
    let url = format!("https://localhost:2377/token?api-version=2019-07-01-preview&{RESOURCE}");
    asks(Source::ServiceFabric, Selector::System, &fabric, ["GET", &url, "Secret: h", ""]);
}

/// What every client tells the directory.
const SIGN_IN: &str = "client_id=1b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a11&grant_type=client_credentials&\
                       scope=https%3A%2F%2Fmanagement.azure.com%2F%2F.default";

#[test]
fn an_application_shows_its_secret() {
    let set = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", "s&s")];
    let form = "Content-Type: application/x-www-form-urlencoded";
    let url = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    let body = format!("{SIGN_IN}&client_secret=s%26s");
    asks(Source::Environment, Selector::System, &set, ["POST", url, form, &body]);
    asks(Source::Environment, Selector::ClientId(CLIENT.into()), &set[..], ["POST", url, form, &body]);
}

#[test]
fn a_newer_token_is_asked_for_as_each_source_understands() {
    let renewal = Renewal { rejected: Some("00ff".to_owned()), claims: Some(r#"{"a":1}"#.to_owned()) };
    let asked = |source: Source, set: &[(&str, &str)]| {
        let script = Script::of(&[(200, "", good())]);
        run_again(source, (set, Path::new("")), &script, Some(&renewal))
            .unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let asked = script.asked.borrow();
        let body = asked[0].body.clone().unwrap_or_default();
        asked[0].url.clone() + " " + &String::from_utf8_lossy(&body)
    };
    assert!(asked(Source::Imds, &[]).contains("&bypass_cache=true"));
    let thumbprint = "00ff".repeat(10);
    let fabric = [
        ("IDENTITY_ENDPOINT", "https://localhost:2377/token"),
        ("IDENTITY_HEADER", "h"),
        ("IDENTITY_SERVER_THUMBPRINT", thumbprint.as_str()),
    ];
    assert!(asked(Source::ServiceFabric, &fabric).contains("&token_sha256_to_refresh=00ff "));
    let set = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_SECRET", "s")];
    assert!(asked(Source::Environment, &set).ends_with("&client_secret=s&claims=%7B%22a%22%3A1%7D"));
}

#[test]
fn the_azure_cli_is_run_and_what_it_says_is_read() {
    let folder = folder("azure-cli");
    let program = folder.join("az");
    let says = |script: &str, selector: Selector| {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its mode");
        let path = program.display().to_string();
        let machine = Machine { azure_cli: &path, ..machine(&|_| None) };
        block_on(acquire(Source::AzureCli, &asking(&selector, &machine), &Script::of(&[])))
    };
    let answer = json!({"accessToken": token(json!({"oid": "o"})), "expiresOn": "2100-01-01 01:00:00.000000", "expires_on": 4_102_444_800_u64});
    let expected = "account get-access-token --output json --resource https://management.azure.com/";
    let good = says(&format!("[ \"$*\" = '{expected}' ] && echo '{answer}'"), Selector::System);
    let good = good.unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert_eq!(good.expires_at, SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800));
    assert_eq!((good.claims["oid"].as_str(), good.source), (Some("o"), "azure_cli"));
    let refused = |script: &str, part: &str| {
        let found = says(script, Selector::System);
        assert!(
            matches!(&found, Err(Refusal::Unmet { why, help }) if (why.clone() + help).contains(part)),
            "{found:?}"
        );
    };
    refused("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "sign in: `az login`");
    refused("echo 'ERROR: nope' >&2; exit 2", "says: nope");
    assert!(matches!(says("echo hello", Selector::System), Err(Refusal::Foreign { .. })));
    assert!(matches!(says("", Selector::ObjectId("o".into())), Err(Refusal::Unmet { .. })));
    let absent = Machine { azure_cli: "/nowhere/az", ..machine(&|_| None) };
    let found = block_on(acquire(Source::AzureCli, &asking(&Selector::System, &absent), &Script::of(&[])));
    assert!(matches!(&found, Err(Refusal::Unmet { why, .. }) if why.contains("not installed")), "{found:?}");
    std::fs::remove_dir_all(&folder).expect("it was made above");
}

#[test]
fn a_workload_exchanges_what_is_in_its_file() {
    let folder = folder("workload");
    let file = folder.join("token");
    let path = file.display().to_string();
    let set = [("AZURE_FEDERATED_TOKEN_FILE", path.as_str()), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", CLIENT)];
    let refused = |set: &[(&str, &str)], part: &str| {
        let found = run(Source::WorkloadIdentity, &Selector::System, (set, Path::new("")), &Script::of(&[]));
        assert!(matches!(&found, Err(Refusal::Unmet { why, .. }) if why.contains(part)), "{part}: {found:?}");
    };
    refused(&set, "cannot be read");
    refused(&[set[1], set[2], ("AZURE_FEDERATED_TOKEN_FILE", "/")], "is a folder");
    std::fs::write(&file, " \n").expect("a file");
    refused(&set, "is empty");
    std::fs::write(&file, "a b").expect("a file");
    refused(&set, "holds no token");
    std::fs::write(&file, "assertion\n").expect("a file");
    refused(&[set[0], set[1], set[2], ("AZURE_AUTHORITY_HOST", "http://login.example")], "not https");
    let body = format!(
        "{SIGN_IN}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&\
         client_assertion=assertion"
    );
    let form = "Content-Type: application/x-www-form-urlencoded";
    let url = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    asks(Source::WorkloadIdentity, Selector::System, &set, ["POST", url, form, &body]);
    std::fs::remove_dir_all(&folder).expect("it was made above");
}

#[test]
fn arc_gives_a_token_for_the_key_in_its_own_folder_only() {
    let folder = folder("arc");
    let key = folder.join("k.key");
    let challenge = |path: &Path| format!("Basic realm={}", path.display());
    let refused = |path: &Path, part: &str| {
        let script = Script::of(&[(401, &challenge(path), json!({}))]);
        let found = run(Source::Arc, &Selector::System, (&[], &folder), &script);
        assert!(matches!(&found, Err(Refusal::Unmet { why, .. }) if why.contains(part)), "{part}: {found:?}");
        assert_eq!(script.asked.borrow().len(), 1);
    };
    refused(&key, "cannot be read");
    std::fs::write(&key, "secret").expect("a file");
    std::fs::write(folder.join("k.txt"), "secret").expect("a file");
    refused(&folder.join("k.txt"), "no key of the agent");
    refused(Path::new("/etc/passwd.key"), "no key of the agent");
    refused(&folder.join("../arc/k.key"), "no key of the agent");
    std::os::unix::fs::symlink(&key, folder.join("link.key")).expect("a link");
    refused(&folder.join("link.key"), "is a link");
    std::fs::write(folder.join("long.key"), "x".repeat(4097)).expect("a file");
    refused(&folder.join("long.key"), "longer than 4096");
    std::fs::write(folder.join("empty.key"), "").expect("a file");
    refused(&folder.join("empty.key"), "is empty");

    let script = Script::of(&[(401, &challenge(&key), json!({})), (200, "", good())]);
    run(Source::Arc, &Selector::System, (&[], &folder), &script).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let asked = script.asked.borrow();
    assert_eq!(
        asked[0].url,
        format!("http://127.0.0.1:40342/metadata/identity/oauth2/token?api-version=2020-06-01&{RESOURCE}")
    );
    assert_eq!(asked[1].headers[1], ("Authorization".to_owned(), "Basic secret".to_owned()));
    let named = |token_of: &str, echo: Value| {
        let body = json!({"access_token": token(json!({"appid": token_of})), "client_id": echo});
        let script = Script::of(&[(401, &challenge(&key), json!({})), (200, "", body)]);
        let selector = Selector::ClientId(CLIENT.to_owned());
        let found = run(Source::Arc, &selector, (&[], &folder), &script);
        assert!(script.asked.borrow()[1].url.ends_with(&format!("&client_id={CLIENT}")));
        found
    };
    assert!(named(CLIENT, Value::Null).is_ok());
    assert!(named("", json!(CLIENT.to_uppercase())).is_ok());
    for (of, echo) in [("", Value::Null), ("another", json!(CLIENT))] {
        let found = named(of, echo);
        assert!(matches!(&found, Err(Refusal::Stranger { .. })), "{found:?}");
    }
    let too_easy = run(Source::Arc, &Selector::System, (&[], &folder), &Script::of(&[(200, "", good())]));
    assert!(matches!(too_easy, Err(Refusal::Foreign { .. })));
    let unnamed = run(Source::Arc, &Selector::System, (&[], &folder), &Script::of(&[(401, "Basic", json!({}))]));
    assert!(matches!(unnamed, Err(Refusal::Foreign { .. })));
    std::fs::remove_dir_all(&folder).expect("it was made above");
}

#[test]
fn what_a_source_cannot_do_is_told_before_it_is_asked() {
    let unmet = |source: Source, selector: Selector, set: &[(&str, &str)], part: &str| {
        let script = Script::of(&[]);
        let found = run(source, &selector, (set, Path::new("/keys")), &script);
        assert!(matches!(&found, Err(Refusal::Unmet { why, .. }) if why.contains(part)), "{part}: {found:?}");
        assert!(script.asked.borrow().is_empty());
    };
    let named = || Selector::ObjectId("o".to_owned());
    let old = [("MSI_ENDPOINT", "http://x"), ("MSI_SECRET", "s"), ("DEFAULT_IDENTITY_CLIENT_ID", "clientid")];
    unmet(Source::CloudShell, named(), &old, "Cloud Shell gives no token");
    unmet(Source::MachineLearning, named(), &old, "Machine Learning gives no token");
    unmet(Source::MachineLearning, Selector::System, &old, "`clientid` is no client id");
    unmet(Source::LegacyAppService, named(), &old, "gives no token");
    unmet(Source::AppService, Selector::System, &[], "`IDENTITY_ENDPOINT` is not set");
    let application = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", CLIENT), ("AZURE_CLIENT_CERTIFICATE_PATH", "/")];
    unmet(Source::Environment, Selector::System, &application[..2], "neither `AZURE_CLIENT_SECRET` nor");
    unmet(Source::Environment, Selector::System, &application, "is a folder");
    unmet(Source::Environment, Selector::System, &application[..1], "`AZURE_CLIENT_ID` is not set");
    unmet(Source::Environment, named(), &application, "gives no token");
    unmet(Source::AzureCli, Selector::System, &[], "no Azure CLI can be asked here");
    let fabric = [("IDENTITY_ENDPOINT", "http://x"), ("IDENTITY_HEADER", "h"), ("IDENTITY_SERVER_THUMBPRINT", "t")];
    unmet(Source::ServiceFabric, Selector::System, &fabric, "is not https");
}

#[test]
fn the_token_of_somebody_else_is_refused() {
    let old = [("MSI_ENDPOINT", "http://x"), ("MSI_SECRET", "s"), ("DEFAULT_IDENTITY_CLIENT_ID", CLIENT)];
    let person = json!({"access_token": token(json!({"scp": "user_impersonation"}))});
    let found =
        run(Source::MachineLearning, &Selector::System, (&old, Path::new("")), &Script::of(&[(200, "", person)]));
    assert!(matches!(&found, Err(Refusal::Stranger { why, .. }) if why.contains("a person")), "{found:?}");
    let other = Selector::ClientId("2b0f6f0e-3a52-4f44-9f0d-6f1f4f3c2a22".to_owned());
    let found = run(Source::Imds, &other, (&[], Path::new("")), &Script::of(&[(200, "", good())]));
    assert!(matches!(&found, Err(Refusal::Stranger { why, .. }) if why.contains("the token is of")), "{found:?}");
}

#[test]
fn answers_that_are_none_are_told_apart() {
    let imds = |status: u16, body: Value| {
        run(Source::Imds, &Selector::System, (&[], Path::new("")), &Script::of(&[(status, "", body)]))
    };
    assert!(matches!(imds(200, json!("<html>")), Err(Refusal::Foreign { why, .. }) if why.contains("not JSON")));
    assert!(
        matches!(imds(200, json!({"x": 1})), Err(Refusal::Foreign { why, .. }) if why.contains("no `access_token`"))
    );
    assert!(matches!(imds(200, json!({"error": "e"})), Err(Refusal::Refused { code, .. }) if code == "e"));
    assert!(matches!(imds(400, json!({"error": "e"})), Err(Refusal::Refused { code, .. }) if code == "e"));
    let silent = run(Source::Imds, &Selector::System, (&[], Path::new("")), &Script::of(&[]));
    assert!(matches!(silent, Err(Refusal::Silent { endpoint, .. }) if endpoint.ends_with("/oauth2/token")));
}

#[test]
fn only_the_directory_is_asked_over_the_network() {
    let script = Script::of(&[(200, "", good())]);
    run(Source::Imds, &Selector::System, (&[], Path::new("")), &script).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert_eq!(script.asked.borrow()[0].route, Route::Local);
}

/// A new folder for one test.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("mi-run-identity-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
