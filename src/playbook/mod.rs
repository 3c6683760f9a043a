//! The document the author wrote, every leaf with its place; its reader and its schema.

mod access;
mod check;
mod document;
mod expectation;
mod input;
mod leaf;
mod reader;
mod repeat;
mod request;
mod schema;
mod step;

use crate::diagnostic::Diagnostics;
use crate::source::{SourceId, Sources};
use crate::yaml;

pub use crate::yaml::Named;
pub use access::{Access, Assigned, Bound, Via};
pub use document::{Cloud, CloudName, Defaults, Endpoints, Identity, IdentitySource, Playbook};
pub use expectation::{Capture, Check, DurationCheck, Expectation, Origin, Queries, SchemaOrigin};
pub use input::{Input, InputType, Pattern};
pub use leaf::{Expression, Path, Period};
pub use repeat::{Each, Eventually, Items, Pages, Poll, Retry};
pub use request::{Auth, Method, Request, TokenRequest};
pub use schema::schema;
pub use step::{Action, Step};

/// Reads the playbook in a source. What cannot be understood stands in the diagnostics; `None` when nothing
/// usable is left. The defaults of secret inputs are masked in the source.
pub fn read(id: SourceId, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Playbook> {
    let node = yaml::parse(id, sources, diagnostics)?;
    let playbook = Playbook::from_node(&node, &mut reader::Reader { sources, diagnostics })?;
    playbook.secrets().into_iter().for_each(|span| sources.mask(span));
    Some(playbook)
}
