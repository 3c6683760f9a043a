//! Cloud Shell: a form is posted, and the token is that of the person who signed in.
//!
//! Source: Azure documentation, "Acquire a user token in Azure Cloud Shell".

use std::collections::BTreeMap;

use serde_json::json;

use crate::emulator::hosts::person_token;
use crate::emulator::imds;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// Answers a request to the token endpoint.
pub(super) fn answer(state: &State, request: &Request) -> Response {
    if request.method != "POST" {
        return Response::empty(405).with("Allow", "POST");
    }
    if !imds::is_marked(request) {
        return refuse("BadRequest", "Required metadata header not specified");
    }
    let form = Target::parse(&format!("/?{}", String::from_utf8_lossy(&request.body)));
    let Some(resource) = form.parameter("resource").filter(|resource| !resource.is_empty()) else {
        return refuse("BadRequest", "The resource is missing");
    };
    let Some(issued) = person_token(state, request, resource) else {
        let facts = state.world.cloud.facts();
        let supported = [facts.arm, facts.core, facts.graph, facts.old_graph, facts.batch].map(|one| format!("{one}/"));
        let message = format!(
            "Audience {resource} is not a supported MSI token audience.Supported audiences:{}",
            supported.join(",")
        );
        return refuse("AudienceNotSupported", &message);
    };
    let left = issued.expires_on - request.now.as_second();
    let body = BTreeMap::from([
        ("access_token", issued.text),
        ("expires_in", left.to_string()),
        ("expires_on", issued.expires_on.to_string()),
        ("not_before", issued.not_before.to_string()),
        ("refresh_token", String::new()),
        ("resource", resource.to_owned()),
        ("token_type", "Bearer".to_owned()),
    ]);
    Response::json(200, &json!(body))
}

fn refuse(code: &str, message: &str) -> Response {
    Response::json(400, &json!({"error": {"code": code, "message": message}}))
}
