//! Text → spanned tree. Nothing here knows what the keys mean.
//!
//! The parser is `serde-saphyr`, through serde: it resolves scalars by the YAML 1.2 core schema, follows
//! aliases and merge keys within a budget, and gives a byte span for every node.

mod advice;
mod locate;
mod node;
mod quick;
mod reader;
mod value;

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_yaml::{DuplicateKeyPolicy, Error, NonFiniteFloatPolicy, Spanned};

use crate::diagnostic::Diagnostics;
use crate::source::{Position, Source, SourceId, Sources, Span};

use advice::Advice;
pub use locate::locate;
pub use node::{Entry, Kind, Node};
use quick::Left;
pub use reader::Named;
pub(crate) use reader::{Fields, Read, Reader};
pub use value::value;

/// How deep a file may nest.
const DEEPEST: usize = 64;
/// How many values there may be in a file.
const MOST: usize = 4_000_000;
const TOO_MANY: &str = "a file may hold 4 million values";
const TOO_DEEP: &str = "a file may nest 64 levels deep";
const TOO_MUCH: &str = "the aliases (`*name`) of a file may expand to 200,000 values in all";

/// Reads the one document of a source. `None` when the text is no YAML or holds nothing; why, stands in
/// the diagnostics.
pub fn parse(id: SourceId, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    match quick::read(id, sources.get(id)) {
        Ok(tree) => Some(tree),
        Err(Left::Unusual) => whole(id, sources, diagnostics),
        Err(Left::Endless(span)) => {
            diagnostics.yaml_bomb(span, TOO_MANY);
            None
        }
    }
}

/// The whole way, through serde: whatever there is in a file, and what is wrong with it.
fn whole(id: SourceId, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Node> {
    let source = sources.get(id);
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(source.text(), options()) {
        Ok(raw) => {
            let mut tree = Tree { id, source, diagnostics };
            let node = tree.node(raw);
            if matches!(node.kind, Kind::Null) {
                diagnostics.empty_file(Span::new(id, 0, 0));
                return None;
            }
            Some(node)
        }
        Err(error) => {
            refuse(&error, id, source, diagnostics);
            None
        }
    }
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_events: 2 * MOST,
            max_nodes: MOST,
            max_total_scalar_bytes: crate::source::LARGEST,
            // What aliases come to is bounded below; many steps may well share one anchor.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 200_000 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Turns the parser's refusal into a diagnostic with a place.
fn refuse(error: &Error, id: SourceId, source: &Source, diagnostics: &mut Diagnostics) {
    let offset = error.location().map_or(0, |location| {
        let span = location.span();
        span.byte_offset().map_or_else(
            || source.offset(Position { line: location.line() as u32, column: location.column() as u32 }),
            |offset| offset as usize,
        )
    });
    let width = source.slice(offset..source.text().len()).chars().next().map_or(0, char::len_utf8);
    let span = Span::new(id, offset, offset + width);
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    match error.without_snippet() {
        Error::MultipleDocuments { .. } => diagnostics.several_documents(span),
        _ if is_bomb(message) => {
            let deep = message.contains("recursion") || message.contains("Depth");
            let many = ["Nodes", "Events"].iter().any(|word| message.contains(word));
            diagnostics.yaml_bomb(
                span,
                if deep {
                    TOO_DEEP
                } else if many {
                    TOO_MANY
                } else {
                    TOO_MUCH
                },
            );
        }
        _ => {
            let line = source.position(offset).line as usize;
            let braces = (line.saturating_sub(1).max(1)..=line).rev().find_map(|line| unquoted_braces(source, line));
            match braces {
                Some(range) => {
                    diagnostics.unquoted_template(Span::new(id, range.start, range.end), source.slice(range))
                }
                None => {
                    let advice = advice::find(source, offset, message);
                    match advice {
                        Some(Advice { help, place: Some(place) }) => {
                            diagnostics.yaml_unquoted(Span::new(id, place.start, place.end), message, help);
                        }
                        advice => diagnostics.yaml_syntax(span, message, advice.map(|advice| advice.help)),
                    }
                }
            }
        }
    }
}

/// Whether the parser stopped because there is too much.
fn is_bomb(message: &str) -> bool {
    ["limit", "budget"].iter().any(|word| message.contains(word))
}

/// The value of `key: {{ … }}…` or `- {{ … }}…` on that line, when it is not quoted.
fn unquoted_braces(source: &Source, line: usize) -> Option<std::ops::Range<usize>> {
    let text = source.line(line);
    let open = text.find("{{")?;
    let before = text[..open].trim_end();
    if !(before.ends_with(':') || before.ends_with('-')) {
        return None;
    }
    let end = text.find(" #").filter(|end| *end > open).unwrap_or(text.len());
    let start = source.offset(Position { line: line as u32, column: 1 });
    Some(start + open..start + text[..end].trim_end().len())
}

/// What serde hands over, before keys are checked.
enum Raw {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(number(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

fn number(value: f64) -> Raw {
    Number::from_f64(value).map_or_else(|| Raw::Text(value.to_string()), Raw::Number)
}

/// Turns raw nodes into nodes: spans become ours, and each key stands once.
struct Tree<'a> {
    id: SourceId,
    source: &'a Source,
    diagnostics: &'a mut Diagnostics,
}

impl Tree<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let place = raw.defined.span();
        let start = place.byte_offset().unwrap_or(0) as usize;
        let end = start + place.byte_len().unwrap_or(0) as usize;
        let span = Span::new(self.id, start, end);
        let kind = match raw.value {
            Raw::Null => Kind::Null,
            Raw::Boolean(value) => Kind::Boolean(value),
            Raw::Number(value) => Kind::Number(value),
            Raw::Text(value) => Kind::Text(value),
            Raw::List(items) => Kind::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => Kind::Map(self.entries(entries)),
        };
        Node { kind, span: close(self.source, span) }
    }

    fn entries(&mut self, raw: Vec<(Spanned<Raw>, Spanned<Raw>)>) -> Vec<Entry> {
        let mut seen: HashMap<String, Span> = HashMap::with_capacity(raw.len());
        let mut entries = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            // A merged key (`<<`) yields to one written here; the parser hands both over.
            let merged = key.referenced != key.defined;
            let (key, value) = (self.node(key), self.node(value));
            let name = key.key_text();
            match seen.get(&name) {
                Some(_) if merged => {}
                Some(first) => self.diagnostics.duplicate_key(key.span, *first, &name),
                None => {
                    seen.insert(name, key.span);
                    entries.push(Entry { key, value });
                }
            }
        }
        entries
    }
}

/// Widens the span of `{` or `[` to the bracket that closes it, when that stands on the same line.
fn close(source: &Source, span: Span) -> Span {
    let close = match source.slice(span.range()) {
        "{" => '}',
        "[" => ']',
        _ => return span,
    };
    let line = source.position(span.start as usize).line as usize;
    let start = source.offset(Position { line: line as u32, column: 1 });
    let rest = source.line(line).get(span.start as usize - start..).unwrap_or("");
    let open = source.slice(span.range()).chars().next();
    let mut depth = 0;
    for (at, character) in rest.char_indices() {
        if Some(character) == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return Span { end: span.start + at as u32 + 1, ..span };
            }
        }
    }
    span
}
