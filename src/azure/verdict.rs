//! What an answer says about access control: let through, refused, or nothing at all.
//!
//! The rules are those of a verifier: a 403 is a refusal only when access control refused, a 404 proves the
//! right to read, and what a gateway, a lock, a policy or a throttle says is told apart.

use super::error::ArmError;

/// What access control is expected to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It let the request through.
    Allowed,
    /// It refused.
    Denied,
}

impl Access {
    /// The word in a playbook.
    pub fn word(self) -> &'static str {
        match self {
            Access::Allowed => "allowed",
            Access::Denied => "denied",
        }
    }
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Access control let the request through; what came after, in words.
    Allowed(String),
    /// It may be read, but there is no such thing.
    Missing(String),
    /// Access control refused; how, in words.
    Denied(String),
    /// Something else stopped the request, after access control let it through: named in words.
    Blocked(String),
    /// The answer says nothing about access control: why, in words.
    Undecided(String),
}

/// Decides what an answer of `status`, with the error its body holds, says. `cause` is the header
/// `x-ms-failure-cause`.
pub fn decide(status: u16, error: Option<&ArmError>, cause: Option<&str>) -> Verdict {
    let code = error.map(|error| error.code.as_str()).unwrap_or_default();
    let named = if code.is_empty() { format!("status {status}") } else { format!("status {status}, `{code}`") };
    let own = |wanted: &[&str], code: &str| wanted.iter().any(|other| other.eq_ignore_ascii_case(code));
    let is = |wanted: &[&str]| own(wanted, code);
    // Key Vault tells the reason inside.
    let any = |wanted: &[&str]| error.is_some_and(|error| error.codes().any(|code| own(wanted, code)));
    let gateway = cause.is_some_and(|cause| cause.eq_ignore_ascii_case("gateway"));
    match status {
        200..=299 => Verdict::Allowed(named),
        403 if any(REFUSALS) => Verdict::Denied(named),
        403 if is(&["RequestDisallowedByPolicy"]) => Verdict::Blocked(format!("{named}: a policy")),
        403 | 409 if is(&["ReadOnlyDisabledSubscription"]) => {
            Verdict::Blocked(format!("{named}: a disabled subscription"))
        }
        409 if is(&["ScopeLocked"]) => Verdict::Blocked(format!("{named}: a lock")),
        403 => Verdict::Undecided(format!("{named}: a refusal that access control did not pronounce")),
        401 => Verdict::Undecided(format!("{named}: authentication failed, which says nothing about rights")),
        400 | 404 if is(BAD_REQUESTS) => Verdict::Undecided(format!("{named}: the request itself is wrong")),
        404 if error.is_some() => Verdict::Missing(format!("{named}: it may be read, but there is no such thing")),
        404 => Verdict::Undecided(format!("{named}: not an answer of Resource Manager")),
        400 | 405 | 412 | 422 | 409 if !gateway => {
            Verdict::Allowed(format!("{named}: refused by the service, not by access control"))
        }
        429 => Verdict::Undecided(format!("{named}: throttled")),
        500..=599 => Verdict::Undecided(format!("{named}: the service failed")),
        _ => Verdict::Undecided(named),
    }
}

/// Codes with which access control refuses: of Resource Manager, Storage and Key Vault.
const REFUSALS: &[&str] = &[
    "AuthorizationFailed",
    "LinkedAuthorizationFailed",
    "DenyAssignmentAuthorizationFailed",
    "AuthorizationPermissionMismatch",
    "ForbiddenByRbac",
];

/// Codes that say the request is wrong before anything is decided.
const BAD_REQUESTS: &[&str] = &[
    "MissingApiVersionParameter",
    "InvalidApiVersionParameter",
    "NoRegisteredProviderFound",
    "InvalidResourceType",
    "InvalidResourceNamespace",
    "InvalidSubscriptionId",
    "MissingSubscription",
    "SubscriptionNotFound",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_access_control_denies() {
        let check = |status: u16, code: &str, cause: Option<&str>, expected: &str| {
            let error = ArmError { code: code.to_owned(), ..ArmError::default() };
            let error = (!code.is_empty()).then_some(&error);
            let verdict = match decide(status, error, cause) {
                Verdict::Allowed(_) => "allowed",
                Verdict::Missing(_) => "missing",
                Verdict::Denied(_) => "denied",
                Verdict::Blocked(_) => "blocked",
                Verdict::Undecided(_) => "undecided",
            };
            assert_eq!(verdict, expected, "{status} {code} {cause:?}");
        };
        let vault =
            ArmError { code: "Forbidden".to_owned(), inner: vec!["ForbiddenByRbac".to_owned()], ..ArmError::default() };
        assert!(matches!(decide(403, Some(&vault), None), Verdict::Denied(_)));
        check(200, "", None, "allowed");
        check(202, "", None, "allowed");
        check(403, "AuthorizationFailed", Some("gateway"), "denied");
        check(403, "authorizationfailed", None, "denied");
        check(403, "LinkedAuthorizationFailed", Some("gateway"), "denied");
        check(403, "DenyAssignmentAuthorizationFailed", None, "denied");
        check(403, "AuthorizationPermissionMismatch", None, "denied");
        check(403, "RequestDisallowedByPolicy", None, "blocked");
        check(409, "ScopeLocked", None, "blocked");
        check(409, "ReadOnlyDisabledSubscription", None, "blocked");
        check(403, "", None, "undecided");
        check(401, "ExpiredAuthenticationToken", None, "undecided");
        check(404, "ResourceGroupNotFound", Some("gateway"), "missing");
        check(404, "ResourceNotFound", None, "missing");
        check(404, "SubscriptionNotFound", None, "undecided");
        check(404, "", None, "undecided");
        check(400, "MissingApiVersionParameter", Some("gateway"), "undecided");
        check(400, "BadParameter", None, "allowed");
        check(400, "BadParameter", Some("gateway"), "undecided");
        check(409, "Conflict", None, "allowed");
        check(429, "SubscriptionRequestsThrottled", Some("gateway"), "undecided");
        check(503, "", None, "undecided");
        check(302, "", None, "undecided");
    }
}
