//! Service Fabric: the endpoint is https, known by its certificate, and wants the header `Secret`.
//!
//! Source: Azure documentation, "How to leverage a Service Fabric application's managed identity".

use serde_json::json;

use crate::emulator::hosts::{default_identity, selected, token};
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;
use crate::emulator::world::Host;

/// Whether a request to the token authority's listener is for this endpoint.
pub(crate) fn is_concerned(state: &State, target: &Target) -> bool {
    state.world.host == Host::ServiceFabric && target.is(&["metadata", "identity", "oauth2", "token"])
}

/// Answers a request to the token endpoint.
pub(crate) fn answer(state: &State, request: &Request, target: &Target) -> Response {
    route(state, request, target).unwrap_or_else(|(status, code, message)| {
        let id = state.draw_guid();
        Response::json(status, &json!({"error": {"correlationId": id, "code": code, "message": message}}))
    })
}

fn route(state: &State, request: &Request, target: &Target) -> Result<Response, (u16, &'static str, &'static str)> {
    if request.method != "GET" {
        return Ok(Response::empty(405).with("Allow", "GET"));
    }
    if request.header("Secret") != Some(state.secret.as_str()) {
        return Err((400, "SecretHeaderNotFound", "Secret is not found in the request headers."));
    }
    if !matches!(target.parameter("api-version"), Some("2019-07-01-preview" | "2020-05-01")) {
        return Err((400, "InvalidApiVersion", "The api-version is not supported."));
    }
    let resource = target.parameter("resource").filter(|resource| !resource.is_empty());
    let resource = resource.ok_or((400, "ArgumentNullOrEmpty", "The parameter 'resource' is null or empty."))?;
    let identity = match target.parameter("principalId") {
        Some(id) => selected(&state.world, ("principalid", id)),
        None => default_identity(&state.world),
    };
    let identity = identity.ok_or((
        404,
        "ManagedIdentityNotFound",
        "Managed identity is not found for the specified application.",
    ))?;
    let issued = token(state, request, (identity, resource)).ok_or((
        500,
        "InternalServerError",
        "The token could not be retrieved.",
    ))?;
    Ok(Response::json(
        200,
        &json!({
            "token_type": "Bearer",
            "access_token": issued.text,
            "expires_on": issued.expires_on,
            "resource": resource,
        }),
    ))
}
