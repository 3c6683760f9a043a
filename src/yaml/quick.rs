//! The quick way from text to tree, for what nearly all files are made of.
//!
//! Through serde the library records and replays every key and hands each place over as a map of maps, which takes three
//! times as long as the parsing. So the events of its parser are read here as they come. What is out of the ordinary is left
//! to the whole way: anchors, tags, merge keys, keys that are no text or come twice, several documents, and everything that
//! is wrong. A test holds that both ways give the same tree.

use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle, Span as Place, StrInput};

use super::{DEEPEST, Entry, Kind, MOST, Node, Raw, close, options};
use crate::source::{Source, SourceId, Span};

/// Maps of more keys than this are left to the whole way: each key is compared with those before it.
const KEYS: usize = 64;

/// Why a file is not read the quick way.
pub(super) enum Left {
    /// There is something out of the ordinary in it.
    Unusual,
    /// It holds more values than are read, from there on.
    Endless(Span),
}

/// Reads the one document of a source.
///
/// # Errors
/// With what to do instead.
pub(super) fn read(id: SourceId, source: &Source) -> Result<Node, Left> {
    let mut limits = Options::default();
    limits.set_emit_comments(false);
    (limits.flow_nesting_limit, limits.block_nesting_limit) = (DEEPEST, DEEPEST);
    let parser = Parser::new_from_str_with_options(source.text(), limits);
    let mut quick = Quick { id, source, parser, nodes: 0, end: None };
    let root = quick.document();
    match quick.end {
        Some(end) => Err(Left::Endless(Span::new(id, end, end))),
        None => root.ok_or(Left::Unusual),
    }
}

struct Quick<'s> {
    id: SourceId,
    source: &'s Source,
    parser: Parser<'s, StrInput<'s>>,
    nodes: usize,
    /// Where there were too many.
    end: Option<usize>,
}

impl<'s> Quick<'s> {
    /// The one document.
    fn document(&mut self) -> Option<Node> {
        let begins = matches!(self.next()?, (Event::StreamStart, _));
        let begins = begins && matches!(self.next()?, (Event::DocumentStart(_, None), _));
        let root = self.value(0).filter(|_| begins)?;
        let ends = matches!(self.next()?, (Event::DocumentEnd, _)) && matches!(self.next()?, (Event::StreamEnd, _));
        (ends && !matches!(root.kind, Kind::Null)).then_some(root)
    }

    /// The next event, when nothing is wrong.
    fn next(&mut self) -> Option<(Event<'s>, Place)> {
        self.parser.next_event()?.ok()
    }

    /// The next value.
    fn value(&mut self, depth: usize) -> Option<Node> {
        let (event, place) = self.next()?;
        self.of_event(event, &place, depth)
    }

    /// The value that begins with an event.
    fn of_event(&mut self, event: Event<'s>, place: &Place, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MOST {
            self.end = Some(place.byte_range()?.start);
        }
        if depth >= DEEPEST || self.nodes > MOST {
            return None;
        }
        let kind = match event {
            Event::Scalar(text, ScalarStyle::Plain, 0, None) => {
                plain(&text)?.unwrap_or_else(|| Kind::Text(text.into()))
            }
            Event::Scalar(text, _, 0, None) => Kind::Text(text.into()),
            Event::SequenceStart(_, 0, None) => Kind::List(self.items(depth + 1)?),
            Event::MappingStart(_, 0, None) => Kind::Map(self.entries(depth + 1)?),
            _ => return None,
        };
        let range = place.byte_range()?;
        let span = Span::new(self.id, range.start, range.end);
        let is_open = matches!(kind, Kind::List(_) | Kind::Map(_)) && !range.is_empty();
        Some(Node { kind, span: if is_open { close(self.source, span) } else { span } })
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => {
                    items.shrink_to_fit();
                    return Some(items);
                }
                (event, place) => items.push(self.of_event(event, &place, depth)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Option<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => {
                    entries.shrink_to_fit();
                    return Some(entries);
                }
                (event @ Event::Scalar(..), place) => self.of_event(event, &place, depth)?,
                _ => return None,
            };
            let name = key.text().filter(|name| *name != "<<")?;
            if entries.len() == KEYS || entries.iter().any(|entry| entry.key.text() == Some(name)) {
                return None;
            }
            let value = self.value(depth)?;
            entries.push(Entry { key, value });
        }
    }
}

