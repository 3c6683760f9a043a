//! Request, response and transport as values; [`client`] sends them over the network.

pub mod client;
pub mod cookies;
mod json;
pub mod pem;
mod pin;
mod status;

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

pub use json::{MOST_VALUES, json, values};
pub use status::{Status, Statuses};

/// The largest body that is kept, in bytes.
pub const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, in capitals.
    pub method: &'static str,
    /// The absolute URL.
    pub url: String,
    /// The headers, in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// How long all of it may take, the last byte of the answer included.
    pub timeout: Duration,
    /// Which road it takes.
    pub route: Route,
}

/// Which road a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// To an endpoint of this host or its hypervisor: never through a proxy, and quick to give up connecting.
    Local,
    /// To an endpoint of this host that is known by the SHA-1 of its certificate, and trusted for nothing else.
    Pinned([u8; 20]),
    /// To anywhere else: through the proxy of the environment, if there is one.
    Outside,
}

impl Route {
    /// The road to a URL, by its host.
    pub fn of(url: &str) -> Route {
        match origin(url) {
            Some((_, host, _)) if is_local(&host) => Route::Local,
            _ => Route::Outside,
        }
    }
}

/// An answer, read to its last byte.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, in the order they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// From sending to the last byte.
    pub duration: Duration,
}

impl Response {
    /// The first value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which kind of fault.
    pub kind: FaultKind,
    /// What the layers below said, without the URL.
    pub detail: String,
    /// How long it took to come to this.
    pub duration: Duration,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The URL is none.
    InvalidUrl,
    /// A header cannot be sent.
    InvalidHeader,
    /// The name of the host is not known.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The network cannot be reached from here.
    Unreachable,
    /// No connection came about in time.
    ConnectTimeout,
    /// The connection could not be made for another reason.
    Connect,
    /// The server's certificate or TLS itself was not accepted.
    Tls,
    /// No whole answer came in time.
    Timeout,
    /// The connection ended before the answer did.
    CutShort,
    /// The answer is larger than [`LARGEST_BODY`].
    TooLarge,
    /// What came is not HTTP.
    NotHttp,
}

/// What a request comes to.
pub type Answer = Result<Response, Fault>;

/// Sends requests. The network is one, tests bring others.
pub trait Transport {
    /// Sends one request.
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>>;
}

/// The first characters of a body, on one line.
pub fn beginning(body: &[u8]) -> String {
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if body.len() > 4 * SHOWN => line + "…",
        None => line,
    }
}

/// A scheme, a host and a port.
pub type Origin<'u> = (Cow<'u, str>, Cow<'u, str>, u16);

/// The scheme, host and port of a URL, for comparison: the default port is written out, case is folded. Nothing when a client
/// makes another host of what is written.
pub fn origin(url: &str) -> Option<Origin<'_>> {
    // `https:/a://b` leads to `a`.
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme))?;
    let scheme = lower(scheme);
    // Clients read `\\` as `/` (WHATWG URL, section 4.4): what follows it must not pass for the host.
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (host_port, if scheme == "https" { 443 } else { 80 }),
    };
    // The root of all names may be written; `127..` is another host than `127.`, which is an address.
    let host = host.strip_suffix('.').unwrap_or(host);
    (!host.is_empty() && !host.ends_with('.') && is_plain(host)).then(|| (scheme, lower(host), port))
}

/// Whether clients take a host as it is written: they leave out line breaks and tabs, decode `%41`, and map what is not ASCII
/// (WHATWG URL, section 3.5).
fn is_plain(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%')
}

/// A text in lower case; nearly all are.
fn lower(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// What a `Location` means that came from `base` (RFC 3986, section 5, for the forms that servers send).
pub fn join(base: &str, location: &str) -> Option<String> {
    if location.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) {
        return Some(location.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    if let Some(authority) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{authority}"));
    }
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    if location.starts_with('/') {
        return Some(format!("{scheme}://{host}{location}"));
    }
    let path = path.split(['?', '#']).next().unwrap_or("");
    if location.starts_with('?') {
        return Some(format!("{scheme}://{host}{path}{location}"));
    }
    let folder = path.rfind('/').map_or("", |slash| &path[..slash]);
    Some(format!("{scheme}://{host}{folder}/{location}"))
}

/// Whether a text is the scheme of a URL (RFC 3986, section 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

/// Whether a header can be sent (RFC 9110, section 5).
pub fn is_header(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_token)
        && !value.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control())
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a host is this machine or the link-local address of its hypervisor.
pub fn is_local(host: &str) -> bool {
    let link_local = host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_link_local());
    link_local || is_loopback(host)
}

