//! Tables of what passes, what stays, and how long to wait.

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Headers as a function.
fn headers<'a>(own: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| own.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn waits_are_seconds_or_dates() {
    let check = |value: &str, expected: Option<u64>| {
        assert_eq!(retry_after(value, at(1_714_564_800)), expected.map(Duration::from_secs), "{value}");
    };
    check("0", Some(0));
    check("17", Some(17));
    check("31536000", Some(24 * 60 * 60));
    check(" 17 ", Some(17));
    check("17.0", Some(17));
    check("-5", Some(0));
    check("99999999999999999999999", Some(86_400));
    check("Wed, 01 May 2030 12:00:30 GMT", Some(86_400));
    check("Wed, 01 May 2024 12:00:30 GMT", Some(30));
    check("Wed, 01 May 2024 11:00:00 GMT", Some(0));
    check("Wed, 99 May 2024 11:00:00 GMT", None);
    check("soon", None);
    check("/bar", None);
    check("1.5", None);
    check("-", None);
    check("", None);
}

#[test]
fn milliseconds_go_before_seconds() {
    let check = |own: &[(&str, &str)], expected: Option<u64>| {
        assert_eq!(wait_said(&headers(own), at(0)), expected.map(Duration::from_millis), "{own:?}");
    };
    check(&[], None);
    check(&[("retry-after", "2")], Some(2000));
    check(&[("retry-after", "2"), ("x-ms-retry-after-ms", "250")], Some(250));
    check(&[("x-ms-retry-after-ms", "250"), ("retry-after-ms", "100")], Some(100));
    check(&[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1000));
    check(&[("retry-after-ms", "99999999999999")], Some(86_400_000));
    check(&[("retry-after", "/bar")], None);
}

#[test]
fn statuses_and_methods_are_told_apart() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(is_passing(status), "{status}");
    }
    for status in [200, 202, 400, 401, 403, 404, 409, 501, 505] {
        assert!(!is_passing(status), "{status}");
    }
    for status in [401, 403, 405, 429] {
        assert!(had_no_effect(status), "{status}");
    }
    for status in [200, 202, 400, 404, 408, 409, 412, 500, 502, 503, 504] {
        assert!(!had_no_effect(status), "{status}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "get"] {
        assert!(is_idempotent(method), "{method}");
    }
    for method in ["POST", "PATCH", "", "MERGE"] {
        assert!(!is_idempotent(method), "{method}");
    }
}

#[test]
fn waits_grow_up_to_their_cap_and_are_spread() {
    let check = |attempt: u32, chance: u64, expected: u64| {
        let wait = backoff(attempt, Duration::from_millis(800), Duration::from_secs(60), chance);
        assert_eq!(wait, Duration::from_millis(expected), "{attempt} {chance}");
    };
    check(0, 0, 400);
    check(0, u64::MAX / 2, 600);
    check(0, u64::MAX, 800);
    check(1, u64::MAX, 1600);
    check(3, u64::MAX, 6400);
    check(7, u64::MAX, 60_000);
    check(7, 0, 30_000);
    check(31, u64::MAX, 60_000);
    check(32, u64::MAX, 60_000);
    check(u32::MAX, 0, 30_000);
    assert_eq!(backoff(0, Duration::ZERO, Duration::MAX, u64::MAX), Duration::ZERO);
    assert_eq!(backoff(9, Duration::from_secs(1), Duration::ZERO, u64::MAX), Duration::ZERO);
    for chance in [0, 1, u64::MAX / 3, u64::MAX - 1, u64::MAX] {
        assert!(backoff(u32::MAX, Duration::MAX, Duration::MAX, chance) >= Duration::MAX / 2);
    }
}

#[test]
fn the_lowest_counter_counts() {
    let name = |rest: &str| format!("x-ms-ratelimit-remaining-{rest}");
    let check = |own: &[(&str, &str)], expected: Option<[Option<u64>; 3]>| {
        let header = |asked: &str| own.iter().find(|(rest, _)| name(rest) == asked).map(|(_, left)| (*left).to_owned());
        let expected = expected.map(|[reads, writes, deletes]| Remaining { reads, writes, deletes });
        assert_eq!(remaining(&header), expected, "{own:?}");
    };
    check(&[], None);
    check(&[("subscription-reads", "249")], Some([Some(249), None, None]));
    let both = [("subscription-reads", "249"), ("subscription-global-reads", "12"), ("tenant-reads", "100")];
    check(&both, Some([Some(12), None, None]));
    check(&[("tenant-writes", "7"), ("subscription-deletes", " 3 ")], Some([None, Some(7), Some(3)]));
    check(&[("subscription-reads", "many")], None);
    check(&[("resource", "Microsoft.Compute/LowCostGet3Min;3998")], None);
    let found = remaining(&|asked: &str| (asked == name("tenant-reads")).then(|| "0".to_owned()));
    assert_eq!(found.and_then(Remaining::lowest), Some(0));
}

