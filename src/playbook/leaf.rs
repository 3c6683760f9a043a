//! Document leaves with a text form of their own: durations, methods, statuses, expressions, names.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::reader::{Read, Reader};
use super::schema;
use crate::http::{Status, Statuses};
use crate::query::Query;
use crate::template::Text;
use crate::yaml::{Kind, Node};

/// A length of time: a number and its unit, `300ms`, `5s`, `2m`, `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        as_schema(schema::period(true))
    }
}

/// A value as the schema that it is.
fn as_schema(value: serde_json::Value) -> Schema {
    Schema::try_from(value).unwrap_or_default()
}

impl Read for Period {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let duration = reader.duration(node)?;
        if duration.is_zero() {
            let text = crate::value::to_text(&node.to_value());
            reader.diagnostics.invalid_value(node.span, &text, "nothing can be done in no time");
            return None;
        }
        Some(Period(duration))
    }
}

/// A template expression without braces.
#[derive(Clone, Debug)]
pub struct Expression(pub Text);

impl JsonSchema for Expression {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "boolean"]})
    }
}

impl Read for Expression {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.expression(node).map(Expression)
    }
}

impl JsonSchema for Statuses {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Status".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        as_schema(schema::statuses())
    }
}

impl Read for Statuses {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::List(items) if items.is_empty() => {
                reader.diagnostics.invalid_value(node.span, "[]", "a status is expected, such as `200` or `2xx`");
                None
            }
            Kind::List(_) => reader.list(node).map(Statuses),
            _ => Status::read(node, reader).map(|status| Statuses(vec![status])),
        }
    }
}

impl Read for Status {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let status = match &node.kind {
            Kind::Number(number) => {
                number.as_u64().filter(|code| (100..600).contains(code)).map(|code| Status::Code(code as u16))
            }
            Kind::Text(text) => match text.as_bytes() {
                [hundred @ b'1'..=b'5', b'x', b'x'] => Some(Status::Class(u16::from(hundred - b'0'))),
                _ => None,
            },
            _ => None,
        };
        if status.is_none() {
            reader.wrong_type(node, "a status code (`200`), a class (`2xx`) or a list of them");
        }
        status
    }
}

/// A JSONPath query.
#[derive(Clone, Debug)]
pub struct Path(pub Query);

impl JsonSchema for Path {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^\\$"})
    }
}

impl Read for Path {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = node.text() else {
            reader.wrong_type(node, "a JSONPath query such as `$.name`");
            return None;
        };
        // To find the place of an error takes many attempts.
        let parsed = if reader.diagnostics.are_few() { Query::parse(text) } else { Query::parse_quickly(text) };
        match parsed {
            Ok(query) => Some(Path(query)),
            Err(error) => {
                let width = text.get(error.offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                let span = reader.inside(node, error.offset..error.offset + width);
                reader.diagnostics.jsonpath_syntax(span, text, &error.message);
                None
            }
        }
    }
}
