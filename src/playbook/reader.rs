//! What only playbooks have: texts with templates in them, expressions, names of variables.

use crate::source::Spanned;
use crate::template::{Problem, Template, Text, Tree};
use crate::yaml::{self, Entry, Kind, Node};

pub(crate) use crate::yaml::{Fields, Read, Reader};

impl Reader<'_> {
    /// A templated text.
    pub(crate) fn text(&mut self, node: &Node) -> Option<Text> {
        let Some(text) = node.text() else {
            self.wrong_type(node, "text");
            return None;
        };
        self.template(node, text, Template::parse)
    }

    /// A template expression, with or without its braces.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Text> {
        match &node.kind {
            Kind::Text(text) => self.template(node, text, Template::expression),
            Kind::Boolean(value) => self.template(node, if *value { "true" } else { "false" }, Template::expression),
            _ => {
                self.wrong_type(node, "an expression");
                None
            }
        }
    }

    fn template(&mut self, node: &Node, text: &str, parse: fn(&str) -> Result<Template, Vec<Problem>>) -> Option<Text> {
        match parse(text) {
            Ok(template) => Some(Text { template, span: node.span }),
            Err(problems) => {
                for problem in problems {
                    let span = yaml::locate(self.sources, node.span, text, problem.range.clone());
                    self.diagnostics.template_syntax(span, &problem.title, &problem.label, problem.help.as_deref());
                }
                None
            }
        }
    }

    /// Any value, its texts templated.
    pub(crate) fn tree(&mut self, node: &Node) -> Option<Tree> {
        Some(match &node.kind {
            Kind::Text(_) => Tree::Text(self.text(node)?),
            Kind::List(items) => {
                let items: Vec<Option<Tree>> = items.iter().map(|item| self.tree(item)).collect();
                Tree::List(items.into_iter().collect::<Option<_>>()?)
            }
            Kind::Map(_) => {
                let entries = self.entries(node, "a map")?;
                let pairs: Vec<Option<(String, Tree)>> =
                    entries.iter().map(|entry| Some((entry.key.key_text(), self.tree(&entry.value)?))).collect();
                Tree::Map(pairs.into_iter().collect::<Option<_>>()?)
            }
            _ => Tree::Value(node.to_value()),
        })
    }

    /// The key of a map of variables: a name that templates can use.
    pub(crate) fn name(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        let key = self.key(entry)?;
        self.usable(key)
    }

    /// A name that templates can use.
    pub(crate) fn variable(&mut self, node: &Node) -> Option<Spanned<String>> {
        let name = Spanned::<String>::read(node, self)?;
        self.usable(name)
    }

    fn usable(&mut self, key: Spanned<String>) -> Option<Spanned<String>> {
        let mut characters = key.chars();
        let good = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && characters.all(|other| other.is_ascii_alphanumeric() || other == '_');
        let is_word = crate::template::RESERVED.contains(&key.as_str());
        if good && !is_word {
            return Some(key);
        }
        self.diagnostics.invalid_name(key.span, &key, is_word);
        None
    }
}

impl Read for Text {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node)
    }
}

impl Read for Tree {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.tree(node)
    }
}
