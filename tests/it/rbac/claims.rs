//! What is said of well-known built-in roles: the claims of `claims.txt`, each of them verified.

use std::sync::Arc;

use mi_run::rbac::{Algebra, Pattern, PermissionSet, Plane, Role, Verdict};

const CLAIMS: &str = include_str!("claims.txt");

#[test]
fn what_is_said_of_built_in_roles_is_so() {
    let claims: Vec<&str> = CLAIMS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(claims.len() >= 60, "{} claims", claims.len());
    let wrong: Vec<String> = claims.iter().filter_map(|claim| Some(format!("{claim}\n  {}", refute(claim)?))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is so instead, unless the claim is true.
fn refute(claim: &str) -> Option<String> {
    let (role, claim) = claim.split_once(": ").expect("a claim begins with a role");
    let (set, algebra) = (set(role), Algebra::built_in());
    if let Some(other) = claim.strip_prefix("is at most ") {
        let answer = algebra.included(&set, &self::set(other)).expect("an answer");
        return (answer.verdict != Verdict::Yes).then(|| format!("{:?}", answer.witness));
    }
    if let Some((other, action)) = claim.strip_prefix("is beyond ").and_then(|rest| rest.split_once(" by ")) {
        let answer = algebra.included(&set, &self::set(other)).expect("an answer");
        let found = answer.witness.map(|witness| witness.action);
        return (answer.verdict != Verdict::No || found.as_deref() != Some(action)).then(|| format!("{found:?}"));
    }
    let (words, pattern) = claim.rsplit_once(' ').expect("a claim ends with a pattern");
    let (words, plane) = match words.strip_suffix(" data") {
        Some(words) => (words, Plane::Data),
        None => (words, Plane::Control),
    };
    let pattern = Pattern::parse(pattern);
    let every = algebra.every(&set, (&pattern, plane)).expect("an answer");
    let any = algebra.any(&set, (&pattern, plane)).expect("an answer");
    let is_so = match words {
        "can" => every.verdict == Verdict::Yes,
        "cannot" => any.verdict == Verdict::No,
        "can partly" => (any.verdict, every.verdict) == (Verdict::Yes, Verdict::No),
        "may" => (any.verdict, every.verdict) == (Verdict::Maybe, Verdict::Maybe),
        _ => panic!("no such claim: {words}"),
    };
    let shown = || format!("every: {:?} {:?}, any: {:?} {:?}", every.verdict, every.witness, any.verdict, any.witness);
    (!is_so).then(shown)
}

fn set(role: &str) -> PermissionSet {
    let role: Arc<Role> = Role::built_in(role).unwrap_or_else(|| panic!("no role `{role}`"));
    PermissionSet::of_role(&role)
}
