//! The items of a loop: those of a list, or every combination of several lists.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::plan::{Each, Items};
use crate::source::Sources;
use crate::template::{Misfit, Scope, Tree};
use crate::value::describe;

/// How many turns a loop may have.
const MOST: usize = 1_000_000;

/// The items of a loop. Combinations are made when they are asked for.
pub(super) enum Turns {
    /// Those of a list.
    List(Vec<Value>),
    /// Every combination: the last list turns fastest.
    Product(Vec<(String, Vec<Value>)>),
}

impl Turns {
    /// The items, rendered.
    pub(super) fn of(each: &Each, scope: &dyn Scope) -> Result<Self, NoItems> {
        let list = |axis: Option<&str>, tree: &Tree| match tree.render(scope).map_err(NoItems::Misfit)? {
            Value::Array(items) => Ok(items),
            other => Err(NoItems::no_list(each, axis, &other)),
        };
        let turns = match &each.items {
            Items::List(tree) => Turns::List(list(None, tree)?),
            Items::Axes(axes) => {
                let axes = axes.iter().map(|(name, tree)| Ok((name.clone(), list(Some(name), tree)?)));
                Turns::Product(axes.collect::<Result<_, _>>()?)
            }
        };
        if turns.count() > MOST {
            let title = format!("`for_each` has more than {MOST} items to go over");
            return Err(NoItems::Unfit(Box::new(Diagnostic::error("too-many-items", title).at(each.span, "too many"))));
        }
        Ok(turns)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Turns::List(items) => items.len(),
            Turns::Product(axes) => axes.iter().fold(1, |count: usize, (_, items)| count.saturating_mul(items.len())),
        }
    }

    /// One of them.
    pub(super) fn item(&self, mut at: usize) -> Value {
        match self {
            Turns::List(items) => items.get(at).cloned().unwrap_or_default(),
            Turns::Product(axes) => {
                let mut picked: Vec<(String, Value)> = Vec::with_capacity(axes.len());
                for (name, items) in axes.iter().rev() {
                    picked.push((name.clone(), items[at % items.len()].clone()));
                    at /= items.len();
                }
                picked.into_iter().rev().collect()
            }
        }
    }
}

/// Why a loop has no items.
pub(super) enum NoItems {
    /// A template could not be rendered.
    Misfit(Box<Misfit>),
    /// What came is no list, or far too many items.
    Unfit(Box<Diagnostic>),
}

impl NoItems {
    /// A value that is no list.
    fn no_list(each: &Each, axis: Option<&str>, value: &Value) -> Self {
        let what = axis.map_or_else(String::new, |axis| format!(" of `{axis}`"));
        let title = format!("`for_each` goes over a list, and the value{what} is {}", describe(value));
        let mut diagnostic = Diagnostic::error("not-a-list", title).at(each.span, "not a list");
        if value.is_object() {
            diagnostic = diagnostic.help("for the entries of a map write `{{ the_map | items | list }}`");
        }
        NoItems::Unfit(Box::new(diagnostic))
    }

    /// As a diagnostic.
    pub(super) fn diagnostic(&self, sources: &Sources) -> Diagnostic {
        match self {
            NoItems::Misfit(misfit) => misfit.diagnostic(sources),
            NoItems::Unfit(diagnostic) => (**diagnostic).clone(),
        }
    }
}
