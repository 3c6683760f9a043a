//! From what an identity needs to the role that grants exactly that, and to the built-in roles that come near.

use serde::Serialize;

use super::target::written;
use super::{Needs, Note, Share, Wanted, steps};
use crate::rbac::{Algebra, Covering, Scope, TooComplex};

/// How long the name of a role may be.
const LONGEST_NAME: usize = 512;

/// A role definition as `az role definition create` takes it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// Whether the tenant makes it: always.
    pub is_custom: bool,
    /// What it is for.
    pub description: String,
    /// The operations that it grants.
    pub actions: Vec<String>,
    /// Nothing is taken out again.
    pub not_actions: Vec<String>,
    /// Operations on data are not told from requests.
    pub data_actions: Vec<String>,
    /// Nothing is taken out again.
    pub not_data_actions: Vec<String>,
    /// Where it can be assigned; what is not known stands in `<…>`.
    pub assignable_scopes: Vec<String>,
}

/// Where roles are to be assigned, and which.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The scope.
    pub scope: Scope,
    /// What is needed there.
    pub wanted: Vec<Wanted>,
    /// The operations that nothing assigned above grants.
    pub missing: Vec<String>,
    /// The built-in roles that grant them.
    pub covering: Covering,
    /// Operations that are meant to be refused, and that those roles grant all the same.
    pub spoilt: Vec<String>,
}

/// What to make and to assign for an identity.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub(super) definition: Definition,
    pub(super) assignments: Vec<Assignment>,
    pub(super) notes: Vec<Note>,
}

impl Share {
    /// The role that grants exactly what is needed; nothing when nothing is.
    pub fn definition(&self, needs: &Needs) -> Option<Definition> {
        let mut actions: Vec<String> = self.wanted.iter().map(|one| one.action.clone()).collect();
        actions.sort_by_key(|action| action.to_ascii_lowercase());
        actions.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        if actions.is_empty() {
            return None;
        }
        let mut name = needs.names.join(", ");
        if needs.is_shared() {
            name = format!("{name} ({})", self.identity);
        }
        let paths = needs.paths.join(", ");
        Some(Definition {
            name: name.chars().take(LONGEST_NAME).collect(),
            is_custom: true,
            description: format!("The operations that the requests of {paths} perform; derived by mi-run plan --role"),
            actions,
            not_actions: Vec::new(),
            data_actions: Vec::new(),
            not_data_actions: Vec::new(),
            assignable_scopes: self.assignable(),
        })
    }

