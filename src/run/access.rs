//! The `access` action: asks Azure what the identity may do at a scope, and decides every claim exactly.

mod assignments;
mod bounds;
mod claims;

use std::rc::Rc;

use serde_json::{Value, json};

use self::assignments::Assigned;
use self::claims::Outcome;
use super::mishap;
use super::place::place;
use super::playbook::Playbook;
use super::progress::{Judged, Progress};
use super::reply::Reply;
use crate::azure::permissions;
use crate::diagnostic::Diagnostic;
use crate::event::Assertion;
use crate::identity::{Token, Whose};
use crate::plan::{Access, Auth, Claim, Request, Says, Step};
use crate::rbac::{Pattern, PermissionSet, Scope, TooComplex};
use crate::template::{Template, Text};
use crate::value::describe;

/// The right to ask what one may do.
const ASKING: &str = "Microsoft.Authorization/permissions/read";

/// What Azure's answer about permissions leaves out.
const HIDDEN: &str = "deny assignments and locks are not in Azure's answer: they may still stand in the way";

/// Who asks where.
struct Asker<'a> {
    step: &'a Step,
    /// The scope, without a slash at its end.
    scope: String,
    whose: Whose,
    token: Rc<Token>,
}

/// What was found out; or else the answer that told nothing, if there was one.
type Asked<T> = Result<T, Option<Reply>>;

/// What was found out.
struct Found {
    granted: PermissionSet,
    /// What the report tells of it.
    told: Value,
    /// What may still stand in the way of what is granted.
    hidden: Vec<String>,
    /// Whether nothing is known about data.
    partial: bool,
    assigned: Option<Vec<Assigned>>,
    reply: Reply,
}

