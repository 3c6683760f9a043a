//! The `access` action: asks Azure what the identity may do at a scope, and decides every claim exactly.

use std::sync::Arc;

use serde_json::{Value, json};

use super::mishap;
use super::place::place;
use super::playbook::Playbook;
use super::progress::{Judged, Progress};
use super::reply::Reply;
use crate::azure::permissions;
use crate::diagnostic::Diagnostic;
use crate::event::Assertion;
use crate::nearest::nearest;
use crate::plan::{Access, Bound, Claim, Request, Says, Step};
use crate::rbac::{
    Algebra, Answer, Doubt, Entry, Operations, Origin, Pattern, Permission, PermissionSet, Plane, Role, Scope,
    TooComplex, Verdict, catalogue,
};
use crate::template::Text;

/// The right to ask what one may do.
const ASKING: &str = "Microsoft.Authorization/permissions/read";

/// How a claim came out.
struct Outcome {
    /// Whether it holds.
    holds: bool,
    /// What was found, in a word or an action.
    actual: Value,
    /// What decides it.
    reason: String,
}

impl Playbook<'_, '_> {
    /// Asks what the identity may do, and judges what is claimed.
    pub(super) async fn access(&self, step: &Step, access: &Access, progress: &mut Progress) -> Option<Reply> {
        let scope = self.scope(&access.scope, progress)?;
        let reply = self.ask(step, format!("{scope}{}", permissions::PERMISSIONS), progress).await?;
        let entries = match reply.json() {
            Ok(document) if reply.status == 200 => permissions::entries(document),
            _ => None,
        };
        let Some(entries) = entries else {
            progress.errored(self, mishap::cannot_ask(&reply, &scope, ASKING));
            return Some(reply);
        };
        if entries.is_empty() {
            progress.errored(self, mishap::empty_answer(&scope, ASKING));
            return Some(reply);
        }
        progress.step.access = Some(json!({"scope": scope, "via": "permissions", "permissions": entries}));
        let granted = PermissionSet::of(&entries);
        let asked = (progress.step.request.clone(), progress.step.response.clone());
        for claim in &access.claims {
            self.claim(step, (&granted, &scope), claim, progress).await;
        }
        // What was asked about roles on the way is not what the step is about.
        (progress.step.request, progress.step.response) = asked;
        let hidden = access.claims.iter().any(|claim| !matches!(claim.key, "cannot" | "cannot_data" | "at_most"));
        if hidden && progress.step.problems.is_empty() {
            let note = "deny assignments and locks are not in Azure's answer: they may still stand in the way";
            progress.step.notes.push(note.to_owned());
        }
        Some(reply)
    }

    /// The scope as it is asked for, without a slash at its end.
    fn scope(&self, text: &Text, progress: &mut Progress) -> Option<String> {
        let rendered = self.rendered(text, progress)?;
        let scope = rendered.trim().trim_end_matches('/').to_owned();
        let parsed = Scope::parse(if scope.is_empty() { "/" } else { &scope });
        let bad = match parsed {
            Err(why) => Some(why.to_string()),
            Ok(_) if scope.contains(['?', '#']) => Some("a scope has no parameters".to_owned()),
            Ok(_) => None,
        };
        if let Some(why) = bad {
            let title = format!("`{}` is not a scope", rendered.escape_debug());
            let help = "a scope is a resource id: `/subscriptions/<id>/resourceGroups/<name>`";
            let diagnostic = Diagnostic::error("invalid-scope", title).at(text.span, why).help(help);
            progress.errored(self, diagnostic);
            return None;
        }
        Some(scope)
    }

    fn rendered(&self, text: &Text, progress: &mut Progress) -> Option<String> {
        match text.render_text(&*self.frame) {
            Ok(text) => Some(text),
            Err(misfit) => {
                progress.misfit(self, &misfit);
                None
            }
        }
    }

    /// Reads all pages of a list of Resource Manager.
    async fn ask(&self, step: &Step, url: String, progress: &mut Progress) -> Option<Reply> {
        let request = Request::list(url, step.span);
        self.request(step, &request, progress).await
    }

