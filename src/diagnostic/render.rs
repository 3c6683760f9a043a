//! Diagnostics as text, in cargo's shape: title, the underlined source, notes and help.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::pipeline::disarm_inside;
use super::{Diagnostic, Label, Severity};
use crate::source::{Position, Source, SourceId, Sources};

/// How many bytes of a source are shown, with all between several labels; of more, only what stands around each.
const MOST_SHOWN: usize = 64 << 10;

/// How many bytes before and behind a label that is.
const AROUND: usize = 2048;

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
    let mut is_cut = false;
    for label in &diagnostic.labels {
        let id = label.span.source;
        let here = || diagnostic.labels.iter().filter(|label| label.span.source == id);
        let source = sources.get(id);
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let lines = lines(source, here());
        if lines.len() <= MOST_SHOWN {
            elements.push(snippet(source, &lines, here()).path(printable(source.name())).into());
            continue;
        }
        is_cut = true;
        for label in here() {
            let Position { line, column } = source.position(label.span.range().start);
            let origin = Origin::path(printable(source.name())).line(line as usize).char_column(column as usize);
            elements.push(origin.into());
            elements.push(snippet(source, &around(source, label), std::iter::once(label)).into());
        }
    }
    let helps = diagnostic.helps.iter().map(|text| Level::HELP.message(printable(text)));
    let notes = diagnostic.notes.iter().map(|text| Level::NOTE.message(printable(text)));
    let title = level.primary_title(printable(&diagnostic.title)).id(&*diagnostic.code);
    let group: Group<'_> = title.elements(elements).elements(notes).elements(helps);
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width).decor_style(DecorStyle::Ascii);
    let mut text = renderer.render(&[group]);
    if is_cut {
        text = text.lines().filter(|line| !is_nameless(line)).collect::<Vec<_>>().join("\n");
    }
    text.push('\n');
    text
}

/// Whether a line leads on to a part of a source without saying which: what stands above it has said so.
fn is_nameless(line: &str) -> bool {
    line.trim_end_matches("\u{1b}[0m").trim_end().ends_with(":::") && !line.contains('|')
}

/// The lines of a source that the labels touch, and all between them.
fn lines<'l>(source: &Source, labels: impl Iterator<Item = &'l Label>) -> Range<usize> {
    let lines = labels.map(|label| {
        let range = label.span.range();
        let last = range.end.saturating_sub(1).max(range.start);
        (source.position(range.start).line as usize, source.position(last).line as usize)
    });
    let (first, last) = lines.fold((usize::MAX, 0), |(a, b), (start, end)| (a.min(start), b.max(end)));
    extent(source, first).start..extent(source, last).end
}

/// Where a line is, without its line break.
fn extent(source: &Source, line: usize) -> Range<usize> {
    let text = source.line(line);
    let start = text.as_ptr() as usize - source.text().as_ptr() as usize;
    start..start + text.len()
}

/// What stands around a label on its first line.
fn around(source: &Source, label: &Label) -> Range<usize> {
    let start = label.span.range().start;
    let line = extent(source, source.position(start).line as usize);
    let is_whole = |at: &usize| source.text().is_char_boundary(*at);
    let from = line.start.max(start.saturating_sub(AROUND));
    let to = line.end.min(start.saturating_add(AROUND));
    (from..start).find(is_whole).unwrap_or(start)..(start..=to).rfind(is_whole).unwrap_or(start)
}

/// A part of a source with the labels in it.
fn snippet<'a, 'l>(
    source: &'a Source,
    part: &Range<usize>,
    labels: impl Iterator<Item = &'l Label>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (shown, moved) = disarm_inside(source.slice(part.clone()));
    let annotations = labels.map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = label.span.range();
        let from = range.start.clamp(part.start, part.end) - part.start;
        let to = range.end.clamp(part.start, part.end) - part.start;
        kind.span(moved(from)..moved(to.max(from))).label(printable(&label.text))
    });
    let line = source.position(part.start).line as usize;
    Snippet::source(shown).line_start(line).fold(true).annotations(annotations)
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
    use crate::source::Span;

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
    fn of_long_lines_and_far_places_only_what_stands_around_is_shown() {
        let mut sources = Sources::new();
        let line = format!("[{}é, two, {}]", "one, ".repeat(20_000), "three, ".repeat(20_000));
        let at = line.find("two").unwrap();
        let text = format!("a: 1\n{}b: {line}\na: 2\n", "#\n".repeat(40_000));
        let long = text.find(&line).unwrap() + at;
        let far = text.len() - 5;
        let id = sources.add(Source::new("a.yaml", text));
        let diagnostic = Diagnostic::error("duplicate-key", "key `a` stands twice")
            .at(Span::new(id, far, far + 1), "second")
            .beside(Span::new(id, 0, 1), "first")
            .beside(Span::new(id, long, long + 3), "between");
        let style = Style { width: 40, ..Style::default() };
        let shown = "error[duplicate-key]: key `a` stands twice
     --> a.yaml:40003:1
      |
40003 | a: 2
      | ^ second
     ::: a.yaml:1:1
      |
    1 | a: 1
      | - first
     ::: a.yaml:40002:100008
      |
40002 | ...ne, é, two, three, three, ...
      |           --- between
";
        assert_eq!(render(&diagnostic, &sources, style), shown);
        let colored = render(&diagnostic, &sources, Style { color: true, ..style });
        assert_eq!(colored.lines().count(), shown.lines().count());
    }

    #[test]
    fn what_commands_a_terminal_is_shown_not_sent() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\nd");
    }
}
