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
use crate::source::{SourceId, Sources, Span};
use crate::yaml::{self, Kind, Node};

/// How many steps one file may hold: each takes some kilobytes once it is read.
const MOST: usize = 200_000;

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
    if let Err(span) = count(&node, &mut 0) {
        diagnostics.too_long(span, MOST);
        return None;
    }
    let playbook = Playbook::from_node(&node, &mut reader::Reader { sources, diagnostics })?;
    playbook.secrets().into_iter().for_each(|span| sources.mask(span));
    Some(playbook)
}

/// Counts the steps in a node; tells the first that is too many.
fn count(node: &Node, steps: &mut usize) -> Result<(), Span> {
    let Kind::Map(entries) = &node.kind else { return Ok(()) };
    for entry in entries.iter().filter(|entry| matches!(entry.key.text(), Some("steps" | "cleanup"))) {
        let Kind::List(items) = &entry.value.kind else { continue };
        for item in items {
            *steps += 1;
            if *steps > MOST {
                return Err(item.span);
            }
            count(item, steps)?;
        }
    }
    Ok(())
}
