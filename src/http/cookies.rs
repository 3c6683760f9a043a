//! The cookies of one step: what its answers set and its next requests carry (RFC 6265).

use std::time::SystemTime;

use super::{is_loopback, origin};
use crate::moment::Moment;

/// The largest cookie that is kept, name and value, in bytes (RFC 6265, section 6.1).
const LARGEST: usize = 4096;

/// How many cookies are kept (RFC 6265, section 6.1, asks for at least 50 of a host); the oldest makes room.
const MOST: usize = 100;

/// A jar of cookies. It lives as long as a step, so of all lifetimes only those count that are over.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cookies {
    kept: Vec<Cookie>,
}

impl std::fmt::Debug for Cookies {
    /// Without values: they are keys to a session.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.kept.iter().map(|cookie| &cookie.name)).finish()
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// Whether it goes to hosts below the domain too.
    below: bool,
    path: String,
    secure: bool,
    over: bool,
}

impl Cookies {
    /// Takes what an answer from `url` sets, by the values of its `Set-Cookie` headers. What is malformed, too large, or
    /// for another host is left out, as browsers leave it out.
    pub fn take<'a>(&mut self, url: &str, values: impl IntoIterator<Item = &'a str>, now: SystemTime) {
        let Some(place) = Place::of(url) else { return };
        for cookie in values.into_iter().filter_map(|value| read(&place, value, now)) {
            let is_same =
                |own: &Cookie| (&own.name, &own.domain, &own.path) == (&cookie.name, &cookie.domain, &cookie.path);
            let at = self.kept.iter().position(is_same);
            match at {
                Some(at) if cookie.over => drop(self.kept.remove(at)),
                Some(at) => self.kept[at] = cookie,
                None if cookie.over => {}
                None => {
                    if self.kept.len() == MOST {
                        self.kept.remove(0);
                    }
                    self.kept.push(cookie);
                }
            }
        }
    }

    /// The `Cookie` header of a request to `url`, if there is any cookie for it: longer paths first.
    pub fn header(&self, url: &str) -> Option<String> {
        let place = Place::of(url)?;
        let mut fitting: Vec<_> = self.kept.iter().filter(|cookie| cookie.fits(&place)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Cookie {
    fn fits(&self, place: &Place) -> bool {
        let host = place.host == self.domain || self.below && is_below(&place.host, &self.domain);
        host && (place.safe || !self.secure) && path_fits(&place.path, &self.path)
    }
}

/// Where a request goes, as far as cookies ask.
struct Place {
    host: String,
    path: String,
    safe: bool,
}

impl Place {
    fn of(url: &str) -> Option<Place> {
        let (scheme, host, _) = origin(url)?;
        let rest = url.split_once("://")?.1;
        let path = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]).split(['?', '#']).next()?;
        let path = if path.is_empty() { "/" } else { path };
        let safe = scheme == "https" || is_loopback(&host);
        Some(Place { host: host.into_owned(), path: path.to_owned(), safe })
    }

    /// The path of a cookie that names none (RFC 6265, section 5.1.4).
    fn folder(&self) -> &str {
        match self.path.rfind('/') {
            None | Some(0) => "/",
            Some(slash) => &self.path[..slash],
        }
    }
}

/// Reads a `Set-Cookie` (RFC 6265, sections 5.2 and 5.3).
fn read(place: &Place, text: &str, now: SystemTime) -> Option<Cookie> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_clean = |text: &str| !text.bytes().any(|byte| byte.is_ascii_control());
    if name.is_empty() || name.len() + value.len() > LARGEST || !is_clean(name) || !is_clean(value) {
        return None;
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: place.host.clone(),
        below: false,
        path: place.folder().to_owned(),
        secure: false,
        over: false,
    };
    let mut max_age = None;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" if !value.is_empty() => {
                cookie.domain = value.trim_start_matches('.').to_ascii_lowercase();
                cookie.below = true;
            }
            "path" if value.starts_with('/') && value.len() <= LARGEST && is_clean(value) => {
                cookie.path = value.to_owned();
            }
            "secure" => cookie.secure = true,
            "max-age" => max_age = age(value).or(max_age),
            "expires" => cookie.over = Moment::parse(value).is_some_and(|moment| moment.to_system() <= now),
            _ => {}
        }
    }
    // `Max-Age` goes before `Expires`, wherever it stands.
    cookie.over = max_age.map_or(cookie.over, |lasts| !lasts);
    let own = cookie.domain == place.host || is_below(&place.host, &cookie.domain);
    (own && (place.safe || !cookie.secure)).then_some(cookie)
}

/// Whether a `Max-Age` lasts at all; nothing when it is no number.
fn age(value: &str) -> Option<bool> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| !value.starts_with('-') && digits.bytes().any(|byte| byte != b'0'))
}

/// Whether a host lies below a domain. Addresses have nothing below them, and a domain of one word is nobody's own.
fn is_below(host: &str, domain: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
    let below = host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    below && !is_address && domain.contains('.')
}

