//! Servers enabled for Azure Arc: a challenge first, that only those can answer who can read a file of the agent's.
//!
//! Source: Azure documentation, "Authenticate against Azure resources with Azure Arc-enabled servers".

use std::path::Path;

use serde_json::json;

use crate::emulator::imds;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// Answers a request to the token endpoint: without the key a challenge, with it as a VM does.
pub(super) fn answer(state: &State, request: &Request, target: &Target) -> Response {
    if request.method != "GET" || !imds::is_marked(request) {
        return imds::of_vm(state, request, target);
    }
    let sent = request.header("Authorization").and_then(|header| header.trim().strip_prefix("Basic "));
    match (sent, state.arc_folder()) {
        (Some(key), _) if state.take_arc_key(key.trim()) => imds::of_vm(state, request, target),
        (_, Some(folder)) => challenge(state, &folder),
        (_, None) => imds::of_vm(state, request, target),
    }
}

/// A refusal that names a new file, in which the key is that the next request has to bring.
fn challenge(state: &State, folder: &Path) -> Response {
    let path = folder.join(format!("{}.key", state.draw_guid()));
    let key = state.make_arc_key();
    let body = json!({
        "error": "unauthorized_client",
        "error_description": "Missing Basic Authorization header",
        "error_codes": [401],
    });
    let realm = format!("Basic realm={}", path.display());
    Response {
        file: Some(Box::new((path, key.into_bytes()))),
        ..Response::json(401, &body).with("WWW-Authenticate", realm)
    }
}
