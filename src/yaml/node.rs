//! The spanned tree.

use serde_json::{Map, Number, Value};

use crate::source::Span;

/// A value of the file with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where its text stands. Of a block map or list it is the empty span at its first item.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order written. No key comes twice.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// Where the pair stands, from the key on to the end of a plain value.
    pub fn span(&self) -> Span {
        if self.value.span.source == self.key.span.source && self.value.span.start > self.key.span.start {
            self.key.span.to(self.value.span)
        } else {
            self.key.span
        }
    }
}

impl Node {
    /// The text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing stands there: null, an empty list, an empty map.
    pub fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Null => true,
            Kind::List(items) => items.is_empty(),
            Kind::Map(entries) => entries.is_empty(),
            Kind::Boolean(_) | Kind::Number(_) | Kind::Text(_) => false,
        }
    }

    /// What the node is, in words: `text "a"`, `integer 5`, `a list`.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
            Kind::Null => "nothing".to_owned(),
            _ => crate::value::describe(&self.to_value()),
        }
    }

    /// The value without places. Keys that are not text become their text.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::Text(value) => Value::String(value.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.key_text(), entry.value.to_value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The node as the name of a key.
    pub fn key_text(&self) -> String {
        crate::value::to_text(&self.to_value())
    }
}
