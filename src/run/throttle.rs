//! Throttling is shared: who is told to wait, makes all wait whose requests are counted together.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use crate::azure::patience;
use crate::http::{Answer, Response};

/// A counter below which everybody slows down.
const LOW: u64 = 5;

/// How long to wait when a counter is low: buckets fill up by 10 to 25 a second.
const BREATH: Duration = Duration::from_millis(200);

/// The longest that one answer makes the others wait.
const LONGEST: Duration = Duration::from_secs(600);

/// Until when nothing is sent, by whom requests are counted with.
#[derive(Debug, Default)]
pub(super) struct Throttle(RefCell<HashMap<String, Duration>>);

impl Throttle {
    /// How long to wait before a request is sent to this URL.
    pub(super) fn wait(&self, url: &str, elapsed: Duration) -> Duration {
        let known = self.0.borrow();
        if known.is_empty() {
            return Duration::ZERO;
        }
        let until = patience::counted_with(url).and_then(|key| known.get(&key).copied());
        until.unwrap_or_default().saturating_sub(elapsed)
    }

    /// Learns from an answer. `base` is how long to wait when the server does not say.
    pub(super) fn learn(
        &self,
        url: &str,
        answer: &Answer,
        (elapsed, now, base): (Duration, std::time::SystemTime, Duration),
    ) {
        let Ok(response) = answer else { return };
        let header = |name: &str| response.header(name).map(str::to_owned);
        let pause = match response.status {
            429 => patience::wait_said(&header, now).unwrap_or(base).min(LONGEST),
            _ if !says_what_remains(response) => return,
            _ if patience::remaining(&header).and_then(|left| left.lowest()).is_some_and(|left| left < LOW) => BREATH,
            _ => return,
        };
        if let Some(key) = patience::counted_with(url) {
            let mut known = self.0.borrow_mut();
            let until = known.entry(key).or_default();
            *until = (*until).max(elapsed + pause);
        }
    }
}

/// Whether an answer says anything of what is left.
fn says_what_remains(response: &Response) -> bool {
    response.headers.iter().any(|(name, _)| name.starts_with("x-ms-ratelimit-remaining-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn one_answer_slows_all_that_are_counted_with_it() {
        let throttle = Throttle::default();
        let answer = |status: u16, name: &str, value: &str| -> Answer {
            let headers = vec![(name.to_owned(), value.to_owned())];
            Ok(Response { status, headers, body: Default::default(), duration: Duration::ZERO })
        };
        let at = |seconds| (Duration::from_secs(seconds), SystemTime::UNIX_EPOCH, Duration::from_millis(500));
        let wait = |url: &str, seconds| throttle.wait(url, Duration::from_secs(seconds));
        throttle.learn("https://h/subscriptions/A/x", &answer(429, "retry-after", "7"), at(10));
        assert_eq!(wait("https://h/subscriptions/a/other", 12), Duration::from_secs(5));
        assert_eq!(wait("https://h/subscriptions/a", 30), Duration::ZERO);
        assert_eq!(wait("https://h/subscriptions/b", 12), Duration::ZERO);
        let low = answer(200, "x-ms-ratelimit-remaining-subscription-reads", "3");
        throttle.learn("https://h/subscriptions/b/x", &low, at(12));
        assert_eq!(wait("https://h/subscriptions/b/y", 12), BREATH);
        throttle.learn("https://h/subscriptions/c", &answer(200, "x", "y"), at(12));
        assert_eq!(wait("https://h/subscriptions/c", 12), Duration::ZERO);
    }
}
