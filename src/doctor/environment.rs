//! What can be seen without a token: the environment, proxies, containers, the instance metadata, the cloud.

use std::path::Path;

use serde_json::Value;

use super::{Finding, Patient, Verdict};
use crate::azure::cloud::Cloud;
use crate::azure::metadata as instance;
use crate::http::{self, FaultKind};
use crate::identity::{Refusal, Source, imds, source};

/// The address of the instance metadata service, as `NO_PROXY` names it.
const ADDRESS: &str = "169.254.169.254";

/// Which source there is, and what around it may stand in the way.
pub(super) fn examine(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Option<Source> {
    let found = match source::find(patient.machine, patient.whose.source) {
        Ok(found) => {
            let title = found.source.title().trim_end_matches(',');
            findings.push(Finding::new("source", Verdict::Good, format!("{title}: {}", found.reason)));
            Some(found.source)
        }
        Err(Refusal::Unmet { why, help }) => {
            findings.push(Finding::new("source", Verdict::Bad, why).cured(help));
            None
        }
        Err(_) => None,
    };
    proxy(patient, findings);
    pipeline(patient, findings);
    app(patient, findings);
    agent(patient, found, findings);
    found
}

/// A proxy that other programs would ask for the identity endpoint.
fn proxy(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    let set = |names: &[&'static str]| names.iter().copied().find(|name| patient.machine.get(name).is_some());
    let Some(name) = set(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"]) else {
        findings.push(Finding::new("proxy", Verdict::Good, "no proxy is set"));
        return;
    };
    let none = set(&["NO_PROXY", "no_proxy"]).and_then(|name| patient.machine.get(name)).unwrap_or_default();
    if none.split(',').any(|host| matches!(host.trim(), "*" | ADDRESS)) {
        findings.push(Finding::new("proxy", Verdict::Good, format!("`{name}` is set, and leaves {ADDRESS} out")));
        return;
    }
    let evidence = format!("`{name}` is set: mi-run goes past it to the identity endpoint, most other programs do not");
    findings.push(
        Finding::new("proxy", Verdict::Doubtful, evidence)
            .cured(format!("export NO_PROXY={ADDRESS},localhost,127.0.0.1")),
    );
}

/// A container, out of which the endpoint may not be seen.
pub(super) fn container(
    patient: &Patient<'_>,
    (source, sees_endpoint): (Option<Source>, bool),
    findings: &mut Vec<Finding>,
) {
    let is_pod = patient.machine.get("KUBERNETES_SERVICE_HOST").is_some();
    let is_container = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| (patient.exists)(Path::new(path)));
    let found = source.filter(|_| !sees_endpoint);
    let and = if source.is_some() { ", and has a source" } else { "" };
    let finding = match (is_pod, is_container, found) {
        (true, _, Some(Source::Imds)) => Finding::new(
            "container",
            Verdict::Doubtful,
            "this is a pod without workload identity, and AKS may keep it from the endpoint of its node",
        )
        .cured("label the pod `azure.workload.identity/use: \"true\"`, and start it anew"),
        (true, ..) => Finding::new("container", Verdict::Good, format!("this is a pod{and}")),
        (false, true, Some(Source::Imds | Source::Arc)) => Finding::new(
            "container",
            Verdict::Doubtful,
            "this is a container: a bridged network may not lead to the endpoint of its host",
        )
        .cured("run it with `--network host`"),
        (false, true, _) => Finding::new("container", Verdict::Good, format!("this is a container{and}")),
        (false, false, _) => Finding::new("container", Verdict::Good, "this is no container"),
    };
    findings.push(finding);
}

/// A hosted agent of a pipeline: a VM of somebody else's, without an identity.
fn pipeline(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    let names = ["GITHUB_ACTIONS", "TF_BUILD"];
    let Some(name) = names.into_iter().find(|name| patient.machine.get(name).is_some()) else {
        return;
    };
    let evidence = format!("`{name}` is set: a hosted agent is a VM of Azure that has no identity of yours");
    let cure = "use an agent of your own that has a managed identity, or federated credentials of the pipeline";
    findings.push(Finding::new("pipeline", Verdict::Doubtful, evidence).cured(cure));
}

/// An app of App Service or Container Apps that has no identity, or may not use it. The platform sets its variables only where
/// there is one (`overview-managed-identity.md`).
fn app(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    let Some(name) =
        ["WEBSITE_SITE_NAME", "CONTAINER_APP_NAME"].into_iter().find(|name| patient.machine.get(name).is_some())
    else {
        return;
    };
    let is_off = patient.machine.get("WEBSITE_DISABLE_MSI").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let finding = if is_off {
        Finding::new("app", Verdict::Bad, "`WEBSITE_DISABLE_MSI` turns the identity of this app off")
            .cured("take the setting away, and start the app anew")
    } else if patient.machine.get("IDENTITY_ENDPOINT").is_none() {
        let evidence = format!(
            "`{name}` is set and `IDENTITY_ENDPOINT` is not: this app has no identity, or was started before it"
        );
        Finding::new("app", Verdict::Bad, evidence)
            .cured("give it one, `az webapp identity assign --name APP --resource-group GROUP`, and start it anew")
    } else {
        Finding::new("app", Verdict::Good, format!("`{name}` is set: this is an app, and it has an identity"))
    };
    findings.push(finding);
}

/// The agent of Azure Arc on a machine that has an endpoint of its own.
fn agent(patient: &Patient<'_>, found: Option<Source>, findings: &mut Vec<Finding>) {
    if !patient.machine.himds.as_os_str().is_empty() && (patient.exists)(patient.machine.himds) {
        let finding = match found {
            Some(Source::Arc) => Finding::new(
                "arc agent",
                Verdict::Doubtful,
                "the agent of Azure Arc is installed here, and is asked: on a VM of Azure it would be the wrong one",
            )
            .cured("on a VM of Azure say so: `--source imds`, and take the agent away"),
            _ => Finding::new("arc agent", Verdict::Good, "the agent of Azure Arc is installed here, and is not asked"),
        };
        findings.push(finding);
    }
}

/// The instance metadata, and who answers at its address.
pub(super) async fn metadata(
    patient: &Patient<'_>,
    found: Option<Source>,
    findings: &mut Vec<Finding>,
) -> Option<Value> {
    let endpoint = patient.imds_endpoint.unwrap_or(imds::ENDPOINT);
    let request = instance::request(endpoint, super::PATIENCE);
    let wanted = found.is_none_or(|found| found == Source::Imds);
    let response = match patient.transport.send(request).await {
        Ok(response) => response,
        Err(fault) => {
            let verdict = if wanted { Verdict::Bad } else { Verdict::Good };
            let cause = match fault.kind {
                FaultKind::Refused => "nothing listens there: this is no VM of Azure",
                FaultKind::Unreachable => {
                    "there is no route to it: this is no VM of Azure, or a container or a VPN leads elsewhere"
                }
                FaultKind::ConnectTimeout | FaultKind::Timeout => {
                    "nothing answers: this is no VM of Azure, or a firewall, a second network interface or AKS stands in between"
                }
                _ => "the connection came to nothing",
            };
            let finding = Finding::new("metadata", verdict, format!("{endpoint}: {cause} ({})", fault.detail));
            findings.push(match wanted {
                true => finding.cured("is this the machine that has the identity? `--emulate` runs without one"),
                false => finding,
            });
            return None;
        }
    };
    let document = http::json(&response.body).ok().filter(|document| document.get("compute").is_some());
    let finding = match document {
        Some(_) => Finding::new("metadata", Verdict::Good, format!("{endpoint} answers as Azure does")),
        None if wanted => foreign(&response.body, (response.status, response.header("server"))),
        None => Finding::new("metadata", Verdict::Good, "there is no instance metadata, and this source needs none"),
    };
    findings.push(finding);
    document
}

/// Something else answers at the address.
fn foreign(body: &[u8], (status, server): (u16, Option<&str>)) -> Finding {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]).to_lowercase();
    let is = |part: &str| text.contains(part);
    let (what, cure) = match server.unwrap_or_default() {
        _ if is("mmds") => ("a Firecracker virtual machine, whose own metadata service is there", None),
        _ if is("unreachable") || is("docker") => ("Docker Desktop, whose proxy answers for it", None),
        server if server.to_lowercase().contains("ec2") || is("latest/meta-data") => {
            ("another cloud's metadata service", None)
        }
        _ if is("computemetadata") => ("another cloud's metadata service", None),
        _ if is("<html") || matches!(status, 502..=504) => {
            ("a proxy", Some("take the proxy away for this address: `export NO_PROXY=169.254.169.254`"))
        }
        server if server.starts_with("IMDS") => {
            ("Azure, and without the metadata", Some("try again in a minute: the service may be updating"))
        }
        _ => ("something else than Azure", None),
    };
    let evidence =
        format!("what answers at its address is {what} (status {status}, server `{}`)", server.unwrap_or("unnamed"));
    let finding = Finding::new("metadata", Verdict::Bad, evidence);
    finding.cured(cure.unwrap_or("this is no VM of Azure: run it on one that has the identity, or add `--emulate`"))
}

/// The cloud, and whether what was named is where the machine is.
pub(super) fn cloud(patient: &Patient<'_>, metadata: Option<&Value>, findings: &mut Vec<Finding>) -> Option<Cloud> {
    let environment = metadata.and_then(instance::environment);
    let own = environment.and_then(Cloud::of_environment);
    let finding = match (patient.cloud, &own) {
        (Some(named), Some(own)) if named.name != own.name => {
            let evidence = format!("`{}` was named, and this machine is in `{}`", named.name, own.name);
            Finding::new("cloud", Verdict::Bad, evidence)
                .cured(format!("say `cloud: {}` in the playbook, or `--cloud {}`", own.name, own.name))
        }
        (Some(named), _) => Finding::new("cloud", Verdict::Good, format!("`{}`, as it was named", named.name)),
        (None, Some(own)) => {
            Finding::new("cloud", Verdict::Good, format!("`{}`, as the instance metadata says", own.name))
        }
        (None, None) => {
            let evidence = "the instance metadata does not tell it, and nobody named it";
            Finding::new("cloud", Verdict::Bad, evidence)
                .cured("name it: `cloud: public` in the playbook, or `--cloud public`")
        }
    };
    findings.push(finding);
    patient.cloud.cloned().or(own)
}
