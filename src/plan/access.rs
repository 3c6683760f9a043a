//! Claims about what an identity may do at a scope.

use super::steps::Builder;
use super::texts::selector_text;
use crate::identity::Whose;
use crate::playbook as document;
use crate::playbook::Via;
use crate::rbac::Plane;
use crate::source::Span;
use crate::template::Text;

/// What is claimed of an identity at a scope.
#[derive(Debug)]
pub struct Access {
    /// The scope.
    pub scope: Text,
    /// Whose access it is about; the playbook's identity's without it.
    pub identity: Option<Whose<Text>>,
    /// Whether the claims about actions are decided from role assignments and deny assignments, and not from Azure's answer
    /// about permissions.
    pub by_assignments: bool,
    /// What is claimed, in the order of the file.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Debug)]
pub struct Claim {
    /// The key it stands under.
    pub key: &'static str,
    /// Where it stands.
    pub span: Span,
    /// What is claimed.
    pub says: Says,
}

impl Claim {
    /// Whether it is about data, among others.
    pub fn is_about_data(&self) -> bool {
        match &self.says {
            Says::Actions(_, plane, _) => *plane == Plane::Data,
            Says::AtMost(_) | Says::AtLeast(_) | Says::Exactly(_) => true,
            Says::Roles(_) => false,
        }
    }
}

/// What is claimed.
#[derive(Debug)]
pub enum Says {
    /// Every action that a pattern matches is granted, or none is.
    Actions(Text, Plane, bool),
    /// What is granted is included in a set.
    AtMost(Bound),
    /// What is granted includes a set.
    AtLeast(Bound),
    /// What is granted is a set.
    Exactly(Bound),
    /// Exactly these role assignments reach the scope: a role, and where it is assigned if that is said.
    Roles(Vec<(Text, Option<Text>)>),
}

/// A set of permissions to compare with.
#[derive(Debug)]
pub enum Bound {
    /// What roles grant together, by name or id.
    Roles(Vec<Text>),
    /// Actions, those taken out, and the same for data.
    Set([Vec<Text>; 4]),
}

impl From<document::Access> for Access {
    fn from(mut access: document::Access) -> Self {
        let mut claims: Vec<Claim> = Vec::new();
        for (key, list) in access.patterns() {
            let plane = if key.ends_with("_data") { Plane::Data } else { Plane::Control };
            let wanted = key.starts_with("can_") || key == "can";
            claims.extend(list.into_iter().map(|text| Claim {
                key,
                span: text.span,
                says: Says::Actions(text, plane, wanted),
            }));
        }
        for (key, bound) in access.bounds() {
            let span = bound.span;
            let bound = Bound::from(bound);
            let says = match key {
                "at_most" => Says::AtMost(bound),
                "at_least" => Says::AtLeast(bound),
                _ => Says::Exactly(bound),
            };
            claims.push(Claim { key, span, says });
        }
        if let Some(roles) = access.roles.take() {
            let span = roles.first().map_or(access.scope.span, |first| first.role.span);
            let roles = roles.into_iter().map(|assigned| (assigned.role, assigned.scope)).collect();
            claims.push(Claim { key: "roles", span, says: Says::Roles(roles) });
        }
        claims.sort_by_key(|claim| claim.span.start);
        let by_assignments = access.via.is_some_and(|via| via.value == Via::Assignments);
        Self { scope: access.scope, identity: Builder::identity(access.identity), by_assignments, claims }
    }
}

impl From<document::Bound> for Bound {
    fn from(bound: document::Bound) -> Self {
        if !bound.roles.is_empty() {
            return Bound::Roles(bound.roles);
        }
        let lists = [bound.actions, bound.not_actions, bound.data_actions, bound.not_data_actions];
        Bound::Set(lists.map(Option::unwrap_or_default))
    }
}

impl Access {
    /// Each template in it.
    pub(super) fn each_text(&self, visit: &mut dyn FnMut(&Text)) {
        visit(&self.scope);
        self.identity.iter().for_each(|identity| selector_text(identity, visit));
        for claim in &self.claims {
            match &claim.says {
                Says::Actions(text, ..) => visit(text),
                Says::AtMost(bound) | Says::AtLeast(bound) | Says::Exactly(bound) => match bound {
                    Bound::Roles(roles) => roles.iter().for_each(&mut *visit),
                    Bound::Set(lists) => lists.iter().flatten().for_each(&mut *visit),
                },
                Says::Roles(roles) => roles.iter().for_each(|(role, scope)| {
                    visit(role);
                    scope.iter().for_each(&mut *visit);
                }),
            }
        }
    }
}
