//! Workload identity of Kubernetes: a token of the service account is exchanged for one of Azure.
//!
//! The file is read for each exchange, since the kubelet replaces what is in it. Source: Azure Workload Identity, "Token
//! exchange"; Microsoft identity platform, "Access token request with a federated credential".

use std::io::Read as _;

use super::{Ask, Refusal, Selector, Source, cannot_select, needed, unmet};
use crate::http::{Request, Route, encode};

/// No service-account token is longer.
const LONGEST: u64 = 64 * 1024;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let client = match ask.selector {
        Selector::System => needed(ask, "AZURE_CLIENT_ID")?,
        Selector::ClientId(id) => id.clone(),
        _ => return Err(cannot_select(Source::WorkloadIdentity, "name it by its client id")),
    };
    let tenant = needed(ask, "AZURE_TENANT_ID")?;
    let assertion = assertion(&needed(ask, "AZURE_FEDERATED_TOKEN_FILE")?)?;
    let authority = ask.machine.get("AZURE_AUTHORITY_HOST").unwrap_or_else(|| ask.authority.to_owned());
    if !authority.to_ascii_lowercase().starts_with("https://") {
        let why = format!("`{}` is no directory to send a token to: it is not https", authority.escape_debug());
        return Err(unmet(why, "is `AZURE_AUTHORITY_HOST` right?"));
    }
    if !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
        let why = format!("`AZURE_TENANT_ID` is no tenant: `{}`", tenant.escape_debug());
        return Err(unmet(why, "it is the id of the directory, or one of its domains"));
    }
    let form = [
        ("client_id", client.as_str()),
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
        ("scope", &format!("{}/.default", ask.resource)),
    ];
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Ok(Request {
        method: "POST",
        url: format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/')),
        headers: vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: Some(body.join("&").into_bytes()),
        timeout: ask.timeout,
        route: Route::Outside,
    })
}

/// The token in the file, as it is now.
fn assertion(path: &str) -> Result<String, Refusal> {
    let shown = path.escape_debug();
    let file = std::fs::File::open(path).map_err(|error| {
        let why = format!("the federated token file `{shown}` cannot be read: {error}");
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                unmet(why, "the file is for another user: set `fsGroup` in the pod's security context")
            }
            _ => {
                unmet(why, "has the pod the label `azure.workload.identity/use: \"true\"`, and was it made after that?")
            }
        }
    })?;
    let mut text = String::new();
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let read = if is_file { file.take(LONGEST).read_to_string(&mut text).is_ok() } else { false };
    let text = text.trim();
    if !read || text.is_empty() || text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        let why = match (is_file, text) {
            (false, _) => format!("the federated token file `{shown}` is a folder, a pipe or a device"),
            (true, "") => format!("the federated token file `{shown}` is empty"),
            _ => format!("the federated token file `{shown}` holds no token"),
        };
        return Err(unmet(why, "the kubelet writes it: look at the pod's projected volume"));
    }
    Ok(text.to_owned())
}
