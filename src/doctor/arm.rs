//! Resource Manager: whether it is reached, whether nobody stands in between, and what it thinks of the token.

use serde_json::Value;

use super::{Finding, Patient, Verdict};
use crate::azure::cloud::Cloud;
use crate::azure::error::ArmError;
use crate::http::{self, FaultKind, Response, Route};
use crate::identity::Token;

/// Asks without a token, then with it.
pub(super) async fn examine(
    patient: &Patient<'_>,
    (cloud, token): (&Cloud, Option<&Token>),
    findings: &mut Vec<Finding>,
) {
    let base = patient.arm_endpoint.unwrap_or(&cloud.arm).trim_end_matches('/');
    let route = Route::of(base);
    let reached = match patient.get(&format!("{base}/metadata/endpoints?api-version=2022-09-01"), &[], route).await {
        Ok(response) => answered(base, &response),
        Err(fault) => unreached(base, fault.kind, &fault.detail),
    };
    let is_reached = reached.verdict != Verdict::Bad;
    findings.push(reached);
    let Some(token) = token.filter(|_| is_reached) else {
        let why = if is_reached { "there is no token" } else { "it is not reached" };
        findings.push(Finding::new("access", Verdict::Skipped, why));
        return;
    };
    let bearer = format!("Bearer {}", token.secret.reveal());
    let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
    match patient.get(&format!("{base}/subscriptions?api-version=2022-12-01"), &headers, route).await {
        Ok(response) => findings.push(access(&response, token)),
        Err(fault) => findings.push(unreached(base, fault.kind, &fault.detail)),
    }
}

fn unreached(base: &str, kind: FaultKind, detail: &str) -> Finding {
    let (what, cure) = match kind {
        FaultKind::Dns => (
            "its name is not known here",
            "does a name server answer? With private link: is the zone linked to this network?",
        ),
        FaultKind::Tls => (
            "its certificate is not trusted: something reads the traffic, or the authorities of this machine are old",
            "trust the proxy's authority: `--ca-file FILE` or `SSL_CERT_FILE`; or `apt-get install ca-certificates`",
        ),
        FaultKind::ConnectTimeout | FaultKind::Timeout => {
            ("nothing answers", "does a firewall let port 443 out, or is a proxy needed (`HTTPS_PROXY`)?")
        }
        FaultKind::Refused | FaultKind::Unreachable => {
            ("the connection is refused", "is the endpoint right, and is the proxy up?")
        }
        _ => ("the connection came to nothing", "does a proxy stand in between?"),
    };
    Finding::new("resource manager", Verdict::Bad, format!("{base}: {what} ({detail})")).cured(cure)
}

/// Something answered; is it Resource Manager?
fn answered(base: &str, response: &Response) -> Finding {
    let document = http::json(&response.body).ok();
    let is_own =
        response.header("x-ms-request-id").is_some() || response.header("x-ms-correlation-request-id").is_some();
    match (document, is_own) {
        (Some(_), true) => Finding::new("resource manager", Verdict::Good, format!("{base} answers")),
        (Some(_), false) => {
            let evidence =
                format!("{base} answers, and without the mark of Resource Manager (status {})", response.status);
            Finding::new("resource manager", Verdict::Doubtful, evidence)
                .cured("a proxy may have answered in its place")
        }
        (None, _) => {
            let evidence =
                format!("what answers at {base} is a proxy or a captive portal (status {})", response.status);
            Finding::new("resource manager", Verdict::Bad, evidence)
                .cured("let this host pass, or set `HTTPS_PROXY` to a proxy that does")
        }
    }
}

/// What Resource Manager thinks of the token, and what the identity sees.
fn access(response: &Response, token: &Token) -> Finding {
    let body = http::json(&response.body).unwrap_or_default();
    let principal = token.claims.get("oid").and_then(Value::as_str).unwrap_or("…");
    if response.status != 200 {
        let error = ArmError::read(&body).unwrap_or_default();
        let evidence = format!(
            "Resource Manager refuses the token: status {}, `{}`: {}",
            response.status, error.code, error.message
        );
        let cure = match error.code.as_str() {
            "InvalidAuthenticationTokenAudience" => "the token is for something else: is the cloud right?",
            "ExpiredAuthenticationToken" => "is the time right here? `timedatectl` tells",
            "InvalidAuthenticationToken" => {
                "is the identity's tenant this cloud's? Was the identity deleted and made again?"
            }
            _ => "try again in a moment, and look at the message",
        };
        return Finding::new("access", Verdict::Bad, evidence).cured(cure);
    }
    let list = body.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names = list.iter().filter_map(|one| one.get("displayName").or(one.get("subscriptionId"))?.as_str());
    match list.len() {
        0 => Finding::new("access", Verdict::Bad, "the token is good, and the identity has no role anywhere: it sees no subscription")
            .cured(format!(
                "az role assignment create --role Reader --assignee-object-id {principal} --assignee-principal-type ServicePrincipal \
                 --scope \"/subscriptions/<id>\""
            ))
            .cured("if it was assigned only just now, wait: it takes up to 10 minutes"),
        count => {
            let shown: Vec<&str> = names.take(3).collect();
            let noun = if count == 1 { "subscription" } else { "subscriptions" };
            Finding::new("access", Verdict::Good, format!("the identity sees {count} {noun}: {}", shown.join(", ")))
        }
    }
}
