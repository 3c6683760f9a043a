//! Why access control refused: no role at all, one elsewhere, one too small, one that is not effective yet.

use std::time::Duration;

use super::{Cure, Evidence, Refusal, assign, codes, some};
use crate::azure::assignments::Held;
use crate::moment::{Moment, show_duration};
use crate::nearest::nearest;
use crate::rbac::{Algebra, Decision, Granting, Pattern, PermissionSet, Plane, Role, Verdict};

/// Within this time an assignment becomes effective everywhere.
const PROPAGATION: Duration = Duration::from_secs(10 * 60);

/// Roles that people know, from narrow to broad: one of them is named beside the narrowest.
const WELL_KNOWN: [&str; 10] = [
    "Reader",
    "Managed Identity Operator",
    "Managed Identity Contributor",
    "Virtual Machine Contributor",
    "Network Contributor",
    "Storage Account Contributor",
    "Website Contributor",
    "Contributor",
    "User Access Administrator",
    "Owner",
];

/// Says why an action was refused, and what would cure it.
pub(super) fn refused(refusal: &Refusal<'_>, action: &str, evidence: &Evidence) -> Cure {
    let mut cure = Cure::default();
    let done = match &evidence.permissions {
        Some(Ok(entries)) if !entries.is_empty() => {
            held_here((refusal, action), (evidence, &PermissionSet::of(entries)), &mut cure)
        }
        Some(_) => {
            nothing_here((refusal, action), evidence, &mut cure);
            false
        }
        None => {
            cure.notes.push(format!(
                "certain, by the answer: no role that reaches this scope grants `{action}` to this identity, or the scope does \
                 not exist"
            ));
            false
        }
    };
    if done {
        return cure;
    }
    if let Some(role) = narrowest(action, &mut cure)
        && let (Some(principal), Some(scope)) = (&refusal.error.object_id, refusal.scope())
    {
        cure.helps.push(assign(&role, (principal, &scope), evidence.cloud.as_deref()));
    }
    cure.helps.push("if it was granted only just now, wait for it: `eventually: 10m`".to_owned());
    cure
}

/// Names the built-in role of fewest actions that grants an action, and a well-known one.
pub(super) fn narrowest(action: &str, cure: &mut Cure) -> Option<String> {
    let suggestion = Suggestion::of(&Pattern::parse(action), Plane::Control);
    cure.notes.push(suggestion.as_ref().map_or_else(|| Suggestion::NONE.to_owned(), Suggestion::to_string));
    suggestion.map(|suggestion| suggestion.narrowest.role.name.clone())
}

/// Built-in roles that grant what is missing.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The one of fewest known operations.
    pub narrowest: Granting,
    /// One that people know, and that grants more.
    pub well_known: Option<Granting>,
}

impl Suggestion {
    /// What is told when there is none.
    pub const NONE: &str = "no built-in role grants it: a custom role must (`az role definition create`)";

    /// The roles that grant every action of a pattern; nothing when there is none.
    pub fn of(pattern: &Pattern, plane: Plane) -> Option<Suggestion> {
        let roles = Algebra::built_in().granting(&[(pattern.clone(), plane)]).unwrap_or_default();
        let mut certain = roles.into_iter().filter(|found| found.verdict == Verdict::Yes);
        let narrowest = certain.next()?;
        let mut rest: Vec<Granting> = certain.collect();
        let at = WELL_KNOWN.iter().find_map(|name| rest.iter().position(|found| found.role.name == *name));
        Some(Suggestion { narrowest, well_known: at.map(|at| rest.swap_remove(at)) })
    }
}

impl std::fmt::Display for Suggestion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |found: &Granting| {
            let plural = if found.breadth == 1 { "" } else { "s" };
            format!("`{}` ({} known operation{plural})", found.role.name, found.breadth)
        };
        write!(formatter, "the built-in role of fewest actions that grants it: {}", told(&self.narrowest))?;
        match &self.well_known {
            Some(known) => write!(formatter, "; well known, and wider: {}", told(known)),
            None => Ok(()),
        }
    }
}

