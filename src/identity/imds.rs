//! The instance metadata service of a VM, a scale set or a container instance.
//!
//! Source: Microsoft Entra documentation, `how-to-use-vm-token.md`; the IMDS OpenAPI document.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Exchange, Refusal, Selector, Token, claims};
use crate::http::{Request, Response, Route, Transport, encode};
use crate::secret::Secret;

/// Where the service is on every VM.
pub const ENDPOINT: &str = "http://169.254.169.254";

/// The path of the token endpoint.
pub const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

/// Whether what the service answers with this status passes by itself (how-to-use-vm-token.md, "Retry guidance").
pub fn is_passing(status: u16) -> bool {
    matches!(status, 404 | 410 | 429 | 500..=599)
}

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The service: [`ENDPOINT`], or where it is said to be.
    pub endpoint: &'a str,
    /// The resource, spelt exactly as it shall stand in the token.
    pub resource: &'a str,
    /// Which identity.
    pub selector: &'a Selector,
    /// How long the asking may take.
    pub timeout: Duration,
    /// The time now.
    pub now: SystemTime,
}

/// The request that asks.
pub fn request(ask: &Ask<'_>) -> Request {
    let mut url = format!(
        "{}{TOKEN_PATH}?api-version=2018-02-01&resource={}",
        ask.endpoint.trim_end_matches('/'),
        encode(ask.resource)
    );
    let parameter = match ask.selector {
        Selector::System => None,
        Selector::ClientId(id) => Some(("client_id", id)),
        Selector::ObjectId(id) => Some(("object_id", id)),
        Selector::ResourceId(id) => Some(("msi_res_id", id)),
    };
    if let Some((name, value)) = parameter {
        url.push_str(&format!("&{name}={}", encode(value)));
    }
    Request {
        method: "GET",
        url,
        headers: vec![("Metadata".to_owned(), "true".to_owned())],
        body: None,
        timeout: ask.timeout,
        route: Route::Local,
    }
}

/// Asks for a token.
///
/// # Errors
/// When the service does not answer, refuses, or answers with what is no token.
pub async fn acquire(ask: &Ask<'_>, transport: &dyn Transport) -> Result<Token, Refusal> {
    let request = request(ask);
    let (url, request_headers) = (request.url.clone(), request.headers.clone());
    let response = transport.send(request).await.map_err(|fault| Refusal::Silent {
        endpoint: format!("{}{TOKEN_PATH}", ask.endpoint.trim_end_matches('/')),
        fault,
    })?;
    read(ask, response, url, request_headers)
}

fn read(
    ask: &Ask<'_>,
    response: Response,
    url: String,
    request_headers: Vec<(String, String)>,
) -> Result<Token, Refusal> {
    let Response { status, headers, body, duration } = response;
    let exchange = Exchange { url, request_headers, status, headers, body, duration };
    let Ok(answer) = serde_json::from_slice::<Value>(&exchange.body) else {
        let why = "the body is not JSON".to_owned();
        return Err(Refusal::Foreign { exchange: Box::new(exchange), why });
    };
    if exchange.status != 200 {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (code, description) = (text("error"), text("error_description"));
        return Err(Refusal::Refused { exchange: Box::new(exchange), code, description });
    }
    let Some(token) = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty()) else {
        let why = "the answer holds no `access_token`".to_owned();
        return Err(Refusal::Foreign { exchange: Box::new(exchange), why });
    };
    if token.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || !byte.is_ascii()) {
        let why = "the `access_token` holds characters that no token has".to_owned();
        return Err(Refusal::Foreign { exchange: Box::new(exchange), why });
    }
    let claims = claims(token);
    let expires_at = expiry(&answer, &claims, ask.now);
    Ok(Token {
        secret: Secret::new(token),
        claims,
        expires_at,
        source: "imds",
        resource: ask.resource.to_owned(),
        answer,
        exchange,
    })
}

/// Until when a token is good: what is left by `expires_in`, else the time in `expires_on`, else the claim
/// `exp`; without any of them it is not kept. Numbers come as numbers or as text.
fn expiry(answer: &Value, claims: &Value, now: SystemTime) -> SystemTime {
    let seconds = |value: Option<&Value>| match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    let length = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let left = seconds(answer.get("expires_in")).and_then(length).and_then(|left| now.checked_add(left));
    let absolute = || seconds(answer.get("expires_on")).or_else(|| seconds(claims.get("exp")));
    left.or_else(|| absolute().and_then(length).and_then(|at| SystemTime::UNIX_EPOCH.checked_add(at))).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_request_is_the_documented_one() {
        let check = |selector: Selector, tail: &str| {
            let ask = Ask {
                endpoint: "http://169.254.169.254/",
                resource: "https://management.chinacloudapi.cn/",
                selector: &selector,
                timeout: Duration::from_secs(1),
                now: SystemTime::UNIX_EPOCH,
            };
            let request = request(&ask);
            let base = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
            let resource = "&resource=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F";
            assert_eq!(request.url, format!("{base}{resource}{tail}"));
            assert_eq!(request.headers, [("Metadata".to_owned(), "true".to_owned())]);
            assert_eq!(request.route, Route::Local);
        };
        check(Selector::System, "");
        check(Selector::ClientId("c".into()), "&client_id=c");
        check(Selector::ObjectId("o".into()), "&object_id=o");
        check(Selector::ResourceId("/subscriptions/s".into()), "&msi_res_id=%2Fsubscriptions%2Fs");
    }

    #[test]
    fn expiry_is_read_from_numbers_and_texts() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let check = |answer: Value, claims: Value, after: u64| {
            let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(after);
            assert_eq!(expiry(&answer, &claims, now), expected, "{answer} {claims}");
        };
        check(json!({"expires_in": "100", "expires_on": "9"}), Value::Null, 1100);
        check(json!({"expires_in": 100}), Value::Null, 1100);
        check(json!({"expires_on": "5000"}), Value::Null, 5000);
        check(json!({}), json!({"exp": 7000}), 7000);
        check(json!({"expires_in": "soon"}), Value::Null, 1000);
        check(json!({"expires_in": "-5"}), Value::Null, 1000);
        check(json!({"expires_in": "1e300"}), Value::Null, 1000);
    }
}
