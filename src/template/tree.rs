//! Templates with their place in a file: a text, and a value whose texts are templates.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::{Part, Problem, Scope, Template};
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use crate::yaml::locate;

/// A templated text and the scalar it stands in.
#[derive(Clone, Debug)]
pub struct Text {
    /// The template.
    pub template: Template,
    /// The scalar.
    pub span: Span,
}

/// A value whose texts are templates.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A templated text.
    Text(Text),
    /// Anything else that holds no template.
    Value(Value),
    /// A list.
    List(Vec<Tree>),
    /// A map, in the order written.
    Map(Vec<(String, Tree)>),
}

/// A template that could not be rendered, and the scalar it stands in.
#[derive(Debug)]
pub struct Misfit {
    /// What is wrong.
    pub problem: Problem,
    /// The template's text.
    pub text: String,
    /// The scalar.
    pub span: Span,
}

impl Misfit {
    /// As a diagnostic at the place of the fault inside the scalar.
    pub fn diagnostic(&self, sources: &Sources) -> Diagnostic {
        let span = locate(sources, self.span, &self.text, self.problem.range.clone());
        Diagnostic::error("template-failed", format!("the template cannot be rendered: {}", self.problem.title))
            .at(span, self.problem.label.clone())
            .maybe_help(self.problem.help.clone())
    }
}

impl Text {
    /// Its value.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn render(&self, scope: &dyn Scope) -> Result<Value, Box<Misfit>> {
        self.template
            .render(scope)
            .map_err(|problem| Box::new(Misfit { problem, text: self.template.text().to_owned(), span: self.span }))
    }

    /// Its value as text.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn render_text(&self, scope: &dyn Scope) -> Result<String, Box<Misfit>> {
        Ok(match self.render(scope)? {
            Value::String(text) => text,
            other => crate::value::to_text(&other),
        })
    }
}

impl Text {
    /// Its value as text, in parts: what is written, and what expressions gave.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn render_parts(&self, scope: &dyn Scope) -> Result<Vec<Part>, Box<Misfit>> {
        self.template
            .render_parts(scope)
            .map_err(|problem| Box::new(Misfit { problem, text: self.template.text().to_owned(), span: self.span }))
    }
}

impl Tree {
    /// Its value.
    ///
    /// # Errors
    /// When a template in it cannot be rendered.
    pub fn render(&self, scope: &dyn Scope) -> Result<Value, Box<Misfit>> {
        Ok(match self {
            Tree::Text(text) => text.render(scope)?,
            Tree::Value(value) => value.clone(),
            Tree::List(items) => Value::Array(items.iter().map(|item| item.render(scope)).collect::<Result<_, _>>()?),
            Tree::Map(entries) => {
                let pairs = entries.iter().map(|(key, tree)| Ok((key.clone(), tree.render(scope)?)));
                Value::Object(pairs.collect::<Result<Map<_, _>, Box<Misfit>>>()?)
            }
        })
    }

    /// Each text in it.
    pub fn each_text<'t>(&'t self, visit: &mut dyn FnMut(&'t Text)) {
        match self {
            Tree::Text(text) => visit(text),
            Tree::Value(_) => {}
            Tree::List(items) => items.iter().for_each(|item| item.each_text(visit)),
            Tree::Map(entries) => entries.iter().for_each(|(_, tree)| tree.each_text(visit)),
        }
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

impl JsonSchema for Tree {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}
