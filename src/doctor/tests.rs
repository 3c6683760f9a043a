//! Each cause, provoked on a machine and with answers that are made up.

use std::future::Future;
use std::pin::Pin;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::http::{Answer, Fault, FaultKind};

const NOW: u64 = 1_767_607_200;

/// What is answered to a URL: the first whose part is in it.
type Script = Vec<(&'static str, Result<(u16, &'static str, String), FaultKind>)>;

struct Network(Script);

impl Transport for Network {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        let found = self.0.iter().find(|(part, _)| request.url.contains(part)).map(|(_, answer)| answer.clone());
        Box::pin(async move {
            let fault = |kind| Fault { kind, detail: "detail".to_owned(), duration: Duration::ZERO };
            let (status, server, body) = found.unwrap_or(Err(FaultKind::Refused)).map_err(fault)?;
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let mut headers = vec![header("date", "Mon, 05 Jan 2026 10:00:00 GMT")];
            match server {
                "arm" => headers.push(header("x-ms-request-id", "1")),
                server => headers.push(header("server", server)),
            }
            Ok(Response { status, headers, body: body.into_bytes().into(), duration: Duration::ZERO })
        })
    }
}

fn claims(more: &Value) -> Value {
    let mut claims = json!({
        "aud": "https://management.azure.com/", "oid": "me", "nbf": NOW - 300,
        "xms_mirid": "/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/web-1",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}

fn token(more: &Value) -> String {
    let token = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims(more).to_string()));
    json!({"access_token": token, "expires_in": "86400"}).to_string()
}

/// A machine on which all is well.
fn healthy(more: &Value) -> Script {
    let metadata = json!({"compute": {"azEnvironment": "AzurePublicCloud", "name": "web-1"}});
    vec![
        ("/oauth2/token", Ok((200, "IMDS/1", token(more)))),
        ("/metadata/instance", Ok((200, "IMDS/1", metadata.to_string()))),
        ("/metadata/endpoints", Ok((200, "arm", json!({}).to_string()))),
        ("/subscriptions?", Ok((200, "arm", json!({"value": [{"displayName": "dev"}]}).to_string()))),
    ]
}

/// The same, but for one answer.
fn but(part: &'static str, answer: Result<(u16, &'static str, &str), FaultKind>) -> Script {
    let answer = answer.map(|(status, server, body)| (status, server, body.to_owned()));
    [(part, answer)].into_iter().chain(healthy(&json!({}))).collect()
}

