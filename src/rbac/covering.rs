//! Which built-in roles to assign for some operations: one alone, or several that grant less together.

use crate::rbac::algebra::{Algebra, Verdict};
use crate::rbac::granting::{Granting, built_in_sets};
use crate::rbac::limits::TooComplex;
use crate::rbac::set::{Origin, PermissionSet};
use crate::rbac::{Decision, Pattern, Plane, catalogue};

/// How many roles may be taken together.
const MOST_ROLES: usize = 4;

/// The roles that everybody knows, the narrowest first.
const USUAL: [&str; 3] = ["Reader", "Contributor", "Owner"];

/// Built-in roles that grant some operations of Resource Manager.
#[derive(Clone, Debug, Default)]
pub struct Covering {
    /// The narrowest role that grants them all.
    pub alone: Option<Granting>,
    /// The first of the roles that everybody knows that does: Reader, Contributor, Owner.
    pub usual: Option<Granting>,
    /// Roles that do so together, and grant not half of the operations of the one; nothing if there are none.
    pub together: Vec<Granting>,
    /// How many known operations those grant together.
    pub breadth: usize,
}

/// A role with what it grants of what is wanted.
struct Candidate {
    role: usize,
    grants: Vec<usize>,
    breadth: usize,
}

impl Algebra<'_> {
    /// The roles that grant all of these operations, and if it can be none of those to avoid: the narrowest one, and the
    /// narrowest few that can be found greedily.
    pub fn covering(&self, wanted: &[&str], avoid: &[&str]) -> Result<Covering, TooComplex> {
        if wanted.is_empty() {
            return Ok(Covering::default());
        }
        let patterns: Vec<_> = wanted.iter().map(|action| (Pattern::parse(action), Plane::Control)).collect();
        // What is wanted and to be avoided cannot be avoided; the rest can.
        let avoid: Vec<&str> =
            avoid.iter().copied().filter(|one| !wanted.iter().any(|action| action.eq_ignore_ascii_case(one))).collect();
        let clean =
            |set: &PermissionSet| !avoid.iter().any(|action| set.decide(action, Plane::Control).may_be_granted());
        let sets = || catalogue().iter().zip(built_in_sets());
        let is_clean = |granting: &Granting| sets().any(|(role, set)| role.id == granting.role.id && clean(set));
        let mut sole = self.granting(&patterns)?;
        sole.retain(|found| found.verdict == Verdict::Yes);
        let alone = sole.iter().find(|found| is_clean(found)).cloned();
        let candidates = self.candidates(wanted, &clean);
        let chosen = greedy(candidates, wanted.len());
        let mut union = PermissionSet::new();
        for role in &chosen {
            union.grant(&catalogue()[*role].permissions, &Origin::default());
        }
        let breadth = self.breadth(&union);
        let is_narrower = alone.as_ref().is_none_or(|alone| 2 * breadth <= alone.breadth);
        let granting = |at: &usize| {
            let (role, set) = (&catalogue()[*at], &built_in_sets()[*at]);
            Granting { role: role.clone(), verdict: Verdict::Yes, breadth: self.breadth(set) }
        };
        let is_few = (2..=MOST_ROLES).contains(&chosen.len());
        let together = if is_few && is_narrower { chosen.iter().map(granting).collect() } else { Vec::new() };
        let named = |name: &&str| sole.iter().find(|found| found.role.name == **name).cloned();
        let usual =
            USUAL.iter().find_map(named).filter(|usual| alone.as_ref().is_none_or(|one| one.role.id != usual.role.id));
        // What is to be avoided cannot be, unless several roles do without it.
        let alone = alone.or_else(|| sole.into_iter().next().filter(|_| together.is_empty()));
        Ok(Covering { alone, usual, together, breadth })
    }

    /// The roles that grant any of what is wanted.
    fn candidates(&self, wanted: &[&str], clean: &dyn Fn(&PermissionSet) -> bool) -> Vec<Candidate> {
        let each = |(role, set): (usize, &PermissionSet)| {
            let granted = |at: &usize| matches!(set.decide(wanted[*at], Plane::Control), Decision::Granted(_));
            let grants: Vec<usize> = (0..wanted.len()).filter(granted).collect();
            let is_candidate = !grants.is_empty() && clean(set);
            is_candidate.then(|| Candidate { role, grants, breadth: self.breadth(set).max(1) })
        };
        built_in_sets().iter().enumerate().filter_map(each).collect()
    }
}