    /// Judges one claim.
    async fn claim(
        &self,
        step: &Step,
        (granted, scope): (&PermissionSet, &str),
        claim: &Claim,
        progress: &mut Progress,
    ) {
        let decided = match &claim.says {
            Says::Actions(text, plane, wanted) => {
                let Some(pattern) = self.rendered(text, progress) else { return };
                let parsed = Pattern::parse(&pattern);
                progress.step.notes.extend(doubt(&parsed, *plane));
                let decided = actions(granted, (&parsed, *plane), *wanted);
                (Some(pattern), Value::from(if *wanted { "granted" } else { "refused" }), decided)
            }
            Says::AtMost(bound) | Says::AtLeast(bound) | Says::Exactly(bound) => {
                let Some((shown, set)) = self.bound(step, (bound, scope), claim, progress).await else { return };
                (None, shown, compared(granted, &set, &claim.says))
            }
        };
        match decided {
            (path, expected, Ok(outcome)) => progress.judged(Judged::Assertion(Box::new(Assertion {
                subject: claim.key,
                path,
                predicate: "access".to_owned(),
                expected,
                actual: outcome.actual,
                found: true,
                holds: outcome.holds,
                reason: Some(outcome.reason),
                place: place(self.engine.sources, claim.span),
            }))),
            (_, _, Err(why)) => {
                let title = "this claim cannot be decided in reasonable time";
                let diagnostic = Diagnostic::error("too-complex", title).at(claim.span, "claimed here");
                progress.errored(self, diagnostic.note(why.to_string()));
            }
        }
    }

    /// The set that is compared with, and how it is told.
    async fn bound(
        &self,
        step: &Step,
        (bound, scope): (&Bound, &str),
        claim: &Claim,
        progress: &mut Progress,
    ) -> Option<(Value, PermissionSet)> {
        match bound {
            Bound::Roles(names) => {
                let (mut shown, mut set) = (Vec::new(), PermissionSet::new());
                for name in names {
                    let name = self.rendered(name, progress)?;
                    let role = self.role(step, (&name, scope), claim, progress).await?;
                    set.grant(&role.permissions, &Origin { role: Some(Arc::clone(&role)), ..Origin::default() });
                    shown.push(Value::from(role.name.clone()));
                }
                Some((if shown.len() == 1 { shown.remove(0) } else { Value::Array(shown) }, set))
            }
            Bound::Set(lists) => {
                let mut patterns = Vec::with_capacity(4);
                for list in lists {
                    let mut own = Vec::with_capacity(list.len());
                    for text in list {
                        own.push(Pattern::parse(&self.rendered(text, progress)?));
                    }
                    patterns.push(own);
                }
                let mut next = patterns.into_iter();
                let mut take = || next.next().unwrap_or_default();
                let permission = Permission {
                    actions: take(),
                    not_actions: take(),
                    data_actions: take(),
                    not_data_actions: take(),
                    condition: None,
                };
                Some((json!(permission), PermissionSet::of(&[permission])))
            }
        }
    }

    /// A role by its name or id: a built-in one, else one that the scope knows.
    async fn role(
        &self,
        step: &Step,
        (name, scope): (&str, &str),
        claim: &Claim,
        progress: &mut Progress,
    ) -> Option<Arc<Role>> {
        if let Some(role) = Role::built_in(name) {
            return Some(role);
        }
        let reply = self.ask(step, format!("{scope}{}", permissions::definitions(name)), progress).await?;
        let found = reply.json().as_ref().ok().filter(|_| reply.status == 200);
        match found.and_then(|document| permissions::role(document)) {
            Some(permissions) => {
                let role = Role { name: name.to_owned(), custom: true, permissions, ..Role::default() };
                Some(Arc::new(role))
            }
            None => {
                let near = nearest(name, catalogue().iter().map(|role| role.name.as_str()));
                let title = format!("there is no role `{}` at this scope", name.escape_debug());
                let diagnostic = Diagnostic::error("unknown-role", title).at(claim.span, "compared with here");
                let said =
                    (reply.status != 200).then(|| format!("custom roles cannot be read: status {}", reply.status));
                let diagnostic = said.into_iter().chain(mishap::azure_says(&reply)).fold(diagnostic, Diagnostic::note);
                progress.errored(
                    self,
                    diagnostic.maybe_help(near.map(|near| format!("a built-in role has a similar name: `{near}`"))),
                );
                None
            }
        }
    }
}

