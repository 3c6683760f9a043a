//! What a step expects of its result, and what it captures from it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::input::regex;
use super::leaf::{Expression, Path};
use super::reader::{Read, Reader};
use super::schema;
use crate::azure::verdict::Access;
use crate::http::Statuses;
use crate::moment::parse_duration;
use crate::pattern::Regex;
use crate::predicate::{self, Predicate};
use crate::source::{Span, Spanned};
use crate::template::{Text, Tree};
use crate::yaml::Named;
use crate::yaml::{Entry, Kind, Node};

/// What must hold of a step's result: a status, the word `allowed` or `denied`, or a map of subjects.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, transform = schema::nothing_empty, transform = or_status_or_verdict)]
pub struct Expectation {
    /// The status: a code, a class such as `2xx`, or a list of them.
    pub status: Option<Spanned<Statuses>>,
    /// Whether access control is expected to let the request through.
    #[schemars(skip)]
    pub verdict: Option<Spanned<Access>>,
    /// The action that a 403 `AuthorizationFailed` must name.
    pub denied: Option<Text>,
    /// The code of the error answer, inner errors included.
    pub error: Option<Check>,
    /// Headers of the answer; names are case-insensitive.
    pub headers: Option<Named<Check>>,
    /// JSONPath queries over the body.
    pub json: Option<Queries>,
    /// JSONPath queries over the token's claims.
    pub claims: Option<Queries>,
    /// The body as text.
    pub text: Option<Check>,
    /// A JSON Schema for the body: a file, relative to the playbook, or the schema itself.
    pub schema: Option<SchemaOrigin>,
    /// The time from sending to the last byte, as in `{below: 2s}`.
    pub duration: Option<Spanned<DurationCheck>>,
    /// Expressions over `status`, `headers`, `json`, `text`, `claims` and `duration`.
    pub that: Option<Vec<Expression>>,
}

fn or_status_or_verdict(schema: &mut Schema) {
    let mut status = schema::statuses();
    status["description"] = json!("The status: a code, a class such as `2xx`, or a list of them.");
    let verdict = json!({
        "enum": ["allowed", "denied"],
        "description": "Whether access control lets the request through: a verdict, not a status.",
    });
    schema::alternatives(schema, &[status, verdict]);
}

/// A predicate as it stands in a playbook; several keys are several parts, each judged on its own.
#[derive(Debug, Clone)]
pub struct Check(pub Vec<Spanned<Predicate<Tree>>>);

impl JsonSchema for Check {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Predicate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let described = |(name, text): &(&str, &str)| {
            let mut schema = schema::predicate(name);
            schema["description"] = json!(text);
            ((*name).to_owned(), schema)
        };
        let properties: serde_json::Map<String, serde_json::Value> = predicate::NAMES.iter().map(described).collect();
        json_schema!({
            "description": "A plain value (equality), or a map of predicates that must all hold.",
            "anyOf": [
                {"type": ["string", "number", "boolean", "null", "array"], "description": "Equal to this value."},
                {"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1},
            ],
        })
    }
}

/// A predicate over a duration: its values are durations.
#[derive(Debug, Clone)]
pub struct DurationCheck(pub Check);

impl JsonSchema for DurationCheck {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DurationPredicate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = ["above", "at_least", "below", "at_most"];
        let described = |name: &&str| {
            let mut schema = schema::period(false);
            schema["description"] = json!(format!("The duration is {} this one.", name.replace('_', " ")));
            ((*name).to_owned(), schema)
        };
        let properties: serde_json::Map<String, serde_json::Value> = names.iter().map(described).collect();
        json_schema!({"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1})
    }
}

/// JSONPath queries with their predicates.
#[derive(Debug)]
pub struct Queries(pub Vec<(Spanned<Path>, Check)>);

impl JsonSchema for Queries {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Queries".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let check = generator.subschema_for::<Check>();
        json_schema!({"type": "object", "propertyNames": {"pattern": "^\\$"}, "additionalProperties": check})
    }
}

