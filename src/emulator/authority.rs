//! The token authority: the documents that tell clients about a tenant, its keys, and the exchange of assertions.
//!
//! Sources: OpenID Connect Discovery 1.0; the answers of `login.microsoftonline.com`.

use serde_json::{Value, json};

use crate::emulator::graph;
use crate::emulator::hosts::{service_fabric, workload};
use crate::emulator::key::Key;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;

/// What clients say for the tenant when they know none.
const ANY_TENANT: [&str; 4] = ["common", "organizations", "consumers", "adfs"];

/// Answers a request to the token authority, and to what shares its listener.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    let target = Target::parse(&request.target);
    if graph::is_concerned(&target) {
        return graph::answer(state, request, &target);
    }
    if service_fabric::is_concerned(state, &target) {
        return service_fabric::answer(state, request, &target);
    }
    route(state, request, &target)
        .unwrap_or_else(|cause| refuse(state, request, &cause))
        .with("Cache-Control", "no-store, no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff")
        .with("x-ms-request-id", state.draw_guid())
}

/// Why there is no document.
struct Cause {
    status: u16,
    error: &'static str,
    description: String,
    code: Option<u32>,
}

fn route(state: &State, request: &Request, target: &Target) -> Result<Response, Cause> {
    let words: Vec<String> = target.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((tenant, rest)) = words.split_first() else {
        return Err(not_served());
    };
    let is_get = matches!(request.method.as_str(), "GET" | "HEAD");
    let allowed = if rest == ["oauth2", "v2.0", "token"] { request.method == "POST" } else { is_get };
    let body = match rest {
        ["discovery", "instance"] => instance(state, request),
        ["discovery", "keys"] | ["discovery", "v2.0", "keys"] => keys(state, request),
        [".well-known", "openid-configuration"] => configuration(state, request, ""),
        ["v2.0", ".well-known", "openid-configuration"] => configuration(state, request, "/v2.0"),
        ["aks", ".well-known", "openid-configuration"] => cluster(state, request),
        ["oauth2", "v2.0", "token"] => Value::Null,
        _ => return Err(not_served()),
    };
    if !ANY_TENANT.contains(tenant) && !tenant.eq_ignore_ascii_case(&state.world.tenant) {
        return Err(Cause {
            status: 400,
            error: "invalid_tenant",
            description: format!(
                "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
                 signing into the correct cloud."
            ),
            code: Some(90_002),
        });
    }
    match (allowed, rest) {
        (false, _) => Ok(Response::empty(405).with("Allow", if is_get { "POST" } else { "GET" })),
        (true, ["oauth2", ..]) => workload::exchange(state, request).map_err(|refusal| Cause {
            status: if refusal.error == "invalid_client" { 401 } else { 400 },
            error: refusal.error,
            description: format!("AADSTS{}: {}", refusal.code, refusal.message),
            code: Some(refusal.code),
        }),
        (true, _) => Ok(Response::json(200, &body)),
    }
}

/// What clients need to know of the tenant, in the first version of the endpoints or the second.
fn configuration(state: &State, request: &Request, version: &str) -> Value {
    let world = &state.world;
    let facts = world.cloud.facts();
    let base = format!("{}/{}", request.origin, world.tenant);
    let issuer = match version {
        "" => world.cloud.issuer(&world.tenant),
        version => format!("{}/{}{version}", facts.login, world.tenant),
    };
    let host = |url: &str| url.trim_start_matches("https://").to_owned();
    json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "jwks_uri": format!("{base}/discovery{version}/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "aud", "exp", "iat", "tid", "ver", "oid", "appid",
        ],
        "tenant_region_scope": null,
        "cloud_instance_name": host(facts.login),
        "cloud_graph_host_name": host(facts.old_graph),
        "msgraph_host": host(facts.graph),
    })
}

/// The keys that tokens are signed with.
fn keys(state: &State, request: &Request) -> Value {
    let mut key = Key::get().public();
    key["issuer"] = format!("{}/{}/v2.0", request.origin, state.world.tenant).into();
    json!({"keys": [key]})
}

/// The configuration of the cluster that issues the assertions of workloads.
fn cluster(state: &State, request: &Request) -> Value {
    json!({
        "issuer": workload::issuer(&request.origin, &state.world),
        "jwks_uri": format!("{}/{}/discovery/keys", request.origin, state.world.tenant),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// Where a client finds the configuration, and which hosts are the same authority.
fn instance(state: &State, request: &Request) -> Value {
    let host = request.origin.trim_start_matches("https://").trim_start_matches("http://");
    json!({
        "tenant_discovery_endpoint": format!(
            "{}/{}/v2.0/.well-known/openid-configuration", request.origin, state.world.tenant
        ),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    })
}

fn not_served() -> Cause {
    Cause { status: 404, error: "not_found", description: "The requested path is not served.".to_owned(), code: None }
}

/// An error in the shape of Entra's.
fn refuse(state: &State, request: &Request, cause: &Cause) -> Response {
    let (trace, correlation) = (state.draw_guid(), state.draw_guid());
    let timestamp = request.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let Cause { status, error, description, code } = cause;
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
    Response::json(*status, &body)
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
        check("/other/.well-known/openid-configuration", 400, "error", "invalid_tenant");
        check(&format!("/{tenant}/oauth2/v2.0/authorize"), 404, "error", "not_found");
        check(
            "/common/discovery/instance",
            200,
            "tenant_discovery_endpoint",
            &format!("https://127.0.0.1:1/{tenant}/v2.0/.well-known/openid-configuration"),
        );
        check("/", 404, "error", "not_found");
        check(&format!("/{tenant}"), 404, "timestamp", "1970-01-01 00:00:00Z");
        let path = format!("/{tenant}/.well-known/openid-configuration");
        assert_eq!(ask("POST", &path), (405, Value::Null));
    }
}