/// What speaks against a pattern that matches no known operation: most likely it is misspelt.
fn doubt(pattern: &Pattern, plane: Plane) -> Option<String> {
    match Operations::built_in().doubt(pattern, plane)? {
        Doubt::OtherPlane => {
            Some(format!("`{pattern}` is known on the other plane only: is `can_data` meant, or `can`?"))
        }
        Doubt::Near(near) => Some(format!("no operation is known that `{pattern}` matches; similar is `{near}`")),
        Doubt::Unknown => None,
    }
}

/// Decides `can` and `cannot`.
fn actions(granted: &PermissionSet, (pattern, plane): (&Pattern, Plane), wanted: bool) -> Result<Outcome, TooComplex> {
    let algebra = Algebra::built_in();
    let answer =
        if wanted { algebra.every(granted, (pattern, plane))? } else { algebra.any(granted, (pattern, plane))? };
    let witness = answer.witness.as_ref().map_or(pattern.as_str(), |witness| witness.action.as_str());
    let of = if pattern.is_literal() { String::new() } else { format!("`{witness}` is ") };
    let by = granted_by(&answer);
    let reason = match (answer.verdict, wanted) {
        (Verdict::Yes, true) => format!("granted{by}"),
        (Verdict::No, true) if pattern.is_literal() => "is not granted".to_owned(),
        (Verdict::No, true) => format!("{of}not granted"),
        (Verdict::Yes, false) => format!("{of}granted{by}"),
        (Verdict::No, false) => "nothing of it is granted".to_owned(),
        (Verdict::Maybe, _) => format!("{of}granted under a condition only{by}"),
    };
    let actual = match answer.verdict {
        Verdict::Yes => "granted",
        Verdict::No => "refused",
        Verdict::Maybe => "conditional",
    };
    let holds = answer.verdict == if wanted { Verdict::Yes } else { Verdict::No };
    Ok(Outcome { holds, actual: Value::from(actual), reason })
}

/// Decides `at_most`, `at_least` and `exactly`.
fn compared(granted: &PermissionSet, set: &PermissionSet, says: &Says) -> Result<Outcome, TooComplex> {
    let algebra = Algebra::built_in();
    let too_much = match says {
        Says::AtLeast(_) => None,
        _ => Some(algebra.included(granted, set)?).filter(|answer| answer.verdict != Verdict::Yes),
    };
    let too_little = match says {
        Says::AtMost(_) => None,
        _ => Some(algebra.included(set, granted)?).filter(|answer| answer.verdict != Verdict::Yes),
    };
    let told = |answer: &Answer<'_>, what: &str| {
        let witness = answer.witness.as_ref();
        let action = witness.map_or_else(|| "something".to_owned(), |witness| format!("`{}`", witness.action));
        let data = if witness.is_some_and(|witness| witness.plane == Plane::Data) { " on data" } else { "" };
        let maybe = if answer.verdict == Verdict::Maybe { ", depending on a condition" } else { "" };
        format!("{action} is {what}{data}{maybe}")
    };
    let reasons = [
        too_much.as_ref().map(|answer| told(answer, "granted beyond that") + &granted_by(answer)),
        too_little.as_ref().map(|answer| told(answer, "not granted")),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let witness = too_much.or(too_little).and_then(|answer| answer.witness);
    Ok(Outcome {
        holds: reasons.is_empty(),
        actual: witness.map_or(Value::Null, |witness| Value::from(witness.action)),
        reason: if reasons.is_empty() { "it is so for all actions".to_owned() } else { reasons.join("; ") },
    })
}

/// By what something is granted: the patterns of the entry that match it.
fn granted_by(answer: &Answer<'_>) -> String {
    let action = answer.witness.as_ref().map(|witness| witness.action.as_str());
    let patterns = |entry: &&Entry| {
        let own = entry.permission();
        let all = own.actions.iter().chain(&own.data_actions);
        let fits = |pattern: &&Pattern| action.is_none_or(|action| pattern.matches(action));
        all.filter(fits).map(|pattern| format!("`{pattern}`")).take(3).collect::<Vec<_>>()
    };
    let found: Vec<String> = answer.grants.iter().flat_map(patterns).take(3).collect();
    if found.is_empty() { String::new() } else { format!(", by {}", found.join(" and ")) }
}
