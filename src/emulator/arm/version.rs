//! The `api-version` of requests: which ones are good.

use crate::emulator::arm::Call;
use crate::emulator::arm::refusal::{OWN_VERSIONS, Refusal};

/// The version that a request names.
pub(super) fn of<'a>(call: &Call<'a>) -> &'a str {
    call.target.parameter("api-version").unwrap_or_default()
}

/// Checks the version of a request for one of Resource Manager's own types.
pub(super) fn own(call: &Call<'_>) -> Result<(), Refusal> {
    let version = of(call);
    match is_date(version) {
        true => Ok(()),
        false => Err(Refusal::invalid_api_version(version, OWN_VERSIONS)),
    }
}

/// Checks the version of a request for the type of a provider. Every date is one that the provider has.
pub(super) fn of_type(call: &Call<'_>, (namespace, kind): (&str, &str)) -> Result<(), Refusal> {
    let version = of(call);
    match is_date(version) {
        true => Ok(()),
        false => Err(Refusal::no_registered_provider(version, (namespace, kind))),
    }
}

/// A version is a date, optionally with a suffix.
fn is_date(version: &str) -> bool {
    let (date, suffix) = match version.get(..10) {
        Some(date) => (date, &version[10..]),
        None => (version, ""),
    };
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let is_suffix = suffix.is_empty()
        || suffix
            .strip_prefix('-')
            .is_some_and(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    is_date && is_suffix
}