/// Whether a path is that of a cookie or below it (RFC 6265, section 5.1.4).
fn path_fits(path: &str, own: &str) -> bool {
    path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || own.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// 1 May 2024, noon.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_714_564_800)
    }

    fn jar(url: &str, values: &[&str]) -> Cookies {
        let mut cookies = Cookies::default();
        cookies.take(url, values.iter().copied(), now());
        cookies
    }

    #[test]
    fn cookies_go_back_to_where_they_came_from() {
        let check = |set: &str, to: &str, expected: Option<&str>| {
            assert_eq!(jar("https://a.example/x/y", &[set]).header(to).as_deref(), expected, "{set} to {to}");
        };
        check("k=v", "https://a.example/x", Some("k=v"));
        check("k=v", "https://a.example/x/y/z?q", Some("k=v"));
        check("k=v", "https://a.example/xy", None);
        check("k=v", "https://a.example/", None);
        check("k=v", "https://A.example:8443/x", Some("k=v"));
        check("k=v", "https://b.a.example/x", None);
        check("k=v", "https://example/x", None);
        check("k=v; Path=/", "https://a.example", Some("k=v"));
        check("k=v; path=relative", "https://a.example/x", Some("k=v"));
        check("k=v; Domain=a.example", "https://b.a.example/x", Some("k=v"));
        check("k=v; Domain=.A.Example", "https://b.a.example/x", Some("k=v"));
        check("k=v; Domain=a.example", "https://xa.example/x", None);
        check("k=v; Domain=other.example", "https://a.example/x", None);
        check("k=v; Domain=b.a.example", "https://b.a.example/x", None);
        check("k=v; Domain=example", "https://a.example/x", None);
        check("k=v; Secure", "https://a.example/x", Some("k=v"));
        check("k=v; Secure", "http://a.example/x", None);
        check("k=v; HttpOnly; SameSite=Strict; Unknown=1", "https://a.example/x", Some("k=v"));
        check("k = v w ", "https://a.example/x", Some("k=v w"));
        check("k=a=b", "https://a.example/x", Some("k=a=b"));
        check("k=", "https://a.example/x", Some("k="));
        check("k", "https://a.example/x", None);
        check("=v", "https://a.example/x", None);
        check("k=v\r\nx: y", "https://a.example/x", None);
        check("k=v", "no url", None);
    }

    #[test]
    fn loopback_and_addresses_are_hosts_of_their_own() {
        let cookies = jar("http://127.0.0.1:8080/", &["k=v; Secure", "l=w; Domain=0.0.1"]);
        assert_eq!(cookies.header("http://127.0.0.1:9/").as_deref(), Some("k=v"));
        assert_eq!(jar("http://a.example/", &["k=v; Secure"]).header("https://a.example/"), None);
        let cookies = jar("http://[::1]:8080/", &["k=v"]);
        assert_eq!(cookies.header("http://[::1]/").as_deref(), Some("k=v"));
    }

    #[test]
    fn later_cookies_replace_and_delete_earlier_ones() {
        let check = |values: &[&str], expected: Option<&str>| {
            assert_eq!(
                jar("https://a.example/", values).header("https://a.example/").as_deref(),
                expected,
                "{values:?}"
            );
        };
        check(&["k=1", "k=2"], Some("k=2"));
        check(&["k=1", "l=1", "k=2"], Some("k=2; l=1"));
        check(&["k=1", "k=; Max-Age=0"], None);
        check(&["k=1", "k=; Max-Age=-5"], None);
        check(&["k=1; Max-Age=900"], Some("k=1"));
        check(&["k=1; Max-Age=soon"], Some("k=1"));
        check(&["k=1", "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None);
        check(&["k=1; Expires=Wed, 01 May 2030 00:00:00 GMT"], Some("k=1"));
        check(&["k=1; Expires=never"], Some("k=1"));
        check(&["k=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], Some("k=1"));
        check(&["k=1; Path=/", "k=2; Path=/x"], Some("k=1"));
        check(&["k=1", "k=2; Max-Age=0; Path=/x"], Some("k=1"));
    }

    #[test]
    fn longer_paths_go_first() {
        let cookies = jar("https://a.example/", &["k=1", "k=2; Path=/x/y", "k=3; Path=/x"]);
        assert_eq!(cookies.header("https://a.example/x/y").as_deref(), Some("k=2; k=3; k=1"));
    }

    #[test]
    fn the_jar_is_bounded_and_shows_no_values() {
        let large = format!("k={}", "v".repeat(LARGEST));
        assert_eq!(jar("https://a.example/", &[&large]), Cookies::default());
        let many: Vec<_> = (0..MOST + 2).map(|number| format!("k{number}=v")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let cookies = jar("https://a.example/", &many);
        assert_eq!(cookies.kept.len(), MOST);
        assert!(cookies.header("https://a.example/").unwrap().starts_with("k2=v; "));
        assert_eq!(format!("{:?}", jar("https://a.example/", &["k=secret"])), r#"["k"]"#);
    }
}
