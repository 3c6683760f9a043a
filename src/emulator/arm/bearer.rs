//! Authentication: the bearer of a request, verified claim by claim.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::emulator::arm::Call;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::message::Request;
use crate::emulator::state::State;

/// How far clocks may differ, in seconds.
const SKEW: i64 = 300;

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) client_id: String,
    pub(super) object_id: String,
}

/// Verifies the bearer of a request and tells who it is.
pub(super) fn verify(call: &Call<'_>) -> Result<Caller, Refusal> {
    let authority = authority(call);
    let token = token(call.request).map_err(|refusal| {
        let header = call.request.header("Authorization").unwrap_or_default();
        let missing =
            header.trim().is_empty().then_some("The authentication failed because of missing 'Authorization' header.");
        refusal.challenging(&authority, missing)
    })?;
    call.state
        .claims(token)
        .ok_or_else(Refusal::invalid_token)
        .and_then(|claims| judge(call, &claims))
        .map_err(|refusal| refusal.challenging(&authority, None))
}

/// Where a client of this subscription is sent to sign in; without a subscription no tenant is named.
fn authority(call: &Call<'_>) -> String {
    let host = call.state.world.cloud.facts().challenge;
    let tenant = call.subscription.as_ref().map_or("", |one| one.tenant.as_str());
    format!("{host}/{tenant}")
}

/// The token that the `Authorization` header carries.
fn token(request: &Request) -> Result<&str, Refusal> {
    let mut headers = request.headers_named("Authorization");
    let header = headers.next().ok_or_else(Refusal::missing_authorization)?;
    if headers.next().is_some() {
        return Err(Refusal::invalid_authorization());
    }
    let words: Vec<&str> = header.split_whitespace().collect();
    match words.as_slice() {
        [] => Err(Refusal::missing_authorization()),
        [scheme] if scheme.eq_ignore_ascii_case("Bearer") => Err(Refusal::missing_token()),
        [scheme, token] if scheme.eq_ignore_ascii_case("Bearer") => Ok(token),
        _ => Err(Refusal::invalid_authorization()),
    }
}

/// Judges the claims of a token whose signature holds.
fn judge(call: &Call<'_>, claims: &Map<String, Value>) -> Result<Caller, Refusal> {
    let world = &call.state.world;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = call.request.now;
    let expiry = time("exp").ok_or_else(Refusal::invalid_token)?;
    if expiry.saturating_add(SKEW) < now.as_second() {
        let expiry = Timestamp::from_second(expiry).unwrap_or(Timestamp::MIN);
        return Err(Refusal::expired_token(&us_time(expiry), &us_time(now)));
    }
    if time("nbf").is_some_and(|start| start.saturating_sub(SKEW) > now.as_second()) {
        return Err(Refusal::invalid_token());
    }
    let audiences = world.cloud.audiences();
    if !audiences.iter().any(|audience| audience == text("aud")) && !call.state.is_own(text("aud")) {
        return Err(Refusal::wrong_audience(text("aud"), &audiences));
    }
    let tenant = call.subscription.as_ref().map_or(world.tenant.as_str(), |one| one.tenant.as_str());
    let issuer = world.cloud.issuer(tenant);
    if text("iss") != issuer || !text("tid").eq_ignore_ascii_case(tenant) {
        let authority = format!("{}/{tenant}", world.cloud.facts().challenge);
        return Err(Refusal::wrong_tenant(text("iss"), &issuer, &authority));
    }
    let object_id = text("oid");
    if object_id.is_empty() {
        return Err(Refusal::no_principal());
    }
    Ok(Caller { client_id: text("appid").to_owned(), object_id: object_id.to_owned() })
}

/// What is said of a token that has expired just now.
pub(super) fn expired(state: &State, request: &Request) -> Refusal {
    let ended = request.now.checked_sub(SignedDuration::from_secs(5)).unwrap_or(request.now);
    let authority = format!("{}/{}", state.world.cloud.facts().challenge, state.world.tenant);
    Refusal::expired_token(&us_time(ended), &us_time(request.now)).challenging(&authority, None)
}

/// A time as Resource Manager writes it in this one message.
fn us_time(at: Timestamp) -> String {
    at.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}
