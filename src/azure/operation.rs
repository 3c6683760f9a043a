//! Long-running operations: what to ask next, and when they are over.
//!
//! Sources: azure-resource-manager-rpc, `async-api-reference.md`; MicrosoftDocs/azure-docs, `async-operations.md`; and
//! for what these leave open, how the Azure SDKs read answers (`arm_polling.py` for Python, `azcore` for Go) and the
//! scenarios that Microsoft tests them with (`Azure/autorest.testserver`, `lros.js`).

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::error::ArmError;
use super::link::{Link, follow};
use super::patience::{is_passing, wait_said};

/// The first answer, or one to a poll.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The first value of a header, whose name is given in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The body.
    pub body: Body<'a>,
    /// When it came, for a `Retry-After` that is a date.
    pub now: SystemTime,
}

/// A body, as far as an operation looks into it.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Not a byte.
    Empty,
    /// JSON; the literal `null`, which providers send in place of nothing, included.
    Json(&'a Value),
    /// Something that is not JSON.
    Other,
}

impl<'a> Body<'a> {
    /// The JSON of a body that says something.
    fn json(self) -> Option<&'a Value> {
        match self {
            Body::Json(value) if !value.is_null() => Some(value),
            _ => None,
        }
    }

    /// Why there is no JSON.
    fn lack(self) -> &'static str {
        match self {
            Body::Empty => "its body is empty",
            Body::Json(Value::Null) => "its body is `null`",
            Body::Json(_) => "its body does not say it",
            Body::Other => "its body is not JSON",
        }
    }
}

/// What the first answer begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing that runs: the answer is the result, or an error.
    Done,
    /// An operation that runs.
    Running(Operation),
    /// An operation that is over already, and failed: its state as sent, and its error.
    Failed {
        /// The state, as sent.
        status: String,
        /// The error, if the body holds one.
        error: Option<ArmError>,
    },
    /// An operation that cannot be followed: why. It was accepted nevertheless.
    Refused(String),
}

/// What an answer to a poll says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operation runs still, or the poll met a passing fault: wait, and poll again.
    Running,
    /// The operation succeeded.
    Finished {
        /// The URL whose answer is the result; without one, this answer is.
        get: Option<String>,
    },
    /// The operation failed or was cancelled.
    Failed {
        /// The state, as sent.
        status: String,
        /// The error, if the body holds one.
        error: Option<ArmError>,
    },
    /// The operation goes on, but how cannot be known: why.
    Broken(String),
}

/// An operation that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    kind: Kind,
    style: Style,
    url: String,
    poll: String,
    location: Option<String>,
    wait: Option<Duration>,
}

/// What the method makes of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `PUT` and `PATCH`: its result is the resource.
    Write,
    /// `DELETE`: it has no result.
    Delete,
    /// All others: the result is at the `Location`.
    Other,
}

/// What is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// The operation, at its `Azure-AsyncOperation`.
    Status,
    /// The result, at its `Location`.
    Location,
    /// The resource.
    Resource,
}

/// What a word for a state means.
enum State {
    Succeeded,
    Failed,
    Running,
}

impl State {
    /// Reads the word of a `status` or `provisioningState`: all but the terminal ones mean that it runs.
    fn of(word: &str) -> State {
        match word.to_ascii_lowercase().as_str() {
            "succeeded" => State::Succeeded,
            "failed" | "canceled" | "cancelled" => State::Failed,
            _ => State::Running,
        }
    }
}

impl Operation {
    /// Reads the first answer, to a request of this method and URL.
    pub fn begin(method: &str, url: &str, answer: &Answer<'_>) -> Begun {
        if !matches!(answer.status, 200..=202) {
            return Begun::Done;
        }
        let kind = match method.to_ascii_uppercase().as_str() {
            "PUT" | "PATCH" => Kind::Write,
            "DELETE" => Kind::Delete,
            _ => Kind::Other,
        };
        let (status_url, location) = (link(answer, "azure-asyncoperation"), link(answer, "location"));
        let state = provisioning_state(answer.body).filter(|_| kind == Kind::Write);
        let (style, poll) = match (answer.status, state.map(State::of)) {
            // What is polled is at a URL of its own, and the state of the resource is not yet that of the operation.
            (202, _) | (_, None | Some(State::Running)) if status_url.is_some() => (Style::Status, status_url),
            (202, _) | (_, Some(State::Running)) if location.is_some() => (Style::Location, location.clone()),
            (202, _) if kind == Kind::Write => (Style::Resource, None),
            (202, _) => return Begun::Refused(format!("the answer {} says nowhere how to follow it", answer.status)),
            (_, Some(State::Succeeded)) => return Begun::Done,
            (_, Some(State::Failed)) => {
                let status = state.unwrap_or_default().to_owned();
                return Begun::Failed { status, error: error(answer.body) };
            }
            (_, Some(State::Running)) => (Style::Resource, None),
            (201, None) if location.is_some() => (Style::Location, location.clone()),
            (201, None) if kind == Kind::Write && matches!(answer.body, Body::Empty | Body::Json(Value::Null)) => {
                (Style::Resource, None)
            }
            (_, None) if kind == Kind::Write && matches!(answer.body, Body::Other) => {
                return Begun::Refused("the body is not JSON, so it does not say whether the operation is over".into());
            }
            (_, None) => return Begun::Done,
        };
        let poll = match follow(url, poll.as_deref().unwrap_or(url)) {
            Link::Here(poll) => poll,
            other => return Begun::Refused(astray(&other)),
        };
        let wait = wait_said(answer.header, answer.now);
        Begun::Running(Self { kind, style, url: url.to_owned(), poll, location, wait })
    }

