//! The VM's metadata endpoint: what every path of it shares, and which paths there are.

mod attested;
mod identity;
mod instance;

use serde_json::json;

use crate::emulator::hosts;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// The versions of the endpoint, newest first.
const VERSIONS: [&str; 35] = [
    "2025-04-07",
    "2024-07-17",
    "2024-03-15",
    "2023-11-15",
    "2023-07-01",
    "2021-12-13",
    "2021-11-15",
    "2021-11-01",
    "2021-10-01",
    "2021-08-01",
    "2021-05-01",
    "2021-03-01",
    "2021-02-01",
    "2021-01-01",
    "2020-12-01",
    "2020-10-01",
    "2020-09-01",
    "2020-07-15",
    "2020-06-01",
    "2019-11-01",
    "2019-08-15",
    "2019-08-01",
    "2019-06-04",
    "2019-06-01",
    "2019-04-30",
    "2019-03-11",
    "2019-02-01",
    "2018-10-01",
    "2018-04-02",
    "2018-02-01",
    "2017-12-01",
    "2017-10-01",
    "2017-08-01",
    "2017-04-02",
    "2017-03-01",
];

/// The first version that has identities.
const IDENTITY_SINCE: &str = "2018-02-01";

/// What a path leads to.
#[derive(Clone, Copy)]
enum Place<'a> {
    Token,
    IdentityInfo,
    Versions,
    Attested,
    ScheduledEvents,
    Instance(&'a [String]),
}

/// Answers a request to the metadata endpoint, or to the identity endpoint of another host than a VM.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    let target = Target::parse(&request.target);
    hosts::answer(state, request, &target).unwrap_or_else(|| of_vm(state, request, &target))
}

/// Answers as the metadata endpoint of a VM does.
pub(crate) fn of_vm(state: &State, request: &Request, target: &Target) -> Response {
    route(state, request, target)
        .unwrap_or_else(|refusal| refusal)
        .with("Server", "IMDS/150.870.65.1475")
        .with("x-ms-request-id", state.draw_guid())
}

/// Whether a request carries the header that keeps it from being forged by way of a browser or a server.
pub(crate) fn is_marked(request: &Request) -> bool {
    request.header("Metadata").is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// Answers; what is refused comes as an error, so that checks read as a list.
fn route(state: &State, request: &Request, target: &Target) -> Result<Response, Response> {
    let words: Vec<String> = target.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let identity = words.get(1) == Some(&"identity");
    let refuse = |status, error, description: &str| match identity {
        true => identity::refuse(status, error, description),
        false => instance::refuse(status, description),
    };
    let place = match words.as_slice() {
        ["metadata", "identity", "oauth2", "token"] => Place::Token,
        ["metadata", "identity", "info"] => Place::IdentityInfo,
        ["metadata", "versions"] => Place::Versions,
        ["metadata", "attested", "document"] => Place::Attested,
        ["metadata", "scheduledevents"] => Place::ScheduledEvents,
        ["metadata", "instance", ..] => Place::Instance(&target.segments[2..]),
        _ => return Err(refuse(404, "not_found", "Not found")),
    };
    if request.method != "GET" {
        let refusal = refuse(405, "method_not_allowed", "Method not allowed");
        return Err(refusal.with("Allow", "GET"));
    }
    if request.header("X-Forwarded-For").is_some() {
        let description = "Requests with the X-Forwarded-For header are not accepted";
        return Err(refuse(400, "invalid_request", description));
    }
    if !is_marked(request) {
        return Err(match identity {
            true => identity::refuse(400, "invalid_request", "Required metadata header not specified"),
            false => instance::unmarked(),
        });
    }
    if let Some(name) = target.repeated() {
        let description = format!("Query variable '{name}' is specified more than once");
        return Err(refuse(400, "invalid_request", &description));
    }
    if !matches!(place, Place::Versions) {
        known_version(target, identity)?;
    }
    match place {
        Place::Token => identity::token(state, request, target),
        Place::IdentityInfo => identity::info(state),
        Place::Versions => Ok(versions()),
        Place::Attested => attested::document(state, request, target),
        Place::ScheduledEvents => Ok(Response::json(200, &json!({"DocumentIncarnation": 1, "Events": []}))),
        Place::Instance(path) => instance::select(&state.world, path, target),
    }
}

/// Checks that the request names a version that exists.
fn known_version(target: &Target, identity: bool) -> Result<(), Response> {
    let known = target
        .parameter("api-version")
        .is_some_and(|version| VERSIONS.contains(&version) && !(identity && version < IDENTITY_SINCE));
    match known {
        true => Ok(()),
        false => Err(Response::json(
            400,
            &json!({
                "error": "Bad request. api-version is invalid or was not specified in the request. \
                          For more information refer to aka.ms/azureimds",
                "newest-versions": VERSIONS[..3],
            }),
        )),
    }
}

fn versions() -> Response {
    let oldest_first: Vec<&str> = VERSIONS.iter().rev().copied().collect();
    Response::json(200, &json!({"apiVersions": oldest_first}))
}

#[cfg(test)]
mod tests;