#[test]
fn requests_are_counted_by_subscription_or_host() {
    let check = |url: &str, expected: Option<&str>| {
        assert_eq!(counted_with(url).as_deref(), expected, "{url}");
    };
    check("https://arm.example/subscriptions/ABC?api-version=1", Some("abc"));
    check("https://arm.example/Subscriptions/abc/resourceGroups", Some("abc"));
    check("https://ARM.example/subscriptions?api-version=1", Some("arm.example"));
    check("https://arm.example/subscriptions/", Some("arm.example"));
    check("https://arm.example/providers/subscriptions/abc", Some("arm.example"));
    check("https://arm.example", Some("arm.example"));
    check("https://arm.example?x=/subscriptions/abc", Some("arm.example"));
    check("/subscriptions/abc", None);
}

#[test]
fn only_what_waiting_cannot_cure_is_hopeless() {
    let check = |status: u16, code: &str, expected: Option<&str>| {
        let error = ArmError { code: code.to_owned(), ..ArmError::default() };
        let found = hopeless(status, (!code.is_empty()).then_some(&error));
        assert_eq!(found.as_deref(), expected, "{status} {code}");
    };
    check(200, "", None);
    check(202, "", None);
    check(400, "", Some("the request is malformed"));
    check(400, "InvalidRequestContent", Some("the request is malformed"));
    check(400, "MissingApiVersionParameter", Some("the request names no api-version"));
    check(400, "invalidapiversionparameter", Some("there is no such api-version"));
    check(400, "InvalidSubscriptionId", Some("the subscription id is malformed"));
    check(400, "NoRegisteredProviderFound", Some("this type has no such api-version, or not in this location"));
    check(400, "PrincipalNotFound", None);
    check(401, "InvalidAuthenticationTokenAudience", Some("the token is for another audience"));
    check(401, "InvalidAuthenticationTokenTenant", Some("the token is of another tenant than the subscription"));
    check(401, "ExpiredAuthenticationToken", None);
    check(401, "InvalidAuthenticationToken", None);
    check(401, "AuthenticationFailed", None);
    check(401, "", None);
    check(403, "AuthorizationFailed", None);
    check(403, "LinkedAuthorizationFailed", None);
    check(403, "DenyAssignmentAuthorizationFailed", None);
    check(403, "RequestDisallowedByPolicy", Some("a policy forbids it"));
    check(403, "", None);
    check(404, "ResourceNotFound", None);
    check(404, "ResourceGroupNotFound", None);
    check(404, "", None);
    check(404, "SubscriptionNotFound", Some("there is no such subscription in this cloud"));
    check(404, "InvalidResourceType", Some("there is no such resource type in this api-version"));
    check(404, "MissingSubscription", Some("the URL names neither a subscription nor a provider"));
    check(405, "", Some("the resource does not know this method"));
    check(409, "Conflict", None);
    check(409, "ScopeLocked", None);
    check(409, "MissingSubscriptionRegistration", None);
    check(409, "ReadOnlyDisabledSubscription", Some("the subscription is disabled"));
    check(411, "", Some("the request does not say its length"));
    check(413, "", Some("the request is too large"));
    check(415, "", Some("the service does not take a body of this kind"));
    check(429, "SubscriptionRequestsThrottled", None);
    check(500, "", None);
    check(503, "ServerBusy", None);
}

#[test]
fn a_missing_header_is_told_from_a_failure_of_authentication() {
    let message = "Authentication failed. The 'Authorization' header is missing.".to_owned();
    let error = ArmError { code: "AuthenticationFailed".to_owned(), message, ..ArmError::default() };
    assert_eq!(hopeless(401, Some(&error)).as_deref(), Some("the request carries no token"));
}
