//! Inputs: what the caller gives.

use schemars::{JsonSchema, Schema};

use super::Playbook;
use super::reader::{Read, Reader};
use crate::pattern::Regex;
use crate::source::{Span, Spanned};
use crate::template::{Text, Tree};
use crate::yaml::Named;
use crate::yaml::{Kind, Node};

/// Something the caller gives. Nothing behind the name means: text, and required.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Input {
    /// What it is, for whoever has to give it.
    pub description: Option<Spanned<String>>,
    /// The value when the caller gives none; without it the input is required.
    pub default: Option<Spanned<Tree>>,
    /// The type of the value; text without it.
    pub r#type: Option<Spanned<InputType>>,
    /// What text must look like: a regular expression, or the word `guid`.
    pub pattern: Option<Pattern>,
    /// The values that are allowed.
    pub one_of: Option<Vec<Tree>>,
    /// Whether the value is never shown.
    pub secret: Option<bool>,
    /// The environment variable that is read when the caller gives no value.
    pub env: Option<Spanned<String>>,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum InputType {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// A map.
    Map,
}

impl InputType {
    /// The names and what they stand for.
    pub const WORDS: &[(&str, Self)] = &[
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("list", Self::List),
        ("map", Self::Map),
    ];

    /// The name in a playbook.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("string", |(word, _)| word)
    }
}

/// What text must look like.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The expression as written, or `guid`.
    pub text: String,
    /// What is matched; the whole text has to fit `guid`, a part is enough for an expression.
    pub regex: Regex,
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string"})
    }
}
impl Playbook {
    /// Where secrets stand in the file itself: the defaults of secret inputs, templates apart.
    pub(crate) fn secrets(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let declared = self.inputs.iter().flat_map(|inputs| &inputs.0).filter_map(|(_, input)| input.as_ref());
        for input in declared.filter(|input| input.secret == Some(true)) {
            let Some(default) = &input.default else { continue };
            if matches!(&default.value, Tree::Value(value) if !value.is_null()) {
                spans.push(default.span);
            }
            let is_literal = |text: &&Text| text.template.literal().is_some();
            default.each_text(&mut |text| spans.extend(Some(text).filter(is_literal).map(|text| text.span)));
        }
        spans
    }
}

/// A map of inputs.
pub(super) fn inputs(node: &Node, reader: &mut Reader<'_>) -> Option<Named<Option<Input>>> {
    let entries = reader.entries(node, "a map of inputs")?;
    let pairs = entries.iter().filter_map(|entry| {
        let name = reader.name(entry);
        let input = match entry.value.kind {
            Kind::Null => None,
            _ => Some(Input::read(&entry.value, reader).unwrap_or_default()),
        };
        Some((name?, input))
    });
    Some(Named(pairs.collect()))
}

impl Read for Input {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "an input")?;
        let input = Input {
            description: fields.get("description", reader),
            default: fields.entry("default").and_then(|entry| Read::read(&entry.value, reader)),
            r#type: fields
                .node("type")
                .and_then(|node| reader.word(node, InputType::WORDS).map(|word| Spanned::new(word, node.span))),
            pattern: fields.get("pattern", reader),
            one_of: fields.get("one_of", reader),
            secret: fields.get("secret", reader),
            env: fields.get("env", reader),
        };
        fields.finish(reader);
        Some(input)
    }
}

impl Read for Pattern {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = String::read(node, reader)?;
        let expression = match text.as_str() {
            "guid" => "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
            other => other,
        };
        regex(expression, node.span, reader).map(|regex| Pattern { text, regex })
    }
}

/// Compiles a regular expression that stands in the document.
pub(crate) fn regex(expression: &str, span: Span, reader: &mut Reader<'_>) -> Option<Regex> {
    match Regex::compile(expression) {
        Ok(regex) => Some(regex),
        Err(why) => {
            reader.diagnostics.invalid_regex(span, expression, &why);
            None
        }
    }
}