fn findings(script: Script, set: &[(&str, &str)], (now, cloud): (u64, Option<&str>)) -> Vec<Finding> {
    let variable = |name: &str| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let is_container = set.iter().any(|(name, _)| *name == "docker");
    let has_agent = set.iter().any(|(name, _)| *name == "agent");
    // It is found by its file, which is there or not.
    let himds = if has_agent { std::path::Path::new("/proc/self/status") } else { std::path::Path::new("/nowhere") };
    let machine = Machine { variable: &variable, arc_keys: Path::new("/keys"), himds, azure_cli: "az" };
    let cloud = cloud.and_then(Cloud::named);
    let network = Network(script);
    let patient = Patient {
        transport: &network,
        now: &|| UNIX_EPOCH + Duration::from_secs(now),
        machine: &machine,
        exists: &|path| if path.starts_with("/.dockerenv") { is_container } else { path.exists() },
        whose: &Whose::SYSTEM,
        cloud: cloud.as_ref(),
        arm_endpoint: None,
        imds_endpoint: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(examine(&patient))
}

/// One check comes to this verdict, with these words in its evidence or its cures.
#[track_caller]
fn check(findings: &[Finding], check: &str, verdict: Verdict, words: &str) {
    let found: Vec<&Finding> = findings.iter().filter(|finding| finding.check == check).collect();
    let is_it = |finding: &&&Finding| {
        finding.verdict == verdict
            && (finding.evidence.clone() + &finding.notes.concat() + &finding.cures.concat()).contains(words)
    };
    assert!(found.iter().any(|finding| is_it(&finding)), "{check} {verdict:?} `{words}`: {findings:#?}");
}

#[test]
fn on_a_healthy_machine_all_is_well() {
    let found = findings(healthy(&json!({})), &[], (NOW, None));
    assert!(found.iter().all(|finding| finding.verdict == Verdict::Good), "{found:#?}");
    assert_eq!(found.len(), 11);
}

#[test]
fn the_environment_tells_what_may_be_wrong() {
    let with = |set: &[(&str, &str)]| findings(healthy(&json!({})), set, (NOW, None));
    check(&with(&[("IDENTITY_ENDPOINT", "x")]), "source", Verdict::Bad, "`IDENTITY_HEADER` is not");
    check(&with(&[("IDENTITY_ENDPOINT", "x")]), "token", Verdict::Skipped, "no source");
    check(&with(&[("HTTP_PROXY", "x")]), "proxy", Verdict::Doubtful, "NO_PROXY=169.254.169.254");
    check(&with(&[("http_proxy", "x"), ("NO_PROXY", "a, 169.254.169.254")]), "proxy", Verdict::Good, "leaves");
    check(&with(&[("docker", "")]), "container", Verdict::Good, "has a source");
    let without =
        |set: &[(&str, &str)]| findings(but("/metadata/instance", Err(FaultKind::Unreachable)), set, (NOW, None));
    check(&without(&[("KUBERNETES_SERVICE_HOST", "x")]), "container", Verdict::Doubtful, "azure.workload.identity/use");
    check(&without(&[("docker", "")]), "container", Verdict::Doubtful, "--network host");
    check(&with(&[("GITHUB_ACTIONS", "true")]), "pipeline", Verdict::Doubtful, "hosted agent");
    check(&with(&[("WEBSITE_SITE_NAME", "x")]), "app", Verdict::Bad, "az webapp identity assign");
    check(&with(&[("CONTAINER_APP_NAME", "x"), ("WEBSITE_DISABLE_MSI", "true")]), "app", Verdict::Bad, "turns");
    let app = with(&[("WEBSITE_SITE_NAME", "x"), ("IDENTITY_ENDPOINT", "x"), ("IDENTITY_HEADER", "x")]);
    check(&app, "app", Verdict::Good, "has an identity");
    check(&with(&[("agent", "")]), "arc agent", Verdict::Doubtful, "--source imds");
}

#[test]
fn who_answers_in_the_place_of_azure_is_named() {
    let of = |answer: Result<(u16, &'static str, &str), FaultKind>| {
        findings(but("/metadata/instance", answer), &[], (NOW, None))
    };
    check(&of(Err(FaultKind::Refused)), "metadata", Verdict::Bad, "no VM of Azure");
    check(&of(Err(FaultKind::Unreachable)), "metadata", Verdict::Bad, "no route");
    check(&of(Err(FaultKind::ConnectTimeout)), "metadata", Verdict::Bad, "firewall");
    check(&of(Ok((401, "", "No MMDS token provided"))), "metadata", Verdict::Bad, "Firecracker");
    check(
        &of(Ok((403, "", "connecting to 169.254.169.254:80: unreachable"))),
        "metadata",
        Verdict::Bad,
        "Docker Desktop",
    );
    check(&of(Ok((200, "EC2ws", "x"))), "metadata", Verdict::Bad, "another cloud");
    check(&of(Ok((502, "squid", "<html>"))), "metadata", Verdict::Bad, "a proxy");
    check(&of(Ok((200, "", "x"))), "metadata", Verdict::Bad, "something else");
    check(&of(Err(FaultKind::Refused)), "cloud", Verdict::Bad, "nobody named it");
}

#[test]
fn the_cloud_is_where_the_machine_is() {
    let found = findings(healthy(&json!({})), &[], (NOW, Some("china")));
    check(&found, "cloud", Verdict::Bad, "`china` was named, and this machine is in `public`");
    check(&found, "audience", Verdict::Bad, "is not Resource Manager of the cloud `china`");
}

#[test]
fn why_there_is_no_token_is_told() {
    let of = |status: u16, description: &str| {
        let body = json!({"error": "invalid_request", "error_description": description}).to_string();
        findings(but("/oauth2/token", Ok((status, "IMDS/1", &body))), &[], (NOW, None))
    };
    check(&of(400, "Identity not found"), "token", Verdict::Bad, "az vm identity assign");
    check(&of(400, "Multiple user assigned identities exist"), "token", Verdict::Bad, "client_id");
    check(&of(400, "AADSTS500011: x"), "token", Verdict::Bad, "is it one of this cloud");
    check(&of(429, "Temporarily throttled"), "token", Verdict::Bad, "too often");
    let silent = findings(but("/oauth2/token", Err(FaultKind::ConnectTimeout)), &[], (NOW, None));
    check(&silent, "token", Verdict::Bad, "no identity endpoint answers");
    let html = findings(but("/oauth2/token", Ok((200, "squid", "<html>"))), &[], (NOW, None));
    check(&html, "token", Verdict::Bad, "is not an identity endpoint");
    check(&html, "access", Verdict::Skipped, "there is no token");
}

#[test]
fn what_the_token_says_is_looked_at() {
    let of = |more: Value, now: u64| findings(healthy(&more), &[], (now, None));
    check(&of(json!({}), NOW + 600), "clock", Verdict::Bad, "10 minutes apart");
    check(&of(json!({"nbf": NOW + 60}), NOW), "clock", Verdict::Bad, "of the future");
    let user = json!({"xms_mirid": "/x/Microsoft.ManagedIdentity/userAssignedIdentities/app", "appid": "c"});
    check(&of(user, NOW), "identity", Verdict::Doubtful, "client_id: c");
    check(&of(json!({"scp": "x"}), NOW), "identity", Verdict::Doubtful, "a person");
    check(&of(json!({"groups": ["g"]}), NOW), "groups", Verdict::Good, "24 hours");
    check(&of(json!({"aud": "https://graph.microsoft.com"}), NOW), "audience", Verdict::Bad, "graph.microsoft.com");
}

#[test]
fn the_way_to_resource_manager_and_its_opinion_are_told() {
    let to = |answer: Result<(u16, &'static str, &str), FaultKind>| {
        findings(but("/metadata/endpoints", answer), &[], (NOW, None))
    };
    check(&to(Err(FaultKind::Dns)), "resource manager", Verdict::Bad, "name server");
    check(&to(Err(FaultKind::Tls)), "resource manager", Verdict::Bad, "--ca-file");
    check(&to(Err(FaultKind::ConnectTimeout)), "resource manager", Verdict::Bad, "port 443");
    check(&to(Ok((200, "squid", "<html>"))), "resource manager", Verdict::Bad, "captive portal");
    check(&to(Ok((200, "squid", "{}"))), "resource manager", Verdict::Doubtful, "proxy");
    let of = |status: u16, body: Value| {
        findings(but("/subscriptions?", Ok((status, "arm", &body.to_string()))), &[], (NOW, None))
    };
    check(&of(200, json!({"value": []})), "access", Verdict::Bad, "--assignee-object-id me");
    let audience = json!({"error": {"code": "InvalidAuthenticationTokenAudience", "message": "m"}});
    check(&of(401, audience), "access", Verdict::Bad, "is the cloud right");
}
