//! Workload identity of Azure Kubernetes Service: the token of a service account is exchanged for that of an identity. With
//! it, the sign-in of applications, which show a secret instead.
//!
//! Source: Azure documentation, "Use Microsoft Entra Workload ID with Azure Kubernetes Service", and RFC 7523.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::hosts::attached;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::{Order, State};
use crate::emulator::target::Target;
use crate::emulator::token;
use crate::emulator::world::{Identity, World};
use crate::secret::Secret;

/// Whom assertions are meant for.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// Who a workload is when the world does not say.
const SUBJECT: &str = "system:serviceaccount:default:workload";
/// How long an assertion is good, in seconds.
const LIFETIME: i64 = 86_400;
/// The type of assertions.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The identity that the host's workload can become: the first that names a subject, else the first.
pub(crate) fn identity(world: &World) -> Option<&Identity> {
    attached(world).find(|identity| identity.subject.is_some()).or_else(|| attached(world).next())
}

fn subject(identity: &Identity) -> &str {
    identity.subject.as_deref().unwrap_or(SUBJECT)
}

/// The issuer of assertions: the cluster, which the authority stands for.
pub(crate) fn issuer(authority: &str, world: &World) -> String {
    format!("{authority}/{}/aks/", world.tenant)
}

/// The assertion of the host's workload.
pub(crate) fn assertion(state: &State, authority: &str, now: Timestamp) -> Option<String> {
    let identity = identity(&state.world)?;
    let now = now.as_second();
    Some(token::sign(&json!({
        "aud": [AUDIENCE],
        "exp": now + LIFETIME,
        "iat": now,
        "nbf": now,
        "iss": issuer(authority, &state.world),
        "sub": subject(identity),
    })))
}

/// Why no token is given: the status, the error, the number, the sentence.
pub(crate) struct Refusal {
    pub(crate) error: &'static str,
    pub(crate) code: u32,
    pub(crate) message: String,
}

fn refuse(error: &'static str, code: u32, message: impl Into<String>) -> Refusal {
    Refusal { error, code, message: message.into() }
}

/// Exchanges what a client shows for a token: the assertion of a workload, or the secret of an application.
pub(crate) fn exchange(state: &State, request: &Request) -> Result<Response, Refusal> {
    let form = Target::parse(&format!("/?{}", String::from_utf8_lossy(&request.body)));
    let field = |name: &str| form.parameter(name).filter(|value| !value.is_empty());
    let missing = |name: &str| {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        refuse("invalid_request", 900_144, message)
    };
    match field("grant_type").ok_or_else(|| missing("grant_type"))? {
        "client_credentials" => {}
        other => {
            let message = format!("The app requested an unsupported grant type '{other}'.");
            return Err(refuse("unsupported_grant_type", 70_003, message));
        }
    }
    let client = field("client_id").ok_or_else(|| missing("client_id"))?;
    let scope = field("scope").ok_or_else(|| missing("scope"))?;
    let assertion = field("client_assertion").filter(|_| field("client_assertion_type") == Some(ASSERTION_TYPE));
    let secret = field("client_secret");
    if assertion.is_none() && secret.is_none() {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(refuse("invalid_client", 7_000_218, message));
    }
    let world = &state.world;
    let identity = world.identities.iter().find(|identity| identity.client_id.eq_ignore_ascii_case(client));
    let identity = identity.ok_or_else(|| {
        let message = format!(
            "Application with identifier '{client}' was not found in the directory '{}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant.",
            world.tenant
        );
        refuse("unauthorized_client", 700_016, message)
    })?;
    prove(state, identity, (assertion, secret), request.now)?;
    let resource = scope.strip_suffix("/.default").ok_or_else(|| {
        let message = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid."
        );
        refuse("invalid_scope", 70_011, message)
    })?;
    if !state.knows_resource(resource) {
        let message =
            format!("The resource principal named {resource} was not found in the tenant named {}.", world.tenant);
        return Err(refuse("invalid_resource", 500_011, message));
    }
    let issued = state.token(&Order { identity, resource, fresh: false, person: false, now: request.now });
    let left = issued.expires_on - request.now.as_second();
    let body = json!({
        "token_type": "Bearer", "expires_in": left, "ext_expires_in": left, "access_token": issued.text,
    });
    Ok(Response::json(200, &body))
}

/// Checks that what a client shows is of the identity.
fn prove(
    state: &State,
    identity: &Identity,
    (assertion, secret): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<(), Refusal> {
    match (assertion, secret) {
        (Some(assertion), _) => judge(state, identity, (assertion, now)),
        (None, secret) if identity.client_secret.as_ref().map(Secret::reveal) == secret => Ok(()),
        _ => {
            let message = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID, for a secret added to app '{}'.",
                identity.client_id
            );
            Err(refuse("invalid_client", 7_000_215, message))
        }
    }
}

/// Checks that an assertion is one of the workload that may become the identity.
fn judge(state: &State, identity: &Identity, (assertion, now): (&str, Timestamp)) -> Result<(), Refusal> {
    let claims = state
        .claims(assertion)
        .ok_or_else(|| refuse("invalid_client", 700_027, "Client assertion contains an invalid signature."))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let authority = state.authority.as_deref().unwrap_or_default();
    if text("iss") != issuer(authority, &state.world) {
        let message = format!(
            "No matching federated identity record found for presented assertion issuer '{}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion.",
            text("iss")
        );
        return Err(refuse("invalid_client", 700_211, message));
    }
    if text("sub") != subject(identity) {
        let message = format!(
            "No matching federated identity record found for presented assertion subject '{}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion.",
            text("sub")
        );
        return Err(refuse("invalid_client", 700_213, message));
    }
    let audiences = claims.get("aud");
    let is_ours = |value: &Value| value.as_str() == Some(AUDIENCE);
    let fits =
        audiences.is_some_and(|value| is_ours(value) || value.as_array().is_some_and(|all| all.iter().any(is_ours)));
    if !fits {
        let message = format!(
            "No matching federated identity record found for presented assertion audience '{}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion.",
            audiences.map(Value::to_string).unwrap_or_default()
        );
        return Err(refuse("invalid_client", 700_212, message));
    }
    let now = now.as_second();
    if time("exp").is_none_or(|end| end <= now) || time("nbf").is_some_and(|start| start > now + 300) {
        let message = "Client assertion is not within its valid time range.";
        return Err(refuse("invalid_client", 700_024, message));
    }
    Ok(())
}