    /// The scopes at which the role can be assigned, none within another.
    fn assignable(&self) -> Vec<String> {
        let all: Vec<Scope> = self.wanted.iter().map(|one| self.container(one)).collect();
        let mut scopes: Vec<Scope> = Vec::new();
        for scope in all.iter().filter(|scope| !scope.segments().is_empty()) {
            let is_within = |other: &Scope| !other.segments().is_empty() && other.contains(scope);
            if !all.iter().any(|other| is_within(other) && other != scope) && !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        match scopes.is_empty() {
            true => vec!["/subscriptions/<subscription>".to_owned()],
            false => scopes.iter().map(written).collect(),
        }
    }

    /// The group, subscription or management group that an operation is in; what makes a group, and all that is done in such a
    /// group, is in the subscription.
    fn container(&self, wanted: &Wanted) -> Scope {
        let container = container(&wanted.scope);
        let is_made = self.wanted.iter().any(|one| one.makes && one.scope == container && is_group(&one.scope));
        if is_made { container.parent().unwrap_or(container) } else { container }
    }

    /// Where roles are to be assigned, the widest scope first.
    pub fn assignments(&self, algebra: &Algebra<'_>) -> Result<Vec<Assignment>, TooComplex> {
        let mut found: Vec<(Scope, Vec<&Wanted>)> = Vec::new();
        for one in &self.wanted {
            let container = self.container(one);
            match found.iter_mut().find(|(scope, _)| *scope == container) {
                Some((_, wanted)) => wanted.push(one),
                None => found.push((container, vec![one])),
            }
        }
        let mut places: Vec<_> = found.into_iter().map(|(scope, wanted)| (narrowed(&scope, &wanted), wanted)).collect();
        places.sort_by_key(|(scope, _)| scope.segments().len());
        let mut made: Vec<Assignment> = Vec::new();
        for (scope, wanted) in places {
            let mut actions: Vec<String> = wanted.iter().map(|one| one.action.clone()).collect();
            actions.sort();
            actions.dedup();
            let above = || made.iter().filter(|one| one.scope.contains(&scope));
            actions.retain(|action| !above().any(|one| one.grants(action)));
            let reached = self.refused.iter().filter(|one| scope.contains(&one.scope));
            let avoid: Vec<&str> = reached.map(|one| one.action.as_str()).collect();
            let missing: Vec<&str> = actions.iter().map(String::as_str).collect();
            let covering = algebra.covering(&missing, &avoid)?;
            let wanted = wanted.into_iter().cloned().collect();
            let mut one = Assignment { scope, wanted, missing: actions, covering, spoilt: Vec::new() };
            one.spoilt = avoid.into_iter().filter(|action| one.may_grant(action)).map(str::to_owned).collect();
            one.spoilt.dedup();
            made.push(one);
        }
        Ok(made)
    }

    /// What to make and to assign; nothing when nothing is needed.
    pub(super) fn proposal(&self, needs: &Needs, algebra: &Algebra<'_>) -> Result<Option<Proposal>, TooComplex> {
        let Some(definition) = self.definition(needs) else { return Ok(None) };
        let assignments = self.assignments(algebra)?;
        let mut notes = self.contradictions(&assignments);
        notes.extend(self.broken_claims(&definition, &assignments, algebra)?);
        if self.wanted.iter().any(|one| container(&one.scope).segments().is_empty()) {
            notes.push(told(
                "a custom role cannot be assigned at `/`: what is needed there takes a built-in role".to_owned(),
            ));
        }
        if definition.assignable_scopes.iter().any(|scope| scope.contains('<')) {
            let text = "what stands in <…> is only known when it runs: put it in before the role is made and assigned";
            notes.push(Note { matters: true, ..told(text.to_owned()) });
        }
        for one in self.wanted.iter().filter(|one| one.makes && is_group(&one.scope)) {
            let text = "may make the group, where no role can be assigned before, so what is done in it is counted at its subscription";
            notes.push(Note { steps: one.steps.clone(), ..told(text.to_owned()) });
        }
        if assignments.len() > 1 {
            let text = "one role for several scopes grants all of it at each of them: make one for each, or take built-in roles";
            notes.push(told(text.to_owned()));
        }
        Ok(Some(Proposal { definition, assignments, notes }))
    }

    /// What is needed although it is meant to be refused.
    fn contradictions(&self, assignments: &[Assignment]) -> Vec<Note> {
        let mut notes = Vec::new();
        for refused in &self.refused {
            let same = self.wanted.iter().filter(|one| one.action.eq_ignore_ascii_case(&refused.action));
            for one in same {
                let (here, there) = (written(&refused.scope), written(&one.scope));
                let reaches = |at: &Assignment| at.scope.contains(&refused.scope);
                let text = if one.scope == refused.scope {
                    format!(
                        "{} is meant to be refused at {here}, and is needed there by {}",
                        one.action,
                        steps(&one.steps)
                    )
                } else if one.scope.contains(&refused.scope) || assignments.iter().any(reaches) {
                    let by = steps(&one.steps);
                    format!(
                        "{} is meant to be refused at {here}, which the role reaches; it is needed at {there} by {by}",
                        one.action
                    )
                } else {
                    continue;
                };
                notes.push(Note { steps: refused.steps.clone(), text, matters: true, span: None });
            }
        }
        notes
    }
}

impl Assignment {
    /// Whether an operation is granted here, whichever of the roles are taken.
    fn grants(&self, action: &str) -> bool {
        let Covering { alone, together, .. } = &self.covering;
        let by_alone = alone.as_ref().is_none_or(|one| one.role.grants(action));
        let by_others = together.is_empty() || together.iter().any(|one| one.role.grants(action));
        (alone.is_some() || !together.is_empty()) && by_alone && by_others
    }

