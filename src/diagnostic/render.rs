//! Diagnostics as text, in cargo's shape: title, the underlined source, notes and help.

use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::pipeline::disarm_inside;
use super::{Diagnostic, Label, Severity};
use crate::source::{SourceId, Sources};

/// How diagnostics look.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours.
    pub color: bool,
    /// Width of the terminal in columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 140 }
    }
}

/// One diagnostic as text, with a line break at its end.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut seen: Vec<SourceId> = Vec::new();
    for label in &diagnostic.labels {
        if !seen.contains(&label.span.source) {
            seen.push(label.span.source);
            elements.push(snippet(&diagnostic.labels, label.span.source, sources).into());
        }
    }
    let helps = diagnostic.helps.iter().map(|text| Level::HELP.message(printable(text)));
    let notes = diagnostic.notes.iter().map(|text| Level::NOTE.message(printable(text)));
    let title = level.primary_title(printable(&diagnostic.title)).id(&*diagnostic.code);
    let group: Group<'_> = title.elements(elements).elements(notes).elements(helps);
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width).decor_style(DecorStyle::Ascii);
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// The lines of one source that the labels touch, and all between them.
fn snippet<'a>(labels: &[Label], id: SourceId, sources: &'a Sources) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.get(id);
    let here = labels.iter().filter(|label| label.span.source == id);
    let lines = here.clone().map(|label| {
        let range = label.span.range();
        let last = range.end.saturating_sub(1).max(range.start);
        (source.position(range.start).line as usize, source.position(last).line as usize)
    });
    let (first, last) = lines.fold((usize::MAX, 0), |(a, b), (start, end)| (a.min(start), b.max(end)));
    let first_line = source.line(first);
    let start = first_line.as_ptr() as usize - source.text().as_ptr() as usize;
    let last_line = source.line(last);
    let end = last_line.as_ptr() as usize - source.text().as_ptr() as usize + last_line.len();
    let (shown, moved) = disarm_inside(source.slice(start..end));
    let annotations = here.map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = label.span.range();
        let from = range.start.clamp(start, end) - start;
        let to = range.end.clamp(start, end) - start;
        kind.span(moved(from)..moved(to.max(from))).label(printable(&label.text))
    });
    Snippet::source(shown).path(printable(source.name())).line_start(first).fold(true).annotations(annotations)
}

/// The text with everything that could command a terminal shown instead of sent: control
/// characters but line breaks and tabs, and the marks that reorder text.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if commands_terminal(character) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a terminal does something other than to show the character where it stands.
pub(crate) fn commands_terminal(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Span};

    #[test]
    fn a_diagnostic_shows_both_places_and_the_help() {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("a.yaml", "one: 1\ntwo: 2\nthree: 3\n"));
        let diagnostic = Diagnostic::error("unknown-key", "unknown key `two`")
            .at(Span::new(id, 7, 10), "not a key")
            .beside(Span::new(id, 0, 3), "first")
            .note("a fact")
            .help("type this");
        let expected = "error[unknown-key]: unknown key `two`
 --> a.yaml:2:1
  |
1 | one: 1
  | --- first
2 | two: 2
  | ^^^ not a key
  |
  = note: a fact
  = help: type this
";
        assert_eq!(render(&diagnostic, &sources, Style::default()), expected);
    }

    #[test]
    fn what_commands_a_terminal_is_shown_not_sent() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\nd");
    }
}
