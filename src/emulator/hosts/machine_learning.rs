//! Compute of Azure Machine Learning: `MSI_ENDPOINT` with `secret`, and the person's token where no identity is named.
//!
//! Source: the Azure SDKs, which speak it: azure-identity for Python, MSAL for Go and .NET.

use serde_json::json;

use crate::emulator::guid::is_guid;
use crate::emulator::hosts::{person_token, selected, token};
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// Answers a request to the token endpoint.
pub(super) fn answer(state: &State, request: &Request, target: &Target) -> Response {
    if request.method != "GET" {
        return Response::empty(405).with("Allow", "GET");
    }
    if request.header("secret") != Some(state.secret.as_str()) {
        return failure(401);
    }
    if target.parameter("api-version") != Some("2017-09-01") {
        return failure(400);
    }
    let Some(resource) = target.parameter("resource").filter(|resource| !resource.is_empty()) else {
        return failure(400);
    };
    // Without an id, or with a text that is none, the endpoint gives the person's token.
    let issued = match target.parameter("clientid").filter(|id| is_guid(id)) {
        None => person_token(state, request, resource),
        Some(id) => match selected(&state.world, ("clientid", id)) {
            Some(identity) => token(state, request, (identity, resource)),
            None => return failure(404),
        },
    };
    match issued {
        Some(issued) => Response::json(
            200,
            &json!({
                "access_token": issued.text,
                "expires_on": issued.expires_on,
                "resource": resource,
                "token_type": "Bearer",
            }),
        ),
        None => failure(400),
    }
}

/// A failure, which is no JSON here.
fn failure(status: u16) -> Response {
    let text = format!("InternalError - :{{ Info: Request failure status code: {status} }}");
    Response::text(status, "text/plain", text)
}
