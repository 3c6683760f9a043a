//! The headers that every answer of Resource Manager carries.

use crate::emulator::message::{Reason, Request, Response};
use crate::emulator::meter::{Kind, Left};
use crate::emulator::state::State;

/// Adds them, with what was found out about the request.
pub(super) fn dress(
    state: &State,
    (request, reason, left): (&Request, Option<&Reason>, Option<Left>),
    response: Response,
) -> Response {
    let id = state.draw_guid();
    let correlation = request
        .header("x-ms-correlation-request-id")
        .filter(|sent| !sent.is_empty())
        .map_or_else(|| state.draw_guid(), str::to_owned);
    let region = state.world.vm.location.to_uppercase();
    let routing = format!("{region}:{}:{}", request.now.strftime("%Y%m%dT%H%M%SZ"), state.draw_guid());
    let mut response = response
        .with("Cache-Control", "no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff")
        .with("x-ms-request-id", id)
        .with("x-ms-correlation-request-id", correlation)
        .with("x-ms-routing-request-id", routing);
    if let Some(reason) = reason {
        let (tenant, principal) = (&state.world.tenant, &reason.principal);
        let identifier =
            format!("tenantId={tenant},objectId={principal}/{}/{}", state.world.vm.location, state.draw_guid());
        response = response.with("x-ms-operation-identifier", identifier);
    }
    if let Some(left) = left.filter(|_| (200..300).contains(&response.status)) {
        response = counted(request, response, left);
    }
    let wants_echo =
        request.header("x-ms-return-client-request-id").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match request.header("x-ms-client-request-id") {
        Some(sent) if wants_echo => response.with("x-ms-client-request-id", sent),
        _ => response,
    }
}

/// Adds how many requests are left.
fn counted(request: &Request, response: Response, left: Left) -> Response {
    let in_subscription = request.target.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"));
    let (own, global) = match (in_subscription, left.kind) {
        (true, Kind::Reads) => {
            ("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-subscription-global-reads")
        }
        (true, Kind::Writes) => {
            ("x-ms-ratelimit-remaining-subscription-writes", "x-ms-ratelimit-remaining-subscription-global-writes")
        }
        (true, Kind::Deletes) => {
            ("x-ms-ratelimit-remaining-subscription-deletes", "x-ms-ratelimit-remaining-subscription-global-deletes")
        }
        (false, Kind::Reads) => return response.with("x-ms-ratelimit-remaining-tenant-reads", left.own.to_string()),
        (false, _) => return response.with("x-ms-ratelimit-remaining-tenant-writes", left.own.to_string()),
    };
    response.with(own, left.own.to_string()).with(global, left.global.to_string())
}
