//! Faults at work: which one a request meets, and what becomes of its answer.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::emulator::arm;
use crate::emulator::fault::{Effect, Fault};
use crate::emulator::message::{Door, Request, Response};
use crate::emulator::state::State;
use crate::emulator::token;

/// How long after its end an expired token is said to have expired, in seconds.
const EXPIRED: i64 = 3600;

/// Answers a request that meets a fault; `ordinary` is the answer without it.
pub(crate) fn answer(
    state: &State,
    (request, fault): (&Request, &Fault),
    ordinary: impl FnOnce() -> Response,
) -> Response {
    let mut response = match &fault.effect {
        None => ordinary(),
        Some(Effect::Answer { status, headers, body }) => {
            let mut response = match body {
                Some(body) => said(*status, body),
                None => usual(request, *status),
            };
            response.headers.extend(headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone())));
            response
        }
        Some(Effect::Throttle(wait)) => throttle(request, wait.as_secs().max(1)),
        Some(Effect::Close) => {
            let mut response = Response::empty(503);
            response.wire.close = true;
            response
        }
        Some(Effect::Cut(bytes)) => {
            let mut response = ordinary();
            response.wire.cut = Some(*bytes);
            response
        }
        Some(Effect::Slow(bytes)) => {
            let mut response = ordinary();
            response.wire.slow = Some((*bytes).max(1));
            response
        }
        Some(Effect::ContentType(kind)) => {
            let mut response = ordinary();
            response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
            response.with("Content-Type", kind.as_str())
        }
        Some(Effect::Garbage) => {
            let mut response = ordinary();
            let half = response.body.len() / 2;
            response.body.truncate(half);
            response.body.extend_from_slice(b"<<<");
            response
        }
        Some(Effect::ExpiredToken) if request.door == Door::Arm => arm::expired(state, request),
        Some(Effect::ExpiredToken) => expire(ordinary(), request),
    };
    response.wire.delay = fault.delay;
    response.fault = true;
    response
}

/// An answer with this body: JSON when it is, else text.
fn said(status: u16, body: &str) -> Response {
    let is_json = serde_json::from_str::<Value>(body).is_ok();
    let kind = if is_json { "application/json; charset=utf-8" } else { "text/plain" };
    Response::text(status, kind, body.to_owned())
}

/// The answer to who has sent too much.
fn throttle(request: &Request, seconds: u64) -> Response {
    let mut response = usual(request, 429);
    let text =
        String::from_utf8_lossy(&response.body).replace("after '1' seconds", &format!("after '{seconds}' seconds"));
    response.body = text.into_bytes();
    response.with("Retry-After", seconds.to_string())
}

/// What Azure says with a status when nothing else is known.
fn usual(request: &Request, status: u16) -> Response {
    let identity = request.door != Door::Arm;
    let html = || {
        let text = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Response::text(status, "text/html", text)
    };
    if identity {
        let (error, description) = match status {
            404 => ("not_found", "Not found"),
            410 => ("gone", "The identity service is being updated"),
            429 => ("invalid_request", "Temporarily throttled, too many requests"),
            500 => {
                ("unknown", "Failed to retrieve token from the Active directory. For details see logs in <file path>")
            }
            502..=504 => return html(),
            _ => ("invalid_request", "Bad request"),
        };
        return Response::json(status, &json!({"error": error, "error_description": description}));
    }
    let (code, message) = match status {
        409 => ("Conflict", "The request conflicts with the state of the resource."),
        429 => (
            "SubscriptionRequestsThrottled",
            "Number of requests for subscription actor exceeded. Please try again after '1' seconds after additional \
             tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
        ),
        500 => ("InternalServerError", "The server encountered an unexpected condition."),
        502 => return html(),
        503 => ("ServiceUnavailable", "The service is temporarily unavailable."),
        504 => ("GatewayTimeout", "The gateway did not receive a response from the provider in time."),
        _ => ("BadRequest", "The request is not accepted."),
    };
    Response::json(status, &json!({"error": {"code": code, "message": message}}))
}

/// The same answer with a token that has expired.
fn expire(mut response: Response, request: &Request) -> Response {
    let Ok(Value::Object(mut body)) = serde_json::from_slice::<Value>(&response.body) else {
        return response;
    };
    let claims = body.get("access_token").and_then(Value::as_str).and_then(|text| text.split('.').nth(1));
    let claims = claims.and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(mut claims) = claims.and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok()) else {
        return response;
    };
    let end = request.now.as_second() - EXPIRED;
    claims.insert("exp".to_owned(), end.into());
    claims.insert("nbf".to_owned(), (end - 86_700).into());
    claims.insert("iat".to_owned(), (end - 86_700).into());
    body.insert("access_token".to_owned(), token::sign(&Value::Object(claims)).into());
    for (name, value) in [("expires_on", end), ("expires_in", 0)] {
        if let Some(found) = body.get_mut(name) {
            *found = if found.is_string() { value.to_string().into() } else { value.into() };
        }
    }
    response.body = Value::Object(body).to_string().into_bytes();
    response
}