impl Read for Expectation {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Number(_) | Kind::List(_) => {
                let status = Spanned::<Statuses>::read(node, reader)?;
                Some(Self { status: Some(status), ..Self::default() })
            }
            Kind::Text(text) if text.ends_with("xx") => {
                let status = Spanned::<Statuses>::read(node, reader)?;
                Some(Self { status: Some(status), ..Self::default() })
            }
            Kind::Text(text) => {
                let verdict = match text.as_str() {
                    "allowed" => Access::Allowed,
                    "denied" => Access::Denied,
                    other => {
                        reader.diagnostics.unknown_expectation(node.span, other);
                        return None;
                    }
                };
                Some(Self { verdict: Some(Spanned::new(verdict, node.span)), ..Self::default() })
            }
            _ => Self::from_map(node, reader),
        }
    }
}

impl Expectation {
    fn from_map(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "an expectation")?;
        let expectation = Self {
            status: fields.get("status", reader),
            verdict: None,
            denied: fields.get("denied", reader),
            error: fields.get("error", reader),
            headers: fields.get("headers", reader),
            json: fields.get("json", reader),
            claims: fields.get("claims", reader),
            text: fields.get("text", reader),
            schema: fields.get("schema", reader),
            duration: fields.get("duration", reader),
            that: fields.get("that", reader),
        };
        // What expects nothing would pass for want of trying.
        let is_told = |entry: &&Entry| entry.key.text() == Some("status") && matches!(entry.value.kind, Kind::List(_));
        for entry in fields.entries().iter().filter(|entry| entry.value.is_empty() && !is_told(entry)) {
            reader.diagnostics.nothing_expected(entry.span(), &format!("`{}`", entry.key.key_text()));
        }
        fields.finish(reader);
        Some(expectation)
    }
}

/// Where a JSON Schema stands.
#[derive(Clone, Debug)]
pub struct SchemaOrigin {
    /// Where in the playbook.
    pub span: Span,
    /// The file; without it the schema itself stands there.
    pub file: Option<String>,
    /// The schema itself.
    pub inline: serde_json::Value,
}

impl JsonSchema for SchemaOrigin {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SchemaOrigin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "object", "boolean"]})
    }
}

impl Read for SchemaOrigin {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let file = match &node.kind {
            Kind::Text(text) if text.contains("{{") => {
                let why = "the schema is read before anything runs, so its path holds no template";
                reader.diagnostics.invalid_value(node.span, text, why);
                return None;
            }
            Kind::Text(text) => Some(text.clone()),
            Kind::Map(_) | Kind::Boolean(_) if !reader.is_unquoted_template(node) => None,
            _ => {
                reader.wrong_type(node, "a JSON Schema, or the file of one");
                return None;
            }
        };
        let inline = if file.is_none() { node.to_value() } else { serde_json::Value::Null };
        Some(Self { span: node.span, file, inline })
    }
}

impl Read for Queries {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.entries(node, "a map of JSONPath queries")?;
        let pairs = entries.iter().filter_map(|entry| {
            let path = Spanned::<Path>::read(&entry.key, reader);
            let check = Check::read(&entry.value, reader);
            Some((path?, check?))
        });
        Some(Self(pairs.collect()))
    }
}

impl Read for Spanned<DurationCheck> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = reader.entries(node, "a map such as `{below: 2s}`")?;
        let known = ["above", "at_least", "below", "at_most"];
        let mut parts = Vec::new();
        for entry in entries {
            let key = reader.key(entry)?;
            if !known.contains(&key.as_str()) {
                reader.diagnostics.unknown_key(key.span, &key, "a duration's predicate", &known);
                continue;
            }
            let text = String::read(&entry.value, reader)?;
            let millis = match parse_duration(&text) {
                Ok(duration) => duration.as_secs_f64() * 1000.0,
                Err(why) => {
                    reader.diagnostics.invalid_value(entry.value.span, &text, why);
                    continue;
                }
            };
            let bound = Tree::Value(json!(millis));
            let predicate = match key.as_str() {
                "above" => Predicate::Above(bound),
                "at_least" => Predicate::AtLeast(bound),
                "below" => Predicate::Below(bound),
                _ => Predicate::AtMost(bound),
            };
            parts.push(Spanned::new(predicate, entry.value.span));
        }
        Some(Spanned::new(DurationCheck(Check(parts)), node.span))
    }
}

