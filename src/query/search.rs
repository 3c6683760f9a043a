//! What a query that is not singular finds: the library's parsed query, followed through a value as RFC 9535 says.
//!
//! The library follows queries too, but not to the letter: a filter in a filter finds nothing, `count` of nothing is no
//! number, numbers in lists are compared by how they are written, and a pattern is compiled again at each item.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, SingularQuery,
    SingularQuerySegment, Test, TestFunction,
};

use super::pattern;
use crate::pattern::{Regex, is_big};
use crate::value::{Number, Value, compare, same};

/// How many steps of a pattern cost as much as an item.
const STEPS: u64 = 256;

/// How many items it costs to compile a pattern, and one that is big.
const SMALL: u64 = 1_000;
const BIG: u64 = 100_000;

/// How many patterns are remembered.
const MOST_PATTERNS: usize = 16;

/// A search through one value.
pub(super) struct Search<'q, 'v> {
    root: &'v Value,
    /// How many more items may be looked at.
    budget: Cell<u64>,
    /// What the queries from the root find that stand inside filters: the same at each item.
    found: RefCell<HashMap<*const JpQuery, Nodes<'v>>>,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
    query: &'q JpQuery,
}

type Nodes<'v> = Rc<Vec<&'v Value>>;

/// The value of one side of a comparison, if it has one.
type Side<'v> = Option<Cow<'v, Value>>;

impl<'q, 'v> Search<'q, 'v> {
    pub(super) fn new(query: &'q JpQuery, root: &'v Value, budget: u64) -> Search<'q, 'v> {
        let (found, patterns) = (RefCell::default(), RefCell::default());
        Search { root, budget: Cell::new(budget), found, patterns, query }
    }

