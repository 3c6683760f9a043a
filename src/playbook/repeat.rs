//! What makes a step happen more than once: loops, retries, waiting, pages and polls.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::leaf::Period;
use super::reader::{Read, Reader};
use super::schema;
use crate::source::{Span, Spanned};
use crate::template::Tree;
use crate::yaml::{Kind, Node};

/// What a step is repeated over: a list, or lists by name, of which every combination is an item.
#[derive(Debug)]
pub struct Each {
    /// Where it stands.
    pub span: Span,
    /// The items.
    pub items: Items,
}

/// The items of a loop.
#[derive(Debug)]
pub enum Items {
    /// A list, or a template that gives one.
    List(Tree),
    /// Lists by name, of which every combination is an item.
    Axes(Vec<(Spanned<String>, Tree)>),
}

impl JsonSchema for Each {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Each".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let list = json!({"anyOf": [
            {"type": "array", "minItems": 1},
            {"type": "string", "pattern": schema::TEMPLATED},
        ]});
        json_schema!({"anyOf": [
            list,
            {"type": "object", "minProperties": 1, "additionalProperties": list,
             "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
        ]})
    }
}

impl Read for Each {
    /// What cannot be read is a loop all the same, so that nobody is told that its item is not defined.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let items = items(node, reader).unwrap_or(Items::List(Tree::List(Vec::new())));
        Some(Self { span: node.span, items })
    }
}

/// The items of a loop.
fn items(node: &Node, reader: &mut Reader<'_>) -> Option<Items> {
    Some(match &node.kind {
        Kind::Map(_) => {
            let entries = reader.entries(node, "a list, or a map of lists")?;
            if entries.is_empty() {
                reader.diagnostics.invalid_value(node.span, "{}", "a loop needs something to go over");
                return None;
            }
            let axes = entries.iter().map(|entry| Some((reader.name(entry)?, list(&entry.value, reader)?)));
            Items::Axes(axes.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?)
        }
        _ => Items::List(list(node, reader)?),
    })
}

/// A list, or a template that gives one.
fn list(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    match &node.kind {
        Kind::List(items) if items.is_empty() => {
            reader.diagnostics.invalid_value(node.span, "[]", "a loop needs something to go over");
            None
        }
        Kind::List(_) => reader.tree(node),
        Kind::Text(_) => {
            let tree = reader.tree(node)?;
            match &tree {
                Tree::Text(text) if text.template.gives_text() => {
                    reader.wrong_type(node, "a list, or a template `{{ … }}` that gives one");
                    None
                }
                _ => Some(tree),
            }
        }
        _ => {
            reader.wrong_type(node, "a list, or a template `{{ … }}` that gives one");
            None
        }
    }
}

/// How passing faults are met: how many attempts there are, and how long to wait before the next.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_count)]
pub struct Retry {
    /// How many attempts there are, the first included; 4 without it.
    #[schemars(range(min = 1))]
    pub attempts: Option<Spanned<u32>>,
    /// The wait before the second attempt, doubled before each further one; `500ms` without it.
    pub base: Option<Spanned<Period>>,
    /// The longest such wait; `30s` without it. What `Retry-After` says is honoured beyond it.
    pub cap: Option<Spanned<Period>>,
}

fn or_count(schema: &mut Schema) {
    let count = json!({"type": "integer", "minimum": 1, "description": "How many attempts there are."});
    schema::alternatives(schema, &[count]);
}

impl Read for Retry {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if matches!(node.kind, Kind::Number(_)) {
            return count(node, reader).map(|attempts| Self { attempts: Some(attempts), ..Self::default() });
        }
        let mut fields = reader.fields(node, "a retry policy")?;
        let retry = Self {
            attempts: fields.node("attempts").and_then(|node| count(node, reader)),
            base: fields.get("base", reader),
            cap: fields.get("cap", reader),
        };
        fields.finish(reader);
        Some(retry)
    }
}

/// A whole number that is not 0.
fn count(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<u32>> {
    let count = Spanned::<u32>::read(node, reader)?;
    if count.value == 0 {
        reader.diagnostics.invalid_value(node.span, "0", "a whole number above 0 is expected");
        return None;
    }
    Some(count)
}

/// Waiting for what comes about: how long at most, how often to look, how often it must hold.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_period)]
pub struct Eventually {
    /// How long to wait at most.
    pub within: Spanned<Period>,
    /// The pause between two attempts; without it 2 seconds at first, growing to 15.
    pub every: Option<Spanned<Period>>,
    /// How many times in a row the expectations must hold; once without it.
    #[schemars(range(min = 1))]
    pub hold: Option<Spanned<u32>>,
}

fn or_period(schema: &mut Schema) {
    let mut period = schema::period(true);
    period["description"] = "How long to wait at most.".into();
    schema::alternatives(schema, &[period]);
}

impl Read for Eventually {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.kind, Kind::Map(_)) {
            let within = Spanned::<Period>::read(node, reader)?;
            return Some(Self { within, every: None, hold: None });
        }
        let mut fields = reader.fields(node, "an `eventually`")?;
        let within = fields.required("within", reader);
        let (every, hold) = (fields.get("every", reader), fields.node("hold").and_then(|node| count(node, reader)));
        fields.finish(reader);
        Some(Self { within: within?, every, hold })
    }
}

/// How many pages of a list to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// All of them.
    All,
    /// So many at most.
    Most(u32),
}

impl JsonSchema for Pages {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pages".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1}]})
    }
}

impl Read for Pages {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Number(_) => count(node, reader).map(|count| Pages::Most(count.value)),
            Kind::Text(text) if text == "all" => Some(Pages::All),
            _ => {
                reader.wrong_type(node, "`all`, or how many pages to follow");
                None
            }
        }
    }
}

/// Following a long-running operation to its end: how long at most, how often to ask.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_flag)]
pub struct Poll {
    /// How long to follow at most; `30m` without it.
    pub within: Option<Spanned<Period>>,
    /// The pause between two questions, where the server does not say; `15s` without it.
    pub every: Option<Spanned<Period>>,
    /// Whether `false` is written.
    #[schemars(skip)]
    pub off: bool,
}

fn or_flag(schema: &mut Schema) {
    let flag = json!({"type": "boolean", "description": "Whether to follow the operation to its end."});
    schema::alternatives(schema, &[flag]);
}

impl Read for Poll {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if let Kind::Boolean(wanted) = node.kind {
            return Some(Self { off: !wanted, ..Self::default() });
        }
        let mut fields = reader.fields(node, "a `poll`")?;
        let poll = Self { within: fields.get("within", reader), every: fields.get("every", reader), off: false };
        fields.finish(reader);
        Some(poll)
    }
}
