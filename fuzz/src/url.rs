//! A URL in the first line, and in the others what is put into it or joined to it. What decides where a token may go must see
//! the same host as what sends it: the reference is the `url` crate, which the client goes by.

use std::time::SystemTime;

use mi_run::azure::cloud::Cloud;
use mi_run::http::cookies::Cookies;
use mi_run::http::{climbs, compose, encode, is_header, is_loopback, join, origin};
use url::Url;

use super::halves;

/// What tokens are for.
const RESOURCES: [&str; 4] = ["arm", "graph", "key_vault", "storage"];

pub(crate) fn fuzz(bytes: &[u8]) {
    let Some((base, other)) = halves(bytes) else { return };
    agrees(base);
    agrees(other);
    are_one(base, other);
    if let Some(joined) = join(base, other) {
        agrees(&joined);
        are_one(base, &joined);
    }
    let composed = compose([(base, false), ("/", false), (other, true), ("?a=", false), (other, true)]);
    agrees(&composed);
    // A value stays in its place: it leads to no other host, whatever it is.
    if base.starts_with("https://h.example/") {
        assert_eq!(origin(&composed), origin("https://h.example/"), "{composed}");
    }
    climbs(other);
    let encoded = encode(other);
    assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
    if is_header(base, other) {
        assert!(!other.contains(['\r', '\n', '\0']));
    }
    let mut cookies = Cookies::default();
    cookies.take(base, other.lines(), SystemTime::UNIX_EPOCH);
    cookies.header(base);
}

/// Where the client would go with a URL is where `origin` says, for every URL that a token may go to.
fn agrees(text: &str) {
    let Some(theirs) = theirs(text) else { return };
    let Some(ours) = origin(text) else { return };
    let is_home =
        |cloud: &Cloud| cloud.is_arm(text) || RESOURCES.iter().any(|name| cloud.belongs(cloud.resource(name), text));
    if is_loopback(&ours.1) || Cloud::all().any(|cloud| is_home(&cloud)) {
        let (scheme, host, port) = ours;
        assert_eq!((scheme.into_owned(), host.into_owned(), port), theirs, "`{text}`");
    }
}

/// Two URLs of one origin are so for the client too.
fn are_one(one: &str, other: &str) {
    if let (Some(a), Some(b)) = (theirs(one), theirs(other))
        && origin(one).is_some()
        && origin(one) == origin(other)
    {
        assert_eq!(a, b, "`{one}` and `{other}`");
    }
}

/// What the client makes of a URL.
fn theirs(text: &str) -> Option<(String, String, u16)> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    Some((url.scheme().to_owned(), host, url.port_or_known_default()?))
}