/// A name for a value of a step's result: a JSONPath query, a template, or a map.
#[derive(Debug)]
pub struct Capture {
    /// Where the value comes from.
    pub origin: Origin,
    /// Whether the value is never shown.
    pub secret: bool,
    /// What the value is when nothing is found.
    pub default: Option<Tree>,
    /// Where the capture stands.
    pub span: Span,
}

/// Where a captured value comes from.
#[derive(Debug)]
pub enum Origin {
    /// A query over the body: of a `token` step, the identity endpoint's answer.
    Json(Path),
    /// A query over the token's claims.
    Claims(Path),
    /// A header.
    Header(Text),
    /// The first group of the expression over the body as text, or all it matches.
    Regex(Regex),
    /// The body as text.
    Text,
    /// A template over the result.
    Template(Text),
}

impl JsonSchema for Capture {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Capture".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A JSONPath query (over the body; over the claims for `token`), a template, or a map.",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "json": {"type": "string", "pattern": "^\\$", "description": "A JSONPath query over the body."},
                        "header": {"type": "string", "description": "The name of a header."},
                        "claims": {"type": "string", "pattern": "^\\$", "description": "A JSONPath query over the token's claims."},
                        "regex": {"type": "string", "description": "A regular expression over the body: its first group, or all it matches."},
                        "text": {"const": true, "description": "The body as text."},
                        "secret": {"type": "boolean", "description": "Whether the value is never shown."},
                        "default": {"description": "What the value is when nothing is found."},
                    },
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl Capture {
    /// Reads `capture:`. A bare query of a `token` step looks at the claims.
    pub(crate) fn map(node: &Node, of_token: bool, reader: &mut Reader<'_>) -> Option<Named<Self>> {
        let entries = reader.entries(node, "a map of names to what is captured")?;
        let pairs = entries.iter().filter_map(|entry| {
            let name = reader.name(entry);
            // A capture that cannot be read still defines its name: one cause, one message.
            let unreadable = || Self { origin: Origin::Text, secret: false, default: None, span: entry.value.span };
            let capture = Self::of(&entry.value, of_token, reader).unwrap_or_else(unreadable);
            Some((name?, capture))
        });
        Some(Named(pairs.collect()))
    }

    fn of(node: &Node, of_token: bool, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Text(text) = &node.kind else {
            return Self::from_map(node, reader);
        };
        let origin = if text.contains("{{") {
            Origin::Template(reader.text(node)?)
        } else if of_token {
            Origin::Claims(Path::read(node, reader)?)
        } else {
            Origin::Json(Path::read(node, reader)?)
        };
        Some(Self { origin, secret: false, default: None, span: node.span })
    }

    fn from_map(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        const ORIGINS: &[&str] = &["json", "header", "claims", "regex", "text"];
        let mut fields = reader.fields(node, "a capture")?;
        let json = fields.node("json").map(|node| Path::read(node, reader).map(Origin::Json));
        let header = fields.node("header").map(|node| reader.text(node).map(Origin::Header));
        let claims = fields.node("claims").map(|node| Path::read(node, reader).map(Origin::Claims));
        let pattern = fields.node("regex").map(|node| {
            let expression = String::read(node, reader)?;
            regex(&expression, node.span, reader).map(Origin::Regex)
        });
        let text = fields.node("text").map(|node| match bool::read(node, reader)? {
            true => Some(Origin::Text),
            false => {
                reader.diagnostics.invalid_value(node.span, "false", "only `true` captures the text");
                None
            }
        });
        let secret = fields.get("secret", reader).unwrap_or(false);
        let default = fields.entry("default").and_then(|entry| reader.tree(&entry.value));
        match fields.present(ORIGINS).as_slice() {
            // A misspelt one is told as the unknown key that it is.
            [] if fields.all_known() => reader.diagnostics.missing_origin(fields.span, ORIGINS),
            [] => {}
            [_] => {}
            [first, second, ..] => {
                reader.diagnostics.exclusive_keys(second.span, first.span, "a capture looks at one thing");
            }
        }
        fields.finish(reader);
        let origin = [json, header, claims, pattern, text].into_iter().flatten().next()??;
        Some(Self { origin, secret, default, span: node.span })
    }
}
