//! The `token` action, and the tokens that requests carry.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::azure::cloud::{self, SHORT_NAMES, is_resource};
use crate::azure::patience;
use crate::diagnostic::Diagnostic;
use crate::event::{self, AsideAnswered, Attempt, AttemptFinished, Event, veil};
use crate::identity::{self, Ask, Exchange, Found, Kept, Refusal, Renewal, Source, Token, Whose, suspects};
use crate::plan::{Retry, Step, TokenRequest};
use crate::template::Text;

/// The longest wait that an identity endpoint may ask for.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long a token that need not be there yet is waited for.
const HASTE: Duration = Duration::from_secs(5);

impl Playbook<'_, '_> {
    /// Acquires the token a step asks for.
    pub(super) async fn token(&self, step: &Step, token: &TokenRequest, progress: &mut Progress) -> Option<Reply> {
        let written = match &token.resource {
            None => "arm".to_owned(),
            Some(resource) => match resource.render_text(&*self.frame) {
                Ok(text) => text,
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    return None;
                }
            },
        };
        let resource = self.resource(&written, step, progress).await?;
        let mut whose = self.whose(token.identity.as_ref(), progress)?;
        whose.source = token.source.or(whose.source);
        let token = self.acquire(step, progress, (&resource, &whose, token.fresh)).await?;
        let exchange = &token.exchange;
        if progress.attempts == 0 {
            // Whichever step asked first: the exchange that brought the token is this step's too.
            self.attempted(exchange, None, progress);
        }
        let mut reply = Reply::new(exchange.status, exchange.headers.clone(), exchange.body.clone(), exchange.duration);
        reply.claims = Arc::new(token.claims.clone());
        let url = exchange.url.clone();
        progress.step.request = Some(event::Request {
            method: exchange.method.to_owned(),
            url,
            headers: veil::shown_headers(&exchange.request_headers),
            body_bytes: 0,
            token: None,
        });
        progress.step.response = Some(event::Response {
            status: exchange.status,
            headers: veil::shown_headers(&exchange.headers),
            body_bytes: exchange.body.len(),
        });
        Some(reply)
    }

    /// The resource that a word or a URL stands for.
    pub(super) async fn resource(&self, written: &str, step: &Step, progress: &mut Progress) -> Option<String> {
        let written = cloud::of_scope(written);
        if !SHORT_NAMES.contains(&written) {
            if is_resource(written) {
                return Some(written.to_owned());
            }
            progress.errored(self, mishap::no_resource(written));
            return None;
        }
        let cloud = self.the_cloud(step, progress).await?;
        let resource = cloud.resource(written);
        if resource.is_empty() {
            let title = format!("the cloud `{}` has no resource `{written}`", cloud.name);
            let help =
                format!("name it in the playbook: `cloud: {{{written}: https://…}}`, or give the resource's URL");
            progress.errored(self, Diagnostic::error("unknown-resource", title).help(help));
            return None;
        }
        Some(resource.to_owned())
    }

    /// Whose token a step wants: the identity it names, or the playbook's.
    pub(super) fn whose(&self, own: Option<&Whose<Text>>, progress: &mut Progress) -> Option<Whose> {
        let Some(whose) = own.or(self.plan.identity.as_ref().filter(|_| self.common.identity.is_none())) else {
            return Some(self.common.identity.clone().unwrap_or(Whose::SYSTEM));
        };
        match whose.try_map(|text| text.render_text(&*self.frame)) {
            Ok(whose) if whose.selector.id().is_some_and(|id| id.trim().is_empty()) => {
                progress.errored(self, mishap::empty_identity());
                None
            }
            Ok(whose) => Some(whose),
            Err(misfit) => {
                progress.misfit(self, &misfit);
                None
            }
        }
    }

    /// The token of the playbook's identity for Resource Manager.
    pub(super) async fn own_token(&self, step: &Step, progress: &mut Progress) -> Option<Rc<Token>> {
        let resource = self.resource("arm", step, progress).await?;
        let whose = self.whose(None, progress)?;
        self.acquire(step, progress, (&resource, &whose, false)).await
    }

    /// A token: one that is there, or a new one. The last of the three tells that only a new one will do.
    pub(super) async fn acquire(
        &self,
        step: &Step,
        progress: &mut Progress,
        (resource, whose, fresh): (&str, &Whose, bool),
    ) -> Option<Rc<Token>> {
        let now = self.engine.world.clock.now();
        let kept = || self.engine.cache.get(whose, resource, now);
        if let (Kept::Good(token), false) = (kept(), fresh) {
            return Some(token);
        }
        Box::pin(self.asked(step, progress, (resource, whose, fresh))).await
    }

    /// A token that is asked for, unless another step got it meanwhile.
    async fn asked(
        &self,
        step: &Step,
        progress: &mut Progress,
        (resource, whose, fresh): (&str, &Whose, bool),
    ) -> Option<Rc<Token>> {
        let now = self.engine.world.clock.now();
        let kept = || self.engine.cache.get(whose, resource, now);
        // Who comes while another asks for the same, waits for its answer.
        let gate = self.engine.shared.gate(whose, resource);
        let _asking = gate.lock().await;
        let (aging, renewal) = match kept() {
            Kept::Good(token) if !fresh => return Some(token),
            Kept::Aging(token) if !fresh => (Some(token), None),
            Kept::Refused(renewal) => (None, Some(renewal)),
            _ => (None, fresh.then(Renewal::default)),
        };
        if let Some(token) = aging {
            return Some(self.renewed(step, (token, whose), progress).await);
        }
        if self.engine.shared.silent.get() && progress.step.action != "token" {
            progress.errored(self, mishap::still_no_token());
            return None;
        }
        let Found { source, reason } = self.source(whose, progress)?;
        let authority = self.authority(source, step, progress).await?;
        let ask = self.asking((resource, whose), (&authority, step.timeout), renewal.as_ref());
        let mut attempt = 1;
        loop {
            let refusal = match identity::acquire(source, &ask, self.engine.world.transport).await {
                Ok(token) => return Some(self.introduced((token, whose), &reason, progress)),
                Err(refusal) => refusal,
            };
            let given = ask.imds_endpoint.is_some();
            let diagnostic = identity::no_token(&refusal, (source, &whose.selector, resource), given);
            self.refused(&refusal, &diagnostic.title, progress);
            let pause = self.token_pause((source, &refusal), step, attempt);
            if let Some(pause) = pause {
                self.waits((pause, diagnostic.title.clone()), progress);
                self.engine.world.clock.sleep(pause).await;
                attempt += 1;
                continue;
            }
            if matches!(refusal, Refusal::Silent { .. } | Refusal::Foreign { .. }) {
                self.engine.shared.silent.set(true);
            }
            progress.errored(self, diagnostic);
            return None;
        }
    }

    /// A newer token in place of one that is good still; where none is to be had, the old one does for a while.
    async fn renewed(&self, step: &Step, (old, whose): (Rc<Token>, &Whose), progress: &mut Progress) -> Rc<Token> {
        let Some(Found { source, reason }) = self.source(whose, progress) else { return old };
        let Some(authority) = self.authority(source, step, progress).await else { return old };
        let ask = self.asking((&old.resource, whose), (&authority, step.timeout.min(HASTE)), None);
        match identity::acquire(source, &ask, self.engine.world.transport).await {
            Ok(token) => self.introduced((token, whose), &reason, progress),
            Err(_) => {
                self.engine.cache.spare(whose, &old.resource, self.engine.world.clock.now());
                old
            }
        }
    }

    /// What a source is asked.
    fn asking<'a>(
        &'a self,
        (resource, whose): (&'a str, &'a Whose),
        (authority, timeout): (&'a str, Duration),
        renewal: Option<&'a Renewal>,
    ) -> Ask<'a> {
        Ask {
            resource,
            selector: &whose.selector,
            timeout,
            now: self.engine.world.clock.now(),
            imds_endpoint: self.engine.settings.imds_endpoint.as_deref(),
            authority,
            machine: &self.engine.world.machine,
            renewal,
        }
    }

    /// Where the cloud's directory is. Only a workload or an application asks it itself, and only when the environment does not say so.
    async fn authority(&self, source: Source, step: &Step, progress: &mut Progress) -> Option<String> {
        let asks = matches!(source, Source::WorkloadIdentity | Source::Environment);
        if !asks || self.engine.world.machine.get("AZURE_AUTHORITY_HOST").is_some() {
            return Some(String::new());
        }
        self.the_cloud(step, progress).await.map(|cloud| cloud.authority.clone())
    }

    /// Where the token comes from: as the command line says, the identity, or what is found out once.
    fn source(&self, whose: &Whose, progress: &mut Progress) -> Option<Found> {
        let wish = self.engine.settings.source.or(whose.source);
        let known = self.engine.shared.source.borrow().clone().filter(|_| wish.is_none());
        if known.is_some() {
            return known;
        }
        match identity::source::find(&self.engine.world.machine, wish) {
            Ok(found) => {
                if wish.is_none() {
                    *self.engine.shared.source.borrow_mut() = Some(found.clone());
                }
                Some(found)
            }
            Err(refusal) => {
                let asked = (wish.unwrap_or(Source::Imds), &whose.selector, "");
                progress.errored(self, identity::no_token(&refusal, asked, false));
                None
            }
        }
    }

    /// How long to wait before a source is asked again; nothing when that is in vain, or was tried often enough. A step that
    /// says nothing of retries waits as is published of the source.
    fn token_pause(&self, (source, refusal): (Source, &Refusal), step: &Step, attempt: u32) -> Option<Duration> {
        if let Refusal::Silent { fault, .. } = refusal {
            return identity::patience::pause_after(fault.kind, attempt).filter(|_| attempt < step.retry.attempts);
        }
        let exchange = refusal.exchange()?;
        let published = identity::patience::pause(source, exchange.status, attempt)?;
        let header = |name: &str| {
            let mut headers = exchange.headers.iter();
            headers.find(|(own, _)| own == name).map(|(_, value)| value.clone())
        };
        let said = patience::wait_said(&header, self.engine.world.clock.now()).unwrap_or_default();
        match step.retry == Retry::default() {
            true => Some(published.max(said.min(LONGEST))),
            false if attempt >= step.retry.attempts => None,
            false => Some(published.min(self.imds_pause(step, attempt)).max(said.min(step.retry.cap))),
        }
    }

    /// Tells of an answer that is no token, or of none.
    fn refused(&self, refusal: &Refusal, title: &str, progress: &mut Progress) {
        match refusal {
            Refusal::Silent { .. } | Refusal::Unmet { .. } => self.unanswered(title, progress),
            Refusal::Refused { exchange, .. }
            | Refusal::Foreign { exchange, .. }
            | Refusal::Stranger { exchange, .. } => {
                let body = String::from_utf8_lossy(&exchange.body);
                if let Ok(answer) = serde_json::from_str(&body) {
                    self.hide_tokens(&answer);
                }
                suspects(&body).into_iter().for_each(|suspect| self.engine.outlet.hide(suspect));
                self.attempted(exchange, Some(title), progress);
            }
        }
    }

    /// Nothing of a token may leave the run from here on.
    fn hide(&self, token: &Token) {
        self.engine.outlet.hide(token.secret.reveal());
        // Of a JWT the signature is what nobody may have: the rest is what it says, which reports tell.
        if let Some((_, signature)) = token
            .secret
            .reveal()
            .rsplit_once('.')
            .filter(|(_, signature)| signature.len() > 16 && token.claims.is_object())
        {
            self.engine.outlet.hide(signature);
        }
        self.hide_tokens(&token.answer);
    }

    /// Nothing of what an answer calls a token may leave the run.
    fn hide_tokens(&self, answer: &Value) {
        for name in ["access_token", "accessToken", "refresh_token", "id_token"] {
            if let Some(secret) = answer.get(name).and_then(Value::as_str) {
                self.engine.outlet.hide(secret);
            }
        }
    }

    /// Keeps a new token, and tells templates and the report who the run is.
    fn introduced(&self, (token, whose): (Token, &Whose), reason: &str, progress: &mut Progress) -> Rc<Token> {
        let token = Rc::new(token);
        self.engine.shared.silent.set(false);
        self.engine.cache.put(whose, &token);
        self.hide(&token);
        self.attempted(&token.exchange, None, progress);
        let claim = |name: &str| token.claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let answered = || token.answer.get("client_id").and_then(Value::as_str).map(str::to_owned);
        let identity = event::Identity {
            source: token.source.into(),
            reason: reason.to_owned(),
            principal_id: claim("oid"),
            client_id: claim("appid").or_else(|| claim("azp")).or_else(answered),
            tenant_id: claim("tid"),
        };
        if self.frame.lacks("identity") {
            self.common.root.put("identity", serde_json::json!(identity));
        }
        // Whichever token comes first, the report names the one of the first step in the file.
        let mut known = self.engine.shared.identity.borrow_mut();
        let place = (self.index, progress.step.trail.clone());
        if known.as_ref().is_none_or(|(first, _)| place < *first) {
            *known = Some((place, identity));
        }
        token
    }

    /// Tells of an answer from an identity endpoint. It is an attempt of a `token` step only: a request that needed
    /// a token first has made no attempt yet.
    fn attempted(&self, exchange: &Exchange, error: Option<&str>, progress: &mut Progress) {
        let header = |wanted: &str| {
            let mut headers = exchange.headers.iter();
            headers.find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
        };
        let attempt = Attempt {
            number: progress.attempts + 1,
            duration_ms: exchange.duration.into(),
            status: Some(exchange.status),
            error: error.map(str::to_owned),
            waited_ms: event::Millis(0.0),
            waited_for: None,
            request_id: header("x-ms-request-id"),
            correlation_id: header("x-ms-correlation-request-id"),
        };
        let shown = self.engine.settings.bodies.then(|| {
            let answer = (exchange.status, exchange.headers.as_slice(), &exchange.body[..]);
            Box::new(veil::looked_up((exchange.method, &exchange.url, &exchange.request_headers), answer))
        });
        if progress.step.action == "token" {
            progress.attempts += 1;
            let (waited, waited_for) = std::mem::take(&mut progress.waited);
            let attempt = Attempt { waited_ms: waited.into(), waited_for, ..attempt };
            return self.record(attempt, shown, progress);
        }
        let shown = self.shielded(shown, progress);
        self.engine.outlet.send(Event::AsideAnswered(AsideAnswered {
            at_ms: self.engine.at(),
            playbook: self.index,
            step: progress.step.trail.clone(),
            status: exchange.status,
            exchange: shown,
        }));
    }

    /// Tells an attempt, and keeps it with its step.
    pub(super) fn record(&self, attempt: Attempt, exchange: Option<Box<event::Exchange>>, progress: &mut Progress) {
        progress.step.attempts.push(attempt.clone());
        let exchange = self.shielded(exchange, progress);
        let (at_ms, playbook, step) = (self.engine.at(), self.index, progress.step.trail.clone());
        let finished = AttemptFinished { at_ms, playbook, step, attempt, exchange };
        if progress.holds && finished.exchange.is_some() {
            progress.held.push(finished);
        } else {
            self.engine.outlet.send(Event::AttemptFinished(finished));
        }
    }

    /// An exchange as a step may show it.
    fn shielded(
        &self,
        mut exchange: Option<Box<event::Exchange>>,
        progress: &Progress,
    ) -> Option<Box<event::Exchange>> {
        exchange.as_deref_mut().filter(|_| progress.sensitive).into_iter().for_each(veil::exchange);
        exchange
    }
}
