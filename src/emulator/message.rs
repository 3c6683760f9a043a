//! Requests and responses as plain values.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// Which of the emulated servers a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The VM's metadata and identity endpoint.
    Imds,
    /// Resource Manager.
    Arm,
    /// The token authority.
    Authority,
    /// What watches and moves the emulator itself.
    Control,
}

/// An HTTP request, with when and where it came in.
#[derive(Clone, Debug)]
pub struct Request {
    /// The server it came to.
    pub door: Door,
    /// The method, as sent.
    pub method: String,
    /// The path and the query, as sent.
    pub target: String,
    /// The headers, as sent and in that order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Scheme, host and port that the client knows this server by, such as `https://127.0.0.1:41002`.
    pub origin: String,
    /// When it came in.
    pub now: Timestamp,
}

impl Request {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// All headers of this name.
    pub fn headers_named<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// A file that has to be there before the response is: its path and what is in it.
    pub file: Option<Box<(PathBuf, Vec<u8>)>>,
    /// How the connection treats it.
    pub wire: Wire,
    /// Whether a fault of the world had a hand in it.
    pub fault: bool,
    /// What was asked for and how it was decided, for those who watch.
    pub reason: Option<Box<Reason>>,
}

/// How a connection treats a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// How long it is held back.
    pub delay: Option<Duration>,
    /// After how many bytes of the body the connection is closed.
    pub cut: Option<u32>,
    /// Whether the connection is closed without it.
    pub close: bool,
    /// How many bytes of the body are sent each second.
    pub slow: Option<u32>,
}

/// Who asked for what, and how access control decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The object id of who asked.
    pub principal: String,
    /// The name of who asked, or the object id where there is no name.
    pub caller: String,
    /// The operation's name.
    pub operation: String,
    /// The scope at which it was checked.
    pub scope: String,
    /// The decision in words: `allowed by Reader at /subscriptions/…`.
    pub decision: String,
}

impl Response {
    /// A response without a body.
    pub fn empty(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            file: None,
            wire: Wire::default(),
            fault: false,
            reason: None,
        }
    }

    /// A response whose body is JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Response {
        Response::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A response whose body is text of this content type.
    pub fn text(status: u16, content_type: &str, body: String) -> Response {
        Response { body: body.into_bytes(), ..Response::empty(status) }.with("Content-Type", content_type)
    }

    /// The same response with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
