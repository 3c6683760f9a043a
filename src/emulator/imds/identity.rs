//! The identity part of the metadata endpoint: which identity answers, and the token it gets.

use std::collections::BTreeMap;

use serde_json::json;

use crate::emulator::message::{Request, Response};
use crate::emulator::state::{Order, State};
use crate::emulator::target::Target;
use crate::emulator::world::{Identity, Kind, World};

/// The parameters that select an identity.
const SELECTORS: [&str; 3] = ["client_id", "object_id", "msi_res_id"];

/// An error in the shape of the identity paths.
pub(super) fn refuse(status: u16, error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    Response::json(status, &body)
}

fn invalid(description: &str) -> Response {
    refuse(400, "invalid_request", description)
}

/// The tenant of the system-assigned identity.
pub(super) fn info(state: &State) -> Result<Response, Response> {
    let world = &state.world;
    let system = |identity: &Identity| identity.attached && identity.kind == Kind::System;
    match world.identities.iter().any(system) {
        true => Ok(Response::json(200, &json!({"tenantId": world.tenant}))),
        false => Err(invalid("Identity not found")),
    }
}

/// A token for the resource that the request names.
pub(super) fn token(state: &State, request: &Request, target: &Target) -> Result<Response, Response> {
    let resource = target
        .parameter("resource")
        .filter(|resource| !resource.is_empty())
        .ok_or_else(|| invalid("Required query variable 'resource' is missing"))?;
    let mut selectors = SELECTORS.into_iter().filter_map(|name| target.parameter(name).map(|value| (name, value)));
    let selector = selectors.next();
    if selectors.next().is_some() {
        return Err(invalid("Only one of the query variables 'client_id', 'object_id', 'msi_res_id' may be specified"));
    }
    let identity = choose(&state.world, selector)?;
    if !state.knows_resource(resource) {
        return Err(unknown_resource(state, request, resource));
    }
    let fresh = target.parameter("bypass_cache").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let issued = state.token(&Order { identity, resource, fresh, person: false, now: request.now });
    let left = issued.expires_on - request.now.as_second();
    let mut body = BTreeMap::from([
        ("access_token", issued.text),
        ("client_id", identity.client_id.clone()),
        ("expires_in", left.to_string()),
        ("expires_on", issued.expires_on.to_string()),
        ("ext_expires_in", "86399".to_owned()),
        ("not_before", issued.not_before.to_string()),
        ("resource", resource.to_owned()),
        ("token_type", "Bearer".to_owned()),
    ]);
    if let Some((name, value)) = selector.filter(|(name, _)| *name != "client_id") {
        body.insert(name, value.to_owned());
    }
    Ok(Response::json(200, &json!(body)))
}

/// The identity that answers: the selected one, else the system-assigned one, else the only one.
fn choose<'a>(world: &'a World, selector: Option<(&str, &str)>) -> Result<&'a Identity, Response> {
    let identities: Vec<&Identity> = world.identities.iter().filter(|identity| identity.attached).collect();
    let found = match selector {
        Some(("client_id", id)) => {
            identities.iter().copied().find(|identity| identity.client_id.eq_ignore_ascii_case(id))
        }
        Some(("object_id", id)) => {
            identities.iter().copied().find(|identity| identity.object_id.eq_ignore_ascii_case(id))
        }
        Some((_, id)) => identities
            .iter()
            .copied()
            .find(|identity| identity.kind == Kind::User && world.resource_id(identity).eq_ignore_ascii_case(id)),
        None => match identities.iter().copied().find(|one| one.kind == Kind::System) {
            None if identities.len() > 1 => {
                return Err(invalid(
                    "Multiple user assigned identities exist, please specify the clientId / resourceId of the \
                     identity in the token request",
                ));
            }
            None => identities.first().copied(),
            system => system,
        },
    };
    found.ok_or_else(|| invalid("Identity not found"))
}

/// What Entra says of a resource that the tenant does not know.
fn unknown_resource(state: &State, request: &Request, resource: &str) -> Response {
    let tenant = &state.world.tenant;
    let (trace, correlation) = (state.draw_guid(), state.draw_guid());
    let timestamp = request.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let body = json!({
        "error": "invalid_resource",
        "error_description": format!(
            "AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}. This \
             can happen if the application has not been installed by the administrator of the tenant or consented to \
             by any user in the tenant. You might have sent your authentication request to the wrong tenant. Trace \
             ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        ),
        "error_codes": [500011],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("{}/error?code=500011", state.world.cloud.facts().login),
    });
    Response::json(400, &body)
}
