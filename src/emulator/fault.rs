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
    Cut(u64),
    /// The connection is closed without an answer.
    Close,
    /// So many bytes of the body are sent each second.
    Slow(u64),
    /// The answer claims to be of this content type.
    ContentType(String),
    /// The body is no longer JSON.
    Garbage,
    /// The token that is given, or that the request bears, counts as expired.
    ExpiredToken,
    /// The answer is 429, to be tried again after so long.
    Throttle(Duration),
}
