//! Generated permission sets over the alphabet of brute force.

use mi_run::rbac::{Pattern, Permission};
use proptest::prelude::*;

use super::brute::Sample;

pub(super) fn patterns(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Pattern>> {
    let letters = prop::sample::select(vec!['a', 'b', '/', '*', '*']);
    let text = prop::collection::vec(letters, 0..6).prop_map(|letters| letters.into_iter().collect::<String>());
    let is_strict = prop::sample::select(vec![false, false, false, true]);
    let pattern = (text, is_strict).prop_map(|(text, is_strict)| match is_strict {
        true => Pattern::parse_strict(&text),
        false => Pattern::parse(&text),
    });
    prop::collection::vec(pattern, count)
}

pub(super) fn entries(conditions: bool, most: usize) -> impl Strategy<Value = Vec<Permission>> {
    let condition = match conditions {
        true => prop::sample::select(vec![None, None, Some("C"), Some("D")]),
        false => prop::sample::select(vec![None]),
    };
    let entry = (patterns(1..4), patterns(0..3), condition).prop_map(|(actions, not_actions, condition)| Permission {
        actions,
        not_actions,
        condition: condition.map(str::to_owned),
        ..Permission::default()
    });
    prop::collection::vec(entry, 0..most)
}

/// Sets without conditions and denials, as most are.
pub(super) fn plain() -> impl Strategy<Value = Sample> {
    entries(false, 4).prop_map(|grants| Sample { grants, denials: Vec::new() })
}

/// Sets with all there is.
pub(super) fn full() -> impl Strategy<Value = Sample> {
    (entries(true, 4), entries(true, 2)).prop_map(|(grants, denials)| Sample { grants, denials })
}
