//! From spans to the places of events.

use crate::diagnostic::Diagnostic;
use crate::event::{Place, Problem};
use crate::source::{Sources, Span};

/// A span as a place.
pub(super) fn place(sources: &Sources, span: Span) -> Place {
    let source = sources.get(span.source);
    let position = source.position(span.start as usize);
    Place {
        path: source.shared_name(),
        line: position.line,
        column: position.column,
        length: span.end.saturating_sub(span.start),
    }
}

/// A diagnostic as an event tells it; without a place of its own it stands at `fallback`.
pub(super) fn problem(sources: &Sources, diagnostic: Diagnostic, fallback: Span) -> Problem {
    let label = diagnostic.labels.iter().find(|label| label.primary);
    Problem {
        code: diagnostic.code,
        place: Some(place(sources, label.map_or(fallback, |label| label.span))),
        label: label.map(|label| label.text.clone()).unwrap_or_default(),
        title: diagnostic.title,
        notes: diagnostic.notes,
        helps: diagnostic.helps,
    }
}
