//! Workload identity of Kubernetes: a token of the service account is exchanged for one of Azure.
//!
//! The file is read for each exchange, since the kubelet replaces what is in it. Source: Azure Workload Identity, "Token
//! exchange"; Microsoft identity platform, "Access token request with a federated credential".

use std::io::Read as _;

use super::directory::{self, ASSERTION_TYPE};
use super::{Ask, Refusal, Selector, Source, cannot_select, needed, unmet};
use crate::http::Request;

/// No service-account token is longer.
const LONGEST: u64 = 64 * 1024;

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let client = match ask.selector {
        Selector::System => needed(ask, "AZURE_CLIENT_ID")?,
        Selector::ClientId(id) => id.clone(),
        _ => return Err(cannot_select(Source::WorkloadIdentity, "name it by its client id")),
    };
    let url = directory::endpoint(ask)?;
    let assertion = assertion(&needed(ask, "AZURE_FEDERATED_TOKEN_FILE")?)?;
    let credential = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    Ok(directory::request(ask, url, &client, &credential))
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
