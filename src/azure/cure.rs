//! What a refusal means in Azure's terms, how sure that is and from what it is concluded, and what would cure it.
//!
//! Every diagnosis begins with how sure it is: *certain* follows from what was answered, *likely* explains it best, *possible*
//! is worth a look. Evidence is gathered by reading with the identity's own token ([`next`] says what to ask), a few
//! questions at most.
//!
//! Source: `troubleshooting.md` of Azure RBAC, the error codes of Resource Manager, and what users report.

mod codes;
mod refused;

pub use refused::Suggestion;

use std::sync::Arc;
use std::time::SystemTime;

use super::assignments::Held;
use super::error::ArmError;
use crate::rbac::{Permission, Role};

/// What is known of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cure {
    /// What it means, with how sure that is.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

/// An answer that says no.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Its status.
    pub status: u16,
    /// The error it holds.
    pub error: &'a ArmError,
    /// The path that was asked for, without parameters.
    pub path: &'a str,
}

/// What was asked: the answer, or the status that came instead.
pub type Asked<T> = Option<Result<T, u16>>;

/// What is known beside the refusal.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The cloud's name, when it is one of those that are known.
    pub cloud: Option<String>,
    /// What Azure wants to see in a newer token, where it challenges the one it got.
    pub wanted: Option<String>,
    /// The identity's application id.
    pub client_id: Option<String>,
    /// When its token was issued.
    pub issued: Option<SystemTime>,
    /// The time now.
    pub now: Option<SystemTime>,
    /// The subscription that the machine is in.
    pub own_subscription: Option<String>,
    /// What the identity may do at the scope.
    pub permissions: Asked<Vec<Permission>>,
    /// The role assignments that reach the scope and concern the identity.
    pub assignments: Asked<Vec<Held>>,
    /// The definitions of their roles, as far as they are known.
    pub roles: Vec<Arc<Role>>,
    /// The names of the resource groups that it may read in the subscription.
    pub groups: Asked<Vec<String>>,
    /// The ids and names of the subscriptions that it sees.
    pub subscriptions: Asked<Vec<(String, String)>>,
}

/// Something to ask with the identity's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// What it may do at a scope.
    Permissions(String),
    /// Its role assignments at a scope, and its object id.
    Assignments(String, String),
    /// The resource groups of a subscription.
    Groups(String),
    /// The subscriptions.
    Subscriptions,
}

impl Probe {
    /// The path and parameters to read.
    pub fn url(&self) -> String {
        match self {
            Probe::Permissions(scope) => format!("{scope}{}", super::permissions::PERMISSIONS),
            Probe::Assignments(scope, principal) => format!("{scope}{}", super::assignments::assigned_to(principal)),
            Probe::Groups(subscription) => {
                format!("/subscriptions/{subscription}/resourcegroups?api-version=2021-04-01")
            }
            Probe::Subscriptions => "/subscriptions?api-version=2022-12-01".to_owned(),
        }
    }
}

impl Refusal<'_> {
    /// The scope at which a role would have to be: of a list of a provider's what the list is of, of what is about access to
    /// something that thing.
    fn scope(&self) -> Option<String> {
        let scope = self.error.scope.as_deref().filter(|scope| scope.starts_with('/'))?;
        let about = scope.to_ascii_lowercase().rfind("/providers/microsoft.authorization/");
        let segments: Vec<&str> = scope[..about.unwrap_or(scope.len())].trim_end_matches('/').split('/').collect();
        Some(match segments.as_slice() {
            [rest @ .., providers, _] if providers.eq_ignore_ascii_case("providers") => rest.join("/"),
            _ => segments.join("/"),
        })
    }

    /// The subscription it is about.
    fn subscription(&self) -> Option<&str> {
        let scope = self.error.scope.as_deref().unwrap_or(self.path);
        let mut segments = scope.split('/').skip(1);
        let is_subscriptions = segments.next().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
        segments.next().filter(|id| is_subscriptions && !id.is_empty())
    }

    /// The resource group it is about.
    fn group(&self) -> Option<&str> {
        let scope = self.error.scope.as_deref().unwrap_or(self.path);
        let mut segments = scope.split('/').skip(3);
        let is_groups = segments.next().is_some_and(|third| third.eq_ignore_ascii_case("resourceGroups"));
        segments.next().filter(|name| is_groups && !name.is_empty())
    }
}

/// What to ask next to be surer; nothing when enough is known.
pub fn next(refusal: &Refusal<'_>, evidence: &Evidence) -> Option<Probe> {
    let is = |code: &str| refusal.error.is(code);
    let groups = || {
        let subscription = refusal.subscription().filter(|_| evidence.groups.is_none());
        subscription.map(|subscription| Probe::Groups(subscription.to_owned()))
    };
    if is("AuthorizationFailed") && refusal.status == 403 {
        let scope = refusal.scope()?;
        return match &evidence.permissions {
            None => Some(Probe::Permissions(scope)),
            Some(Ok(entries)) if !entries.is_empty() => {
                let principal = refusal.error.object_id.clone().filter(|_| evidence.assignments.is_none());
                principal.map(|principal| Probe::Assignments(scope, principal))
            }
            Some(_) => groups().or_else(|| {
                let sees_none = !matches!(&evidence.groups, Some(Ok(groups)) if !groups.is_empty());
                (sees_none && evidence.subscriptions.is_none()).then_some(Probe::Subscriptions)
            }),
        };
    }
    if is("ResourceGroupNotFound") {
        return groups();
    }
    let about_subscription = is("SubscriptionNotFound") || is("InvalidAuthenticationTokenTenant");
    (about_subscription && evidence.subscriptions.is_none()).then_some(Probe::Subscriptions)
}

/// What a refusal means and what would cure it; nothing for errors that are not about access.
pub fn cure(refusal: &Refusal<'_>, evidence: &Evidence) -> Option<Cure> {
    if let Some(cure) = codes::by_code(refusal, evidence) {
        return Some(cure);
    }
    let action = refusal.error.action.as_deref()?;
    (refusal.status == 403 && refusal.error.is("AuthorizationFailed"))
        .then(|| refused::refused(refusal, action, evidence))
}

/// The line that assigns a role to a managed identity at a scope.
pub fn assign(role: &str, (principal, scope): (&str, &str), cloud: Option<&str>) -> String {
    let first = match cloud {
        Some("china") => "az cloud set --name AzureChinaCloud && ",
        Some("usgov") => "az cloud set --name AzureUSGovernment && ",
        _ => "",
    };
    let scope = if scope.is_empty() { "/" } else { scope };
    format!(
        "{first}az role assignment create --role \"{role}\" --assignee-object-id {principal} \
         --assignee-principal-type ServicePrincipal --scope \"{scope}\""
    )
}

/// Some names of a list.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 4;
    let all = names.len();
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if all > SHOWN { format!(" and {} more", all - SHOWN) } else { String::new() };
    shown.join(", ") + &more
}

#[cfg(test)]
mod tests;