/// The identity holds something at the scope; whether all is said.
fn held_here(
    (refusal, action): (&Refusal<'_>, &str),
    (evidence, set): (&Evidence, &PermissionSet),
    cure: &mut Cure,
) -> bool {
    const FROM: &str = "from Azure's answer about permissions";
    match set.decide(action, Plane::Control) {
        Decision::Conditional(entry) => {
            let condition = entry.condition().unwrap_or_default();
            cure.notes.push(format!(
                "likely, {FROM}: it is granted only under a condition, which this request does not meet: {condition}"
            ));
            return false;
        }
        Decision::Granted(_) => {
            cure.notes.push(format!(
                "likely, {FROM}: it is granted by now, so the grant has only just become effective, or a deny assignment \
                 takes it away"
            ));
            cure.helps.push("wait for it: `eventually: 10m`".to_owned());
            return true;
        }
        _ => {}
    }
    if waiting((refusal, action), evidence, cure) {
        return true;
    }
    let entries: Vec<_> = set.entries().iter().map(|entry| entry.permission()).collect();
    let patterns: Vec<&str> = entries.iter().flat_map(|entry| &entry.actions).map(Pattern::as_str).collect();
    let roles: Vec<&Held> = evidence.assignments.iter().flatten().flatten().collect();
    let held = roles.iter().filter_map(|held| Some((role(evidence, held)?, held)));
    let held: Vec<String> = held.map(|(role, held)| format!("{} at {}", role.name, held.scope)).collect();
    match patterns.as_slice() {
        [] => cure.notes.push(format!(
            "certain, {FROM}: its roles here are for data only, and data actions allow no request to Resource Manager"
        )),
        _ => cure.notes.push(format!(
            "certain, {FROM}: the role is too small: here it holds {}, and nothing that grants `{action}`",
            some(patterns.iter().copied())
        )),
    }
    if !held.is_empty() {
        cure.notes.push(format!("its roles here: {}", some(held.iter().map(String::as_str))));
    }
    let reading = action.to_ascii_lowercase().strip_suffix("/action").map(|stem| {
        let above = stem.rsplit_once('/').map_or(stem, |(above, _)| above);
        format!("{above}/read")
    });
    if reading.is_some_and(|reading| set.decide(&reading, Plane::Control).is_granted()) {
        cure.notes.push(
            "an action that is sent with POST is no reading, however much it reads: `*/read` leaves it out".to_owned(),
        );
    }
    false
}

/// Whether an assignment grants it that is not effective yet, and why.
fn waiting((refusal, action): (&Refusal<'_>, &str), evidence: &Evidence, cure: &mut Cure) -> bool {
    let own = refusal.error.object_id.as_deref().unwrap_or_default();
    let assignments = evidence.assignments.iter().flatten().flatten();
    let granting: Vec<(&Held, &Role)> = assignments
        .filter_map(|held| Some((held, role(evidence, held)?)))
        .filter(|(_, role)| role.grants(action))
        .collect();
    let direct = granting.iter().find(|(held, _)| held.principal.eq_ignore_ascii_case(own));
    if let Some((held, role)) = direct {
        let age = held.created.as_deref().and_then(Moment::parse).zip(evidence.now);
        let age = age.and_then(|(created, now)| now.duration_since(created.to_system()).ok());
        cure.notes.push(match age {
            Some(age) if age < PROPAGATION => format!(
                "likely, from the role assignments: `{}` was assigned {}, and takes up to {} to be effective everywhere",
                role.name,
                ago(age),
                show_duration(PROPAGATION)
            ),
            _ => format!(
                "possible, from the role assignments: `{}` is assigned at {} and grants it, yet has no effect: its condition, or \
                 a deny assignment",
                role.name, held.scope
            ),
        });
        cure.helps.push("wait for it: `eventually: 10m`".to_owned());
        return true;
    }
    let Some((held, role)) = granting.first() else { return false };
    let age = evidence.issued.zip(evidence.now).and_then(|(issued, now)| now.duration_since(issued).ok());
    let age = age.map(|age| format!(", issued {},", ago(age)));
    cure.notes.push(format!(
        "likely, from the role assignments: `{}` comes through the group {}, and this token{} does not know of the membership: \
         Azure keeps the tokens of managed identities, with their groups, for up to 24 hours",
        role.name,
        held.principal,
        age.unwrap_or_default()
    ));
    cure.helps.push("a role of the identity's own needs no new token:".to_owned());
    cure.helps.push(assign(&role.name, (own, &held.scope), evidence.cloud.as_deref()));
    true
}

/// How long ago, in whole minutes.
fn ago(age: Duration) -> String {
    match age.as_secs() / 60 {
        0 => "less than a minute ago".to_owned(),
        minutes => format!("{} ago", show_duration(Duration::from_secs(minutes * 60))),
    }
}

fn role<'e>(evidence: &'e Evidence, held: &Held) -> Option<&'e Role> {
    evidence.roles.iter().find(|role| role.id.eq_ignore_ascii_case(&held.role)).map(std::ops::Deref::deref)
}

/// The identity may not even ask at the scope.
fn nothing_here((refusal, action): (&Refusal<'_>, &str), evidence: &Evidence, cure: &mut Cure) {
    let wanted = refusal.group().unwrap_or_default();
    match (&evidence.groups, &evidence.subscriptions) {
        (Some(Ok(groups)), _) if groups.iter().any(|group| group.eq_ignore_ascii_case(wanted)) => {
            cure.notes.push(format!(
                "certain, from the list of groups: `{wanted}` exists, and the role that shows it does not grant `{action}`"
            ));
        }
        (Some(Ok(groups)), _) if !groups.is_empty() => {
            cure.notes.push(format!(
                "likely, from the list of groups: its role is at another scope: it may read {}, and not this",
                some(groups.iter().map(String::as_str))
            ));
            if let Some(near) = nearest(wanted, groups.iter().map(String::as_str)).filter(|_| !wanted.is_empty()) {
                cure.helps.push(format!("is the group `{near}` meant?"));
            }
        }
        (_, Some(Ok(seen))) if seen.is_empty() => {
            cure.notes.push(
                "likely, from the list of subscriptions, which is empty: this identity has no role at all, anywhere".to_owned(),
            );
            if let (Some(client), Some(object)) = (&evidence.client_id, &refusal.error.object_id) {
                cure.notes.push(format!(
                    "possible: the role was assigned to the client id {client}, and belongs to the object id {object}"
                ));
            }
        }
        (_, Some(Ok(seen))) => {
            let here = refusal.subscription().unwrap_or_default();
            if seen.iter().any(|(id, _)| id.eq_ignore_ascii_case(here)) {
                cure.notes.push(
                    "likely, from the list of subscriptions: its role is at another scope of this subscription".to_owned(),
                );
            } else {
                cure.notes.push(
                    "likely, from the list of subscriptions: this is the wrong one, or the identity has no role in it".to_owned(),
                );
                codes::seen(refusal, evidence, cure);
            }
        }
        _ => cure.notes.push(format!(
            "certain, by the answer: no role that reaches this scope grants `{action}` to this identity, or the scope does not \
             exist"
        )),
    }
}