/// Roles that grant everything together: each time the one that costs the fewest operations for what it adds. Empty when
/// they cannot.
fn greedy(mut candidates: Vec<Candidate>, wanted: usize) -> Vec<usize> {
    candidates.sort_by_key(|candidate| candidate.breadth);
    let mut missing: Vec<usize> = (0..wanted).collect();
    let mut chosen: Vec<&Candidate> = Vec::new();
    while !missing.is_empty() {
        let adds = |candidate: &&Candidate| candidate.grants.iter().filter(|at| missing.contains(at)).count();
        let useful = candidates.iter().filter(|candidate| adds(candidate) > 0);
        // The breadth for each operation that is added, compared without fractions.
        let Some(best) = useful.min_by(|one, other| (one.breadth * adds(other)).cmp(&(other.breadth * adds(one))))
        else {
            return Vec::new();
        };
        missing.retain(|at| !best.grants.contains(at));
        chosen.push(best);
    }
    // What was taken early may have become superfluous.
    chosen.sort_by_key(|candidate| std::cmp::Reverse(candidate.breadth));
    let mut at = 0;
    while at < chosen.len() {
        let granted =
            |number: &usize| chosen.iter().enumerate().any(|(other, one)| other != at && one.grants.contains(number));
        if (0..wanted).all(|number| granted(&number)) {
            chosen.remove(at);
        } else {
            at += 1;
        }
    }
    chosen.iter().rev().map(|candidate| candidate.role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rbac::Operations;
    use proptest::prelude::*;

    #[track_caller]
    fn check(wanted: &[&str], avoid: &[&str], alone: Option<&str>, together: &[&str]) {
        let covering = Algebra::built_in().covering(wanted, avoid).expect("an answer");
        let names: Vec<&str> = covering.together.iter().map(|one| one.role.name.as_str()).collect();
        let found = covering.alone.as_ref().map(|one| one.role.name.as_str());
        assert_eq!((found, names.as_slice()), (alone, together), "{wanted:?} without {avoid:?}");
    }

    const KEYS: &str = "Microsoft.Storage/storageAccounts/listKeys/action";
    const PULL: &str = "Microsoft.ContainerRegistry/registries/pull/read";

    #[test]
    fn the_narrowest_roles_are_found() {
        check(&[PULL], &[], Some("AcrPull"), &[]);
        check(&["Contoso.Odd/things/read"], &[], Some("App Compliance Automation Reader"), &[]);
        check(&["Contoso.Odd/things/write"], &[], Some("Contributor"), &[]);
        check(&["Contoso.Odd/things/write"], &["Contoso.Odd/things/delete"], Some("Contributor"), &[]);
        let both = ["AcrPull", "Storage Account Key Operator Service Role"];
        check(&[KEYS, PULL], &[], Some("Azure AI Administrator"), &both);
        check(&[KEYS, PULL], &[KEYS], Some("Azure AI Administrator"), &both);
        check(&[], &[], None, &[]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn everything_is_granted(picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..6)) {
            let everything = Pattern::parse("*");
            let known: Vec<&str> = Operations::built_in().matching(&everything, Plane::Control).collect();
            let wanted: Vec<&str> = picks.iter().map(|pick| *pick.get(&known)).collect();
            let covering = Algebra::built_in().covering(&wanted, &[]).expect("an answer");
            let alone = covering.alone.expect("Owner grants everything");
            for action in wanted {
                prop_assert!(alone.role.grants(action), "{} by {}", action, alone.role.name);
                let is_granted = covering.together.iter().any(|one| one.role.grants(action));
                prop_assert!(covering.together.is_empty() || is_granted, "{}", action);
            }
            prop_assert!(covering.together.is_empty() || 2 * covering.breadth <= alone.breadth);
        }
    }
}
