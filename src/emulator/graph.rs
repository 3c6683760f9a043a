//! Microsoft Graph, as much of it as clients of Resource Manager ask: who the principals of assignments are.
//!
//! Whoever bears a token for it may read the directory; the permissions of Graph are not emulated.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;
use crate::emulator::world::{Group, Identity, Kind, World};

/// Whether a path leads here.
pub(crate) fn is_concerned(target: &Target) -> bool {
    matches!(target.segments.first().map(String::as_str), Some("v1.0" | "beta"))
}

/// Why there is no answer: the status, the code, the sentence.
struct Refusal(u16, &'static str, String);

/// Answers a request to Microsoft Graph.
pub(crate) fn answer(state: &State, request: &Request, target: &Target) -> Response {
    let response = match signed_in(state, request).and_then(|()| route(&state.world, request, target)) {
        Ok(body) => Response::json(200, &body),
        Err(Refusal(status, code, message)) => {
            let id = state.draw_guid();
            let inner = json!({
                "date": request.now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": id,
                "client-request-id": request.header("client-request-id").unwrap_or(&id),
            });
            Response::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
        }
    };
    response.with("request-id", state.draw_guid()).with("Cache-Control", "no-cache")
}

/// The bearer must be a token for Graph that has not expired.
fn signed_in(state: &State, request: &Request) -> Result<(), Refusal> {
    let refused = |message: &str| Refusal(401, "InvalidAuthenticationToken", message.to_owned());
    let header = request.header("Authorization").unwrap_or_default();
    let (scheme, text) = header.trim().split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") || text.is_empty() {
        return Err(refused("Access token is empty."));
    }
    let claims = state.claims(text.trim()).ok_or_else(|| refused("Access token validation failure."))?;
    let expiry = claims.get("exp").and_then(Value::as_i64).and_then(|at| Timestamp::from_second(at).ok());
    if expiry.is_none_or(|expiry| expiry < request.now) {
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    let audience = claims.get("aud").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
    match audience == request.origin || audience == state.world.cloud.facts().graph {
        true => Ok(()),
        false => Err(refused("Access token validation failure. Invalid audience.")),
    }
}

fn route(world: &World, request: &Request, target: &Target) -> Result<Value, Refusal> {
    let path: Vec<String> = target.segments[1..].iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let filter = target.parameter("$filter");
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["directoryobjects", "getbyids"]) => by_ids(world, &request.body),
        ("GET", ["serviceprincipals"]) => filtered(world.identities.iter().map(service_principal), filter),
        ("GET", ["groups"]) => filtered(world.groups.iter().map(group), filter),
        ("GET", ["users"]) => Ok(json!({"value": []})),
        ("GET", ["serviceprincipals" | "groups" | "directoryobjects", id]) => {
            let found =
                objects(world).find(|object| object["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id)));
            found.ok_or_else(|| {
                let message = format!(
                    "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
                );
                Refusal(404, "Request_ResourceNotFound", message)
            })
        }
        (_, rest) => {
            let message = format!("Resource not found for the segment '{}'.", rest.first().unwrap_or(&""));
            Err(Refusal(400, "BadRequest", message))
        }
    }
}

/// The objects that a list of ids names; ids of nothing are left out.
fn by_ids(world: &World, body: &[u8]) -> Result<Value, Refusal> {
    let unreadable = || Refusal(400, "BadRequest", "Unable to read JSON request payload.".to_owned());
    let body: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let ids: Vec<&str> = body["ids"].as_array().ok_or_else(unreadable)?.iter().filter_map(Value::as_str).collect();
    let wanted =
        |object: &Value| ids.iter().any(|id| object["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id)));
    Ok(json!({"value": objects(world).filter(wanted).collect::<Vec<_>>()}))
}

/// What a filter `<property> eq '<value>'` or `<property>/any(c:c eq '<value>')` leaves of a list.
fn filtered(objects: impl Iterator<Item = Value>, filter: Option<&str>) -> Result<Value, Refusal> {
    let Some(filter) = filter else {
        return Ok(json!({"value": objects.collect::<Vec<_>>()}));
    };
    let unsupported = || Refusal(400, "Request_UnsupportedQuery", format!("Unsupported Query: {filter}"));
    let (property, rest) = match filter.split_once("/any(") {
        Some((property, rest)) => (property, rest.trim_end_matches(')')),
        None => (filter.split_whitespace().next().unwrap_or_default(), filter),
    };
    let (_, quoted) = rest.split_once(" eq ").ok_or_else(unsupported)?;
    let value = quoted.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).ok_or_else(unsupported)?;
    let is_value = |found: &Value| found.as_str().is_some_and(|text| text.eq_ignore_ascii_case(value));
    let kept = objects.filter(|object| match &object[property] {
        Value::Array(several) => several.iter().any(is_value),
        one => is_value(one),
    });
    Ok(json!({"value": kept.collect::<Vec<_>>()}))
}

fn objects(world: &World) -> impl Iterator<Item = Value> {
    world.identities.iter().map(service_principal).chain(world.groups.iter().map(group))
}

fn service_principal(identity: &Identity) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": identity.object_id,
        "appId": identity.client_id,
        "displayName": identity.name,
        "servicePrincipalNames": [identity.client_id],
        "servicePrincipalType": match identity.kind {
            Kind::System | Kind::User => "ManagedIdentity",
        },
    })
}

fn group(group: &Group) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.group",
        "id": group.object_id,
        "displayName": group.name,
        "securityEnabled": true,
    })
}
