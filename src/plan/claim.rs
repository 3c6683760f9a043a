//! What a step of the plan claims of its result, and what it captures from it.

use crate::azure::verdict::Access;
use crate::http::Statuses;
use crate::pattern::Regex;
use crate::predicate::Predicate;
use crate::query::Query;
use crate::shape::Shape;
use crate::source::Span;
use crate::template::{Text, Tree};

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
    /// The body, by a JSON Schema.
    Schema(Shape),
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
