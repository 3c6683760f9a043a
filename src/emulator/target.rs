//! The path and the query of a request, taken apart and decoded.

/// A request's path segments and query parameters, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path's segments; empty ones are dropped, so that double slashes collapse.
    pub(crate) segments: Vec<String>,
    /// The query's names and values, in order.
    pub(crate) query: Vec<(String, String)>,
}

impl Target {
    /// Takes a path with its query apart; every text can be.
    pub(crate) fn parse(text: &str) -> Target {
        let text = text.split('#').next().unwrap_or_default();
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let segments = decode(path).split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
            })
            .collect();
        Target { segments, query }
    }

    /// The first value of a query parameter; the name's case does not matter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The name of a query parameter that stands there twice.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let names = || self.query.iter().map(|(name, _)| name.as_str());
        names()
            .enumerate()
            .find_map(|(at, name)| names().take(at).any(|earlier| earlier.eq_ignore_ascii_case(name)).then_some(name))
    }

    /// Whether the path consists of exactly these segments; case does not matter.
    pub(crate) fn is(&self, segments: &[&str]) -> bool {
        self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|(mine, wanted)| mine.eq_ignore_ascii_case(wanted))
    }
}

/// Replaces `%XX`; what is no such escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digit = |at: usize| bytes.get(at).and_then(|byte| (*byte as char).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_apart() {
        #[track_caller]
        fn check(text: &str, segments: &[&str], query: &[(&str, &str)]) {
            let target = Target::parse(text);
            assert_eq!(target.segments, segments, "`{text}`");
            let pairs: Vec<(&str, &str)> =
                target.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(pairs, query, "`{text}`");
        }
        check("/", &[], &[]);
        check("", &[], &[]);
        check("/a//b/?x=1&&y", &["a", "b"], &[("x", "1"), ("y", "")]);
        check("/%2Fa%2fb/c%20d", &["a", "b", "c d"], &[]);
        check("/a?r=https%3A%2F%2Fx%2F&s=a+b", &["a"], &[("r", "https://x/"), ("s", "a b")]);
        check("/a?x=1?y=2&z==", &["a"], &[("x", "1?y=2"), ("z", "=")]);
        check("/100%/%zz/%4", &["100%", "%zz", "%4"], &[]);
        check("/%ff", &["\u{fffd}"], &[]);
        check("/ü%C3%BC", &["üü"], &[]);
    }

    #[test]
    fn finds_parameters() {
        let target = Target::parse("/?API-Version=1&resource=&api-version=2");
        assert_eq!(target.parameter("api-version"), Some("1"));
        assert_eq!(target.parameter("resource"), Some(""));
        assert_eq!(target.parameter("other"), None);
        assert_eq!(target.repeated(), Some("api-version"));
        assert_eq!(Target::parse("/?a=1&b=1").repeated(), None);
    }

    proptest! {
        #[test]
        fn takes_anything_apart(text in ".{0,60}") {
            Target::parse(&text);
        }
    }
}