    /// All matches in order; `None` when there is more to look at than the budget allows.
    pub(super) fn run(&self) -> Option<Vec<&'v Value>> {
        let found = self.follow(&self.query.segments, self.root);
        (self.budget.get() > 0).then_some(found)
    }

    /// How much of the budget is left.
    pub(super) fn left(&self) -> u64 {
        self.budget.get()
    }

    /// Pays for one item; once nothing is left, every loop comes to its end.
    fn pay(&self) -> bool {
        self.pay_for(1)
    }

    /// Pays for what costs as much as so many items.
    fn pay_for(&self, items: u64) -> bool {
        let left = self.budget.get().saturating_sub(items);
        self.budget.set(left);
        left > 0
    }

    fn follow(&self, segments: &[Segment], start: &'v Value) -> Vec<&'v Value> {
        segments.iter().fold(vec![start], |nodes, segment| {
            let mut out = Vec::new();
            nodes.into_iter().for_each(|node| self.segment(segment, node, &mut out));
            out
        })
    }

    fn segment(&self, segment: &Segment, node: &'v Value, out: &mut Vec<&'v Value>) {
        match segment {
            Segment::Selector(selector) => self.selector(selector, node, out),
            Segment::Selectors(selectors) => selectors.iter().for_each(|selector| self.selector(selector, node, out)),
            Segment::Descendant(_) if !self.pay() => {}
            Segment::Descendant(inner) => {
                self.segment(inner, node, out);
                children(node).for_each(|child| self.segment(segment, child, out));
            }
        }
    }

    fn selector(&self, selector: &Selector, node: &'v Value, out: &mut Vec<&'v Value>) {
        if !self.pay() {
            return;
        }
        match selector {
            Selector::Name(name) => out.extend(member(node, name)),
            Selector::Index(index) => out.extend(item(node, *index)),
            Selector::Wildcard => out.extend(children(node).take_while(|_| self.pay())),
            Selector::Slice(start, end, step) => {
                let items = node.as_array().map_or(&[][..], Vec::as_slice);
                let chosen = slice(items.len(), (*start, *end), step.unwrap_or(1)).filter_map(|at| items.get(at));
                out.extend(chosen.take_while(|_| self.pay()));
            }
            Selector::Filter(filter) => {
                out.extend(children(node).filter(|child| self.pay() && self.holds(filter, child)))
            }
        }
    }

    fn holds(&self, filter: &Filter, node: &'v Value) -> bool {
        match filter {
            Filter::Or(filters) => filters.iter().any(|filter| self.holds(filter, node)),
            Filter::And(filters) => filters.iter().all(|filter| self.holds(filter, node)),
            Filter::Atom(FilterAtom::Filter { expr, not }) => self.holds(expr, node) != *not,
            Filter::Atom(FilterAtom::Test { expr, not }) => self.test(expr, node) != *not,
            Filter::Atom(FilterAtom::Comparison(comparison)) => self.comparison(comparison, node),
        }
    }

    fn test(&self, test: &Test, node: &'v Value) -> bool {
        match test {
            Test::Function(function) => match &**function {
                TestFunction::Match(text, pattern) => self.matches(text, pattern, node, true),
                TestFunction::Search(text, pattern) => self.matches(text, pattern, node, false),
                _ => false,
            },
            query => !self.nodes(query, node).is_empty(),
        }
    }

    /// What a query inside a filter finds.
    fn nodes(&self, query: &Test, node: &'v Value) -> Nodes<'v> {
        match query {
            Test::RelQuery(segments) => Rc::new(self.follow(segments, node)),
            Test::AbsQuery(query) => {
                let known = self.found.borrow().get(&std::ptr::from_ref(query)).map(Rc::clone);
                known.unwrap_or_else(|| {
                    let nodes = Rc::new(self.follow(&query.segments, self.root));
                    self.found.borrow_mut().insert(query, Rc::clone(&nodes));
                    nodes
                })
            }
            Test::Function(_) => Nodes::default(),
        }
    }

    fn comparison(&self, comparison: &Comparison, node: &'v Value) -> bool {
        let (left, right) = comparison.vals();
        let (left, right) = (self.side(left, node), self.side(right, node));
        match comparison {
            Comparison::Eq(..) => equal(&left, &right),
            Comparison::Ne(..) => !equal(&left, &right),
            Comparison::Lt(..) => less(&left, &right),
            Comparison::Lte(..) => less(&left, &right) || equal(&left, &right),
            Comparison::Gt(..) => less(&right, &left),
            Comparison::Gte(..) => less(&right, &left) || equal(&left, &right),
        }
    }

    fn side(&self, side: &Comparable, node: &'v Value) -> Side<'v> {
        match side {
            Comparable::Literal(literal) => Some(Cow::Owned(value_of(literal))),
            Comparable::Function(function) => self.function(function, node),
            Comparable::SingularQuery(SingularQuery::Current(steps)) => walk(steps, node).map(Cow::Borrowed),
            Comparable::SingularQuery(SingularQuery::Root(steps)) => walk(steps, self.root).map(Cow::Borrowed),
        }
    }

    fn function(&self, function: &TestFunction, node: &'v Value) -> Side<'v> {
        let count = |count: usize| Some(Cow::Owned(Value::from(count)));
        match function {
            TestFunction::Count(FnArg::Test(query)) => count(self.nodes(query, node).len()),
            TestFunction::Value(FnArg::Test(query)) => match self.nodes(query, node)[..] {
                [only] => Some(Cow::Borrowed(only)),
                _ => None,
            },
            TestFunction::Length(of) => match &*self.argument(of, node)? {
                Value::String(text) => count(text.chars().count()),
                Value::Array(items) => count(items.len()),
                Value::Object(entries) => count(entries.len()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of an argument: a literal's, another function's, or what a singular query finds.
    fn argument(&self, argument: &FnArg, node: &'v Value) -> Side<'v> {
        match argument {
            FnArg::Literal(literal) => Some(Cow::Owned(value_of(literal))),
            FnArg::Test(test) => match &**test {
                Test::Function(function) => self.function(function, node),
                query => self.nodes(query, node).first().copied().map(Cow::Borrowed),
            },
            FnArg::Filter(_) => None,
        }
    }

    fn matches(&self, text: &FnArg, pattern: &FnArg, node: &'v Value, whole: bool) -> bool {
        let (Some(text), Some(pattern)) = (self.argument(text, node), self.argument(pattern, node)) else {
            return false;
        };
        let (Some(text), Some(pattern)) = (text.as_str(), pattern.as_str()) else {
            return false;
        };
        let regex = self.regex(pattern, whole);
        regex.is_some_and(|known| self.pay_for(known.cost(text) / STEPS) && known.regex().is_match(text))
    }

    /// A pattern, which may be in the value too: then there may be very many.
    fn regex(&self, pattern: &str, whole: bool) -> Option<Regex> {
        let mut known = self.patterns.borrow_mut();
        if let Some(regex) = known.get(pattern) {
            return regex.clone();
        }
        if !self.pay_for(if is_big(pattern) { BIG } else { SMALL }) {
            return None;
        }
        if known.len() == MOST_PATTERNS {
            known.clear();
        }
        let regex = pattern::compile(pattern, whole).ok();
        known.insert(pattern.to_owned(), regex.clone());
        regex
    }
}

/// The members of a map, the items of a list.
fn children(node: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match node {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(entries) => Box::new(entries.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The value of a key.
pub(super) fn member<'v>(node: &'v Value, name: &str) -> Option<&'v Value> {
    node.as_object()?.get(name)
}

/// The item at an index, from the end where it is negative.
pub(super) fn item(node: &Value, index: i64) -> Option<&Value> {
    let items = node.as_array()?;
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    items.get(index)
}

/// The indices of a slice of a list, section 2.3.4.2.2.
fn slice(length: usize, bounds: (Option<i64>, Option<i64>), step: i64) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let normal = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
    let (first, last) = if step >= 0 {
        let (start, end) = (normal(bounds.0.unwrap_or(0)), normal(bounds.1.unwrap_or(length)));
        (start.clamp(0, length), end.clamp(0, length))
    } else {
        let (start, end) = (bounds.0.map_or(length - 1, normal), bounds.1.map_or(-1, normal));
        (start.clamp(-1, length - 1), end.clamp(-1, length - 1))
    };
    let goes_on = move |at: &i64| (step > 0 && *at < last) || (step < 0 && *at > last);
    let indices = std::iter::successors(Some(first), move |at| at.checked_add(step));
    indices.take_while(goes_on).filter_map(|at| usize::try_from(at).ok())
}

fn walk<'v>(steps: &[SingularQuerySegment], start: &'v Value) -> Option<&'v Value> {
    steps.iter().try_fold(start, |node, step| match step {
        SingularQuerySegment::Name(name) => member(node, name),
        SingularQuerySegment::Index(index) => item(node, *index),
    })
}

fn value_of(literal: &Literal) -> Value {
    match literal {
        Literal::Int(integer) => Value::from(*integer),
        Literal::Float(float) => Number::from_f64(*float).map_or(Value::Null, Value::Number),
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Bool(boolean) => Value::from(*boolean),
        Literal::Null => Value::Null,
    }
}

fn equal(left: &Side<'_>, right: &Side<'_>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => same(left, right),
        (left, right) => left.is_none() && right.is_none(),
    }
}

fn less(left: &Side<'_>, right: &Side<'_>) -> bool {
    match (left.as_deref(), right.as_deref()) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => compare(left, right).is_lt(),
        (Some(Value::String(left)), Some(Value::String(right))) => left < right,
        _ => false,
    }
}
