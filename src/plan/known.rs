//! What is known before anything runs, and texts filled in with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::{Plan, Var};
use crate::template::{Files, Nothing, Scope, Template, Tree};
use crate::value::to_text;

/// What is known before anything runs.
#[derive(Clone, Default)]
pub(super) struct Known {
    values: HashMap<String, Arc<Value>>,
    /// What is known of names whose value is not.
    parts: HashMap<String, Vec<Piece>>,
}

/// A piece of a text that is known in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it is written.
    Text(String),
    /// What an expression gives.
    Value(String),
    /// An expression whose value is known only when it runs.
    Open(String),
}

impl Scope for Known {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        self.values.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    fn now(&self) -> SystemTime {
        Nothing.now()
    }

    fn random(&self) -> [u8; 16] {
        Nothing.random()
    }

    fn files(&self) -> Option<Files> {
        None
    }
}

impl Known {
    /// What is known of a playbook whose inputs have these values.
    pub(super) fn of(plan: &Plan, values: &HashMap<String, Value>) -> Known {
        Known::with(plan, values, HashMap::new())
    }

    /// The same, with what is known of inputs that have no value yet.
    pub(super) fn with(plan: &Plan, values: &HashMap<String, Value>, parts: HashMap<String, Vec<Piece>>) -> Known {
        let values = values.iter().map(|(name, value)| (name.clone(), Arc::new(value.clone()))).collect();
        let mut known = Known { values, parts };
        if let Some(cloud) = plan.cloud.known() {
            known.set("cloud", cloud.to_value());
        }
        known.compute(plan);
        known
    }

    /// Gives a name its value.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), Arc::new(value));
    }

    /// The same in one turn of a loop, whose item may not be known.
    pub(super) fn with_item(&self, name: &str, item: Option<Value>) -> Known {
        let mut known = self.clone();
        known.values.remove(name);
        known.parts.remove(name);
        item.into_iter().for_each(|item| known.set(name, item));
        known
    }

    /// Computes the variables that are known already; each may need others.
    fn compute(&mut self, plan: &Plan) {
        loop {
            let before = self.values.len();
            for Var { name, tree, .. } in &plan.vars {
                if !self.values.contains_key(name)
                    && let Some(value) = self.value(tree)
                {
                    self.set(name, value);
                }
            }
            if self.values.len() == before {
                break;
            }
        }
        // A variable may use one that stands below it.
        for _ in 0..plan.vars.len() {
            let open = plan.vars.iter().filter(|var| !self.values.contains_key(&var.name));
            let pieces = |var: &Var| match &var.tree {
                Tree::Text(text) => Some((var.name.clone(), self.pieces(&text.template))),
                _ => None,
            };
            let parts: Vec<(String, Vec<Piece>)> = open.filter_map(pieces).collect();
            if parts.iter().all(|(name, pieces)| self.parts.get(name) == Some(pieces)) {
                break;
            }
            self.parts.extend(parts);
        }
    }

    /// The value of a tree, if all that it takes is known.
    pub(super) fn value(&self, tree: &Tree) -> Option<Value> {
        let mut all = true;
        tree.each_text(&mut |text| all &= self.knows(&text.template));
        all.then(|| tree.render(self).ok()).flatten()
    }

    /// Whether all that a template takes is known, and will be the same when it runs.
    pub(super) fn knows(&self, template: &Template) -> bool {
        template.calls().is_empty() && template.names().iter().all(|name| self.values.contains_key(&name.name))
    }

    /// A text, with each template in it filled in that is known.
    pub(super) fn fill(&self, template: &Template) -> String {
        let written = template.text();
        if self.knows(template) {
            return template.render(self).map_or_else(|_| written.to_owned(), |value| to_text(&value));
        }
        let Some(parts) = split(written) else { return written.to_owned() };
        let each = |(text, is_expression): (&str, bool)| match is_expression {
            false => text.to_owned(),
            true => self.expression(text).unwrap_or_else(|| format!("{{{{{text}}}}}")),
        };
        parts.into_iter().map(each).collect()
    }

    /// A text in pieces; what is known of variables is put in, though not all of them be known.
    pub(super) fn pieces(&self, template: &Template) -> Vec<Piece> {
        let written = template.text();
        let Some(parts) = split(written) else { return vec![Piece::Open(written.trim().to_owned())] };
        let each = |(text, is_expression): (&str, bool)| match (is_expression, self.expression(text)) {
            (false, _) => vec![Piece::Text(text.to_owned())],
            (true, Some(value)) => vec![Piece::Value(value)],
            (true, None) => match self.parts.get(text.trim()) {
                Some(pieces) => pieces.clone(),
                None => vec![Piece::Open(text.trim().to_owned())],
            },
        };
        parts.into_iter().flat_map(each).collect()
    }

    /// What an expression gives, if it is known.
    fn expression(&self, expression: &str) -> Option<String> {
        let part = Template::parse(&format!("{{{{{expression}}}}}")).ok().filter(|part| self.knows(part))?;
        part.render(self).ok().map(|value| to_text(&value))
    }

    /// A tree as text, filled in as far as it is known.
    pub(super) fn tree(&self, tree: &Tree) -> String {
        match tree {
            Tree::Text(text) => self.fill(&text.template),
            Tree::Value(value) => to_text(value),
            Tree::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.tree(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Tree::Map(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, tree)| format!("{key}: {}", self.tree(tree))).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// The texts and the expressions of a template; nothing when it has more than those.
fn split(written: &str) -> Option<Vec<(&str, bool)>> {
    if written.contains("{%") || written.contains("{#") {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = written;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (expression, after) = inside.split_once("}}")?;
        parts.extend([(before, false), (expression, true)]);
        rest = after;
    }
    parts.push((rest, false));
    Some(parts)
}
