//! The token authority: the documents that tell clients about a tenant.

use serde_json::{Value, json};

use crate::emulator::graph;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// Answers a request to the token authority.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    let target = Target::parse(&request.target);
    if graph::is_concerned(&target) {
        return graph::answer(state, request, &target);
    }
    let response = match document(state, &target) {
        Ok(body) if matches!(request.method.as_str(), "GET" | "HEAD") => Response::json(200, &body),
        Ok(_) => Response::empty(405).with("Allow", "GET"),
        Err(cause) => refuse(state, request, &cause),
    };
    response
        .with("Cache-Control", "no-store, no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff")
        .with("x-ms-request-id", state.draw_guid())
}

/// Why there is no document.
struct Cause {
    error: &'static str,
    description: String,
    code: Option<u32>,
}

/// The OpenID configuration of the tenant. It names no endpoint that is not served.
fn document(state: &State, target: &Target) -> Result<Value, Cause> {
    const CONFIGURATION: [&str; 2] = [".well-known", "openid-configuration"];
    let world = &state.world;
    let (tenant, rest) = target.segments.split_first().ok_or_else(not_served)?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let issuer = match rest.as_slice() {
        rest if *rest == CONFIGURATION => world.cloud.issuer(&world.tenant),
        ["v2.0", rest @ ..] if *rest == CONFIGURATION => {
            format!("{}/{}/v2.0", world.cloud.facts().login, world.tenant)
        }
        _ => return Err(not_served()),
    };
    if !tenant.eq_ignore_ascii_case(&world.tenant) {
        return Err(Cause {
            error: "invalid_tenant",
            description: format!(
                "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
                 signing into the correct cloud."
            ),
            code: Some(90002),
        });
    }
    let host = |url: &str| url.trim_start_matches("https://").to_owned();
    Ok(json!({
        "issuer": issuer,
        "subject_types_supported": ["pairwise"],
        "cloud_instance_name": host(world.cloud.facts().login),
        "cloud_graph_host_name": host(world.cloud.facts().old_graph),
        "msgraph_host": host(world.cloud.facts().graph),
    }))
}

fn not_served() -> Cause {
    Cause { error: "not_found", description: "The requested path is not served.".to_owned(), code: None }
}

/// An error in the shape of Entra's.
fn refuse(state: &State, request: &Request, cause: &Cause) -> Response {
    let (trace, correlation) = (state.draw_guid(), state.draw_guid());
    let timestamp = request.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let Cause { error, description, code } = cause;
    let body = json!({
        "error": error,
        "error_description": format!(
            "{description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        ),
        "error_codes": code.iter().collect::<Vec<_>>(),
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    Response::json(404, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::message::Door;
    use crate::emulator::service;
    use crate::emulator::world::World;
    use jiff::Timestamp;

    fn ask(method: &str, path: &str) -> (u16, Value) {
        let state = State::new(World::quickstart(), [7; 32], Timestamp::UNIX_EPOCH);
        let response = service::answer(
            &state,
            &Request {
                door: Door::Authority,
                method: method.to_owned(),
                target: path.to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
                origin: "https://127.0.0.1:1".to_owned(),
                now: Timestamp::UNIX_EPOCH,
            },
        );
        let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        (response.status, body)
    }

    #[test]
    fn tells_the_issuers_of_the_tenant() {
        #[track_caller]
        fn check(path: &str, status: u16, key: &str, expected: &str) {
            let (answered, body) = ask("GET", path);
            assert_eq!((answered, body[key].as_str()), (status, Some(expected)), "{path}");
        }
        let tenant = "5b973f99-77df-4beb-b27d-aa0c70b8482c";
        check(
            &format!("/{tenant}/.well-known/openid-configuration"),
            200,
            "issuer",
            &format!("https://sts.chinacloudapi.cn/{tenant}/"),
        );
        check(
            &format!("/{tenant}/v2.0/.well-known/openid-configuration"),
            200,
            "issuer",
            &format!("https://login.partner.microsoftonline.cn/{tenant}/v2.0"),
        );
        check("/other/.well-known/openid-configuration", 404, "error", "invalid_tenant");
        check(&format!("/{tenant}/oauth2/v2.0/token"), 404, "error", "not_found");
        check("/", 404, "error", "not_found");
        check(&format!("/{tenant}"), 404, "timestamp", "1970-01-01 00:00:00Z");
        let path = format!("/{tenant}/.well-known/openid-configuration");
        assert_eq!(ask("POST", &path), (405, Value::Null));
    }
}
