//! What is worth waiting for: faults that pass by themselves, how long to wait, and what waiting never cures.
//!
//! Sources: RFC 9110, sections 9.2.2 and 10.2.3; Azure documentation, `request-limits-and-throttling.md`.

use std::time::{Duration, SystemTime};

use super::error::ArmError;
use crate::moment::Moment;

/// Whether what a server answers with this status passes by itself.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether a request that got this status surely changed nothing: it was refused before it was carried out.
pub fn had_no_effect(status: u16) -> bool {
    matches!(status, 400..=407 | 409..=499)
}

/// Whether sending the request twice does the same as sending it once (RFC 9110, section 9.2.2).
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// The wait before another attempt, after so many faults: doubled each time up to `cap`, less up to half of it by
/// `chance`, so that many clients do not come back at the same moment.
pub fn backoff(faults: u32, base: Duration, cap: Duration, chance: u64) -> Duration {
    let whole = base.saturating_mul(2u32.saturating_pow(faults.saturating_sub(1))).min(cap);
    let share = (chance % 1000) as f64 / 2000.0;
    whole.mul_f64(1.0 - share)
}

/// How long the server says to wait: `retry-after-ms`, `x-ms-retry-after-ms`, or `Retry-After` in seconds or as a date.
pub fn wait_said(header: &dyn Fn(&str) -> Option<String>, now: SystemTime) -> Option<Duration> {
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(|name| {
        let millis: f64 = header(name)?.trim().parse().ok()?;
        Duration::try_from_secs_f64(millis / 1000.0).ok()
    });
    millis.or_else(|| retry_after(&header("retry-after")?, now))
}

/// What `Retry-After` says (RFC 9110, section 10.2.3): seconds, or a date. One that is past means no time.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let at = Moment::parse(value)?.to_system_time();
    Some(at.duration_since(now).unwrap_or_default())
}

/// The lowest of the counters that Resource Manager keeps for the caller.
pub fn remaining<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> Option<u32> {
    let counters =
        headers.filter(|(name, _)| name.starts_with("x-ms-ratelimit-remaining-") && !name.ends_with("-resource"));
    counters.filter_map(|(_, value)| value.trim().parse().ok()).min()
}

/// Whose counters a request is charged to: those of its subscription, else those of its host.
pub fn account(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let mut parts = rest.split(['/', '?', '#']);
    let host = parts.next().unwrap_or_default();
    let subscription =
        parts.next().filter(|part| part.eq_ignore_ascii_case("subscriptions")).and_then(|_| parts.next());
    format!("{host}/{}", subscription.unwrap_or_default()).to_ascii_lowercase()
}

/// Codes of errors that another attempt meets again.
const LASTING: &[&str] = &[
    "InvalidApiVersionParameter",
    "InvalidAuthenticationToken",
    "InvalidAuthenticationTokenAudience",
    "InvalidAuthenticationTokenTenant",
    "InvalidResourceNamespace",
    "InvalidResourceType",
    "InvalidSubscriptionId",
    "MissingApiVersionParameter",
    "NoRegisteredProviderFound",
    "RequestDisallowedByPolicy",
    "SubscriptionNotFound",
];

/// Why waiting does not cure what came; nothing when it may.
pub fn hopeless(status: u16, error: Option<&ArmError>) -> Option<String> {
    let code = error.and_then(|error| LASTING.iter().find(|code| error.is(code)));
    if let Some(code) = code {
        return Some(format!("`{code}` stays what it is"));
    }
    let why = match status {
        400 => "the request is malformed",
        401 => "the token is not accepted",
        405 => "the method is not supported there",
        411 | 413..=415 | 431 => "the request is not accepted in this form",
        501 | 505 => "the server does not support it",
        _ => return None,
    };
    Some(format!("{why} (status {status})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn servers_say_how_long_to_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_607_200); // 2026-01-05T10:00:00Z
        let check = |value: &str, expected: Option<u64>| {
            assert_eq!(retry_after(value, now).map(|wait| wait.as_secs()), expected, "{value}");
        };
        check("17", Some(17));
        check(" 0 ", Some(0));
        check("-3", Some(0));
        check("Mon, 05 Jan 2026 10:00:30 GMT", Some(30));
        check("Mon, 05 Jan 2026 09:00:30 GMT", Some(0));
        check("soon", None);
        check("", None);
        let both = |name: &str| match name {
            "retry-after-ms" => Some("250".to_owned()),
            "retry-after" => Some("9".to_owned()),
            _ => None,
        };
        assert_eq!(wait_said(&both, now), Some(Duration::from_millis(250)));
        assert_eq!(wait_said(&|_| None, now), None);
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
        let check =
            |faults: u32, millis: u128| assert_eq!(backoff(faults, base, cap, 0).as_millis(), millis, "{faults}");
        check(1, 500);
        check(2, 1000);
        check(5, 8000);
        check(9, 30_000);
        check(u32::MAX, 30_000);
        assert_eq!(backoff(1, base, cap, 999).as_millis(), 250);
    }

    #[test]
    fn requests_are_charged_to_their_subscription() {
        let check = |url: &str, expected: &str| assert_eq!(account(url), expected);
        check("https://Management.Azure.com/subscriptions/ABC/x?y", "management.azure.com/abc");
        check("https://management.azure.com/Subscriptions/abc", "management.azure.com/abc");
        check("https://management.azure.com/tenants?x", "management.azure.com/");
        check("http://127.0.0.1:80", "127.0.0.1:80/");
        let headers =
            [("x-ms-ratelimit-remaining-subscription-reads", "12"), ("x-ms-ratelimit-remaining-tenant-reads", "9")];
        assert_eq!(remaining(headers.into_iter()), Some(9));
        assert_eq!(remaining([("x-other", "1")].into_iter()), None);
    }

    #[test]
    fn what_waiting_cures_is_told_from_what_it_does_not() {
        let check = |status: u16, code: &str, cured: bool| {
            let error = ArmError::read(&json!({"error": {"code": code, "message": "m"}}));
            assert_eq!(hopeless(status, error.as_ref()).is_none(), cured, "{status} {code}");
        };
        check(403, "AuthorizationFailed", true);
        check(404, "ResourceGroupNotFound", true);
        check(404, "SubscriptionNotFound", false);
        check(409, "Conflict", true);
        check(429, "TooManyRequests", true);
        check(400, "InvalidRequestContent", false);
        check(401, "InvalidAuthenticationToken", false);
        check(403, "RequestDisallowedByPolicy", false);
        check(503, "ServerBusy", true);
        assert_eq!(hopeless(200, None), None);
    }
}
