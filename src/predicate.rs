//! What must hold of a value: the predicates of an assertion, and their judgement.

mod answer;
mod compare;
mod includes;
mod items;
mod judge;
mod words;
mod work;

use std::cell::OnceCell;

use crate::pattern::Regex;
use crate::value::Value;
use work::Work;

pub use judge::{Actual, Verdict};
pub use words::expectation;

/// What must hold of a value. The leaves are what the author wrote: templates in the document, values when judged.
#[derive(Debug, Clone)]
pub enum Predicate<T> {
    /// Equal to a value, numbers by value.
    Equals(T),
    /// The predicate inside does not hold.
    Not(Box<Predicate<T>>),
    /// Equal to one item of a list.
    OneOf(T),
    /// Text with this text in it, a list with this item, a map with this key.
    Contains(T),
    /// Text that begins so.
    StartsWith(T),
    /// Text that ends so.
    EndsWith(T),
    /// Text in which a regular expression finds a match.
    Matches(Pattern<T>),
    /// A number above this one.
    Above(T),
    /// This number or one above it.
    AtLeast(T),
    /// A number below this one.
    Below(T),
    /// This number or one below it.
    AtMost(T),
    /// A predicate over how many items, keys, characters or matches there are.
    Count(Box<Predicate<T>>),
    /// Whether nothing is in it.
    Empty(T),
    /// Whether there is a value at all.
    Exists(T),
    /// The kind of value, or a list of kinds.
    Type(T),
    /// Every key and item given here is in the value too; it may hold more.
    Includes(T),
    /// The predicate holds of every item.
    Every(Box<Predicate<T>>),
    /// The predicate holds of at least one item.
    Any(Box<Predicate<T>>),
    /// The predicate holds of no item.
    None(Box<Predicate<T>>),
    /// The same Resource Manager id, whatever its letter case.
    ResourceId(T),
    /// A time before this one.
    Before(T),
    /// A time after this one.
    After(T),
    /// All of these.
    All(Vec<Predicate<T>>),
}

/// The keys of predicates in a playbook, each with what it asks.
pub const NAMES: &[(&str, &str)] = &[
    ("equals", "Equal to this value; numbers by value, so that `1` equals `1.0`."),
    ("not", "The predicate inside does not hold. A missing value, or one the predicate does not fit, is not enough."),
    ("one_of", "Equal to one item of this list."),
    ("contains", "Text with this text in it, a list with this item, or a map with this key."),
    ("starts_with", "Text that begins with this text."),
    ("ends_with", "Text that ends with this text."),
    ("matches", "Text in which this regular expression finds a match."),
    ("above", "A number above this one."),
    ("at_least", "This number, or one above it."),
    ("below", "A number below this one."),
    ("at_most", "This number, or one below it."),
    ("count", "A number, or a predicate over the number, of items, keys, characters or matches."),
    ("empty", "`true`: an empty list, map or text, null, or no match; `false`: anything else that is there."),
    ("exists", "`true`: there is a value, be it null; `false`: there is none."),
    ("type", "The kind of value, or a list of kinds: `text`, `integer`, `number`, `boolean`, `list`, `map`, `null`."),
    ("includes", "A part of the value: every key of a map and every item of a list given here must be there."),
    ("every", "The predicate holds of every item; with `empty: true` beside it, having no items is fine too."),
    ("any", "The predicate holds of at least one item."),
    ("none", "The predicate holds of no item; with `empty: true` beside it, having no items is fine too."),
    ("resource_id", "The same Resource Manager id: letter case and a slash at the end do not matter."),
    ("before", "A time before this one: RFC 3339, a date, or seconds since 1970."),
    ("after", "A time after this one: RFC 3339, a date, or seconds since 1970."),
];

/// A regular expression: compiled when the document is read if it is plain text there, else when it is judged.
#[derive(Debug, Clone)]
pub struct Pattern<T> {
    source: T,
    /// None when the text is no expression.
    regex: OnceCell<Option<Regex>>,
}

impl<T> Pattern<T> {
    /// A pattern whose text is known already.
    pub fn compiled(source: T, regex: Regex) -> Pattern<T> {
        Pattern { regex: OnceCell::from(Some(regex)), ..Pattern::templated(source) }
    }

    /// A pattern whose text is not known before it is rendered.
    pub fn templated(source: T) -> Pattern<T> {
        Pattern { source, regex: OnceCell::new() }
    }

    /// What the author wrote.
    pub fn source(&self) -> &T {
        &self.source
    }
}

