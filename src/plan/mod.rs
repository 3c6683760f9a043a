//! What will happen and what waits for what: a playbook with its names resolved and its defaults applied.
//!
//! Nothing here does I/O.

mod build;
mod inputs;
mod names;
mod texts;

use std::time::Duration;

use regex::Regex;

use crate::azure::cloud::Cloud;
use crate::azure::verdict::Access;
use crate::http::Statuses;
use crate::identity::Selector;
use crate::predicate::Predicate;
use crate::query::Query;
use crate::source::{SourceId, Span};
use crate::template::{Text, Tree};

pub use build::{GLOBALS, build};
pub use inputs::{Caller, Given, Lookup, Origin as InputOrigin, declared, has_secrets, resolve};

/// How long an attempt may take when nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A playbook, ready to be carried out.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub source: SourceId,
    /// What it is called.
    pub name: Option<Text>,
    /// The cloud; `None` when the VM is to be asked.
    pub cloud: Option<Cloud>,
    /// The identity of every step that names none.
    pub identity: Selector<Text>,
    /// What the caller gives.
    pub inputs: Vec<Input>,
    /// What is derived, when it is first used.
    pub vars: Vec<(String, Tree)>,
    /// The variables that the name uses.
    pub head: Vec<usize>,
    /// The steps, in the order of the file.
    pub steps: Vec<Step>,
}

/// Something the caller gives.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// What it is.
    pub declaration: crate::playbook::Input,
}

/// A step, ready to be carried out.
#[derive(Debug)]
pub struct Step {
    /// Which step of the playbook, from 0.
    pub index: usize,
    /// Its id; one made of its name or its action when none was given.
    pub id: String,
    /// What it is called.
    pub name: Option<Text>,
    /// The place that stands for it.
    pub span: Span,
    /// The words it can be selected by.
    pub tags: Vec<String>,
    /// Skipped when this is false.
    pub when: Option<Text>,
    /// The steps whose captures it uses, and the name of each capture.
    pub needs: Vec<(usize, String)>,
    /// The variables it uses, each behind those that it needs.
    pub vars: Vec<usize>,
    /// The names it uses of those that every playbook has.
    pub globals: Vec<&'static str>,
    /// What it does.
    pub action: Action,
    /// What must hold.
    pub assertions: Vec<Assertion>,
    /// What is captured.
    pub captures: Vec<Capture>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether bodies and captures are secret.
    pub sensitive: bool,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Acquires a token.
    Token(TokenRequest),
    /// Sends a request.
    Request(Box<Request>),
    /// Computes variables.
    Set(Vec<(String, Tree)>),
    /// Judges expressions.
    Assert(Vec<Text>),
}

impl Action {
    /// The key in a playbook.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Token(_) => "token",
            Action::Request(_) => "request",
            Action::Set(_) => "set",
            Action::Assert(_) => "assert",
        }
    }
}

/// Which token to acquire.
#[derive(Debug)]
pub struct TokenRequest {
    /// A short name or a resource; `arm` without it.
    pub resource: Option<Text>,
    /// The identity; the playbook's without it.
    pub identity: Option<Selector<Text>>,
    /// Whether a good token that is there will not do.
    pub fresh: bool,
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Where to.
    pub url: Text,
    /// How many bytes of the rendered `url` stand before the URL.
    pub prefix: usize,
    /// The `api-version`, and whether it is only a default.
    pub api_version: Option<(Text, bool)>,
    /// Parameters to add to the query.
    pub query: Vec<(String, Tree)>,
    /// Headers; later ones win.
    pub headers: Vec<(String, Text)>,
    /// The body.
    pub body: Body,
    /// Whose token it carries.
    pub auth: Auth,
    /// How many redirects are followed.
    pub redirects: u32,
}

/// The body of a request.
#[derive(Debug)]
pub enum Body {
    /// None.
    None,
    /// Sent as JSON.
    Json(Tree),
    /// Sent as a form.
    Form(Vec<(String, Tree)>),
    /// Sent as it is.
    Text(Text),
    /// The bytes of a file.
    File(Text),
}

/// Whose token a request carries.
#[derive(Debug)]
pub enum Auth {
    /// Resource Manager's for Resource Manager, none for others.
    Default,
    /// One for a resource (a short name, a URL, or `none`).
    Resource(Option<Text>, Option<Selector<Text>>),
    /// One of the playbook's own making.
    Bearer(Text),
}

/// Something that must hold.
#[derive(Debug)]
pub struct Assertion {
    /// Of what.
    pub subject: Subject,
    /// Where it stands.
    pub span: Span,
}

/// What an assertion is about, and what must hold of it.
#[derive(Debug)]
pub enum Subject {
    /// The status.
    Status(Statuses),
    /// What access control says.
    Access(Access),
    /// The action that a refusal names.
    Denied(Text),
    /// The code of the error answer.
    Error(Predicate<Tree>),
    /// A header.
    Header(String, Predicate<Tree>),
    /// The body, by a query.
    Json(Query, Predicate<Tree>),
    /// The token's claims, by a query.
    Claims(Query, Predicate<Tree>),
    /// The body as text.
    Text(Predicate<Tree>),
    /// The time from sending to the last byte, in milliseconds.
    Duration(Predicate<Tree>),
    /// An expression over the result.
    That(Text),
}

/// A name for a value of the result.
#[derive(Debug)]
pub struct Capture {
    /// The name.
    pub name: String,
    /// Where the value comes from.
    pub origin: Origin,
    /// Whether it is never shown.
    pub secret: bool,
    /// What it is when nothing is found.
    pub default: Option<Tree>,
    /// Where it stands.
    pub span: Span,
}

/// Where a captured value comes from.
#[derive(Debug)]
pub enum Origin {
    /// A query over the body.
    Json(Query),
    /// A query over the token's claims.
    Claims(Query),
    /// A header.
    Header(Text),
    /// A regular expression over the body as text.
    Regex(Regex),
    /// The body as text.
    Text,
    /// A template over the result.
    Template(Text),
}
