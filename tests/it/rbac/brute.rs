//! Brute force: all short names over a small alphabet, an oracle that knows nothing of automata, and the algebra judged by
//! both.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use mi_run::rbac::{Algebra, Answer, Operations, Pattern, Permission, PermissionSet, Plane, Remainder, Verdict};

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

/// What may be added to a shortest witness.
const VERBS: [&str; 4] = ["/read", "/write", "/delete", "/action"];

/// The verdict that brute force allows: what it sees counts, and what it cannot see a witness must show.
#[track_caller]
fn judge(answer: &Answer<'_>, holding: (Verdict, Verdict), seen: [&Bits; 2], weighs: impl Fn(&str) -> [bool; 4]) {
    let (found, none) = holding;
    let least = if first(seen[0]).is_some() {
        found
    } else if first(seen[1]).is_some() {
        Verdict::Maybe
    } else {
        none
    };
    let strength = |verdict: Verdict| {
        if verdict == found {
            2
        } else if verdict == none {
            0
        } else {
            1
        }
    };
    assert!(strength(answer.verdict) >= strength(least), "{answer:?}, but brute force has {:?}", first(seen[1]));
    let Some(witness) = &answer.witness else {
        assert_eq!(answer.verdict, none);
        return;
    };
    let outcomes = weighs(&witness.action.to_ascii_lowercase());
    let is_shown =
        if answer.verdict == found { outcomes.iter().all(|one| *one) } else { outcomes.iter().any(|one| *one) };
    assert!(is_shown && answer.verdict != none, "{answer:?} is no witness: {outcomes:?}");
    let shortest = if answer.verdict == found { first(seen[0]) } else { first(seen[1]) };
    if let Some(shortest) = shortest {
        let stem = VERBS.iter().find_map(|verb| witness.action.strip_suffix(verb)).unwrap_or(&witness.action);
        assert!(stem.len() <= shortest.len().max(1), "{answer:?} is not the shortest: {shortest}");
    }
}

/// A sample with all that is asked of it often.
pub(super) struct Ready<'a>(&'a Sample, PermissionSet, [Bits; 4]);

impl<'a> Ready<'a> {
    pub(super) fn new(sample: &'a Sample) -> Ready<'a> {
        Ready(sample, sample.set(), sample.outcomes())
    }
}

/// Judges the algebra on two sets by brute force.
pub(super) fn compare(Ready(one, set, ours): &Ready<'_>, Ready(other, other_set, theirs): &Ready<'_>) {
    let operations = Operations::default();
    let algebra = Algebra::new(&operations);
    let paired = |op: fn(u64, u64) -> u64| {
        let pairs: [Bits; 4] = std::array::from_fn(|at| join(&ours[at], &theirs[at], op));
        certain_and_possible(&pairs)
    };
    let weighs = |op: fn(bool, bool) -> bool| {
        move |word: &str| -> [bool; 4] {
            let (ours, theirs) = (one.grants(word), other.grants(word));
            std::array::from_fn(|at| op(ours[at], theirs[at]))
        }
    };
    let (certain, possible) = paired(|a, b| a & !b);
    let answer = algebra.included(set, other_set).expect("an answer");
    judge(&answer, (Verdict::No, Verdict::Yes), [&certain, &possible], weighs(|a, b| a && !b));
    let (certain, possible) = paired(|a, b| a & b);
    let answer = algebra.overlap(set, other_set).expect("an answer");
    judge(&answer, (Verdict::Yes, Verdict::No), [&certain, &possible], weighs(|a, b| a && b));
}

/// Judges a difference by brute force: it is that set of names, and its examples are in it.
pub(super) fn difference(one: &Sample, other: &Sample) {
    let operations = Operations::default();
    let (set, other_set) = (one.set(), other.set());
    let found = Algebra::new(&operations).difference(&set, &other_set).expect("a difference");
    let (ours, theirs) = (one.outcomes(), other.outcomes());
    let pairs: [Bits; 4] = std::array::from_fn(|at| join(&ours[at], &theirs[at], |a, b| a & !b));
    let (certain, possible) = certain_and_possible(&pairs);
    for (at, word) in words().iter().enumerate() {
        let is_in = |bits: &Bits| bits[at / 64] >> (at % 64) & 1 == 1;
        let has = |parts: &[Remainder<'_>]| parts.iter().any(|part| part.contains(word));
        assert_eq!(has(&found.certain), is_in(&certain), "certain `{word}`: {found:#?}");
        assert_eq!(has(&found.certain) || has(&found.possible), is_in(&possible), "possible `{word}`: {found:#?}");
    }
    for part in found.certain.iter().chain(&found.possible) {
        assert_eq!(part.examples.len(), 1);
        let action = part.examples[0].action.to_ascii_lowercase();
        assert!(part.contains(&action) && (0..4).any(|at| one.grants(&action)[at] && !other.grants(&action)[at]));
    }
}

/// Judges claims about a pattern by brute force.
pub(super) fn claims_about(sample: &Sample, pattern: &Pattern) {
    let operations = Operations::default();
    let algebra = Algebra::new(&operations);
    let (set, outcomes, wanted) = (sample.set(), sample.outcomes(), bits(pattern));
    let matches = |word: &str| oracle(pattern, word);
    let (certain, possible) =
        certain_and_possible(&outcomes.clone().map(|granted| join(&wanted, &granted, |a, b| a & !b)));
    let every = algebra.every(&set, (pattern, Plane::Control)).expect("an answer");
    if !pattern.is_literal() {
        judge(&every, (Verdict::No, Verdict::Yes), [&certain, &possible], |word| {
            sample.grants(word).map(|granted| matches(word) && !granted)
        });
    }
    assert!(every.verdict != Verdict::Yes || !every.grants.is_empty());
    let (certain, possible) = certain_and_possible(&outcomes.map(|granted| join(&wanted, &granted, |a, b| a & b)));
    let any = algebra.any(&set, (pattern, Plane::Control)).expect("an answer");
    if !pattern.is_literal() {
        judge(&any, (Verdict::Yes, Verdict::No), [&certain, &possible], |word| {
            sample.grants(word).map(|granted| matches(word) && granted)
        });
    }
    assert_eq!(any.verdict == Verdict::No, any.grants.is_empty());
    if pattern.is_literal() {
        let outcomes = sample.grants(pattern.as_str());
        let expected = match outcomes.iter().filter(|granted| **granted).count() {
            0 => Verdict::No,
            4 => Verdict::Yes,
            _ => Verdict::Maybe,
        };
        assert_eq!((every.verdict, any.verdict), (expected, expected));
    }
}
