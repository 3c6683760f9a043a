//! Brute force: all short names over a small alphabet, an oracle that knows nothing of automata, and generated sets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use mi_run::rbac::{Pattern, Permission, PermissionSet};
use proptest::prelude::*;

/// All names of up to five characters, those with a letter that no pattern has among them.
pub(super) fn words() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = vec![String::new()];
        let mut last = words.clone();
        for _ in 0..5 {
            last = last.iter().flat_map(|word| ["a", "b", "/", "x"].map(|next| format!("{word}{next}"))).collect();
            words.extend(last.iter().cloned());
        }
        words
    })
}

/// Whether a pattern matches a name: piece by piece what the documentation says, with no thought of speed.
pub(super) fn oracle(pattern: &Pattern, word: &str) -> bool {
    matches(pattern.as_str().as_bytes(), word.as_bytes(), pattern.is_strict())
}

fn matches(pattern: &[u8], word: &[u8], is_strict: bool) -> bool {
    let any = |rest: &[u8], word: &[u8]| (0..=word.len()).any(|from| matches(rest, &word[from..], is_strict));
    match (pattern, word) {
        ([], word) => word.is_empty(),
        ([b'/', b'*', rest @ ..], _) if !is_strict => {
            matches(rest, word, is_strict) || (word.first() == Some(&b'/') && any(rest, &word[1..]))
        }
        ([b'*', rest @ ..], _) => any(rest, word),
        ([one, rest @ ..], [other, more @ ..]) => one == other && matches(rest, more, is_strict),
        (_, []) => false,
    }
}

/// A set of names, a bit for each of [`words`].
pub(super) type Bits = Vec<u64>;

/// The names that a pattern matches.
pub(super) fn bits(pattern: &Pattern) -> Bits {
    thread_local! {
        static FOUND: RefCell<HashMap<(String, bool), Bits>> = RefCell::default();
    }
    FOUND.with_borrow_mut(|found| {
        let make = || {
            let mut bits = vec![0; words().len().div_ceil(64)];
            for (at, word) in words().iter().enumerate() {
                bits[at / 64] |= u64::from(oracle(pattern, word)) << (at % 64);
            }
            bits
        };
        found.entry((pattern.as_str().to_owned(), pattern.is_strict())).or_insert_with(make).clone()
    })
}

pub(super) fn join(one: &Bits, other: &Bits, op: fn(u64, u64) -> u64) -> Bits {
    one.iter().zip(other).map(|(one, other)| op(*one, *other)).collect()
}

pub(super) fn all(entries: &[Permission]) -> Bits {
    let any = |patterns: &[Pattern]| {
        patterns.iter().map(bits).fold(vec![0; words().len().div_ceil(64)], |sum, next| join(&sum, &next, |a, b| a | b))
    };
    let entries = entries.iter().map(|entry| join(&any(&entry.actions), &any(&entry.not_actions), |a, b| a & !b));
    entries.fold(vec![0; words().len().div_ceil(64)], |sum, next| join(&sum, &next, |a, b| a | b))
}

/// The shortest name in a set of names.
pub(super) fn first(bits: &Bits) -> Option<&'static String> {
    (0..words().len()).find(|at| bits[at / 64] >> (at % 64) & 1 == 1).map(|at| &words()[at])
}

/// Grants, denials, and all outcomes of the conditions `C` and `D`: what is granted in each.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) grants: Vec<Permission>,
    pub(super) denials: Vec<Permission>,
}

impl Sample {
    pub(super) fn set(&self) -> PermissionSet {
        let mut set = PermissionSet::of(&self.grants);
        set.deny(&self.denials, &Default::default());
        set
    }

    pub(super) fn outcomes(&self) -> [Bits; 4] {
        [(false, false), (false, true), (true, false), (true, true)].map(|(c, d)| {
            let met = |entry: &&Permission| match entry.condition.as_deref() {
                Some("C") => c,
                Some("D") => d,
                _ => true,
            };
            let met = |entries: &[Permission]| -> Vec<Permission> { entries.iter().filter(met).cloned().collect() };
            join(&all(&met(&self.grants)), &all(&met(&self.denials)), |a, b| a & !b)
        })
    }

    pub(super) fn grants(&self, word: &str) -> [bool; 4] {
        let of = |entries: &[Permission], c: bool, d: bool| {
            entries.iter().any(|entry| {
                let met = match entry.condition.as_deref() {
                    Some("C") => c,
                    Some("D") => d,
                    _ => true,
                };
                let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| oracle(pattern, word));
                met && any(&entry.actions) && !any(&entry.not_actions)
            })
        };
        [(false, false), (false, true), (true, false), (true, true)]
            .map(|(c, d)| of(&self.grants, c, d) && !of(&self.denials, c, d))
    }
}

/// What all outcomes have in common, and what any has.
pub(super) fn certain_and_possible(outcomes: &[Bits; 4]) -> (Bits, Bits) {
    let fold =
        |op: fn(u64, u64) -> u64| outcomes[1..].iter().fold(outcomes[0].clone(), |sum, next| join(&sum, next, op));
    (fold(|a, b| a & b), fold(|a, b| a | b))
}

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
