//! Faults: what goes wrong on purpose, as data.

use std::time::Duration;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which requests it concerns.
    pub when: When,
    /// How many of them; all without a number.
    pub times: Option<u32>,
    /// How long the answer is held back.
    pub delay: Option<Duration>,
    /// What comes instead of the answer, or what is done to it.
    pub effect: Option<Effect>,
}

/// Which requests a fault concerns; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The method.
    pub method: Option<String>,
    /// A glob over the path: `*` stands for any run within a segment, `**` for any run; case does not matter.
    pub path: Option<String>,
}

/// What is done to an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Another answer is given.
    Answer {
        /// The status.
        status: u16,
        /// The headers, beside those that every answer carries.
        headers: Vec<(String, String)>,
        /// The body; without one what Azure says with that status.
        body: Option<String>,
    },
    /// The connection is closed after so many bytes of the body.
    Cut(u32),
    /// The connection is closed without an answer.
    Close,
    /// So many bytes of the body are sent each second.
    Slow(u32),
    /// The answer claims to be of this content type.
    ContentType(String),
    /// The body is no longer JSON.
    Garbage,
    /// The token that is given, or that the request bears, counts as expired.
    ExpiredToken,
    /// The answer is 429, to be tried again after so long.
    Throttle(Duration),
}

impl When {
    /// Whether a request is concerned.
    pub(crate) fn covers(&self, method: &str, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|glob| matches(glob.as_bytes(), path.as_bytes()))
    }
}

/// Whether a glob matches the whole of a path. Each star is tried from its shortest run on, and only the last of each
/// kind is ever gone back to, so that no glob is slow.
fn matches(glob: &[u8], path: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where to go on after a star of each kind, and how far it has read.
    let mut star: Option<(usize, usize)> = None;
    let mut stars: Option<(usize, usize)> = None;
    loop {
        match glob.get(at..) {
            Some([b'*', b'*', ..]) => {
                at += 2;
                (stars, star) = (Some((at, read)), None);
                continue;
            }
            Some([b'*', ..]) => {
                at += 1;
                star = Some((at, read));
                continue;
            }
            Some([wanted, ..]) if path.get(read).is_some_and(|byte| byte.eq_ignore_ascii_case(wanted)) => {
                (at, read) = (at + 1, read + 1);
                continue;
            }
            Some([]) if read == path.len() => return true,
            _ => {}
        }
        if let Some((after, from)) = star.filter(|(_, from)| path.get(*from).is_some_and(|byte| *byte != b'/')) {
            (at, read, star) = (after, from + 1, Some((after, from + 1)));
        } else if let Some((after, from)) = stars.filter(|(_, from)| *from < path.len()) {
            (at, read, star, stars) = (after, from + 1, None, Some((after, from + 1)));
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(glob: &str, path: &str, expected: bool) {
        assert_eq!(matches(glob.as_bytes(), path.as_bytes()), expected, "`{glob}` on `{path}`");
    }

    #[test]
    fn globs_match() {
        check("/metadata/identity/**", "/metadata/identity/oauth2/token", true);
        check("/metadata/identity/**", "/metadata/instance", false);
        check("**/resourceGroups/DevTest", "/subscriptions/s/resourcegroups/devtest", true);
        check("**/resourceGroups/DevTest", "/subscriptions/s/resourceGroups/DevTest/providers", false);
        check("/subscriptions/*/resourceGroups", "/subscriptions/s/resourceGroups", true);
        check("/subscriptions/*", "/subscriptions/s/resourceGroups", false);
        check("**", "", true);
        check("*", "", true);
        check("", "", true);
        check("", "/", false);
        check("/a*/b*c", "/ax/bcbc", true);
        check("**/a/*", "/a/x/a/y", true);
        check("**a*b", "/xa/yb/aab", true);
    }

    /// The same, slowly and plainly.
    fn plainly(glob: &[u8], path: &[u8]) -> bool {
        match (glob, path) {
            ([b'*', b'*', rest @ ..], _) => (0..=path.len()).any(|skip| plainly(rest, &path[skip..])),
            ([b'*', rest @ ..], _) => {
                let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
                (0..=end).any(|skip| plainly(rest, &path[skip..]))
            }
            ([wanted, rest @ ..], [byte, after @ ..]) => wanted == byte && plainly(rest, after),
            (glob, path) => glob.is_empty() && path.is_empty(),
        }
    }

    proptest! {
        #[test]
        fn matches_as_the_plain_way_does(glob in "[ab/*]{0,8}", path in "[ab/]{0,10}") {
            prop_assert_eq!(matches(glob.as_bytes(), path.as_bytes()), plainly(glob.as_bytes(), path.as_bytes()));
        }
    }
}
