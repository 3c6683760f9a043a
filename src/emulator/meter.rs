//! Throttling: how many requests a principal has left, as Resource Manager counts them.
//!
//! Source: Azure documentation, "Understand how Azure Resource Manager throttles requests".

use std::collections::HashMap;

use jiff::Timestamp;

/// How many buckets are kept; when there are more, all begin anew.
const BUCKETS: usize = 10_000;
/// How many times the subscription's own bucket holds what one principal's does.
const GLOBAL: u32 = 15;

/// What a request is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Reads,
    Writes,
    Deletes,
}

impl Kind {
    /// What a method is counted as.
    pub(crate) fn of(method: &str) -> Kind {
        match method {
            "GET" | "HEAD" => Kind::Reads,
            "DELETE" => Kind::Deletes,
            _ => Kind::Writes,
        }
    }

    /// The word in the names of headers.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Reads => "reads",
            Kind::Writes => "writes",
            Kind::Deletes => "deletes",
        }
    }

    /// How much a bucket holds, and how much is filled in each second.
    fn size(self) -> (u32, u32) {
        match self {
            Kind::Reads => (250, 25),
            Kind::Writes | Kind::Deletes => (200, 10),
        }
    }
}

/// What is left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) kind: Kind,
    /// Of the principal's own bucket.
    pub(crate) own: u32,
    /// Of the subscription's bucket, which all principals share.
    pub(crate) global: u32,
    /// For how many seconds nothing is left.
    pub(crate) wait: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What is in it, in thousandths.
    level: u64,
    at: Timestamp,
}

/// The buckets, by who asks and where.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    buckets: HashMap<(String, Kind), Bucket>,
}

impl Meters {
    /// Counts a request of a principal in a subscription, or in the tenant without one.
    pub(crate) fn count(&mut self, (principal, place): (&str, &str), kind: Kind, now: Timestamp) -> Left {
        if self.buckets.len() > BUCKETS {
            self.buckets.clear();
        }
        let own = self.take(format!("{principal}@{place}"), (kind, 1), now);
        let global = self.take(format!("@{place}"), (kind, GLOBAL), now);
        let (_, refill) = kind.size();
        let wait = own.is_none().then(|| 1u32.max(1000 / (refill * 1000)));
        Left { kind, own: own.unwrap_or(0), global: global.unwrap_or(0), wait }
    }

    /// Takes one out of a bucket that holds so many times the usual; gives what is left, `None` when nothing was there.
    fn take(&mut self, key: String, (kind, times): (Kind, u32), now: Timestamp) -> Option<u32> {
        let (size, refill) = kind.size();
        let full = u64::from(size) * u64::from(times) * 1000;
        let bucket = self.buckets.entry((key, kind)).or_insert(Bucket { level: full, at: now });
        let passed = u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(0);
        bucket.level = full.min(bucket.level.saturating_add(passed.saturating_mul(u64::from(refill * times))));
        bucket.at = now;
        bucket.level = bucket.level.checked_sub(1000)?;
        u32::try_from(bucket.level / 1000).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_down_and_fills_up_again() {
        let at = |millis: i64| Timestamp::from_millisecond(millis).expect("a time");
        let mut meters = Meters::default();
        let first = meters.count(("a", "s"), Kind::Reads, at(0));
        assert_eq!(first, Left { kind: Kind::Reads, own: 249, global: 3749, wait: None });
        for _ in 0..248 {
            meters.count(("a", "s"), Kind::Reads, at(0));
        }
        assert_eq!(meters.count(("a", "s"), Kind::Reads, at(0)).own, 0);
        assert_eq!(meters.count(("a", "s"), Kind::Reads, at(0)).wait, Some(1));
        assert_eq!(meters.count(("a", "s"), Kind::Writes, at(0)).own, 199);
        assert_eq!(meters.count(("b", "s"), Kind::Reads, at(0)).own, 249);
        assert_eq!(meters.count(("a", "s"), Kind::Reads, at(1000)).own, 24);
        assert_eq!(meters.count(("a", "s"), Kind::Reads, at(60_000)).own, 249);
    }
}
