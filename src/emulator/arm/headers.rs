//! The headers that every answer of Resource Manager carries.

use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;

/// Adds the headers that every answer of Resource Manager carries.
pub(super) fn dress(state: &State, request: &Request, response: Response) -> Response {
    let id = state.draw_guid();
    let correlation = request
        .header("x-ms-correlation-request-id")
        .filter(|sent| !sent.is_empty())
        .map_or_else(|| state.draw_guid(), str::to_owned);
    let routing = format!(
        "{}:{}:{}",
        state.world.vm.location.to_uppercase(),
        request.now.strftime("%Y%m%dT%H%M%SZ"),
        state.draw_guid()
    );
    let counted = request.target.contains("/subscriptions/")
        && matches!(request.method.as_str(), "GET" | "HEAD")
        && (200..300).contains(&response.status);
    let mut response = response
        .with("Cache-Control", "no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff")
        .with("x-ms-request-id", id)
        .with("x-ms-correlation-request-id", correlation)
        .with("x-ms-routing-request-id", routing);
    if counted {
        response = response
            .with("x-ms-ratelimit-remaining-subscription-reads", "249")
            .with("x-ms-ratelimit-remaining-subscription-global-reads", "3749");
    }
    let wants_echo =
        request.header("x-ms-return-client-request-id").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match request.header("x-ms-client-request-id") {
        Some(sent) if wants_echo => response.with("x-ms-client-request-id", sent),
        _ => response,
    }
}
