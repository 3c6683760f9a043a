//! How two patterns relate, as far as their parts tell without an automaton.

use crate::rbac::Pattern;
use crate::rbac::pattern::Parts;

/// Whether all that the inner pattern matches is matched by the outer one; nothing where a pattern has several gaps.
pub(super) fn includes(outer: &Pattern, inner: &Pattern) -> Option<bool> {
    match (inner.parts(), outer.parts()) {
        (Some(Parts::Literal(action)), _) => Some(outer.matches_folded(action)),
        (Some(Parts::Gap { .. }), Some(Parts::Literal(_))) => Some(false),
        (
            Some(Parts::Gap { before, after, below }),
            Some(Parts::Gap { before: outer_before, after: outer_after, below: outer_below }),
        ) => {
            let begins = match outer_below {
                true => match before.strip_prefix(outer_before) {
                    Some("") => below,
                    Some(rest) => rest.starts_with('/'),
                    None => false,
                },
                false => before.starts_with(outer_before) || (below && outer_before.strip_suffix('/') == Some(before)),
            };
            let free = begins && after.ends_with(outer_after);
            Some(free && (!below || outer.matches_folded(&format!("{before}{after}"))))
        }
        _ if outer.folded() == inner.folded() && outer.is_strict() == inner.is_strict() => Some(true),
        _ => None,
    }
}

/// Whether some name may match both; where this says no, none does.
pub(super) fn may_overlap(one: &Pattern, other: &Pattern) -> bool {
    match (one.is_literal(), other.is_literal()) {
        (true, _) => return other.matches_folded(one.folded()),
        (_, true) => return one.matches_folded(other.folded()),
        _ => {}
    }
    let ((before, after), (other_before, other_after)) = (one.edges(), other.edges());
    (before.starts_with(other_before) || other_before.starts_with(before))
        && (after.ends_with(other_after) || other_after.ends_with(after))
}

/// A piece of an intersection: a pattern, and the one name that it matches too much.
pub(super) type Piece = (Pattern, Option<Pattern>);

/// The names that match both patterns, as pieces that together match exactly those; nothing where a pattern has several gaps.
pub(super) fn intersection(one: &Pattern, other: &Pattern) -> Option<Vec<Piece>> {
    if !may_overlap(one, other) {
        return Some(Vec::new());
    }
    if includes(other, one) == Some(true) {
        return Some(vec![(one.clone(), None)]);
    }
    if includes(one, other) == Some(true) {
        return Some(vec![(other.clone(), None)]);
    }
    let (Some((before, after)), Some((other_before, other_after))) = (open(one), open(other)) else {
        return None;
    };
    // All names of both that are long enough begin with the longer beginning and end with the longer end.
    let (heads, tails) = (before.len() >= other_before.len(), after.len() >= other_after.len());
    let (head, short_head) = if heads { (&before, &other_before) } else { (&other_before, &before) };
    let (tail, short_tail) = if tails { (after, other_after) } else { (other_after, after) };
    let fits = head.starts_with(short_head.as_str()) && tail.ends_with(short_tail);
    let both = |action: &str| one.matches_folded(action) && other.matches_folded(action);
    let mut pieces = Vec::new();
    let mut short: Vec<String> = [one, other].into_iter().filter_map(closed).filter(|action| both(action)).collect();
    if fits {
        let names = (1..=head.len().min(tail.len())).filter_map(|shared| {
            let rest = tail.get(shared..)?;
            (head.get(head.len() - shared..)? == tail.get(..shared)?).then(|| format!("{head}{rest}"))
        });
        short.extend(names.filter(|action| both(action)));
        let (begins, ends) = (if heads { one } else { other }, if tails { one } else { other });
        let (begins, ends) = (begins.as_str(), ends.as_str());
        let begins = begins.get(..head.len()).unwrap_or(head);
        let ends = ends.len().checked_sub(tail.len()).and_then(|from| ends.get(from..)).unwrap_or(tail);
        let whole = Pattern::parse(&format!("{begins}*{ends}"));
        let extra = closed(&whole).filter(|action| !both(action)).map(|action| Pattern::parse(&action));
        short.retain(|action| !whole.matches_folded(action));
        pieces.push((whole, extra));
    }
    short.sort();
    short.dedup();
    pieces.extend(short.iter().map(|action| (Pattern::parse(&one.spell(action)), None)));
    Some(pieces)
}

/// What stands before and after a pattern's gap when something stands in it.
fn open(pattern: &Pattern) -> Option<(String, &str)> {
    match pattern.parts()? {
        Parts::Gap { before, after, below } => Some((format!("{before}{}", if below { "/" } else { "" }), after)),
        Parts::Literal(_) => None,
    }
}

/// The name that a gap with a slash matches when it is left out.
fn closed(pattern: &Pattern) -> Option<String> {
    match pattern.parts() {
        Some(Parts::Gap { before, after, below: true }) => Some(format!("{before}{after}")),
        _ => None,
    }
}
