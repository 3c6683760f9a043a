//! What a playbook needs: the operations of Resource Manager that its requests perform, per identity, and what cannot be
//! told of them. For `mi-run plan --role`.

mod claims;
mod draw;
mod linked;
mod role;
mod target;
mod walk;

use crate::rbac::{Algebra, Pattern, PermissionSet, Plane, Scope, TooComplex};
use crate::source::Span;

pub use draw::text;
pub use role::{Assignment, Definition};
pub use walk::needs;

/// What playbooks need.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// What they are called.
    pub names: Vec<String>,
    /// Their files.
    pub paths: Vec<String>,
    /// The cloud, where it is known.
    pub cloud: Option<String>,
    /// What each identity needs.
    pub shares: Vec<Share>,
    /// The one identity that is asked about; all of them without it.
    pub chosen: Option<String>,
    /// What whoever makes the role has to know.
    pub notes: Vec<Note>,
}

/// What one identity needs.
#[derive(Clone, Debug)]
pub struct Share {
    /// The identity: `system`, or the way it is named and its id.
    pub identity: String,
    /// The operations that are performed.
    pub wanted: Vec<Wanted>,
    /// The operations that are meant to be refused.
    pub refused: Vec<Wanted>,
    /// What is claimed of its access.
    pub claims: Vec<Claimed>,
}

/// An operation at a scope.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The operation.
    pub action: String,
    /// Where; what is not known of it stands in `<…>`.
    pub scope: Scope,
    /// Whether what the scope names may be made by it, so that no role can be assigned there before.
    pub makes: bool,
    /// The steps that perform it.
    pub steps: Vec<Label>,
}

/// How a step is told apart from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its number, behind that of the step that includes its playbook.
    pub number: String,
    /// What it is called, if it is.
    pub name: Option<String>,
}

/// What an `access` step claims.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The step.
    pub step: Label,
    /// The claim as it stands in the playbook.
    pub written: String,
    /// What it means.
    pub claim: Claim,
    /// Where.
    pub scope: Scope,
}

/// What is claimed of what is granted.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Every operation that a pattern matches is.
    Every(Pattern, Plane),
    /// None is.
    None(Pattern, Plane),
    /// It is included in a set.
    AtMost(PermissionSet),
    /// It includes a set.
    AtLeast(PermissionSet),
    /// It is a set.
    Exactly(PermissionSet),
}

/// Something to know about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The steps.
    pub steps: Vec<Label>,
    /// What it is.
    pub text: String,
    /// Whether the role may not do, for it.
    pub matters: bool,
    /// Where the step says so.
    pub span: Option<Span>,
}

/// The role definition that grants exactly what the one identity needs, and what to know of it; nothing when nothing is
/// needed.
pub fn definition(needs: &Needs) -> Result<Option<(Definition, Vec<Note>)>, TooComplex> {
    let algebra = Algebra::built_in();
    let Some(share) = needs.chosen().next() else { return Ok(None) };
    let Some(proposal) = share.proposal(needs, &algebra)? else { return Ok(None) };
    let notes = [proposal.notes, needs.notes.clone()].concat();
    Ok(Some((proposal.definition, notes)))
}

impl Note {
    /// As a line.
    pub fn told(&self) -> String {
        match self.steps.is_empty() {
            true => self.text.clone(),
            false => format!("{}: {}", steps(&self.steps), self.text),
        }
    }
}

impl Needs {
    /// The identities that need anything.
    pub fn identities(&self) -> Vec<&str> {
        self.needy().map(|share| share.identity.as_str()).collect()
    }

    /// What identities need that need anything.
    fn needy(&self) -> impl Iterator<Item = &Share> {
        self.shares.iter().filter(|share| !share.wanted.is_empty())
    }

    /// The same of those that are asked about.
    fn chosen(&self) -> impl Iterator<Item = &Share> {
        self.needy().filter(|share| self.chosen.as_ref().is_none_or(|chosen| *chosen == share.identity))
    }

    /// Whether there are several identities that need a role each.
    fn is_shared(&self) -> bool {
        self.needy().count() > 1
    }

    /// What an identity needs; it is added when it is new.
    fn share(&mut self, identity: &str) -> &mut Share {
        let at = self.shares.iter().position(|share| share.identity == identity).unwrap_or_else(|| {
            let (wanted, refused, claims) = (Vec::new(), Vec::new(), Vec::new());
            self.shares.push(Share { identity: identity.to_owned(), wanted, refused, claims });
            self.shares.len() - 1
        });
        &mut self.shares[at]
    }

    /// Notes something about a step; what is the same for several is told once.
    fn note(&mut self, (step, span): (&Label, Option<Span>), text: String, matters: bool) {
        let known = self.notes.iter_mut().find(|note| note.text == text && note.matters == matters);
        let steps = match known {
            Some(note) => &mut note.steps,
            None => {
                self.notes.push(Note { steps: Vec::new(), text, matters, span });
                &mut self.notes.last_mut().expect("one was put there").steps
            }
        };
        add(steps, step);
    }
}

/// Puts an operation to the others.
fn want(list: &mut Vec<Wanted>, (action, scope): (&str, &Scope), makes: bool, step: &Label) {
    let same = |one: &&mut Wanted| one.action.eq_ignore_ascii_case(action) && one.scope == *scope;
    match list.iter_mut().find(same) {
        Some(one) => {
            one.makes |= makes;
            add(&mut one.steps, step);
        }
        None => {
            let (action, steps) = (action.to_owned(), vec![step.clone()]);
            list.push(Wanted { action, scope: scope.clone(), makes, steps });
        }
    }
}

fn add(steps: &mut Vec<Label>, step: &Label) {
    if !steps.contains(step) {
        steps.push(step.clone());
    }
}

/// Steps as they are named in a sentence.
fn steps(list: &[Label]) -> String {
    let each = |label: &Label| match &label.name {
        Some(name) => format!("{} `{name}`", label.number),
        None => label.number.clone(),
    };
    let noun = if list.len() == 1 { "step" } else { "steps" };
    format!("{noun} {}", list.iter().map(each).collect::<Vec<_>>().join(", "))
}

/// Steps by their numbers.
fn numbers(list: &[Label]) -> String {
    let mut numbers: Vec<&str> = list.iter().map(|label| label.number.as_str()).collect();
    numbers.dedup();
    let noun = if numbers.len() == 1 { "step" } else { "steps" };
    format!("{noun} {}", numbers.join(", "))
}
