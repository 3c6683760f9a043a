//! The control endpoint: what tests watch and move, apart from what stands for Azure.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// Answers a request to the control endpoint.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    // A page in a browser on this machine could reach it too; browsers say where they come from.
    if request.header("Origin").is_some() || !is_loopback(&request.origin) {
        return refuse(403, "the control endpoint answers programs on this machine only");
    }
    let target = Target::parse(&request.target);
    let is = |path: &str| target.is(&["_emulator", path]);
    match request.method.as_str() {
        "GET" if is("requests") => Response::json(200, &json!({"requests": state.recent(usize::MAX)})),
        "DELETE" if is("requests") => {
            state.forget_requests();
            Response::empty(204)
        }
        "GET" if is("clock") => clock(state),
        "POST" if is("clock") => match moved(state, request) {
            Some(by) => {
                state.clock.advance(by);
                clock(state)
            }
            None => {
                refuse(400, "the clock is moved by `{\"advance\": \"90s\"}` or `{\"set\": \"2026-01-05T10:00:00Z\"}`")
            }
        },
        _ => refuse(404, "there are GET and DELETE /_emulator/requests, GET and POST /_emulator/clock"),
    }
}

fn clock(state: &State) -> Response {
    Response::json(200, &json!({"now": state.clock.now().to_string()}))
}

/// By how much the clock is to be moved.
fn moved(state: &State, request: &Request) -> Option<SignedDuration> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    if let Some(at) = body["set"].as_str() {
        return Some(at.parse::<Timestamp>().ok()?.duration_since(state.clock.now()));
    }
    let text = body["advance"].as_str()?;
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |text| (text, -1));
    let by = SignedDuration::try_from(crate::moment::parse_duration(text).ok()?).ok()?;
    by.checked_mul(sign)
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.split("://").nth(1).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn refuse(status: u16, why: &str) -> Response {
    Response::json(status, &json!({"error": why}))
}
