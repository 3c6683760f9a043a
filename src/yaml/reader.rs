//! From the tree to document types, whatever they are: small total functions that push what they do not understand, with
//! its place, and go on.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Entry, Kind, Node};
use crate::diagnostic::Diagnostics;
use crate::moment::parse_duration;
use crate::source::{Sources, Span, Spanned};

/// What reading needs at every turn.
pub(crate) struct Reader<'a> {
    /// The texts, to find places inside scalars.
    pub(crate) sources: &'a Sources,
    /// Where problems go.
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// A document type that can be read from a node.
pub(crate) trait Read: Sized {
    /// Reads it. `None` when nothing usable is there; why, stands in the diagnostics.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;
}

impl Reader<'_> {
    /// The node as a map whose keys are then asked for by name. `what` names it in messages: `a step`.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        match &node.kind {
            Kind::Map(entries) => {
                if self.is_unquoted_template(node) {
                    return None;
                }
                Some(Fields { what, span: node.span, entries, asked: Vec::new() })
            }
            _ => {
                self.wrong_type(node, "a map");
                None
            }
        }
    }

    /// The entries of a map of free names.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.kind {
            Kind::Map(_) if self.is_unquoted_template(node) => None,
            Kind::Map(entries) => Some(entries),
            _ => {
                self.wrong_type(node, what);
                None
            }
        }
    }

    /// Says that a node is of another type than `expected`.
    pub(crate) fn wrong_type(&mut self, node: &Node, expected: &str) {
        if !self.is_unquoted_template(node) {
            self.diagnostics.wrong_type(node.span, expected, &node.describe());
        }
    }

    /// Whether the node is what `key: {{ x }}` means in YAML, a map in a map; says so if it is.
    pub(crate) fn is_unquoted_template(&mut self, node: &Node) -> bool {
        let Kind::Map(entries) = &node.kind else {
            return false;
        };
        let [Entry { key: Node { kind: Kind::Map(_), .. }, .. }] = entries.as_slice() else {
            return false;
        };
        let text = self.sources.text(node.span).to_owned();
        self.diagnostics.unquoted_template(node.span, &text);
        true
    }

    /// The key of a map of free names, when it is text.
    pub(crate) fn key(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        match entry.key.text() {
            Some(text) => Some(Spanned::new(text.to_owned(), entry.key.span)),
            None => {
                self.wrong_type(&entry.key, "text as a key");
                None
            }
        }
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, words: &[(&'static str, T)]) -> Option<T> {
        let Some(text) = node.text() else {
            let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            self.wrong_type(node, &format!("one of {list}"));
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.diagnostics.unknown_value(node.span, text, &known);
        }
        found
    }

    /// A length of time: a number and its unit, `300ms`, `5s`, `2m`, `1h`.
    pub(crate) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = match &node.kind {
            Kind::Text(text) => text.clone(),
            Kind::Number(number) => number.to_string(),
            _ => {
                self.wrong_type(node, "a duration such as `30s`");
                return None;
            }
        };
        parse_duration(&text).map_err(|why| self.diagnostics.invalid_value(node.span, &text, why)).ok()
    }

    /// A list read item by item; a single item counts as a list of one where `lenient`.
    pub(crate) fn list<T: Read>(&mut self, node: &Node) -> Option<Vec<T>> {
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, "a list");
            return None;
        };
        // Of a long file this is most of what is kept, and none of it is to be moved.
        let mut read = Vec::with_capacity(items.len());
        read.extend(items.iter().filter_map(|item| T::read(item, self)));
        Some(read)
    }

    /// The place of a byte range inside a scalar's text.
    pub(crate) fn inside(&self, node: &Node, range: std::ops::Range<usize>) -> Span {
        super::locate(self.sources, node.span, node.text().unwrap_or(""), range)
    }
}

/// A map whose keys are known; asking for a key makes it known.
pub(crate) struct Fields<'n> {
    what: &'static str,
    /// The place of the map.
    pub(crate) span: Span,
    entries: &'n [Entry],
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The entry of a key.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.iter().find(|entry| entry.key.text() == Some(key))
    }

    /// All of them.
    pub(crate) fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// The value of a key; `None` also for a null.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !matches!(node.kind, Kind::Null))
    }

    /// The value of a key, read.
    pub(crate) fn get<T: Read>(&mut self, key: &'static str, reader: &mut Reader<'_>) -> Option<T> {
        self.node(key).and_then(|node| T::read(node, reader))
    }

    /// Like [`Fields::get`], for a key that must be there.
    pub(crate) fn required<T: Read>(&mut self, key: &'static str, reader: &mut Reader<'_>) -> Option<T> {
        match self.node(key) {
            Some(node) => T::read(node, reader),
            None => {
                reader.diagnostics.missing_key(self.span, key, self.what);
                None
            }
        }
    }

    /// Which of the keys asked for so far are there, in the order of the file.
    pub(crate) fn present(&self, keys: &[&str]) -> Vec<&'n Node> {
        let known = |entry: &&Entry| entry.key.text().is_some_and(|text| keys.contains(&text));
        self.entries.iter().filter(known).map(|entry| &entry.key).collect()
    }

    /// Whether every key was asked for by now.
    pub(crate) fn all_known(&self) -> bool {
        self.entries.iter().all(|entry| entry.key.text().is_some_and(|text| self.asked.contains(&text)))
    }

    /// Ends the reading: every key that nobody asked for is unknown.
    pub(crate) fn finish(self, reader: &mut Reader<'_>) {
        for entry in self.entries {
            let name = entry.key.key_text();
            if !self.asked.iter().any(|asked| *asked == name) {
                reader.diagnostics.unknown_key(entry.key.span, &name, self.what, &self.asked);
            }
        }
    }
}

impl Read for bool {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.kind {
            Kind::Boolean(value) => Some(value),
            _ => {
                reader.wrong_type(node, "`true` or `false`");
                None
            }
        }
    }
}

impl Read for u32 {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let value = match &node.kind {
            Kind::Number(number) => number.as_u64().and_then(|value| u32::try_from(value).ok()),
            _ => None,
        };
        if value.is_none() {
            reader.wrong_type(node, "a whole number, 0 or more");
        }
        value
    }
}

impl Read for String {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text() {
            Some(text) => Some(text.to_owned()),
            None => {
                reader.wrong_type(node, "text");
                None
            }
        }
    }
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Spanned::new(T::read(node, reader)?, node.span))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.list(node)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Box::new)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.kind {
            Kind::Null => Some(None),
            _ => T::read(node, reader).map(Some),
        }
    }
}

/// A map from free names to values, in the order written.
#[derive(Clone, Debug)]
pub struct Named<T>(pub Vec<(Spanned<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.entries(node, "a map of names")?;
        let pairs = entries.iter().filter_map(|entry| Some((reader.key(entry)?, T::read(&entry.value, reader)?)));
        Some(Named(pairs.collect()))
    }
}