/// Puts a URL together of pieces; of each is told whether it is a value, put in where the URL was written around it. What
/// a value holds stays in its place: it begins no query and no fragment, and in a query no further parameter. Slashes
/// stay, so that a resource id can be put in; so do escapes. A value that the URL begins with is taken as it is.
pub fn compose<'p>(pieces: impl IntoIterator<Item = (&'p str, bool)>) -> String {
    let mut url = String::new();
    for (text, is_value) in pieces {
        if !is_value || url.is_empty() {
            url.push_str(text);
            continue;
        }
        let in_query = url.contains('?');
        let bytes = text.as_bytes();
        for (at, byte) in text.bytes().enumerate() {
            let is_escape =
                byte == b'%' && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            let stays = match byte {
                b'?' | b'&' | b'+' | b';' => !in_query && byte != b'?',
                b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' | b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b','
                | b'=' => true,
                // Whoever takes the URL refuses line breaks: one in a value is a mistake.
                _ => byte.is_ascii_alphanumeric() || byte.is_ascii_control(),
            };
            match stays || is_escape {
                true => url.push(char::from(byte)),
                false => url.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    url
}

/// Whether the path of a URL holds a segment `.` or `..`, plain or escaped, which clients and servers resolve: the
/// request would go elsewhere than it says.
pub fn climbs(url: &str) -> bool {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(is_dots)
}

/// Whether a segment of a path is `.` or `..`, plain or escaped.
fn is_dots(segment: &str) -> bool {
    let dot = |rest: &str| match rest.as_bytes() {
        [b'.', ..] => Some(1),
        [b'%', b'2', b'e' | b'E', ..] => Some(3),
        _ => None,
    };
    let first = dot(segment);
    let second = first.map(|first| &segment[first..]).filter(|rest| !rest.is_empty());
    first.is_some() && second.is_none_or(|rest| dot(rest) == Some(rest.len()))
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_place() {
        let check = |pieces: &[(&str, bool)], expected: &str| {
            assert_eq!(compose(pieces.iter().copied()), expected, "{pieces:?}");
        };
        check(&[("/groups/", false), ("a b?c#d\\ü", true), ("/x", false)], "/groups/a%20b%3Fc%23d%5C%C3%BC/x");
        check(&[("/s/a", true), ("/providers", false)], "/s/a/providers");
        check(&[("https://h/a?b=c&d", true), ("&e=", false), ("f&g=h", true)], "https://h/a?b=c&d&e=f%26g=h");
        check(&[("/a/", false), ("b%2Fc%zz", true)], "/a/b%2Fc%25zz");
        check(&[("/a?$filter=", false), ("n eq 'x+y'", true)], "/a?$filter=n%20eq%20'x%2By'");
    }

    #[test]
    fn dots_climb() {
        for url in ["/a/../b", "https://h/a/.", "/a/%2E%2e?x", "/..", "/a\\..\\b"] {
            assert!(climbs(url), "{url}");
        }
        for url in ["/a/..b/c.d", "/a?x=/../", "https://h/...", "https://../a/b"] {
            assert_eq!(climbs(url), url.contains("//../"), "{url}");
        }
    }

    #[test]
    fn origins_are_compared_with_their_port() {
        let check = |url: &str, expected: Option<(&str, &str, u16)>| {
            let expected = expected.map(|(scheme, host, port)| (scheme.into(), host.into(), port));
            assert_eq!(origin(url), expected, "{url}");
        };
        check("https://Management.Azure.com/x", Some(("https", "management.azure.com", 443)));
        check("http://127.0.0.1:80?x", Some(("http", "127.0.0.1", 80)));
        check("https://user@host:8443", Some(("https", "host", 8443)));
        check("https://trusted.example@evil.example/", Some(("https", "evil.example", 443)));
        check("http://[::1]:8080/x", Some(("http", "[::1]", 8080)));
        check("http://[::1]/x", Some(("http", "[::1]", 80)));
        check(r"https://evil.example\@trusted.example/", Some(("https", "evil.example", 443)));
        check("https:///x", None);
        check("https:/evil.example://[::1]/", None);
        check("https://evil.example\n.trusted.example/", None);
        check("https://%65vil.example/", None);
        check("https://ⓔvil.example/", None);
        check("https://host./", Some(("https", "host", 443)));
        check("https://host../", None);
        check("https://./", None);
        check("/subscriptions", None);
        check("http://host:port/", None);
    }

    #[test]
    fn locations_are_joined_to_where_they_came_from() {
        let check = |location: &str, expected: &str| {
            assert_eq!(join("https://h:1/a/b?c=d", location).as_deref(), Some(expected), "{location}");
        };
        check("https://other/x", "https://other/x");
        check("//other/x", "https://other/x");
        check("/x?y", "https://h:1/x?y");
        check("x", "https://h:1/a/x");
        check("?y", "https://h:1/a/b?y");
        check("/x?to=https://other", "https://h:1/x?to=https://other");
        assert_eq!(join("no url", "/x"), None);
    }

    #[test]
    fn headers_hold_no_line_breaks() {
        for (name, value) in [("x-a", "b\tc é"), ("X_1", "")] {
            assert!(is_header(name, value), "{name}: {value}");
        }
        for (name, value) in [("", "b"), ("x a", "b"), ("x:", "b"), ("é", "b"), ("x", "a\r\nb: c"), ("x", "\0")] {
            assert!(!is_header(name, value), "{name}: {value}");
        }
    }

    #[test]
    fn local_hosts_are_told_from_others() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "169.254.169.254"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "management.azure.com", "1.2.3.4"] {
            assert!(!is_local(host), "{host}");
        }
        assert!(!is_loopback("169.254.169.254"));
    }
}
