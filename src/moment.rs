//! A point in time as playbooks write it: read from text or numbers, compared, shifted and formatted.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::value::Value;

/// A point in time, always shown in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// Reads a time: RFC 3339, a date (midnight UTC), a time without offset (UTC), the date of an HTTP header, or
    /// seconds since 1970 as digits, which is how identity endpoints write `expires_on`.
    pub fn parse(text: &str) -> Option<Moment> {
        let text = text.trim();
        if (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Timestamp::from_second(text.parse().ok()?).ok().map(Moment);
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Moment(timestamp));
        }
        if let Ok(civil) = text.parse::<DateTime>() {
            return civil.to_zoned(TimeZone::UTC).ok().map(|zoned| Moment(zoned.timestamp()));
        }
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| Moment(zoned.timestamp()))
    }

    /// Reads a time from a value: text as [`Moment::parse`] does, numbers as seconds since 1970.
    pub fn of(value: &Value) -> Option<Moment> {
        match value {
            Value::String(text) => Moment::parse(text),
            Value::Number(number) => {
                // The cast saturates, and what is out of range is refused by the next call.
                let second = number.as_i64().or_else(|| number.as_f64().map(|second| second as i64))?;
                Timestamp::from_second(second).ok().map(Moment)
            }
            _ => None,
        }
    }

    /// The time the clock shows.
    pub fn exact(time: SystemTime) -> Option<Moment> {
        Timestamp::try_from(time).ok().map(Moment)
    }

    /// The time the clock shows, to the second.
    pub fn at(time: SystemTime) -> Option<Moment> {
        Timestamp::from_second(Moment::exact(time)?.0.as_second()).ok().map(Moment)
    }

    /// The time as clocks hold it.
    pub fn to_system(self) -> SystemTime {
        SystemTime::from(self.0)
    }

    /// This time and a span such as `2h`, `1h 30m`, `-3 days` or `P1M` after it.
    ///
    /// # Errors
    /// When the text is not a span, or the result lies outside the calendar; the message says which.
    pub fn plus(self, span: &str) -> Result<Moment, String> {
        self.shift(span, |zoned, span| zoned.checked_add(span))
    }

    /// This time and a span before it, written as for [`Moment::plus`].
    ///
    /// # Errors
    /// As for [`Moment::plus`].
    pub fn minus(self, span: &str) -> Result<Moment, String> {
        self.shift(span, |zoned, span| zoned.checked_sub(span))
    }

    fn shift(self, span: &str, apply: impl Fn(&Zoned, Span) -> Result<Zoned, jiff::Error>) -> Result<Moment, String> {
        let parsed: Span =
            span.parse().map_err(|_| format!("`{span}` is not a span of time such as `2h` or `3 days`"))?;
        let shifted = apply(&self.0.to_zoned(TimeZone::UTC), parsed)
            .map_err(|_| format!("`{span}` from {self} lies outside the calendar"))?;
        Ok(Moment(shifted.timestamp()))
    }

    /// This time in the given format, in the directives of `strftime`.
    ///
    /// # Errors
    /// When the format holds an unknown directive.
    pub fn format(self, format: &str) -> Result<String, String> {
        let zoned = self.0.to_zoned(TimeZone::UTC);
        jiff::fmt::strtime::format(format, &zoned).map_err(|error| error.to_string())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Reads `300ms`, `5s`, `1.5m`, `1h`.
///
/// # Errors
/// When the text is no number with one of the units.
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let amount: f64 = number.parse().map_err(|_| "a duration is a number and a unit, as in `30s`")?;
    let seconds = match unit.trim() {
        "ms" => amount / 1000.0,
        "s" => amount,
        "m" => amount * 60.0,
        "h" => amount * 3600.0,
        "" => return Err("a duration needs a unit: `ms`, `s`, `m` or `h`"),
        _ => return Err("the units of a duration are `ms`, `s`, `m` and `h`"),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| "the duration is too long")
}

/// A length of time as a playbook would write it: `300ms`, `5s`, `10m`.
pub fn show_duration(duration: Duration) -> String {
    match (duration.as_millis(), duration.as_secs()) {
        (millis, _) if millis < 1000 => format!("{millis}ms"),
        (_, seconds) if seconds >= 3600 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (_, seconds) if seconds >= 120 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{}s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_need_a_unit() {
        let check = |text: &str, millis: Option<u64>| {
            assert_eq!(parse_duration(text).ok().map(|duration| duration.as_millis() as u64), millis, "{text}");
        };
        check("300ms", Some(300));
        check("5s", Some(5000));
        check("1.5m", Some(90_000));
        check("1h", Some(3_600_000));
        check("5", None);
        check("s", None);
        check("5d", None);
        check("-5s", None);
        check("99999999999999999999999h", None);
    }

    #[test]
    fn reads_every_way_a_time_is_written() {
        let check = |value: Value, expected: Option<&str>| {
            assert_eq!(Moment::of(&value).map(|moment| moment.to_string()).as_deref(), expected, "{value}");
        };
        check(json!("2024-05-01T12:00:00Z"), Some("2024-05-01T12:00:00Z"));
        check(json!("2024-05-01T12:00:00.1234567+02:00"), Some("2024-05-01T10:00:00.1234567Z"));
        check(json!("2024-05-01T12:00:00"), Some("2024-05-01T12:00:00Z"));
        check(json!("2024-05-01"), Some("2024-05-01T00:00:00Z"));
        check(json!("Wed, 01 May 2024 12:00:00 GMT"), Some("2024-05-01T12:00:00Z"));
        check(json!(1_714_564_800), Some("2024-05-01T12:00:00Z"));
        check(json!("1714564800"), Some("2024-05-01T12:00:00Z"));
        check(json!(1_714_564_800.9), Some("2024-05-01T12:00:00Z"));
        check(json!("yesterday"), None);
        check(json!(1e300), None);
        check(json!(true), None);
        check(json!(""), None);
    }

    #[test]
    fn shifts_and_formats() {
        let moment = Moment::parse("2024-01-31T00:00:00Z").unwrap();
        let shifted = |span: &str| moment.plus(span).map(|moment| moment.to_string());
        assert_eq!(shifted("2h").unwrap(), "2024-01-31T02:00:00Z");
        assert_eq!(shifted("1h 30m").unwrap(), "2024-01-31T01:30:00Z");
        assert_eq!(shifted("1 month").unwrap(), "2024-02-29T00:00:00Z");
        assert_eq!(shifted("-1d").unwrap(), "2024-01-30T00:00:00Z");
        assert_eq!(moment.minus("PT1S").unwrap().to_string(), "2024-01-30T23:59:59Z");
        assert!(shifted("soon").unwrap_err().contains("not a span"));
        assert!(shifted("9000 years").unwrap_err().contains("outside the calendar"));
        assert_eq!(moment.format("%Y/%m/%d").unwrap(), "2024/01/31");
        assert!(moment.format("%!").is_err());
    }
}