    /// The URL to ask with `GET`.
    pub fn poll(&self) -> &str {
        &self.poll
    }

    /// How long the last answer asks to wait before that; nothing when it does not say.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// Reads the answer to a poll. A passing fault (408, 429, 5xx) means that the operation runs still: how often that is
    /// borne is up to the caller, who also renews the token on a 401 and polls again before telling it here.
    pub fn answer(&mut self, answer: &Answer<'_>) -> Step {
        self.wait = wait_said(answer.header, answer.now);
        if is_passing(answer.status) {
            return Step::Running;
        }
        if !(200..300).contains(&answer.status) {
            let error = answer.body.json().and_then(ArmError::read).filter(|error| !error.code.is_empty());
            let code = error.map(|error| format!(", `{}`", error.code)).unwrap_or_default();
            return Step::Broken(format!("the poll was answered with status {}{code}", answer.status));
        }
        if let Some(location) = link(answer, "location") {
            self.location = Some(location);
        }
        let step = match self.style {
            Style::Status => self.of_status(answer),
            Style::Location => self.of_location(answer),
            Style::Resource => of_resource(answer),
        };
        if step == Step::Running { self.move_on(answer) } else { step }
    }

    /// What a body with the `status` of the operation says.
    fn of_status(&self, answer: &Answer<'_>) -> Step {
        let status = answer.body.json().and_then(|body| body.get("status")).and_then(Value::as_str);
        let Some(status) = status.filter(|status| !status.is_empty()) else {
            let lack = answer.body.lack();
            return Step::Broken(format!("an answer {} to a poll has no `status`: {lack}", answer.status));
        };
        match State::of(status) {
            State::Running => Step::Running,
            State::Failed => failed(status, answer.body),
            State::Succeeded => match (self.kind, &self.location) {
                (Kind::Write, _) => Step::Finished { get: Some(self.url.clone()) },
                (Kind::Other, Some(location)) => match follow(&self.url, location) {
                    Link::Here(url) => Step::Finished { get: Some(url) },
                    other => Step::Broken(format!("the operation succeeded, but {}", astray(&other))),
                },
                (Kind::Delete | Kind::Other, _) => Step::Finished { get: None },
            },
        }
    }

    /// What an answer at the `Location` says: 202 while it runs, then the result. A result that tells of a failure is
    /// one; while a resource that is written or deleted says that it runs, so does the operation.
    fn of_location(&self, answer: &Answer<'_>) -> Step {
        if answer.status == 202 {
            return Step::Running;
        }
        let whole = answer.body.json();
        // An operation in place of its result, as some providers send it, has an error beside its status.
        let status =
            whole.filter(|body| body.get("error").is_some_and(Value::is_object)).and_then(|body| body.get("status"));
        let Some(state) = status.and_then(Value::as_str).or_else(|| provisioning_state(answer.body)) else {
            return Step::Finished { get: None };
        };
        match State::of(state) {
            State::Failed => failed(state, answer.body),
            State::Running if self.kind != Kind::Other => Step::Running,
            State::Running | State::Succeeded => Step::Finished { get: None },
        }
    }

    /// Follows the links of an answer that is not the last: they may move.
    fn move_on(&mut self, answer: &Answer<'_>) -> Step {
        let moved = match self.style {
            Style::Status => link(answer, "azure-asyncoperation"),
            Style::Location => link(answer, "location"),
            Style::Resource => None,
        };
        match moved.map(|moved| follow(&self.poll, &moved)) {
            None => {}
            Some(Link::Here(poll)) => self.poll = poll,
            Some(other) => return Step::Broken(astray(&other)),
        }
        Step::Running
    }
}

/// What the resource itself says: without a state, it is there.
fn of_resource(answer: &Answer<'_>) -> Step {
    if answer.status == 202 {
        return Step::Running;
    }
    if answer.body.json().is_none() {
        let lack = answer.body.lack();
        return Step::Broken(format!("an answer {} to a poll shows no resource: {lack}", answer.status));
    }
    match provisioning_state(answer.body) {
        None => Step::Finished { get: None },
        Some(state) => match State::of(state) {
            State::Running => Step::Running,
            State::Failed => failed(state, answer.body),
            State::Succeeded => Step::Finished { get: None },
        },
    }
}

fn failed(status: &str, body: Body<'_>) -> Step {
    Step::Failed { status: status.to_owned(), error: error(body) }
}

/// The error of an operation or of a resource, which a deployment keeps among its properties.
fn error(body: Body<'_>) -> Option<ArmError> {
    let body = body.json()?;
    ArmError::read(body.get("error").or_else(|| body.pointer("/properties/error"))?)
}

fn provisioning_state(body: Body<'_>) -> Option<&str> {
    body.json()?.pointer("/properties/provisioningState")?.as_str().filter(|state| !state.is_empty())
}

/// A header that holds a link; an empty one holds none.
fn link(answer: &Answer<'_>, name: &str) -> Option<String> {
    let value = (answer.header)(name)?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Why a link is not followed, as a clause.
fn astray(link: &Link) -> String {
    match link {
        Link::Here(url) => format!("`{url}` is not followed"),
        Link::Foreign(url) => format!("its link leads to another host, where the token must not go: `{url}`"),
        Link::Broken(why) => format!("its link is broken: {why}"),
    }
}

#[cfg(test)]
mod tests;
