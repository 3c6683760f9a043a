//! The token: whether it comes, whose it is, for whom, and what its clock says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Finding, PATIENCE, Patient, Verdict};
use crate::azure::cloud::Cloud;
use crate::identity::{self, Ask, Refusal, Selector, Source, Token};
use crate::moment::Moment;

/// From this difference on Azure takes a clock for wrong.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Asks for a token, and looks into it.
pub(super) async fn examine(
    patient: &Patient<'_>,
    (source, cloud): (Source, &Cloud),
    findings: &mut Vec<Finding>,
) -> Option<Token> {
    let now = (patient.now)();
    let ask = Ask {
        resource: &cloud.audience,
        selector: &patient.whose.selector,
        timeout: PATIENCE,
        now,
        imds_endpoint: patient.imds_endpoint,
        authority: &cloud.authority,
        machine: patient.machine,
        renewal: None,
    };
    match identity::acquire(source, &ask, patient.transport).await {
        Ok(token) => {
            let title = source.title().trim_end_matches(',');
            findings.push(Finding::new("token", Verdict::Good, format!("{title} gives one for {}", cloud.audience)));
            clock(&token.exchange.headers, &token.claims, now, findings);
            whose((patient, source), &token.claims, findings);
            audience(&token.claims, cloud, findings);
            Some(token)
        }
        Err(refusal) => {
            findings.push(refused(&refusal, patient, (source, &cloud.audience)));
            if let Some(exchange) = refusal.exchange() {
                clock(&exchange.headers, &Value::Null, now, findings);
            }
            None
        }
    }
}

/// Why there is no token, as a run says it.
fn refused(refusal: &Refusal, patient: &Patient<'_>, asked: (Source, &str)) -> Finding {
    let (source, resource) = asked;
    let given = patient.imds_endpoint.is_some();
    let diagnostic = identity::no_token(refusal, (source, &patient.whose.selector, resource), given);
    let bad = Finding::new("token", Verdict::Bad, diagnostic.title);
    Finding { notes: diagnostic.notes, cures: diagnostic.helps, ..bad }
}

/// Compares the clock here with that of who answered.
fn clock(headers: &[(String, String)], claims: &Value, now: SystemTime, findings: &mut Vec<Finding>) {
    let date = headers.iter().find(|(name, _)| name == "date").and_then(|(_, value)| Moment::parse(value));
    let issued = claims.get("nbf").and_then(Value::as_u64).map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let apart =
        |other: SystemTime| now.duration_since(other).or_else(|_| other.duration_since(now)).unwrap_or_default();
    let finding = match (date.map(Moment::to_system).map(apart), issued) {
        (Some(skew), _) if skew >= SKEW => {
            let apart = match skew.as_secs() / 60 {
                minutes @ ..1440 => format!("{minutes} minutes"),
                _ => "more than a day".to_owned(),
            };
            let evidence = format!("the clock here and that of the endpoint are {apart} apart");
            Finding::new("clock", Verdict::Bad, evidence).cured("set the time: `timedatectl set-ntp true`")
        }
        (_, Some(issued)) if issued > now => {
            let evidence = "the token is of the future: the clock here is slow";
            Finding::new("clock", Verdict::Bad, evidence).cured("set the time: `timedatectl set-ntp true`")
        }
        (None, None) => return,
        _ => Finding::new("clock", Verdict::Good, "the clocks agree"),
    };
    findings.push(finding);
}

/// Whose token it is.
fn whose((patient, source): (&Patient<'_>, Source), claims: &Value, findings: &mut Vec<Finding>) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (Some(principal), resource) = (text("oid"), text("xms_mirid").unwrap_or_default()) else {
        findings.push(Finding::new("identity", Verdict::Doubtful, "the token does not tell whose it is"));
        return;
    };
    let name = resource.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(principal);
    let is_user = resource.to_ascii_lowercase().contains("/userassignedidentities/");
    let finding = if text("scp").is_some() {
        let is_meant = matches!(source, Source::AzureCli | Source::CloudShell);
        let verdict = if is_meant { Verdict::Good } else { Verdict::Doubtful };
        Finding::new("identity", verdict, format!("{name}: a person, and no managed identity"))
    } else if is_user && patient.whose.selector == Selector::System {
        let evidence =
            format!("{name} ({principal}): a user-assigned identity, which nobody named; it is the only one here");
        let client = text("appid").or_else(|| text("azp")).unwrap_or("…");
        Finding::new("identity", Verdict::Doubtful, evidence)
            .cured(format!("name it, before a second one is assigned: `identity: {{client_id: {client}}}`"))
    } else {
        Finding::new("identity", Verdict::Good, format!("{name}, object id {principal}"))
    };
    findings.push(finding);
    if text("groups").is_some() || claims.get("groups").is_some_and(Value::is_array) {
        let evidence = "the token names groups, as they were when it was issued: for up to 24 hours they stay so";
        findings.push(Finding::new("groups", Verdict::Good, evidence));
    }
}

/// For whom it is.
fn audience(claims: &Value, cloud: &Cloud, findings: &mut Vec<Finding>) {
    let Some(audience) = claims.get("aud").and_then(Value::as_str) else { return };
    let finding = match cloud.is_arm(audience) {
        true => Finding::new("audience", Verdict::Good, audience),
        false => Finding::new(
            "audience",
            Verdict::Bad,
            format!("{audience} is not Resource Manager of the cloud `{}`", cloud.name),
        )
        .cured("is the cloud right? `--cloud` names another"),
    };
    findings.push(finding);
}
