//! Which built-in roles grant something, the narrowest first.

use std::sync::{Arc, OnceLock};

use crate::rbac::algebra::{Algebra, Verdict};
use crate::rbac::limits::{Budget, TooComplex};
use crate::rbac::set::PermissionSet;
use crate::rbac::{Pattern, Plane, Role, catalogue};

/// A built-in role that grants what was asked for.
#[derive(Clone, Debug)]
pub struct Granting {
    /// The role.
    pub role: Arc<Role>,
    /// Whether it grants it for certain, or under a condition.
    pub verdict: Verdict,
    /// How many known operations it grants in all.
    pub breadth: usize,
}

/// What each built-in role grants, in the order of [`catalogue`]; made ready when it is first used.
pub fn built_in_sets() -> &'static [PermissionSet] {
    static SETS: OnceLock<Vec<PermissionSet>> = OnceLock::new();
    SETS.get_or_init(|| catalogue().iter().map(PermissionSet::of_role).collect())
}

impl Algebra<'_> {
    /// The built-in roles that grant every operation that each of the patterns matches: those that do so for certain first,
    /// then those that grant the fewest known operations, then those that are included in others.
    pub fn granting(&self, wanted: &[(Pattern, Plane)]) -> Result<Vec<Granting>, TooComplex> {
        let (mut found, mut budget) = (Vec::new(), Budget::of_a_search());
        let wanted: Vec<_> = wanted.iter().map(|(pattern, plane)| PermissionSet::of_pattern(pattern, *plane)).collect();
        for (role, set) in catalogue().iter().zip(built_in_sets()) {
            let mut verdict = Verdict::Yes;
            for wanted in &wanted {
                verdict = verdict.min(self.is_included(wanted, set, &mut budget)?);
                if verdict == Verdict::No {
                    break;
                }
            }
            if verdict != Verdict::No {
                found.push((Granting { role: Arc::clone(role), verdict, breadth: self.breadth(set) }, set));
            }
        }
        let mut ranked = Vec::with_capacity(found.len());
        for (granting, set) in &found {
            // Of two roles that grant as many known operations, one may still be included in the other.
            let mut below = 0;
            for (other, narrower) in found.iter().filter(|(other, _)| other.breadth == granting.breadth) {
                let is_other = other.role.id != granting.role.id;
                below += usize::from(is_other && self.is_included(narrower, set, &mut budget)? == Verdict::Yes);
            }
            ranked.push((
                std::cmp::Reverse(granting.verdict),
                granting.breadth,
                below,
                granting.role.name.to_lowercase(),
            ));
        }
        let mut ranked: Vec<_> = ranked.into_iter().zip(found).collect();
        ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(ranked.into_iter().map(|(_, (granting, _))| granting).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_role_comes_first() {
        #[track_caller]
        fn check(pattern: &str, plane: Plane, expected: &[&str]) {
            let found = Algebra::built_in().granting(&[(Pattern::parse(pattern), plane)]).expect("an answer");
            let names: Vec<&str> = found.iter().take(expected.len()).map(|one| one.role.name.as_str()).collect();
            assert_eq!(names, expected, "{pattern}");
        }
        check("Microsoft.ContainerRegistry/registries/pull/read", Plane::Control, &["AcrPull", "AcrPush"]);
        check("Microsoft.KeyVault/vaults/secrets/getSecret/action", Plane::Data, &["Key Vault Secrets User"]);
        check("*", Plane::Control, &["Owner"]);
        check("*", Plane::Data, &[]);
    }
}
