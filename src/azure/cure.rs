//! What a refusal means in Azure's terms, how sure that is, and what would cure it.
//!
//! Source: `troubleshooting.md` of Azure RBAC, "Troubleshoot Azure RBAC", and the error codes of Resource Manager.

use super::error::ArmError;
use crate::rbac::{Algebra, Pattern, Plane, Verdict};

/// How many roles are named beside the narrowest.
const OTHERS: usize = 2;

/// What is known of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cure {
    /// What it means, with how sure that is.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

/// Codes that say what is wrong by themselves: the code, what it means, what to do.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "InvalidAuthenticationTokenAudience",
        "certain, by its code: the token is for another audience than this cloud's Resource Manager",
        "look at `cloud:` and at the token's resource: `mi-run check` and the claim `aud` tell",
    ),
    (
        "InvalidAuthenticationTokenTenant",
        "certain, by its code: the subscription belongs to another tenant than the identity",
        "managed identities do not cross tenants: take an identity of the subscription's tenant",
    ),
    (
        "SubscriptionNotFound",
        "certain, by its code: in this cloud and tenant there is no such subscription that the identity could see",
        "look at the subscription's id and at `cloud:`",
    ),
    (
        "DenyAssignmentAuthorizationFailed",
        "certain, by its code: a role grants it, and a deny assignment takes it away",
        "deny assignments come with managed applications, deployment stacks and blueprints: \
         `az rest --method get --url \"<scope>/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01\"` shows them",
    ),
    (
        "ScopeLocked",
        "certain, by its code: access control let it through, and a lock stops it",
        "`az lock list` shows the locks; no role opens them, only their removal",
    ),
    (
        "ReadOnlyDisabledSubscription",
        "certain, by its code: the subscription is disabled, so it can only be read",
        "enable the subscription: no role changes this",
    ),
    (
        "RequestDisallowedByPolicy",
        "certain, by its code: access control let it through, and Azure Policy stops it",
        "the message names the policy assignment",
    ),
    (
        "LinkedAuthorizationFailed",
        "certain, by its code: the right at another resource is missing, which the request links to",
        "the message names the linked scope and its action: grant it there",
    ),
];

/// What an answer's error means and what would cure it; nothing for errors that are not about access.
pub fn cure(status: u16, error: &ArmError, cloud: Option<&str>) -> Option<Cure> {
    if let Some((_, meaning, help)) =
        MEANINGS.iter().find(|(code, ..)| error.codes().any(|own| own.eq_ignore_ascii_case(code)))
    {
        return Some(Cure { notes: vec![(*meaning).to_owned()], helps: vec![(*help).to_owned()] });
    }
    if status != 403 || !error.is("AuthorizationFailed") {
        return None;
    }
    let action = error.action.as_deref()?;
    let mut cure = Cure::default();
    cure.notes.push(format!(
        "certain, by the answer: no role that reaches this scope grants `{action}` to this identity, or the scope does not exist"
    ));
    let roles = Algebra::built_in().granting(&[(Pattern::parse(action), Plane::Control)]).unwrap_or_default();
    let mut names = roles.iter().filter(|found| found.verdict == Verdict::Yes).map(|found| found.role.name.as_str());
    match names.next() {
        Some(role) => {
            let others: Vec<&str> = names.take(OTHERS).collect();
            let also = if others.is_empty() { String::new() } else { format!("; wider: {}", others.join(", ")) };
            cure.notes.push(format!("the built-in role of fewest actions that grants it: `{role}`{also}"));
            cure.helps.extend(assign(role, error, cloud));
        }
        None => cure.notes.push("no built-in role grants it: a custom role must".to_owned()),
    }
    cure.helps.push("if it was granted only just now, wait for it: `eventually: 10m`".to_owned());
    Some(cure)
}

/// The line that assigns a role to the identity that was refused, where it was refused.
fn assign(role: &str, error: &ArmError, cloud: Option<&str>) -> Option<String> {
    let (principal, scope) = (error.object_id.as_ref()?, error.scope.as_ref()?);
    // What is asked of Microsoft.Authorization is checked below the scope that is meant.
    let scope = scope.strip_suffix("/providers/Microsoft.Authorization").unwrap_or(scope);
    let first = match cloud {
        Some("china") => "az cloud set --name AzureChinaCloud && ",
        Some("usgov") => "az cloud set --name AzureUSGovernment && ",
        _ => "",
    };
    Some(format!(
        "{first}az role assignment create --role \"{role}\" --assignee-object-id {principal} \
         --assignee-principal-type ServicePrincipal --scope \"{scope}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_cured_by_the_narrowest_role() {
        let error = ArmError {
            code: "AuthorizationFailed".to_owned(),
            action: Some("Microsoft.Compute/virtualMachines/start/action".to_owned()),
            scope: Some("/subscriptions/s".to_owned()),
            object_id: Some("p".to_owned()),
            ..ArmError::default()
        };
        let cure = cure(403, &error, Some("china")).expect("a cure");
        assert!(cure.notes[1].contains("`Desktop Virtualization Power On Contributor`; wider: DevTest Labs User"));
        assert_eq!(
            cure.helps[0],
            "az cloud set --name AzureChinaCloud && az role assignment create \
             --role \"Desktop Virtualization Power On Contributor\" --assignee-object-id p \
             --assignee-principal-type ServicePrincipal --scope \"/subscriptions/s\""
        );
        assert_eq!(super::cure(404, &error, None), None);
    }

    #[test]
    fn codes_speak_for_themselves() {
        for (code, ..) in MEANINGS {
            let error = ArmError { code: (*code).to_owned(), ..ArmError::default() };
            assert!(cure(403, &error, None).is_some_and(|cure| cure.helps.len() == 1), "{code}");
        }
        let inside =
            ArmError { code: "Conflict".to_owned(), inner: vec!["ScopeLocked".to_owned()], ..ArmError::default() };
        assert!(cure(409, &inside, None).is_some());
        assert_eq!(cure(403, &ArmError::default(), None), None);
    }
}
