//! The algebra of permission sets against brute force: small alphabets, short names, an oracle that knows nothing of
//! automata; and its laws, on generated sets and on the built-in roles.

mod brute;
mod claims;
mod samples;

use mi_run::rbac::{Algebra, Decision, Operations, Pattern, Permission, PermissionSet, Verdict, built_in_sets};
use proptest::prelude::*;

use brute::{Ready, Sample, claims_about, compare, difference};
use samples::{full, patterns, plain};

/// Compares every set with every other one.
fn each_pair(samples: &[Sample]) {
    let samples: Vec<Ready<'_>> = samples.iter().map(Ready::new).collect();
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
        claims_about(&sample, &pattern[0]);
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
