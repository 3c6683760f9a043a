//! The clock that the emulator reads: the system's, or one that stands still until it is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Where the emulator takes the time from. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    fixed: Option<Timestamp>,
    moved_by: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock { fixed: None, moved_by: Arc::default() }
    }

    /// A clock that goes on from this time (RFC 3339), when the text is one.
    pub fn starting_at(text: &str) -> Option<Clock> {
        let clock = Clock::system();
        clock.advance(text.trim().parse::<Timestamp>().ok()?.duration_since(clock.now()));
        Some(clock)
    }

    /// A clock that stands at this time until it is moved.
    pub fn fixed(at: Timestamp) -> Clock {
        Clock { fixed: Some(at), ..Clock::system() }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let base = self.fixed.unwrap_or_else(Timestamp::now);
        let moved = SignedDuration::from_nanos(self.moved_by.load(Ordering::Relaxed));
        base.checked_add(moved).unwrap_or(base)
    }

    /// Moves the time on, or back when the duration is negative.
    pub fn advance(&self, by: SignedDuration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        self.moved_by.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_until_moved() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        let same = clock.clone();
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        same.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now().as_second(), 90);
        same.advance(SignedDuration::from_secs(-100));
        assert_eq!(clock.now().as_second(), -10);
    }

    #[test]
    fn goes_on_from_the_time_it_is_given() {
        let clock = Clock::starting_at(" 2026-01-05T10:00:00Z ").expect("a clock");
        let passed = clock.now().duration_since("2026-01-05T10:00:00Z".parse().expect("a time"));
        assert!(!passed.is_negative() && passed < SignedDuration::from_mins(10), "{passed}");
        assert!(Clock::starting_at("tomorrow").is_none());
    }

    #[test]
    fn the_system_clock_can_be_moved_too() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(SignedDuration::from_hours(1));
        assert!(clock.now().duration_since(before) >= SignedDuration::from_hours(1));
    }
}
