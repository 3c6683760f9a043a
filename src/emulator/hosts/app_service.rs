//! App Service, Functions and Container Apps: `IDENTITY_ENDPOINT` with `X-IDENTITY-HEADER`, and the older `Secret`.
//!
//! Source: Azure documentation, "How to use managed identities for App Service and Azure Functions".

use jiff::Timestamp;
use serde_json::json;

use crate::emulator::hosts::{selected, system, token};
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// The parameters that select an identity; the last is the older version's.
const SELECTORS: [&str; 5] = ["client_id", "principal_id", "object_id", "mi_res_id", "clientid"];

/// Answers a request to the token endpoint.
pub(super) fn answer(state: &State, request: &Request, target: &Target) -> Response {
    let response = route(state, request, target).unwrap_or_else(|(status, message)| {
        let id = state.draw_guid();
        Response::json(status, &json!({"statusCode": status, "message": message, "correlationId": id}))
    });
    response.with("Server", "Kestrel").with("X-CORRELATION-ID", state.draw_guid())
}

fn route(state: &State, request: &Request, target: &Target) -> Result<Response, (u16, &'static str)> {
    if request.method != "GET" {
        return Ok(Response::empty(405).with("Allow", "GET"));
    }
    let version = target.parameter("api-version").unwrap_or_default();
    let is_old = version == "2017-09-01";
    if !is_old && version != "2019-08-01" {
        return Err((400, "The api-version is not supported: it is 2019-08-01 or 2017-09-01."));
    }
    let header = if is_old { "Secret" } else { "X-IDENTITY-HEADER" };
    if request.header(header) != Some(state.secret.as_str()) {
        return Err((401, "The request carries no secret of this app, or another one."));
    }
    let resource = target.parameter("resource").filter(|resource| !resource.is_empty());
    let resource = resource.ok_or((400, "The query variable 'resource' is required."))?;
    let mut selectors = SELECTORS.into_iter().filter_map(|name| target.parameter(name).map(|value| (name, value)));
    let selector = selectors.next();
    if selectors.next().is_some() {
        return Err((400, "Only one of 'client_id', 'principal_id' and 'mi_res_id' may be specified."));
    }
    // Without a selector it is the system-assigned one, even where there is just one other.
    let identity = match selector {
        Some(selector) => selected(&state.world, selector).ok_or((
            400,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        )),
        None => system(&state.world).ok_or((400, "Unable to load the proper Managed Identity.")),
    }?;
    let issued = token(state, request, (identity, resource))
        .ok_or((500, "An unexpected error occured while fetching the AAD Token."))?;
    let expires_on = match is_old {
        false => issued.expires_on.to_string(),
        true => {
            let at = Timestamp::from_second(issued.expires_on).unwrap_or(request.now);
            at.strftime("%m/%d/%Y %H:%M:%S +00:00").to_string()
        }
    };
    let mut body = json!({
        "access_token": issued.text, "expires_on": expires_on, "resource": resource, "token_type": "Bearer",
    });
    if !is_old {
        body["client_id"] = identity.client_id.as_str().into();
    }
    Ok(Response::json(200, &body))
}
