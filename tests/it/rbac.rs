//! The algebra of permission sets against brute force: small alphabets, short names, an oracle that knows nothing of
//! automata; and its laws, on generated sets and on the built-in roles.

mod brute;
mod claims;

use mi_run::rbac::{
    Algebra, Answer, Decision, Operations, Pattern, Permission, PermissionSet, Plane, Remainder, Verdict, built_in_sets,
};
use proptest::prelude::*;

use brute::{Bits, Sample, bits, certain_and_possible, first, full, join, oracle, patterns, plain, words};

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
struct Ready<'a>(&'a Sample, PermissionSet, [Bits; 4]);

/// Judges the algebra on two sets by brute force.
fn compare(Ready(one, set, ours): &Ready<'_>, Ready(other, other_set, theirs): &Ready<'_>) {
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
fn difference(one: &Sample, other: &Sample) {
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

/// Compares every set with every other one.
fn each_pair(samples: &[Sample]) {
    let samples: Vec<Ready<'_>> = samples.iter().map(|sample| Ready(sample, sample.set(), sample.outcomes())).collect();
    samples.iter().for_each(|one| samples.iter().for_each(|other| compare(one, other)));
}

/// So many generated lists of sets, with no file of failed cases beside.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(600))]

    // 600 lists of 10 sets: 60,000 pairs, each compared in two ways.
    #[test]
    fn comparisons_are_those_of_brute_force(samples in prop::collection::vec(plain(), 10..11)) {
        each_pair(&samples);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    // 400 lists of 8 sets: 25,600 pairs.
    #[test]
    fn comparisons_under_conditions_and_denials_are_those_of_brute_force(
        samples in prop::collection::vec(full(), 8..9),
    ) {
        each_pair(&samples);
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn differences_are_those_of_brute_force(one in plain(), other in plain(), third in full(), fourth in full()) {
        difference(&one, &other);
        difference(&third, &fourth);
    }

    #[test]
    fn claims_about_a_pattern_are_those_of_brute_force(sample in full(), pattern in patterns(1..2)) {
        let operations = Operations::default();
        let algebra = Algebra::new(&operations);
        let (set, outcomes, wanted) = (sample.set(), sample.outcomes(), bits(&pattern[0]));
        let matches = |word: &str| oracle(&pattern[0], word);
        let (certain, possible) = certain_and_possible(&outcomes.clone().map(|granted| join(&wanted, &granted, |a, b| a & !b)));
        let every = algebra.every(&set, (&pattern[0], Plane::Control)).expect("an answer");
        if !pattern[0].is_literal() {
            judge(&every, (Verdict::No, Verdict::Yes), [&certain, &possible], |word| {
                sample.grants(word).map(|granted| matches(word) && !granted)
            });
        }
        prop_assert!(every.verdict != Verdict::Yes || !every.grants.is_empty());
        let (certain, possible) = certain_and_possible(&outcomes.map(|granted| join(&wanted, &granted, |a, b| a & b)));
        let any = algebra.any(&set, (&pattern[0], Plane::Control)).expect("an answer");
        if !pattern[0].is_literal() {
            judge(&any, (Verdict::Yes, Verdict::No), [&certain, &possible], |word| {
                sample.grants(word).map(|granted| matches(word) && granted)
            });
        }
        prop_assert_eq!(any.verdict == Verdict::No, any.grants.is_empty());
        if pattern[0].is_literal() {
            let outcomes = sample.grants(pattern[0].as_str());
            let expected = match outcomes.iter().filter(|granted| **granted).count() {
                0 => Verdict::No,
                4 => Verdict::Yes,
                _ => Verdict::Maybe,
            };
            prop_assert_eq!((every.verdict, any.verdict), (expected, expected));
        }
    }

    #[test]
    fn inclusion_is_a_partial_order_and_union_is_monotone(one in full(), two in full(), three in full()) {
        let operations = Operations::default();
        let algebra = Algebra::new(&operations);
        let sets = [&one, &two, &three].map(Sample::set);
        let within = |one: usize, other: usize| {
            algebra.included(&sets[one], &sets[other]).expect("an answer").verdict == Verdict::Yes
        };
        let mut union = sets[0].clone();
        union.grant(&two.grants, &Default::default());
        prop_assert!(within(0, 0));
        prop_assert!(!(within(0, 1) && within(1, 2)) || within(0, 2));
        let equal = algebra.equal(&sets[0], &sets[1]).expect("an answer").verdict();
        prop_assert_eq!(equal == Verdict::Yes, within(0, 1) && within(1, 0));
        prop_assert_eq!(algebra.included(&sets[0], &union).expect("an answer").verdict, Verdict::Yes);
        let empty = PermissionSet::new();
        prop_assert_eq!(algebra.included(&empty, &sets[0]).expect("an answer").verdict, Verdict::Yes);
        prop_assert_eq!(algebra.overlap(&empty, &sets[0]).expect("an answer").verdict, Verdict::No);
    }

}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn crafted_patterns_are_answered_or_refused_soon(
        texts in prop::collection::vec("(\\*[ab]{1,3}){0,20}\\*?", 1..12), other in prop::collection::vec("[a-c*/]{0,90}", 1..12),
    ) {
        let set = |texts: &[String]| {
            let actions = texts.iter().map(|text| Pattern::parse(text)).collect();
            PermissionSet::of(&[Permission { actions, ..Permission::default() }])
        };
        let (one, other) = (set(&texts), set(&other));
        // Either is right; what counts is that it ends.
        let _ = Algebra::built_in().included(&one, &other);
    }
}

/// Among the built-in roles: witnesses are real, and no two answers contradict each other.
#[test]
fn witnesses_between_built_in_roles_are_witnesses() {
    let algebra = Algebra::built_in();
    let sets = built_in_sets();
    let sample: Vec<&PermissionSet> = sets.iter().step_by(9).chain(common()).collect();
    for one in &sample {
        for other in &sample {
            let answer = algebra.included(one, other).expect("an answer");
            let reverse = algebra.included(other, one).expect("an answer");
            let Some(witness) = &answer.witness else {
                assert_eq!(answer.verdict, Verdict::Yes);
                let is_smaller = algebra.breadth(one) <= algebra.breadth(other);
                assert!(is_smaller || reverse.verdict == Verdict::Yes);
                continue;
            };
            assert!(one.decide(&witness.action, witness.plane).may_be_granted(), "{witness:?}");
            assert!(!matches!(other.decide(&witness.action, witness.plane), Decision::Granted(_)), "{witness:?}");
            assert_eq!(answer.grants.len(), 1);
        }
    }
}

fn common() -> impl Iterator<Item = &'static PermissionSet> {
    let roles = mi_run::rbac::catalogue().iter().zip(built_in_sets());
    let common = ["Owner", "Contributor", "Reader", "User Access Administrator"];
    roles.filter(move |(role, _)| common.contains(&role.name.as_str())).map(|(_, set)| set)
}

#[test]
fn crafted_patterns_are_refused_with_a_reason() {
    #[track_caller]
    fn check(one: &[String], other: &[String], expected: &str) {
        let set = |texts: &[String]| {
            let actions = texts.iter().map(|text| Pattern::parse(text)).collect();
            PermissionSet::of(&[Permission { actions, ..Permission::default() }])
        };
        let error = Algebra::built_in().included(&set(one), &set(other)).expect_err("too complex");
        assert_eq!(error.to_string(), expected);
    }
    let all = || vec!["*".to_owned()];
    let long = "a".repeat(2_000);
    let begin = "a".repeat(60);
    check(&all(), &[long], &format!("the action pattern `{begin}…` is longer than 1000 characters"));
    let stars = "*a".repeat(20);
    check(&all(), std::slice::from_ref(&stars), &format!("the action pattern `{stars}` has more than 16 stars"));
    // The first of the others has all that is wanted; but each of the rest may have seen its letter or not, and that makes
    // too many cases to be sure.
    let mut others = vec!["*a*b".to_owned()];
    others.extend(('c'..='z').map(|one| format!("*{one}*{one}*b")));
    check(&["*ab".to_owned()], &others, "the action patterns are too entangled: more than 20000 cases to tell apart");
}
