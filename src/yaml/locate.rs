//! From a range inside a decoded scalar back to the bytes of the file.

use std::ops::Range;

use crate::source::{Sources, Span};

/// The place of `range` of the decoded text `decoded`, whose scalar stands at `span`.
///
/// Follows escapes and doubled quotes of quoted scalars, folded lines, the indentation of block
/// scalars and CRLF line breaks.
pub fn locate(sources: &Sources, span: Span, decoded: &str, range: Range<usize>) -> Span {
    let source = sources.get(span.source);
    let raw = source.slice(span.range());
    let style = match (block_indentation(source.slice(0..span.start as usize)), raw.as_bytes().first()) {
        (Some(indentation), _) => Style::Block(indentation),
        (None, Some(b'"')) => Style::Double,
        (None, Some(b'\'')) => Style::Single,
        (None, _) => Style::Plain,
    };
    let mut walk = Walk { raw, style, at: usize::from(matches!(style, Style::Double | Style::Single)) };
    let mut start = None;
    let mut end = walk.at;
    for (offset, character) in decoded.char_indices() {
        if offset >= range.end {
            break;
        }
        let (from, to) = walk.step(character);
        if offset >= range.start {
            start.get_or_insert(from);
        }
        end = to;
    }
    let base = span.start as usize;
    let start = start.unwrap_or(end);
    Span::new(span.source, base + start, base + end.max(start))
}

/// How far a block scalar is indented, when the text before it ends with the header of one (`|`, `>-`,
/// `|2 # note`).
fn block_indentation(before: &str) -> Option<usize> {
    let head = before.trim_end_matches(' ');
    let indentation = before.len() - head.len();
    let head = head.strip_suffix('\n')?;
    let line = head.trim_end().rsplit('\n').next().unwrap_or("");
    let line = line.split(" #").next().unwrap_or("").trim_end();
    let marks = line.trim_end_matches(|character: char| character.is_ascii_digit() || matches!(character, '+' | '-'));
    marks.ends_with(['|', '>']).then_some(indentation)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Block(usize),
}

struct Walk<'a> {
    raw: &'a str,
    style: Style,
    at: usize,
}

impl Walk<'_> {
    /// Moves behind the next decoded character; where it stands in the raw text.
    fn step(&mut self, decoded: char) -> (usize, usize) {
        let rest = &self.raw[self.at..];
        let Some(next) = rest.chars().next() else {
            return (self.at, self.at);
        };
        let from = self.at;
        if self.style == Style::Double && next == '\\' {
            let length = escape_length(rest);
            if rest[1..].starts_with(['\n', '\r']) {
                // An escaped line break stands for nothing.
                self.at += length;
                self.skip_blank();
                return self.step(decoded);
            }
            self.at += length;
            return (from, self.at);
        }
        if self.style == Style::Single && rest.starts_with("''") {
            self.at += 2;
            return (from, self.at);
        }
        let breaks = rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
        if matches!(decoded, ' ' | '\n') && breaks {
            self.skip_break();
            if decoded == ' ' || !self.rest_begins_with_break() {
                self.skip_indentation();
            }
            return (from, self.at);
        }
        if next != decoded && (next.is_whitespace() || breaks) {
            self.skip_blank();
            return self.step_or_stop(decoded, from);
        }
        self.at += next.len_utf8();
        (from, self.at)
    }

    fn step_or_stop(&mut self, decoded: char, from: usize) -> (usize, usize) {
        if self.at == from { (from, from) } else { self.step(decoded) }
    }

    fn rest_begins_with_break(&self) -> bool {
        self.raw[self.at..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
    }

    fn skip_break(&mut self) {
        self.skip_indentation();
        let rest = &self.raw[self.at..];
        let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
        self.at += length;
    }

    fn skip_indentation(&mut self) {
        let rest = &self.raw[self.at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.at += match self.style {
            // What is indented further is text.
            Style::Block(indentation) => blanks.min(indentation),
            _ => blanks,
        };
    }

    fn skip_blank(&mut self) {
        let rest = &self.raw[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
}

/// The length of the escape at the start of a double-quoted text.
fn escape_length(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    let digits = match characters.next() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(other) => return 1 + other.len_utf8(),
        None => return 1,
    };
    rest.char_indices().nth(2 + digits).map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Source;
    use crate::yaml::{Kind, parse};

    /// Parses `text`, whose value under the one key holds `needle`, and gives the bytes found for it.
    fn check(text: &str, needle: &str, expected: &str, position: (u32, u32)) {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("x", text));
        let node = parse(id, &sources, &mut Diagnostics::new()).expect("valid YAML");
        let Kind::Map(entries) = node.kind else { panic!("a map") };
        let value = &entries.last().expect("an entry").value;
        let decoded = value.text().expect("text");
        let start = decoded.find(needle).expect("the needle");
        let span = locate(&sources, value.span, decoded, start..start + needle.len());
        let place = sources.get(id).position(span.start as usize);
        assert_eq!((sources.text(span), (place.line, place.column)), (expected, position), "{text:?}");
    }

    #[test]
    fn ranges_are_found_in_every_style_of_scalar() {
        check("a: x {{ y }}", "y", "y", (1, 9));
        check("a: \"é {{ y }}\"", "y", "y", (1, 10));
        check("a: \"\\u00e9\\n {{ y }}\"", "y", "y", (1, 17));
        check("a: 'it''s {{ y }}'", "y", "y", (1, 14));
        check("a: |\n  one\n  two {{ y }}\n", "y", "y", (3, 10));
        check("a: |\r\n  one\r\n\r\n  two {{ y }}\r\n", "y", "y", (4, 10));
        check("a: >-\n  one\n  two {{ y }}\n\n  three {{ z }}\n", "z", "z", (5, 12));
        check("a: >-\n  one\n  two {{ y }}\n", "y", "y", (3, 10));
        check("a: one\n  two {{ y }}\n", "y", "y", (2, 10));
        check("a: \"one\n\n  two {{ y }}\"\n", "y", "y", (3, 10));
        check("a: \"one \\\n  two {{ y }}\"\n", "y", "y", (2, 10));
        check("\u{feff}a: 1\r\nb: \"ü {{ y }}\"", "y", "y", (2, 10));
        check("a: |\n  \"quoted\" {{ y }}\n", "y", "y", (2, 15));
        check("a: |-\n    deep\n      deeper {{ y }}\n", "y", "y", (3, 17));
    }

    #[test]
    fn a_range_behind_the_text_is_the_end() {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("x", "a: bc"));
        let span = locate(&sources, Span::new(id, 3, 5), "bc", 7..9);
        assert_eq!((span.start, span.end), (5, 5));
    }
}
