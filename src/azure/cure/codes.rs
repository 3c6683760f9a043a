//! Errors whose code says what is wrong, each made surer by what is known beside it.

use super::{Cure, Evidence, Refusal, Suggestion, assign, some};
use crate::azure::cloud::Cloud;
use crate::azure::error::quoted_after;
use crate::nearest::nearest;
use crate::rbac::{Pattern, Plane};

/// A code, what it means, what to do.
type Meaning = (&'static str, &'static str, &'static str);

/// Codes that say what is wrong by themselves.
const MEANINGS: &[Meaning] = &[
    (
        "ExpiredAuthenticationToken",
        "certain, by its code: the token was no longer good when it arrived, or the two clocks differ",
        "is the time right here? `timedatectl` tells",
    ),
    (
        "InvalidAuthenticationToken",
        "certain, by its code: what was sent is no token of this directory, or its identity is not known there",
        "was the identity deleted and made again? Then it has a new object id: `mi-run` takes a new token with `fresh: true`",
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
        "MissingSubscriptionRegistration",
        "certain, by its code: access control let it through, and the subscription has not registered the provider",
        "`az provider register --namespace <namespace>`, which needs `<namespace>/register/action`",
    ),
    (
        "AuthorizationPermissionMismatch",
        "certain, by its code: Storage refused, not Resource Manager: no data action of a role grants it, and Owner or \
         Contributor grant none",
        "assign a role for data, such as `Storage Blob Data Reader`: `mi-run roles --granting-data ACTION` lists them",
    ),
    (
        "AuthorizationFailure",
        "likely, by its code: Storage refused because of its network rules, or because of the kind of credential",
        "look at the account's firewall and at `allowSharedKeyAccess`: a role changes neither",
    ),
    (
        "ForbiddenByFirewall",
        "certain, by its code: the vault's firewall refused, not access control",
        "let this network in, or take a private endpoint: no role changes this",
    ),
    (
        "ForbiddenByPolicy",
        "certain, by its code: the vault works with access policies, and none lets this identity in",
        "add an access policy, or switch the vault to access control by roles",
    ),
];

/// A token that is asked to be newer than the one that the endpoint keeps.
fn challenged(claims: &str) -> Cure {
    Cure {
        notes: vec![
            format!("certain, by its challenge: Azure wants a newer token, with these claims: {claims}"),
            "a newer one was asked for, and is refused as well: endpoints keep tokens for up to 24 hours".to_owned(),
        ],
        helps: vec![
            "was the identity disabled, or were its tokens revoked? Else a good one comes when the old one ends"
                .to_owned(),
        ],
    }
}

/// What an error's code means.
pub(super) fn by_code(refusal: &Refusal<'_>, evidence: &Evidence) -> Option<Cure> {
    let message = &refusal.error.message;
    let is = |code: &str| refusal.error.codes().any(|own| own.eq_ignore_ascii_case(code));
    if let Some(claims) = &evidence.wanted {
        return Some(challenged(claims));
    }
    if is("InvalidAuthenticationTokenAudience") {
        return Some(audience(message, evidence));
    }
    if is("InvalidAuthenticationTokenTenant") || is("SubscriptionNotFound") {
        return Some(subscription(refusal, evidence));
    }
    if is("DenyAssignmentAuthorizationFailed") {
        return Some(denied(message));
    }
    if is("LinkedAuthorizationFailed") {
        return Some(linked(refusal, evidence));
    }
    if is("ResourceGroupNotFound") {
        return Some(no_group(refusal, evidence));
    }
    if is("ForbiddenByRbac") {
        return Some(vault(message));
    }
    let (_, meaning, help) = MEANINGS.iter().find(|(code, ..)| is(code))?;
    Some(Cure { notes: vec![(*meaning).to_owned()], helps: vec![(*help).to_owned()] })
}

fn audience(message: &str, evidence: &Evidence) -> Cure {
    let sent = quoted_after(message, "audience or resource").or_else(|| quoted_after(message, "wrong audience"));
    let sent = sent.unwrap_or_default();
    let same = |one: &str| one.trim_end_matches('/').eq_ignore_ascii_case(sent.trim_end_matches('/'));
    let of = Cloud::all().find_map(|cloud| {
        let named = [
            (cloud.is_arm(&sent), format!("Resource Manager of the cloud `{}`", cloud.name)),
            (same(&cloud.graph), "Microsoft Graph".to_owned()),
            (same(&cloud.key_vault), format!("Key Vault in the cloud `{}`", cloud.name)),
            (same(&cloud.storage), "Storage".to_owned()),
        ];
        named.into_iter().find(|(is, _)| *is).map(|(_, name)| name)
    });
    let of = of.map(|name| format!(", which is {name}")).unwrap_or_default();
    let here = evidence.cloud.as_ref().map(|cloud| format!(" of the cloud `{cloud}`")).unwrap_or_default();
    Cure {
        notes: vec![format!("certain, by its code: the token is for `{sent}`{of}, and this is Resource Manager{here}")],
        helps: vec!["say `cloud:` as the VM is in it, and leave `auth:` away, or name `auth: arm`".to_owned()],
    }
}

fn subscription(refusal: &Refusal<'_>, evidence: &Evidence) -> Cure {
    let mut cure = Cure::default();
    let tenants =
        (quoted_after(&refusal.error.message, "wrong issuer"), quoted_after(&refusal.error.message, "tenant"));
    match tenants {
        (Some(own), Some(theirs)) => {
            let id = |issuer: &str| issuer.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            cure.notes.push(format!(
                "certain, by its code: the identity is of the tenant `{}`, and the subscription of `{}`",
                id(&own),
                id(&theirs)
            ));
            let help = "managed identities do not cross tenants: take an identity of the subscription's tenant";
            cure.helps.push(help.to_owned());
        }
        _ => cure.notes.push("certain, by its code: this cloud has no such subscription".to_owned()),
    }
    seen(refusal, evidence, &mut cure);
    if cure.helps.is_empty() {
        cure.helps.push("look at the subscription's id and at `cloud:`".to_owned());
    }
    cure
}

/// What the identity sees of subscriptions, beside the one that was asked for.
pub(super) fn seen(refusal: &Refusal<'_>, evidence: &Evidence, cure: &mut Cure) {
    let wanted = refusal.subscription().unwrap_or_default();
    if let Some(Ok(seen)) = &evidence.subscriptions {
        let others: Vec<&str> =
            seen.iter().map(|(id, _)| id.as_str()).filter(|id| !id.eq_ignore_ascii_case(wanted)).collect();
        if !others.is_empty() {
            cure.notes.push(format!("it sees other subscriptions: {}", some(others.iter().copied())));
        }
        if let Some(near) = nearest(wanted, others.iter().copied()) {
            cure.helps.push(format!("is `{near}` meant?"));
        }
    }
    if let Some(own) = evidence.own_subscription.as_ref().filter(|own| !own.eq_ignore_ascii_case(wanted)) {
        cure.notes.push(format!("this machine itself is in the subscription `{own}`"));
    }
}

fn denied(message: &str) -> Cure {
    let name = quoted_after(message, "with name").map(|name| format!(" `{name}`")).unwrap_or_default();
    let scope = quoted_after(message, "at scope");
    let at = scope.as_ref().map(|scope| format!(" at `{scope}`")).unwrap_or_default();
    let url = scope.unwrap_or_else(|| "<scope>".to_owned());
    Cure {
        notes: vec![
            format!("certain, by its code: a role grants it, and the deny assignment{name}{at} takes it away"),
            "deny assignments come with managed applications, deployment stacks and blueprints; no role is above them"
                .to_owned(),
        ],
        helps: vec![format!(
            "az rest --method get --url \"{url}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01\""
        )],
    }
}

fn linked(refusal: &Refusal<'_>, evidence: &Evidence) -> Cure {
    let message = &refusal.error.message;
    let rest = message.find("does not have permission").map_or("", |at| &message[at..]);
    let action = quoted_after(rest, "perform action").unwrap_or_default();
    let scopes = quoted_after(rest, "linked scope").unwrap_or_default();
    let scope = scopes.split(',').next().unwrap_or_default();
    let note = match (action.as_str(), scope) {
        ("", _) | (_, "") => {
            "certain, by its code: a right is missing at another resource that this one links to".to_owned()
        }
        _ => format!("certain, by its code: `{action}` is missing at the other resource, `{scope}`"),
    };
    let mut cure = Cure { notes: vec![note], helps: Vec::new() };
    let role = super::refused::narrowest(&action, &mut cure);
    match (role, &refusal.error.object_id) {
        (Some(role), Some(principal)) if !scope.is_empty() => {
            cure.helps.push(assign(&role, (principal, scope), evidence.cloud.as_deref()));
        }
        _ => cure.helps.push("the message names the linked scope and its action: grant it there".to_owned()),
    }
    cure
}

fn no_group(refusal: &Refusal<'_>, evidence: &Evidence) -> Cure {
    let wanted = refusal.group().unwrap_or_default();
    let mut cure = Cure {
        notes: vec![
            "certain, by its code: it may read here, so access is not what is missing; the group is".to_owned(),
        ],
        helps: Vec::new(),
    };
    if let Some(Ok(groups)) = &evidence.groups {
        match nearest(wanted, groups.iter().map(String::as_str)) {
            Some(near) => cure.helps.push(format!("a group with a similar name is there: `{near}`")),
            None if groups.is_empty() => cure.notes.push("the subscription has no group that it may read".to_owned()),
            None => {
                cure.notes.push(format!("the groups that it may read: {}", some(groups.iter().map(String::as_str))))
            }
        }
    }
    if let Some(own) = &evidence.own_subscription
        && !refusal.subscription().is_some_and(|subscription| subscription.eq_ignore_ascii_case(own))
    {
        cure.notes.push(format!("this machine itself is in the subscription `{own}`"));
    }
    cure
}

/// Key Vault names the action in its message.
fn vault(message: &str) -> Cure {
    let action = quoted_after(message, "action:");
    let mut cure = Cure::default();
    let what = action.as_ref().map(|action| format!(": no role grants the data action `{action}`")).unwrap_or_default();
    cure.notes.push(format!(
        "certain, by its code: Key Vault refused, not Resource Manager{what}; Owner and Contributor grant no data"
    ));
    let suggestion = action.and_then(|action| Suggestion::of(&Pattern::parse(&action), Plane::Data));
    let role = suggestion.as_ref().map_or("Key Vault Secrets User", |found| found.narrowest.role.name.as_str());
    cure.helps.push(format!("assign a role for data, such as `{role}`, at the vault"));
    cure
}
