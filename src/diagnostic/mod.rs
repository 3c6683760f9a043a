//! What is wrong with an input, where, and what to do: the diagnostic and its collector.
//!
//! [`catalog`] holds one method per message, [`explain`] a paragraph per code, [`render`] the look; [`pipeline`] keeps what is
//! printed from commanding those who read it.

pub mod catalog;
pub mod explain;
pub mod pipeline;
pub mod render;

use std::borrow::Cow;

use crate::nearest::nearest;
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

/// How many diagnostics of a severity are kept. Nobody reads more, and a file of rubbish has one for each line.
const MOST: usize = 500;

/// How many errors are worth more work than to be told.
const FEW: usize = 50;

/// Everything found so far.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    /// How many there are of each severity, errors first.
    counts: [usize; 2],
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let count = &mut self.counts[diagnostic.severity as usize];
        *count += 1;
        if *count <= MOST {
            self.kept.push(diagnostic);
        }
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.counts[Severity::Error as usize] > 0
    }

    /// Whether an error was found at a place inside this one.
    pub fn has_errors_in(&self, span: Span) -> bool {
        let is_inside = |place: Span| place.source == span.source && span.start <= place.start && place.end <= span.end;
        self.kept.iter().filter_map(Diagnostic::primary).any(is_inside)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether there are so few errors that each is worth some work.
    pub(crate) fn are_few(&self) -> bool {
        self.counts[Severity::Error as usize] < FEW
    }

    /// How many are not kept.
    pub fn left_out(&self) -> usize {
        self.count() - self.kept.len()
    }

    /// Counts others that are not kept: as many as were left out elsewhere.
    pub fn leave_out(&mut self, errors: usize) {
        self.counts[Severity::Error as usize] += errors;
    }

    /// The known name that was probably meant; none once there are too many errors for anybody to be helped.
    pub(crate) fn near<'a>(&self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        // Of the names that a file declares only the first are compared.
        if self.counts[Severity::Error as usize] < MOST {
            nearest(name, known.into_iter().take(2 * MOST))
        } else {
            None
        }
    }

    /// All that are kept, sorted by place; those without a place come first.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|diagnostic| diagnostic.primary().map(|span| (span.source, span.start)));
        self.kept
    }
}
