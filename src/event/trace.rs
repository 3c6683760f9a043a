//! The ids by which traces know a run and its attempts: made from what is in the record, so that they are the same whenever and
//! wherever it is told; and the span around the run, where whoever started it says one.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Trail;

/// A span as those inside it know it (W3C Trace Context, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace it is in.
    pub trace: [u8; 16],
    /// Its own id.
    pub span: [u8; 8],
    /// Whether it is recorded.
    pub sampled: bool,
}

/// The id of a run's trace: that of the span around it; else the bytes of its UUID, of several runs made one, of their names.
pub fn trace_id(run: &str, around: Option<&Traceparent>) -> [u8; 16] {
    let digits: String = run.chars().filter(|digit| *digit != '-').collect();
    around.map_or_else(|| hex(&digits).unwrap_or_else(|| first(run.as_bytes())), |around| around.trace)
}

/// The id of a span: of an attempt of a step, counted from 1; of the step itself, with 0.
pub fn span_id(run: &str, (playbook, trail): (usize, &Trail), attempt: u32) -> [u8; 8] {
    first(format!("{run}/{playbook}/{trail}/{attempt}").as_bytes())
}

/// The first bytes of a digest, which are never all zero.
fn first<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest(&SHA256, text).as_ref()[..N]);
    bytes[0] |= 1;
    bytes
}

/// Bytes written as digits, small ones.
fn hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = digits.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(is_digit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl FromStr for Traceparent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let mut parts = text.splitn(4, '-');
            let [version] = hex::<1>(parts.next()?)?;
            let (trace, span) = (hex(parts.next()?)?, hex(parts.next()?)?);
            let mut rest = parts.next()?.splitn(2, '-');
            let [flags] = hex::<1>(rest.next()?)?;
            // Later versions may say more; the first of the flags stays what it is.
            let is_known = version != 0xff && (version > 0 || rest.next().is_none());
            let parent = Self { trace, span, sampled: flags & 1 == 1 };
            (is_known && parent.trace != [0; 16] && parent.span != [0; 8]).then_some(parent)
        };
        read().ok_or_else(|| format!("`{text}` names no span"))
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        write!(out, "00-{}-{}-0{}", hex(&self.trace), hex(&self.span), u8::from(self.sampled))
    }
}

impl Serialize for Traceparent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Traceparent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Traceparent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Traceparent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_record() {
        let run = "0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab";
        let trace = trace_id(run, None);
        assert_eq!(trace[..3], [0x0a, 0x1b, 0x2c]);
        assert_ne!(trace_id("no uuid", None), [0; 16]);
        let trail: Trail = "1[2]".parse().expect("a trail");
        let span = span_id(run, (0, &trail), 1);
        assert_eq!(span, span_id(run, (0, &trail), 1));
        assert_ne!(span, span_id(run, (0, &trail), 2));
        let header = Traceparent { trace, span, sampled: true };
        assert!(header.to_string().starts_with("00-0a1b2c3d4e5f4a6b8c7d0123456789ab-"));
        assert_eq!(header.to_string().parse(), Ok(header));
        assert_eq!(trace_id("no uuid", Some(&header)), trace);
    }

    #[test]
    fn only_what_names_a_span_is_around_a_run() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let read = text.parse::<Traceparent>().map(|parent| parent.to_string());
            assert_eq!(read.ok().as_deref(), expected, "{text}");
        }
        const SPAN: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        let (sampled, not) = (format!("00-{SPAN}-01"), format!("00-{SPAN}-00"));
        check(&sampled, Some(&sampled));
        check(&not, Some(&not));
        check(&format!("00-{SPAN}-ff"), Some(&sampled));
        check(&format!("00-{SPAN}-02"), Some(&not));
        check(&format!("cc-{SPAN}-01"), Some(&sampled));
        check(&format!("cc-{SPAN}-01-what-the-future-will-be-like"), Some(&sampled));
        for text in [
            format!("00-{SPAN}-01-more"),
            format!("cc-{SPAN}-01.more"),
            format!("ff-{SPAN}-01"),
            format!("00-{SPAN}-1"),
            format!("00-{SPAN}"),
            format!(" 00-{SPAN}-01"),
            sampled.to_uppercase(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01".to_owned(),
            String::new(),
            "é".to_owned(),
        ] {
            check(&text, None);
        }
    }
}
