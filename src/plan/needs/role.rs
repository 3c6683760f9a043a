//! From what an identity needs to the role that grants exactly that, and to the built-in roles that come near.

use serde::Serialize;

use super::target::written;
use super::{Needs, Note, Share, Wanted};
use crate::rbac::{Algebra, Covering, Pattern, Permission, PermissionSet, Plane, Scope, TooComplex, Verdict};

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
            let covering = match missing.is_empty() {
                true => Covering::default(),
                false => algebra.covering(&missing, &avoid)?,
            };
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
        notes.extend(self.claimed(&definition, &assignments, algebra)?);
        if self.wanted.iter().any(|one| container(&one.scope).segments().is_empty()) {
            notes.push(told(
                "a custom role cannot be assigned at `/`: what is needed there takes a built-in role".to_owned(),
            ));
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

    /// The claims that would not hold with this role and no other.
    fn claimed(
        &self,
        definition: &Definition,
        assignments: &[Assignment],
        algebra: &Algebra<'_>,
    ) -> Result<Vec<Note>, TooComplex> {
        let actions = definition.actions.iter().map(|action| Pattern::parse(action)).collect();
        let all = PermissionSet::of(&[Permission { actions, ..Permission::default() }]);
        let none = PermissionSet::new();
        let mut notes: Vec<Note> = Vec::new();
        for claim in &self.claims {
            let is_reached = assignments.iter().any(|one| one.scope.contains(&claim.scope));
            let set = if is_reached { &all } else { &none };
            let pattern = Pattern::parse(&claim.pattern);
            let text = if claim.key == "can" {
                let answer = algebra.every(set, (&pattern, Plane::Control))?;
                (answer.verdict != Verdict::Yes)
                    .then(|| format!("claims `can: {pattern}`, which no request performs: the role does not grant it"))
            } else {
                let answer = algebra.any(set, (&pattern, Plane::Control))?;
                let witness = answer.witness.filter(|_| answer.verdict != Verdict::No);
                witness.map(|found| format!("claims `cannot: {pattern}`, and the role grants {}", found.action))
            };
            if let Some(text) = text {
                notes.push(Note { steps: vec![claim.step.clone()], text, matters: true, span: None });
            }
        }
        Ok(notes)
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
        let namespace = inside.get(1).map_or("", String::as_str);
        let is_resource = inside.len() > 3
            && inside.len().is_multiple_of(2)
            && !namespace.eq_ignore_ascii_case("Microsoft.Authorization");
        let has_provider = inside.first().is_some_and(|segment| segment.eq_ignore_ascii_case("providers"));
        let covers = |one: &&Wanted| at.contains(&one.scope) && !(one.makes && one.scope == *at);
        (is_resource && has_provider || at == scope) && wanted.iter().all(covers)
    };
    first.scope.chain().take_while(|at| at.segments().len() >= own).find(is_good).unwrap_or_else(|| scope.clone())
}

fn told(text: String) -> Note {
    Note { steps: Vec::new(), text, matters: false, span: None }
}

/// Steps as they are named in a sentence.
pub(super) fn steps(list: &[String]) -> String {
    let noun = if list.len() == 1 { "step" } else { "steps" };
    format!("{noun} {}", list.join(", "))
}