    /// Whether any of the roles grants an operation.
    fn may_grant(&self, action: &str) -> bool {
        self.covering.alone.iter().chain(&self.covering.together).any(|one| one.role.grants(action))
    }
}

/// The group, subscription or management group that a scope is in; `/` outside of all.
fn container(scope: &Scope) -> Scope {
    let segments = scope.segments();
    let is = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    let length = match segments.first() {
        Some(first) if first.starts_with('<') => {
            if is(1, "resourceGroups") {
                3
            } else {
                1
            }
        }
        _ if is(0, "subscriptions") => {
            if is(2, "resourceGroups") {
                4
            } else {
                2
            }
        }
        _ if is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups") => 4,
        _ => 0,
    };
    Scope::of(segments.iter().take(length).cloned())
}

/// Whether a scope is a resource group.
fn is_group(scope: &Scope) -> bool {
    scope.segments().iter().rev().nth(1).is_some_and(|segment| segment.eq_ignore_ascii_case("resourceGroups"))
}

/// The resource that all is about, if there is one that need not be made; else the scope.
fn narrowed(scope: &Scope, wanted: &[&Wanted]) -> Scope {
    let Some((first, _)) = wanted.split_first() else { return scope.clone() };
    let own = scope.segments().len();
    let is_good = |at: &Scope| {
        let inside = at.segments().get(own..).unwrap_or_default();
        let of_access = inside.iter().any(|segment| segment.eq_ignore_ascii_case("Microsoft.Authorization"));
        let is_resource = inside.len() > 3 && inside.len().is_multiple_of(2) && !of_access;
        let has_provider = inside.first().is_some_and(|segment| segment.eq_ignore_ascii_case("providers"));
        let covers = |one: &&Wanted| at.contains(&one.scope) && !(one.makes && one.scope == *at);
        (is_resource && has_provider || at == scope) && wanted.iter().all(covers)
    };
    first.scope.chain().take_while(|at| at.segments().len() >= own).find(is_good).unwrap_or_else(|| scope.clone())
}

fn told(text: String) -> Note {
    Note { steps: Vec::new(), text, matters: false, span: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::needs::{Label, want};
    use crate::rbac::{Operations, Pattern, Permission, PermissionSet, Plane};
    use proptest::prelude::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    fn scope(text: &str) -> Scope {
        Scope::of(text.split('/').filter(|segment| !segment.is_empty()))
    }

    /// A share of operations, each with its scope; `+` before one says that it makes what the scope names.
    fn share(list: &[(&str, &str)]) -> Share {
        let mut wanted = Vec::new();
        for (at, (action, place)) in list.iter().enumerate() {
            let label = Label { number: (at + 1).to_string(), name: None };
            let action = (action.trim_start_matches('+'), action.starts_with('+'));
            want(&mut wanted, (action.0, &scope(place)), action.1, &label);
        }
        Share { identity: "system".to_owned(), wanted, refused: Vec::new(), claims: Vec::new() }
    }

    #[test]
    fn roles_are_assigned_as_low_as_they_can_be() {
        #[track_caller]
        fn check(wanted: &[(&str, &str)], expected: &[&str], assignable: &[&str]) {
            let share = share(wanted);
            let found = share.assignments(&Algebra::built_in()).expect("assignments");
            let scopes: Vec<String> = found.iter().map(|one| written(&one.scope)).collect();
            assert_eq!(scopes, expected, "{wanted:?}");
            assert_eq!(share.assignable(), assignable, "{wanted:?}");
        }
        let vm = format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/v");
        let (read, write) = ("Microsoft.Compute/virtualMachines/read", "+Microsoft.Compute/virtualMachines/write");
        let extension = format!("{vm}/extensions/e");
        check(&[(read, &vm)], &[&vm], &[GROUP]);
        check(&[(read, &vm), ("+Microsoft.Compute/virtualMachines/extensions/write", &extension)], &[&vm], &[GROUP]);
        check(&[(read, &vm), (write, &vm)], &[GROUP], &[GROUP]);
        check(&[(read, &vm), (read, &vm.replace("/v", "/w"))], &[GROUP], &[GROUP]);
        check(&[(read, &format!("{GROUP}/providers/Microsoft.Compute"))], &[GROUP], &[GROUP]);
        check(
            &[("Microsoft.Authorization/locks/read", &format!("{vm}/providers/Microsoft.Authorization/locks/l"))],
            &[&vm],
            &[GROUP],
        );
        check(
            &[("Microsoft.Authorization/locks/read", &format!("{GROUP}/providers/Microsoft.Authorization/locks/l"))],
            &[GROUP],
            &[GROUP],
        );
        check(
            &[("+Microsoft.Resources/subscriptions/resourceGroups/write", GROUP), (read, &vm)],
            &["/subscriptions/s"],
            &["/subscriptions/s"],
        );
        check(&[(read, &vm), (read, "/subscriptions/s")], &["/subscriptions/s", &vm], &["/subscriptions/s"]);
        check(&[(read, "<scope>/providers/Microsoft.Compute")], &["<scope>"], &["<scope>"]);
        check(
            &[(read, "<s>/resourceGroups/g/providers/Microsoft.Compute")],
            &["<s>/resourceGroups/g"],
            &["<s>/resourceGroups/g"],
        );
        let manage = "/providers/Microsoft.Management/managementGroups/m";
        check(&[("Microsoft.Management/managementGroups/read", manage)], &[manage], &[manage]);
        check(&[(read, "/providers/Microsoft.Authorization")], &["/"], &["/subscriptions/<subscription>"]);
    }

    #[test]
    fn what_is_meant_to_be_refused_is_kept_out_of_the_roles_where_it_can_be() {
        let mut share = share(&[("Microsoft.Storage/storageAccounts/read", GROUP)]);
        let free = share.assignments(&Algebra::built_in()).expect("assignments");
        let alone = free[0].covering.alone.as_ref().expect("a role");
        let label = Label { number: "2".to_owned(), name: None };
        let known = Operations::built_in();
        let everything = Pattern::parse("*");
        let also = known.matching(&everything, Plane::Control).filter(|action| alone.role.grants(action));
        let also = also
            .filter(|action| !action.starts_with("Microsoft.Storage/storageAccounts/read"))
            .last()
            .expect("another");
        want(&mut share.refused, (also, &scope(&format!("{GROUP}/providers/x/y/z"))), false, &label);
        let bound = share.assignments(&Algebra::built_in()).expect("assignments");
        let other = bound[0].covering.alone.as_ref().expect("a role");
        assert!(!other.role.grants(also), "{} grants {also}", other.role.name);
        assert_eq!(bound[0].spoilt, [""; 0]);
        want(&mut share.refused, ("microsoft.storage/storageaccounts/READ", &scope(GROUP)), false, &label);
        let spoilt = share.assignments(&Algebra::built_in()).expect("assignments");
        assert_eq!(spoilt[0].spoilt, ["microsoft.storage/storageaccounts/READ"]);
        assert_eq!(share.contradictions(&spoilt).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn everything_needed_is_granted_and_nothing_more(
            picks in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..4, any::<bool>()), 1..8),
        ) {
            let everything = Pattern::parse("*");
            let known: Vec<&str> = Operations::built_in().matching(&everything, Plane::Control).collect();
            let vm = format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/v");
            let scopes = ["/subscriptions/s", GROUP, &vm, "/subscriptions/s/resourceGroups/h"];
            let list: Vec<(String, &str)> = picks
                .iter()
                .map(|(pick, at, makes)| (format!("{}{}", if *makes { "+" } else { "" }, pick.get(&known)), scopes[*at]))
                .collect();
            let list: Vec<(&str, &str)> = list.iter().map(|(action, at)| (action.as_str(), *at)).collect();
            let share = share(&list);
            let needs = Needs { shares: vec![share.clone()], ..Needs::default() };
            let definition = share.definition(&needs).expect("a role");
            let assignments = share.assignments(&Algebra::built_in()).expect("assignments");
            let patterns = definition.actions.iter().map(|action| Pattern::parse(action)).collect();
            let set = PermissionSet::of(&[Permission { actions: patterns, ..Permission::default() }]);
            for one in &share.wanted {
                prop_assert!(set.decide(&one.action, Plane::Control).is_granted());
                let mut reaching = assignments.iter().filter(|at| at.scope.contains(&one.scope));
                prop_assert!(reaching.any(|at| at.grants(&one.action)), "{} at {}", one.action, one.scope);
                let mut assignable = definition.assignable_scopes.iter().map(|text| scope(text));
                prop_assert!(assignable.any(|at| at.contains(&one.scope)));
            }
            for action in &definition.actions {
                prop_assert!(share.wanted.iter().any(|one| one.action.eq_ignore_ascii_case(action)));
            }
        }
    }
}