/// What a plain scalar is when it is no text: `Some(None)` for text, `None` where that is hard to tell.
fn plain(text: &str) -> Option<Option<Kind>> {
    let kind = match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Boolean(true),
        "false" | "False" | "FALSE" => Kind::Boolean(false),
        _ if !may_be_number(text) => return Some(None),
        _ => match text.parse::<u64>() {
            Ok(number) if !text.starts_with(['0', '+']) || text == "0" => Kind::Number(number.into()),
            // What it means is the library's to say, and by itself it means the same as in its place.
            _ => match serde_yaml::from_str_with_options::<Raw>(text, options()).ok()? {
                Raw::Number(number) => Kind::Number(number),
                Raw::Text(text) => Kind::Text(text),
                _ => return None,
            },
        },
    };
    Some(Some(kind))
}

/// Whether a plain scalar may be a number: it begins like one, and holds nothing that none has.
fn may_be_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit_first =
        text.trim_start_matches(['+', '-']).starts_with(|first: char| first == '.' || first.is_ascii_digit());
    digit_first
        && bytes.iter().enumerate().all(|(at, byte)| match byte {
            // A sign stands in front, or behind an exponent.
            b'+' | b'-' => at == 0 || matches!(bytes[at - 1], b'e' | b'E'),
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml;

    /// The tree by the quick way, where that goes, and by the whole way.
    fn both(text: &str) -> (Option<String>, Option<String>) {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("x", text));
        let quick = read(id, sources.get(id)).ok().map(|node| format!("{node:?}"));
        let mut diagnostics = Diagnostics::new();
        let whole = yaml::whole(id, &sources, &mut diagnostics).map(|node| format!("{node:?}"));
        (quick, whole.filter(|_| !diagnostics.has_errors()))
    }

    #[test]
    fn ordinary_files_go_the_quick_way() {
        for text in [
            "a: 1\nb: [x, {c: 'd', e: \"f\\n\"}, ~]\n# comment\ng: |\n  h\n  i\nj:\n  - k: null\n    l: -1.5e3\n  - 2021-04-01\n",
            "\u{feff}---\na: 98f51385-2edc\r\nb: >-\r\n  c\r\n  d\r\n",
            "? a\n: b\n\"c d\": 0x1f\ne: 007\nf: .5\ng: 1_000\nh: 12e03\ni: +5\nj: .inf\nk: 99999999999999999999\n",
            "a: {b: [c,\n  d]}\ne: - f\n",
        ] {
            let (quick, whole) = both(text);
            if text.contains("- f") {
                assert_eq!((quick, whole), (None, None));
                continue;
            }
            assert!(quick.is_some(), "{text}");
            assert_eq!(quick, whole, "{text}");
        }
    }

    #[test]
    fn the_test_suite_of_yaml_is_read_alike() {
        let suite = include_str!("../../tests/it/yaml-test-suite.json");
        let suite: serde_json::Value = serde_json::from_str(suite).expect("the suite is JSON");
        let texts = suite["tests"].as_array().into_iter().flatten().filter_map(|test| test["yaml"].as_str());
        let read =
            texts.map(both).filter(|(quick, _)| quick.is_some()).inspect(|(quick, whole)| assert_eq!(quick, whole));
        assert!(read.count() > 100);
    }

    #[test]
    fn aliases_expand_to_so_much_and_no_more() {
        let expands = |aliases: usize| {
            let anchored = format!("a: &a [{}0]\n", "0,".repeat(999));
            both(&(anchored + &(0..aliases).map(|at| format!("b{at}: *a\n")).collect::<String>())).1.is_some()
        };
        assert!(expands(190) && !expands(201));
    }

    #[test]
    fn no_file_holds_endless_values() {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("x", "[".to_owned() + &"1,".repeat(MOST) + "]"));
        let mut diagnostics = Diagnostics::new();
        assert!(yaml::parse(id, &sources, &mut diagnostics).is_none());
        let told = diagnostics.sorted();
        assert_eq!((told.len(), &*told[0].code, &*told[0].notes[0]), (1, "yaml-bomb", super::super::TOO_MANY));
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_the_whole_way() {
        let deep = "[".repeat(DEEPEST + 2) + &"]".repeat(DEEPEST + 2);
        for text in ["a: &x 1", "a: !!str 1", "a: {<<: {b: 1}}", "1: a", "a: 1\na: 2", "a\n---\nb", "a: [", "", &deep] {
            assert_eq!(both(text).0, None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same_tree(text in "([-:?,\\[\\]{}#&*!|>'\"%<~. a-c0-9+eExX_\t\n]|true|null|: |- |\n  ){0,40}") {
            let (quick, whole) = both(&text);
            if quick.is_some() {
                prop_assert_eq!(quick, whole);
            }
        }

        #[test]
        fn scalars_are_told_alike(text in "[-+.]{0,2}[0-9]{0,3}[.eExXob_]?[-+]?[0-9a-fA-Fnif_]{0,4}") {
            let text = format!("a: {text}\n");
            let (quick, whole) = both(&text);
            if quick.is_some() {
                prop_assert_eq!(quick, whole);
            }
        }
    }
}
