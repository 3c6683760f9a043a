//! Looks into a refusal: asks with the identity's own token what explains it, reading only, and says what would cure it.

use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use super::attempts::wanted;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use super::request::path_of;
use crate::azure::cure::{Cure, Evidence, Probe, Refusal, cure, next};
use crate::azure::error::ArmError;
use crate::azure::{assignments, permissions};
use crate::event::{AsideAnswered, Event, Outcome, veil};
use crate::http::{self, Response, Route};
use crate::plan::{Action, Step};
use crate::rbac::{Role, Scope};

/// How many explanations of refusals are kept.
const MOST_CURES: usize = 100;

/// How long an answer to a question may take: the run has failed already.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many roles are looked up.
const MOST_ROLES: usize = 8;

impl Playbook<'_, '_> {
    /// Says what a refusal means, and what would cure it.
    pub(super) async fn diagnose(&self, step: &Step, reply: Option<&Reply>, progress: &mut Progress) {
        let bad = matches!(progress.step.outcome, Outcome::Failed | Outcome::Errored);
        let Some(reply) = reply.filter(|reply| bad && !reply.veiled && matches!(step.action, Action::Request(_)))
        else {
            return;
        };
        let Some(error) = reply.arm_error() else { return };
        let known = self.engine.shared.cures.borrow().get(&error.message).cloned();
        let cure = match known {
            Some(cure) => cure,
            None => {
                let found = Rc::new(self.explained(reply, &error, progress).await.unwrap_or_default());
                let mut cures = self.engine.shared.cures.borrow_mut();
                if cures.len() < MOST_CURES {
                    cures.insert(error.message.clone(), Rc::clone(&found));
                }
                found
            }
        };
        progress.step.notes.extend(cure.notes.iter().cloned());
        progress.step.helps.extend(cure.helps.iter().cloned());
    }

    async fn explained(&self, reply: &Reply, error: &ArmError, progress: &Progress) -> Option<Cure> {
        let url = progress.step.request.as_ref().map(|request| request.url.clone()).unwrap_or_default();
        let refusal = Refusal { status: reply.status, error, path: &path_of(&url) };
        let mut evidence = Evidence { wanted: wanted(reply), ..self.known(progress) };
        while let Some(probe) = next(&refusal, &evidence) {
            let answer = self.probe(&url, &probe.url(), progress).await;
            let body = answer.as_ref().filter(|answer| answer.status == 200);
            let body = body.and_then(|answer| http::json(&answer.body).ok());
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            match &probe {
                Probe::Permissions(_) => {
                    let found = body.and_then(|body| permissions::entries(&body));
                    evidence.permissions = Some(found.ok_or(status));
                }
                Probe::Assignments(scope, _) => {
                    let found = body.and_then(|body| assignments::held(&body));
                    self.roles(&url, (scope, found.as_deref().unwrap_or_default()), (&mut evidence, progress)).await;
                    evidence.assignments = Some(found.ok_or(status));
                }
                Probe::Groups(_) => evidence.groups = Some(body.map(|body| names(&body)).ok_or(status)),
                Probe::Subscriptions => {
                    evidence.subscriptions = Some(body.map(|body| subscriptions(&body)).ok_or(status))
                }
            }
        }
        cure(&refusal, &evidence)
    }

    /// What is known without asking.
    fn known(&self, progress: &Progress) -> Evidence {
        let claim = |name: &str| progress.bearer.as_ref()?.claims.get(name);
        let text = |name: &str| claim(name)?.as_str().map(str::to_owned);
        let issued = claim("iat").and_then(Value::as_u64).map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        let instance = self.engine.shared.instance.borrow();
        let own = instance.as_ref().and_then(|document| document.pointer("/compute/subscriptionId")?.as_str());
        Evidence {
            cloud: self.common.cloud.borrow().as_ref().map(|cloud| cloud.name.clone()),
            client_id: text("appid").or_else(|| text("azp")),
            issued,
            now: Some(self.engine.world.clock.now()),
            own_subscription: own.map(str::to_owned),
            ..Evidence::default()
        }
    }

    /// The definitions of the roles that are assigned: built-in ones are known.
    async fn roles(
        &self,
        url: &str,
        (scope, held): (&str, &[assignments::Held]),
        (evidence, progress): (&mut Evidence, &Progress),
    ) {
        let mut ids: Vec<&str> = held.iter().map(|held| held.role.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids.into_iter().take(MOST_ROLES) {
            if let Some(role) = Role::built_in(id) {
                evidence.roles.push(role);
                continue;
            }
            let answer = self.probe(url, &format!("{scope}{}", permissions::definition(id)), progress).await;
            let body = answer.and_then(|answer| http::json(&answer.body).ok());
            if let Some(role) = body.and_then(|body| permissions::role(&body)) {
                evidence.roles.push(Role { id: id.to_owned(), ..role }.into());
            }
        }
    }

    /// Reads something from where the refused request went, with the token that it carried.
    async fn probe(&self, url: &str, path: &str, progress: &Progress) -> Option<Response> {
        let bearer = progress.bearer.as_ref()?;
        if !self.is_arm(url) {
            return None;
        }
        // What a server says of scopes must not lead anywhere else.
        Scope::parse(path.split('?').next().unwrap_or_default()).ok()?;
        if http::climbs(path) || path.contains(char::is_control) || path.contains([' ', '#', '\\']) {
            return None;
        }
        let url = http::join(url, path)?;
        let headers = [
            ("accept", "application/json".to_owned()),
            ("accept-language", "en-US".to_owned()),
            ("authorization", format!("Bearer {}", bearer.secret.reveal())),
        ];
        let request = http::Request {
            method: "GET",
            route: Route::of(&url),
            url,
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: None,
            timeout: PATIENCE,
        };
        let answer = self.engine.world.transport.send(request.clone()).await.ok()?;
        let exchange = self.engine.settings.bodies.then(|| {
            let shown = (answer.status, answer.headers.as_slice(), &answer.body[..]);
            Box::new(veil::looked_up((request.method, &request.url, &request.headers), shown))
        });
        self.engine.outlet.send(Event::AsideAnswered(AsideAnswered {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: progress.step.trail.clone(),
            status: answer.status,
            exchange,
        }));
        Some(answer)
    }
}

/// The names of what a list holds.
fn names(body: &Value) -> Vec<String> {
    let list = body.get("value").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.get("name")?.as_str().map(str::to_owned)).collect()
}

/// The ids and names of subscriptions.
fn subscriptions(body: &Value) -> Vec<(String, String)> {
    let list = body.get("value").and_then(Value::as_array).into_iter().flatten();
    let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    list.filter_map(|item| Some((text(item, "subscriptionId")?, text(item, "displayName").unwrap_or_default())))
        .collect()
}
