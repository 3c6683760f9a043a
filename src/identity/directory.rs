//! The directory's token endpoint, which gives an application a token for what it can show: an assertion or a secret.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 client credentials flow" (`v2-oauth2-client-creds-grant-flow.md`).

use serde_json::Value;

use super::{Ask, Refusal, claims, needed, unmet};
use crate::http::{Request, Route, encode};

/// What kind of assertion the directory takes (RFC 7523, section 2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The URL of the token endpoint of the tenant that the environment names.
pub(super) fn endpoint(ask: &Ask<'_>) -> Result<String, Refusal> {
    let tenant = needed(ask, "AZURE_TENANT_ID")?;
    let authority = ask.machine.get("AZURE_AUTHORITY_HOST").unwrap_or_else(|| ask.authority.to_owned());
    if !authority.to_ascii_lowercase().starts_with("https://") {
        let why = format!("`{}` is no directory to send a token to: it is not https", authority.escape_debug());
        return Err(unmet(why, "is `AZURE_AUTHORITY_HOST` right?"));
    }
    if !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
        let why = format!("`AZURE_TENANT_ID` is no tenant: `{}`", tenant.escape_debug());
        return Err(unmet(why, "it is the id of the directory, or one of its domains"));
    }
    Ok(format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/')))
}

/// What the assertion in such a request says.
pub(super) fn assertion(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let found = text.split('&').find_map(|pair| pair.strip_prefix("client_assertion="));
    found.map(claims).unwrap_or_default()
}

/// The request of a client that shows its credential: fields of the form.
pub(super) fn request(ask: &Ask<'_>, url: String, client: &str, credential: &[(&str, &str)]) -> Request {
    let scope = format!("{}/.default", ask.resource);
    let mut form = vec![("client_id", client), ("grant_type", "client_credentials"), ("scope", &scope)];
    form.extend(credential);
    if let Some(claims) = ask.renewal.and_then(|renewal| renewal.claims.as_deref()) {
        form.push(("claims", claims));
    }
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Request {
        method: "POST",
        route: Route::of(&url),
        url,
        headers: vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: Some(body.join("&").into_bytes()),
        timeout: ask.timeout,
    }
}
