//! When to try again, when not, and how long to wait before it.
//!
//! Sources: RFC 9110, sections 9.2.2, 10.2.3 and 15; MicrosoftDocs/azure-docs, `request-limits-and-throttling.md`, for
//! counters and 429; azure-resource-manager-rpc, `common-api-details.md`, for codes. The headers in milliseconds are
//! those that the Azure SDKs honour besides.

use std::time::{Duration, SystemTime};

use super::error::ArmError;
use crate::http::origin;
use crate::moment::Moment;

/// The longest wait that an answer can ask for: nobody waits longer, and sums with it do not overflow.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the value of a `Retry-After`: seconds, or a date as HTTP writes it. What lies in the past is no wait at all, and
/// none is longer than [`LONGEST_WAIT`].
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|first: char| first.is_ascii_alphabetic()) {
        let date = Moment::parse(value)?.to_system();
        return Some(date.duration_since(now).unwrap_or_default().min(LONGEST_WAIT));
    }
    let (negative, digits) = value.strip_prefix('-').map_or((false, value), |digits| (true, digits));
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // All are digits, so what does not parse is too large.
    let seconds = digits.parse().map_or(LONGEST_WAIT, Duration::from_secs);
    Some(if negative { Duration::ZERO } else { seconds.min(LONGEST_WAIT) })
}

/// How long an answer asks to wait: by `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After`. Names are asked for in
/// lower case.
pub fn wait_said(header: &dyn Fn(&str) -> Option<String>, now: SystemTime) -> Option<Duration> {
    let millis =
        |name: &str| header(name)?.trim().parse().ok().map(|wait| Duration::from_millis(wait).min(LONGEST_WAIT));
    millis("retry-after-ms")
        .or_else(|| millis("x-ms-retry-after-ms"))
        .or_else(|| retry_after(&header("retry-after")?, now))
}

/// Whether a status is of those that pass by themselves.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether a status says that the request was surely not carried out: turned away before anything was done.
pub fn had_no_effect(status: u16) -> bool {
    matches!(status, 401 | 403 | 405 | 411 | 413 | 414 | 415 | 421 | 425 | 429 | 431)
}

/// Whether a request of this method may be sent twice (RFC 9110, section 9.2.2). `PATCH` and `POST` may not.
pub fn is_idempotent(method: &str) -> bool {
    ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].iter().any(|other| other.eq_ignore_ascii_case(method))
}

/// How long to wait after the attempt of this number, counted from 0: `base` doubled with each, at most `cap`, and by
/// `chance`, of which each value is as likely, somewhere between half of that and the whole.
pub fn backoff(attempt: u32, base: Duration, cap: Duration, chance: u64) -> Duration {
    let factor = 1_u32.checked_shl(attempt).filter(|_| attempt < 32).unwrap_or(u32::MAX);
    let whole = base.saturating_mul(factor).min(cap);
    let half = whole / 2;
    let share = chance as f64 / u64::MAX as f64;
    half + (whole - half).mul_f64(share.clamp(0.0, 1.0))
}

/// What is left of the counters of a subscription or tenant; of several that count the same, the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// Reads.
    pub reads: Option<u64>,
    /// Writes.
    pub writes: Option<u64>,
    /// Deletes.
    pub deletes: Option<u64>,
}

impl Remaining {
    /// The lowest of all.
    pub fn lowest(self) -> Option<u64> {
        [self.reads, self.writes, self.deletes].into_iter().flatten().min()
    }
}

/// Reads what an answer says in `x-ms-ratelimit-remaining-…`; nothing when it says nothing. Names are asked for in lower
/// case.
pub fn remaining(header: &dyn Fn(&str) -> Option<String>) -> Option<Remaining> {
    let lowest = |kind: &str| {
        let counters = ["subscription", "subscription-global", "tenant"];
        let read = |counter| header(&format!("x-ms-ratelimit-remaining-{counter}-{kind}"))?.trim().parse().ok();
        counters.into_iter().filter_map(read).min()
    };
    let found = Remaining { reads: lowest("reads"), writes: lowest("writes"), deletes: lowest("deletes") };
    found.lowest().map(|_| found)
}

/// Whose requests are counted with those to this URL: its subscription, in lower case, or else its host. One that is
/// throttled slows down the others.
pub fn counted_with(url: &str) -> Option<String> {
    let (_, host, _) = origin(url)?;
    let path = url.split_once("://")?.1.split(['?', '#']).next()?;
    let mut segments = path.split('/').skip(1);
    let id = segments.next().filter(|first| first.eq_ignore_ascii_case("subscriptions")).and(segments.next());
    Some(id.filter(|id| !id.is_empty()).map_or(host.into_owned(), str::to_ascii_lowercase))
}

/// Why waiting cannot cure an answer, as a clause; nothing when it can, as with a role assignment on its way.
pub fn hopeless(status: u16, error: Option<&ArmError>) -> Option<String> {
    let is = |code: &str| error.is_some_and(|error| error.is(code));
    if (200..300).contains(&status) || CURABLE.iter().any(|code| is(code)) {
        return None;
    }
    let authentication = status == 401 && is("AuthenticationFailed");
    if authentication && error.is_some_and(|error| error.message.contains("header is missing")) {
        return Some("the request carries no token".to_owned());
    }
    let known = INCURABLE.iter().find(|(code, _)| is(code)).map(|(_, why)| *why);
    known.or_else(|| by_status(status)).map(str::to_owned)
}

/// What a status alone says that waiting does not cure.
fn by_status(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "the request is malformed",
        405 => "the resource does not know this method",
        406 => "the service has no answer of the kind that is asked for",
        411 => "the request does not say its length",
        413 => "the request is too large",
        414 => "the URL is too long",
        415 => "the service does not take a body of this kind",
        431 => "the headers are too large",
        _ => return None,
    })
}

/// Codes of 400 that pass: the directory and Resource Manager copy what is new to their replicas one after the other.
const CURABLE: &[&str] =
    &["PrincipalNotFound", "RoleDefinitionDoesNotExist", "ReferencedResourceNotProvisioned", "RetryableError"];

/// Codes that stay, and why.
const INCURABLE: &[(&str, &str)] = &[
    ("MissingApiVersionParameter", "the request names no api-version"),
    ("InvalidApiVersionParameter", "there is no such api-version"),
    ("NoRegisteredProviderFound", "this type has no such api-version, or not in this location"),
    ("InvalidResourceType", "there is no such resource type in this api-version"),
    ("InvalidResourceNamespace", "there is no such resource provider"),
    ("InvalidSubscriptionId", "the subscription id is malformed"),
    ("MissingSubscription", "the URL names neither a subscription nor a provider"),
    ("SubscriptionNotFound", "there is no such subscription in this cloud"),
    ("InvalidAuthenticationTokenAudience", "the token is for another audience"),
    ("InvalidAuthenticationTokenTenant", "the token is of another tenant than the subscription"),
    ("AuthenticationFailedMissingToken", "the request carries no token"),
    ("AuthenticationFailedInvalidHeader", "the `Authorization` header is malformed"),
    ("RequestDisallowedByPolicy", "a policy forbids it"),
    ("ReadOnlyDisabledSubscription", "the subscription is disabled"),
];

#[cfg(test)]
mod tests;
