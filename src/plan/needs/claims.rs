//! What `access` steps need and claim: the right to ask, and whether their claims hold with the role that is derived.

use super::{Assignment, Claim, Claimed, Definition, Note, Share};
use crate::plan::known::Known;
use crate::plan::{Access, Bound, Says};
use crate::rbac::{Algebra, Answer, Pattern, Permission, PermissionSet, Role, TooComplex, Verdict, Witness};
use crate::template::Text;

/// What it takes to ask what an `access` step asks.
pub(super) fn asked(access: &Access, known: &Known) -> Vec<&'static str> {
    let roles = |claim: &crate::plan::Claim| matches!(claim.says, Says::Roles(_));
    let by_assignments = access.by_assignments || access.claims.iter().all(roles);
    let mut asked = Vec::new();
    if !by_assignments {
        asked.push("Microsoft.Authorization/permissions/read");
    }
    if by_assignments || access.claims.iter().any(roles) {
        asked.extend(["Microsoft.Authorization/roleAssignments/read", "Microsoft.Authorization/roleDefinitions/read"]);
    }
    if by_assignments {
        // Without these two it is decided all the same, and told with a reserve.
        asked.extend(["Microsoft.Authorization/denyAssignments/read", "Microsoft.Authorization/locks/read"]);
    }
    let names_custom = access.claims.iter().any(|claim| match &claim.says {
        Says::AtMost(Bound::Roles(roles)) | Says::AtLeast(Bound::Roles(roles)) | Says::Exactly(Bound::Roles(roles)) => {
            roles.iter().any(|role| Role::built_in(&known.fill(&role.template)).is_none())
        }
        _ => false,
    });
    if names_custom && !asked.contains(&"Microsoft.Authorization/roleDefinitions/read") {
        asked.push("Microsoft.Authorization/roleDefinitions/read");
    }
    asked
}

/// What is claimed, with how it is written; nothing when it is only known when it runs.
pub(super) fn claim(key: &str, says: &Says, known: &Known) -> Option<(Claim, String)> {
    let text = |text: &Text| known.knows(&text.template).then(|| known.fill(&text.template));
    let (claim, written) = match says {
        Says::Actions(pattern, plane, wanted) => {
            // An expression may give a list of patterns, and no pattern begins so.
            let written = text(pattern).filter(|written| !written.starts_with('['))?;
            let pattern = Pattern::parse(&written);
            (if *wanted { Claim::Every(pattern, *plane) } else { Claim::None(pattern, *plane) }, written)
        }
        Says::AtMost(bound) => set(bound, &text).map(|(set, written)| (Claim::AtMost(set), written))?,
        Says::AtLeast(bound) => set(bound, &text).map(|(set, written)| (Claim::AtLeast(set), written))?,
        Says::Exactly(bound) => set(bound, &text).map(|(set, written)| (Claim::Exactly(set), written))?,
        // What is assigned is for those who assign it.
        Says::Roles(_) => return None,
    };
    Some((claim, format!("{key}: {written}")))
}

/// The set that is compared with; nothing when it is of roles that are not built in.
fn set(bound: &Bound, text: &dyn Fn(&Text) -> Option<String>) -> Option<(PermissionSet, String)> {
    match bound {
        Bound::Roles(names) => {
            let roles = names.iter().map(|name| Role::built_in(&text(name)?)).collect::<Option<Vec<_>>>()?;
            let permissions: Vec<Permission> = roles.iter().flat_map(|role| role.permissions.clone()).collect();
            let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
            Some((PermissionSet::of(&permissions), names.join(", ")))
        }
        Bound::Set(lists) => {
            let patterns = |list: &Vec<Text>| -> Option<Vec<Pattern>> {
                list.iter().map(|one| Some(Pattern::parse(&text(one)?))).collect()
            };
            let [actions, not_actions, data_actions, not_data_actions] = lists;
            let permission = Permission {
                actions: patterns(actions)?,
                not_actions: patterns(not_actions)?,
                data_actions: patterns(data_actions)?,
                not_data_actions: patterns(not_data_actions)?,
                condition: None,
            };
            Some((PermissionSet::of(&[permission]), "{…}".to_owned()))
        }
    }
}

impl Share {
    /// The claims that would not hold with this role and no other.
    pub(super) fn broken_claims(
        &self,
        definition: &Definition,
        assignments: &[Assignment],
        algebra: &Algebra<'_>,
    ) -> Result<Vec<Note>, TooComplex> {
        let actions = definition.actions.iter().map(|action| Pattern::parse(action)).collect();
        let all = PermissionSet::of(&[Permission { actions, ..Permission::default() }]);
        let none = PermissionSet::new();
        let mut notes: Vec<Note> = Vec::new();
        for Claimed { step, written, claim, scope } in &self.claims {
            let is_reached = assignments.iter().any(|one| one.scope.contains(scope));
            let set = if is_reached { &all } else { &none };
            let (holds, witness) = claim.holds(set, algebra)?;
            if !holds {
                let witness = witness.filter(|found| !written.ends_with(&found.action));
                let witness = witness.map_or_else(String::new, |found| format!(", as {} shows", found.action));
                let text = format!("claims `{written}`, which does not hold with this role alone{witness}");
                notes.push(Note { steps: vec![step.clone()], text, matters: true, span: None });
            }
        }
        Ok(notes)
    }
}

impl Claim {
    /// Whether it holds of a set, and an operation that decides it.
    fn holds(&self, set: &PermissionSet, algebra: &Algebra<'_>) -> Result<(bool, Option<Witness>), TooComplex> {
        let apart = |answer: Answer<'_>| (answer.verdict == Verdict::Yes, answer.witness);
        Ok(match self {
            Claim::Every(pattern, plane) => apart(algebra.every(set, (pattern, *plane))?),
            Claim::None(pattern, plane) => {
                let answer = algebra.any(set, (pattern, *plane))?;
                (answer.verdict == Verdict::No, answer.witness)
            }
            Claim::AtMost(bound) => apart(algebra.included(set, bound)?),
            Claim::AtLeast(bound) => apart(algebra.included(bound, set)?),
            Claim::Exactly(bound) => {
                let answer = algebra.equal(set, bound)?;
                (answer.verdict() == Verdict::Yes, answer.included.witness.or(answer.includes.witness))
            }
        })
    }
}
