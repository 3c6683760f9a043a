//! What is never shown, whatever it says: the values of some headers, and all that a `sensitive` step said and heard.

use serde_json::Value;

use super::redact::MARK;
use super::{Exchange, Headers, Request, Response, Step};

/// Parameters of a URL, and headers, that tell nothing of what was said.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-language",
    "api-version",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "x-ms-correlation-request-id",
    "x-ms-request-id",
];

/// Subjects of assertions that tell nothing of it either.
const TELLING_NOTHING: &[&str] = &["status", "allowed", "denied", "error", "duration"];

/// Headers whose values are never shown, in lower case.
const SECRET_HEADERS: &[&str] = &[
    "aeg-sas-key",
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "private-token",
    "proxy-authorization",
    "secret",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-functions-key",
    "x-identity-header",
    "x-ms-authorization-auxiliary",
];

/// Whether the value of a header is never shown.
pub fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Headers as events hold them: of those that are secret only the names, and the scheme of an `Authorization`.
pub fn shown_headers(headers: &[(String, String)]) -> Headers {
    let shown = |(name, value): &(String, String)| {
        let value = match is_secret_header(name) {
            true if value.starts_with("Bearer ") => format!("Bearer {MARK}"),
            true => MARK.to_owned(),
            false => value.clone(),
        };
        (name.clone(), value)
    };
    Headers(headers.iter().map(shown).collect())
}

/// Something read and what came, as events hold it.
pub fn looked_up(
    (method, url, asked): (&str, &str, &[(String, String)]),
    (status, headers, body): (u16, &[(String, String)], &[u8]),
) -> Exchange {
    Exchange {
        request: Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: shown_headers(asked),
            body_bytes: 0,
            token: None,
        },
        request_body: None,
        response: Some(Response { status, headers: shown_headers(headers), body_bytes: body.len() }),
        response_body: Some(String::from_utf8_lossy(body).into_owned()),
    }
}

/// Takes out of a `sensitive` step all that was said in it. What access control and the clock say stays.
pub fn step(step: &mut Step) {
    step.request.iter_mut().for_each(veil_request);
    step.response.iter_mut().for_each(|response| veil_headers(&mut response.headers));
    for assertion in step.assertions.iter_mut().filter(|assertion| !TELLING_NOTHING.contains(&&*assertion.subject)) {
        // An expression stands in the playbook for all to read.
        if assertion.subject != "that" {
            assertion.expected = Value::String(MARK.to_owned());
        }
        assertion.actual = Value::String(MARK.to_owned());
        assertion.reason = None;
    }
    step.captures.values_mut().for_each(|value| *value = Value::String(MARK.to_owned()));
}

/// The same for an exchange.
pub fn exchange(exchange: &mut Exchange) {
    veil_request(&mut exchange.request);
    exchange.response.iter_mut().for_each(|response| veil_headers(&mut response.headers));
    bodies(exchange);
}

/// Takes the bodies out of an exchange.
pub fn bodies(exchange: &mut Exchange) {
    for body in [&mut exchange.request_body, &mut exchange.response_body].into_iter().flatten() {
        MARK.clone_into(body);
    }
}

fn veil_request(request: &mut Request) {
    veil_headers(&mut request.headers);
    let Some((path, query)) = request.url.split_once('?') else {
        return;
    };
    let veiled = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if !is_harmless(name) => format!("{name}={MARK}"),
        _ => pair.to_owned(),
    });
    request.url = format!("{path}?{}", veiled.collect::<Vec<_>>().join("&"));
}

fn veil_headers(headers: &mut Headers) {
    headers.0.iter_mut().filter(|(name, _)| !is_harmless(name)).for_each(|(_, value)| MARK.clone_into(value));
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.iter().any(|harmless| name.eq_ignore_ascii_case(harmless))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_veiled_request_keeps_what_tells_nothing() {
        let mut request = Request {
            method: "GET".to_owned(),
            url: "https://h/p?sig=abc&api-version=1&flag".to_owned(),
            headers: Headers(vec![("Content-Type".into(), "a/b".into()), ("x-own".into(), "abc".into())]),
            body_bytes: 0,
            token: None,
        };
        veil_request(&mut request);
        assert_eq!(request.url, "https://h/p?sig=[secret]&api-version=1&flag");
        let shown: Vec<&str> = request.headers.0.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(shown, ["a/b", MARK]);
    }
}
