//! What passes by itself at each source, and how long to wait for it.
//!
//! Source: `how-to-use-vm-token.md`, "Retry guidance"; the documentation of Service Fabric; MSAL and Azure Identity for the
//! others.

use std::time::Duration;

use super::Source;
use crate::http::FaultKind;

/// How often a source is asked at the most.
pub const ATTEMPTS: u32 = 6;

/// The pause after an attempt, counted from 1, that was answered so; nothing when that does not pass.
pub fn pause(source: Source, status: u16, attempt: u32) -> Option<Duration> {
    let seconds = |pauses: &[u64]| pauses.get(attempt.checked_sub(1)? as usize).copied().map(Duration::from_secs);
    match (source, status) {
        // The service is back within 70 seconds.
        (Source::Imds | Source::Arc, 410) => seconds(&[5, 10, 20, 40]),
        (Source::Imds | Source::Arc, 404 | 429 | 500..=599) => seconds(&[2, 4, 8, 16]),
        (Source::ServiceFabric, 429) => seconds(&[1, 2, 4, 8, 16]),
        // What is not there does not come.
        (Source::ServiceFabric, _) => None,
        (_, 408 | 429 | 500 | 502 | 503 | 504) => seconds(&[1, 2, 4]),
        _ => None,
    }
}

/// The same after a fault. An endpoint that breaks off is starting up or updating; one that cannot be reached is not there,
/// and who runs elsewhere than on Azure shall not wait.
pub fn pause_after(fault: FaultKind, attempt: u32) -> Option<Duration> {
    let pauses = [1, 2, 4].get(attempt.checked_sub(1)? as usize);
    pauses.filter(|_| fault == FaultKind::CutShort).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_own_patience() {
        let check = |source: Source, status: u16, expected: &[u64]| {
            let pauses = (1..=ATTEMPTS + 1).map_while(|attempt| pause(source, status, attempt));
            let pauses: Vec<u64> = pauses.map(|pause| pause.as_secs()).collect();
            assert_eq!(pauses, expected, "{source:?} {status}");
        };
        check(Source::Imds, 410, &[5, 10, 20, 40]);
        check(Source::Imds, 404, &[2, 4, 8, 16]);
        check(Source::Imds, 503, &[2, 4, 8, 16]);
        check(Source::Imds, 400, &[]);
        check(Source::Imds, 200, &[]);
        check(Source::AppService, 404, &[]);
        check(Source::AppService, 500, &[1, 2, 4]);
        check(Source::WorkloadIdentity, 401, &[]);
        check(Source::ServiceFabric, 404, &[]);
        check(Source::ServiceFabric, 429, &[1, 2, 4, 8, 16]);
        check(Source::ServiceFabric, 500, &[]);
    }
}
