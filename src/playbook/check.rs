//! Predicates as they stand in a playbook.

use serde_json::Value;

use super::expectation::Check;
use super::input::regex;
use super::reader::{Read, Reader};
use crate::predicate::{self, Pattern, Predicate};
use crate::source::Spanned;
use crate::template::Tree;
use crate::yaml::{Entry, Kind, Node};

type Part = Spanned<Predicate<Tree>>;

impl Read for Check {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Map(_) = &node.kind else {
            let tree = reader.tree(node)?;
            return Some(Self(vec![Spanned::new(Predicate::Equals(tree), node.span)]));
        };
        let entries = reader.entries(node, "a predicate")?;
        if entries.is_empty() {
            let why = "a map of predicates is expected; `equals: {}` means an empty map";
            reader.diagnostics.invalid_value(node.span, "{}", why);
            return None;
        }
        Some(Self(pardoned(entries.iter().filter_map(|entry| part(entry, reader)).collect())))
    }
}

/// `empty: true` beside `every` or `none` is no claim of its own: it joins the other's.
fn pardoned(mut parts: Vec<Part>) -> Vec<Part> {
    let is_empty = |part: &Part| matches!(part.value, Predicate::Empty(Tree::Value(Value::Bool(true))));
    let over_items = |part: &Part| matches!(part.value, Predicate::Every(_) | Predicate::None(_));
    if !parts.iter().any(over_items) {
        return parts;
    }
    let Some(at) = parts.iter().position(is_empty) else {
        return parts;
    };
    let empty = parts.remove(at).value;
    for part in parts.iter_mut().filter(|part| over_items(part)) {
        part.value = Predicate::All(vec![part.value.clone(), empty.clone()]);
    }
    parts
}

/// One key of a map of predicates.
fn part(entry: &Entry, reader: &mut Reader<'_>) -> Option<Part> {
    let key = reader.key(entry)?;
    let predicate = named(&key, &entry.value, reader)?;
    match predicate {
        Some(predicate) => Some(Spanned::new(predicate, entry.value.span)),
        None => {
            let known: Vec<&str> = predicate::NAMES.iter().map(|(name, _)| *name).collect();
            reader.diagnostics.unknown_predicate(key.span, &key, &known);
            None
        }
    }
}

/// The predicate of that name; `Some(None)` when there is no such name.
fn named(name: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Option<Predicate<Tree>>> {
    let inner = |reader: &mut Reader<'_>| Check::read(node, reader).map(|check| Box::new(joined(check)));
    Some(Some(match name {
        "equals" => Predicate::Equals(reader.tree(node)?),
        "one_of" => Predicate::OneOf(list(node, reader)?),
        "contains" => Predicate::Contains(reader.tree(node)?),
        "starts_with" => Predicate::StartsWith(text(node, reader)?),
        "ends_with" => Predicate::EndsWith(text(node, reader)?),
        "matches" => Predicate::Matches(pattern(node, reader)?),
        "above" => Predicate::Above(number(node, reader)?),
        "at_least" => Predicate::AtLeast(number(node, reader)?),
        "below" => Predicate::Below(number(node, reader)?),
        "at_most" => Predicate::AtMost(number(node, reader)?),
        "empty" => Predicate::Empty(flag(node, reader)?),
        "exists" => Predicate::Exists(flag(node, reader)?),
        "type" => Predicate::Type(kinds(node, reader)?),
        "includes" => Predicate::Includes(reader.tree(node)?),
        "resource_id" => Predicate::ResourceId(text(node, reader)?),
        "before" => Predicate::Before(reader.tree(node)?),
        "after" => Predicate::After(reader.tree(node)?),
        "not" => Predicate::Not(inner(reader)?),
        "count" => Predicate::Count(inner(reader)?),
        "every" => Predicate::Every(inner(reader)?),
        "any" => Predicate::Any(inner(reader)?),
        "none" => Predicate::None(inner(reader)?),
        _ => return Some(None),
    }))
}

/// Several keys inside a predicate mean all of them.
fn joined(check: Check) -> Predicate<Tree> {
    let mut parts: Vec<Predicate<Tree>> = check.0.into_iter().map(|part| part.value).collect();
    if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) }
}

fn text(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    reader.text(node).map(Tree::Text)
}

/// A value that is fine when it is a template, whatever comes of it, or of the type wanted.
fn templated_or(node: &Node, reader: &mut Reader<'_>, fits: fn(&Kind) -> bool, wanted: &str) -> Option<Tree> {
    let is_template = node.text().is_some_and(|text| text.contains("{{"));
    if is_template || fits(&node.kind) {
        return reader.tree(node);
    }
    reader.wrong_type(node, wanted);
    None
}

fn number(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    templated_or(node, reader, |kind| matches!(kind, Kind::Number(_)), "a number")
}

fn flag(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    templated_or(node, reader, |kind| matches!(kind, Kind::Boolean(_)), "`true` or `false`")
}

fn list(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    templated_or(node, reader, |kind| matches!(kind, Kind::List(_)), "a list")
}

fn kinds(node: &Node, reader: &mut Reader<'_>) -> Option<Tree> {
    const KINDS: &[(&str, ())] = &[
        ("text", ()),
        ("string", ()),
        ("integer", ()),
        ("number", ()),
        ("boolean", ()),
        ("list", ()),
        ("map", ()),
        ("null", ()),
    ];
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ if node.text().is_some_and(|text| text.contains("{{")) => return reader.tree(node),
        // `type: null` is the kind of nothing, not nothing.
        Kind::Null => return Some(Tree::Value(Value::String("null".to_owned()))),
        _ => std::slice::from_ref(node),
    };
    for item in items.iter().filter(|item| !matches!(item.kind, Kind::Null)) {
        reader.word(item, KINDS)?;
    }
    reader.tree(node)
}

fn pattern(node: &Node, reader: &mut Reader<'_>) -> Option<Pattern<Tree>> {
    let text = reader.text(node)?;
    match text.template.literal() {
        Some(expression) => {
            let regex = regex(expression, node.span, reader)?;
            Some(Pattern::compiled(Tree::Text(text), regex))
        }
        None => Some(Pattern::templated(Tree::Text(text))),
    }
}
