//! What is wrong with an input, where, and what to do: the diagnostic and its collector.
//!
//! [`catalog`] holds one method per message, [`explain`] a paragraph per code, [`render`] the look; [`pipeline`] keeps what is
//! printed from commanding those who read it.

pub mod catalog;
pub mod explain;
pub mod pipeline;
pub mod render;

use std::borrow::Cow;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used, but is likely not what was meant.
    Warning,
}

/// What a place is, in the story of one diagnostic.
#[derive(Clone, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What it is; may be empty.
    pub text: String,
    /// Whether this is the place of the fault itself.
    pub primary: bool,
}

/// One cause, told once.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// A stable kebab-case word; `mi-run explain` knows it.
    pub code: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub title: String,
    /// The places, the fault's own first.
    pub labels: Vec<Label>,
    /// Facts.
    pub notes: Vec<String>,
    /// What to type.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: impl Into<Cow<'static, str>>, title: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            title: title.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: impl Into<Cow<'static, str>>, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title) }
    }

    /// Adds the place of the fault.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: true });
        self
    }

    /// Adds a place that helps to understand.
    #[must_use]
    pub fn beside(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to type.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// Adds what to type, where something is known.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<impl Into<String>>) -> Self {
        self.helps.extend(text.map(Into::into));
        self
    }

    /// The place of the fault.
    pub fn primary(&self) -> Option<Span> {
        self.labels.iter().find(|label| label.primary).map(|label| label.span)
    }
}

/// Everything found so far.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether an error was found at a place inside this one.
    pub fn has_errors_in(&self, span: Span) -> bool {
        let is_inside = |place: Span| place.source == span.source && span.start <= place.start && place.end <= span.end;
        self.0.iter().filter_map(Diagnostic::primary).any(is_inside)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, sorted by place; those without a place come first.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by_key(|diagnostic| diagnostic.primary().map(|span| (span.source, span.start)));
        self.0
    }
}