impl Playbook<'_, '_> {
    /// Asks what the identity may do, and judges what is claimed.
    pub(super) async fn access(&self, step: &Step, access: &Access, progress: &mut Progress) -> Option<Reply> {
        let scope = self.scope(&access.scope, progress)?;
        let resource = self.resource("arm", step, progress).await?;
        let whose = self.whose(access.identity.as_ref(), progress)?;
        let token = self.acquire(step, progress, (&resource, &whose, false)).await?;
        let asker = Asker { step, scope, whose, token };
        progress.step.access = Some(json!({"scope": asker.scope, "identity": identity(&asker.token.claims)}));
        let of_roles = |claim: &Claim| matches!(claim.says, Says::Roles(_));
        let by_assignments = access.by_assignments || access.claims.iter().all(of_roles);
        let asked = match by_assignments {
            true => self.by_assignments(&asker, progress).await,
            false => self.by_permissions(&asker, progress).await,
        };
        let mut found = match asked {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        if found.assigned.is_none() && access.claims.iter().any(of_roles) {
            found.assigned = match self.assigned(&asker, progress).await {
                Ok((assigned, ..)) => Some(assigned),
                Err(reply) => return reply,
            };
        }
        let mut told = found.told;
        if let Some(told) = told.as_object_mut() {
            let who = [("scope", json!(asker.scope)), ("identity", identity(&asker.token.claims))];
            told.extend(who.map(|(key, value)| (key.to_owned(), value)));
        }
        progress.step.access = Some(told);
        let asked = (progress.step.request.clone(), progress.step.response.clone());
        for claim in &access.claims {
            if found.partial && claim.is_about_data() {
                progress.errored(self, mishap::unknown_data(claim.key).at(claim.span, "claimed here"));
                continue;
            }
            self.claim(&asker, (&found.granted, found.assigned.as_deref()), claim, progress).await;
        }
        // What was asked about roles on the way is not what the step is about.
        (progress.step.request, progress.step.response) = asked;
        let claims_more = |claim: &Claim| !matches!(claim.key, "cannot" | "cannot_data" | "at_most" | "roles");
        if access.claims.iter().any(claims_more) && progress.step.problems.is_empty() {
            progress.step.notes.extend(found.hidden);
        }
        Some(found.reply)
    }

    /// What Azure says that the caller may do.
    async fn by_permissions(&self, asker: &Asker<'_>, progress: &mut Progress) -> Asked<Found> {
        let mut reply = self.ask(asker, permissions::PERMISSIONS, progress).await.ok_or(None)?;
        let mut hidden = vec![HIDDEN.to_owned()];
        let mut older = permissions::OLDER.into_iter();
        while permissions::is_too_new(reply.status, reply.arm_error().as_ref())
            && let Some((version, path)) = older.next()
        {
            reply = self.ask(asker, path, progress).await.ok_or(None)?;
            hidden.truncate(1);
            hidden.push(format!(
                "asked with api-version {version}, which tells no conditions: what is granted may hang on one"
            ));
        }
        let partial = hidden.len() > 1;
        let entries = match reply.document().and_then(permissions::entries) {
            Some(entries) if !entries.is_empty() => entries,
            Some(_) => {
                progress.errored(self, mishap::empty_answer(&asker.scope, ASKING));
                return Err(Some(reply));
            }
            None => {
                progress.errored(self, mishap::cannot_ask(&reply, &asker.scope, ASKING));
                return Err(Some(reply));
            }
        };
        Ok(Found {
            granted: PermissionSet::of(&entries),
            told: json!({"via": "permissions", "permissions": entries}),
            hidden,
            partial,
            assigned: None,
            reply,
        })
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

    /// The patterns that a claim names: one, or those of a list that an expression gives.
    fn patterns(&self, text: &Text, progress: &mut Progress) -> Option<Vec<String>> {
        let value = match text.render(&*self.frame) {
            Ok(value) => value,
            Err(misfit) => {
                progress.misfit(self, &misfit);
                return None;
            }
        };
        let patterns: Option<Vec<String>> = match &value {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(list) => list.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        if patterns.is_none() {
            let title = format!("an action pattern is a text, and this is {}", describe(&value));
            progress.errored(self, Diagnostic::error("wrong-type", title).at(text.span, "rendered from here"));
        }
        patterns
    }

    /// Reads all pages of a list of Resource Manager below the scope, as the identity.
    async fn ask(&self, asker: &Asker<'_>, below: &str, progress: &mut Progress) -> Option<Reply> {
        let url = format!("{}{below}", asker.scope);
        let literal = |text: &String| {
            let template = Template::literal_of(text);
            Ok::<_, std::convert::Infallible>(Text { template, span: asker.step.span })
        };
        let Ok(whose) = asker.whose.try_map(literal);
        let auth = Auth::Resource(None, Some(whose));
        let request = Request { auth, ..Request::list(url, asker.step.span) };
        self.request(asker.step, &request, progress).await
    }

    /// The same about something that the step is not about: what it shows stays what it was.
    async fn ask_aside(&self, asker: &Asker<'_>, below: &str, progress: &mut Progress) -> Option<Reply> {
        let asked = (progress.step.request.clone(), progress.step.response.clone());
        let reply = self.ask(asker, below, progress).await?;
        (progress.step.request, progress.step.response) = asked;
        Some(reply)
    }

    /// Judges one claim.
    async fn claim(
        &self,
        asker: &Asker<'_>,
        (granted, assigned): (&PermissionSet, Option<&[Assigned]>),
        claim: &Claim,
        progress: &mut Progress,
    ) {
        match &claim.says {
            Says::Actions(text, plane, wanted) => {
                for pattern in self.patterns(text, progress).unwrap_or_default() {
                    let parsed = Pattern::parse(&pattern);
                    progress.step.notes.extend(claims::doubt(&parsed, *plane));
                    let decided = claims::actions(granted, (&parsed, *plane), *wanted);
                    let expected = Value::from(if *wanted { "granted" } else { "refused" });
                    self.decided(claim, (Some(pattern), expected), decided, progress);
                }
            }
            Says::AtMost(bound) | Says::AtLeast(bound) | Says::Exactly(bound) => {
                let Some((shown, set)) = self.bound(asker, bound, claim, progress).await else { return };
                self.decided(claim, (None, shown), claims::compared(granted, &set, &claim.says), progress);
            }
            Says::Roles(wanted) => {
                let Some(wanted) = self.wanted(wanted, progress) else { return };
                let (expected, outcome) = assignments::compared(&wanted, assigned.unwrap_or_default());
                self.decided(claim, (None, expected), Ok(outcome), progress);
            }
        }
    }

    fn decided(
        &self,
        claim: &Claim,
        (path, expected): (Option<String>, Value),
        decided: Result<Outcome, TooComplex>,
        progress: &mut Progress,
    ) {
        match decided {
            Ok(outcome) => progress.judged(Judged::Assertion(Box::new(Assertion {
                subject: claim.key.into(),
                path,
                predicate: "access".to_owned(),
                expected,
                actual: outcome.actual,
                found: true,
                holds: outcome.holds,
                reason: Some(outcome.reason),
                place: place(self.engine.sources, claim.span),
            }))),
            Err(why) => {
                let title = "this claim cannot be decided in reasonable time";
                let diagnostic = Diagnostic::error("too-complex", title).at(claim.span, "claimed here");
                progress.errored(self, diagnostic.note(why.to_string()));
            }
        }
    }
}

/// Whose access it is, as the claims of its token say: `name` is what people call it.
pub(super) fn identity(claims: &Value) -> Value {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    let name = claim("xms_mirid").and_then(|id| id.trim_end_matches('/').rsplit('/').next());
    let client = claim("appid").or_else(|| claim("azp"));
    let parts = [("name", name), ("principal_id", claim("oid")), ("client_id", client)];
    parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?)))).collect()
}