impl<T> Predicate<T> {
    /// The same predicate over other leaves, or the first error of `map`. Compiled patterns are carried along.
    ///
    /// # Errors
    /// When `map` fails on a leaf.
    pub fn try_map<U, E>(&self, map: &mut dyn FnMut(&T) -> Result<U, E>) -> Result<Predicate<U>, E> {
        Ok(match self {
            Predicate::Equals(leaf) => Predicate::Equals(map(leaf)?),
            Predicate::OneOf(leaf) => Predicate::OneOf(map(leaf)?),
            Predicate::Contains(leaf) => Predicate::Contains(map(leaf)?),
            Predicate::StartsWith(leaf) => Predicate::StartsWith(map(leaf)?),
            Predicate::EndsWith(leaf) => Predicate::EndsWith(map(leaf)?),
            Predicate::Above(leaf) => Predicate::Above(map(leaf)?),
            Predicate::AtLeast(leaf) => Predicate::AtLeast(map(leaf)?),
            Predicate::Below(leaf) => Predicate::Below(map(leaf)?),
            Predicate::AtMost(leaf) => Predicate::AtMost(map(leaf)?),
            Predicate::Empty(leaf) => Predicate::Empty(map(leaf)?),
            Predicate::Exists(leaf) => Predicate::Exists(map(leaf)?),
            Predicate::Type(leaf) => Predicate::Type(map(leaf)?),
            Predicate::Includes(leaf) => Predicate::Includes(map(leaf)?),
            Predicate::ResourceId(leaf) => Predicate::ResourceId(map(leaf)?),
            Predicate::Before(leaf) => Predicate::Before(map(leaf)?),
            Predicate::After(leaf) => Predicate::After(map(leaf)?),
            Predicate::Matches(pattern) => Predicate::Matches(Pattern {
                regex: pattern.regex.clone(),
                ..Pattern::templated(map(&pattern.source)?)
            }),
            Predicate::Not(inner) => Predicate::Not(Box::new(inner.try_map(map)?)),
            Predicate::Count(inner) => Predicate::Count(Box::new(inner.try_map(map)?)),
            Predicate::Every(inner) => Predicate::Every(Box::new(inner.try_map(map)?)),
            Predicate::Any(inner) => Predicate::Any(Box::new(inner.try_map(map)?)),
            Predicate::None(inner) => Predicate::None(Box::new(inner.try_map(map)?)),
            Predicate::All(parts) => {
                Predicate::All(parts.iter().map(|part| part.try_map(map)).collect::<Result<_, _>>()?)
            }
        })
    }

    /// Visits what the author wrote, inner predicates included.
    pub fn each_leaf<'p>(&'p self, visit: &mut dyn FnMut(&'p T)) {
        match self {
            Predicate::Equals(leaf)
            | Predicate::OneOf(leaf)
            | Predicate::Contains(leaf)
            | Predicate::StartsWith(leaf)
            | Predicate::EndsWith(leaf)
            | Predicate::Above(leaf)
            | Predicate::AtLeast(leaf)
            | Predicate::Below(leaf)
            | Predicate::AtMost(leaf)
            | Predicate::Empty(leaf)
            | Predicate::Exists(leaf)
            | Predicate::Type(leaf)
            | Predicate::Includes(leaf)
            | Predicate::ResourceId(leaf)
            | Predicate::Before(leaf)
            | Predicate::After(leaf)
            | Predicate::Matches(Pattern { source: leaf, .. }) => visit(leaf),
            Predicate::Not(inner)
            | Predicate::Count(inner)
            | Predicate::Every(inner)
            | Predicate::Any(inner)
            | Predicate::None(inner) => inner.each_leaf(visit),
            Predicate::All(parts) => parts.iter().for_each(|part| part.each_leaf(visit)),
        }
    }

    /// The key that says this predicate; `all` for several together, which has none.
    pub fn name(&self) -> &'static str {
        match self {
            Predicate::Equals(_) => "equals",
            Predicate::Not(_) => "not",
            Predicate::OneOf(_) => "one_of",
            Predicate::Contains(_) => "contains",
            Predicate::StartsWith(_) => "starts_with",
            Predicate::EndsWith(_) => "ends_with",
            Predicate::Matches(_) => "matches",
            Predicate::Above(_) => "above",
            Predicate::AtLeast(_) => "at_least",
            Predicate::Below(_) => "below",
            Predicate::AtMost(_) => "at_most",
            Predicate::Count(_) => "count",
            Predicate::Empty(_) => "empty",
            Predicate::Exists(_) => "exists",
            Predicate::Type(_) => "type",
            Predicate::Includes(_) => "includes",
            Predicate::Every(_) => "every",
            Predicate::Any(_) => "any",
            Predicate::None(_) => "none",
            Predicate::ResourceId(_) => "resource_id",
            Predicate::Before(_) => "before",
            Predicate::After(_) => "after",
            Predicate::All(_) => "all",
        }
    }
}

impl Predicate<Value> {
    /// Judges the predicate: one verdict for each of its keys, in the order they are written.
    ///
    /// A predicate that cannot be asked (the value is missing, or of a kind it does not fit) does not hold, and
    /// neither does its `not`: nothing passes for want of trying. Only `exists: false` holds of a missing value.
    ///
    /// There is no verdict at all when that takes more work than any value is worth.
    pub fn judge(&self, actual: &Actual<'_>) -> Option<Vec<Verdict>> {
        let work = Work::of(work::MOST);
        let verdicts = judge::verdicts(self, actual, &work);
        (!work.is_spent()).then_some(verdicts)
    }
}
