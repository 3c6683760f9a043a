//! The `metadata` action and the name `vm`: the VM's instance metadata, fetched once and shared.

use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::azure::metadata;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::listed;
use crate::event::{self, Attempt};
use crate::http::{self, Answer, FaultKind};
use crate::identity::{self, Refusal, Selector, Source, imds};
use crate::plan::Step;
use crate::template::Text;

impl Playbook<'_, '_> {
    /// Reads the part of the metadata that a step names.
    pub(super) async fn metadata(&self, step: &Step, path: &Text, progress: &mut Progress) -> Option<Reply> {
        let path = match path.render_text(&*self.frame) {
            Ok(path) => path,
            Err(misfit) => {
                progress.misfit(self, &misfit);
                return None;
            }
        };
        if progress.attempts > 0 {
            // What is waited for can only be in a new answer.
            self.engine.shared.instance.borrow_mut().take();
        }
        let document = self.instance(step, progress).await?;
        match metadata::part(&document, &path) {
            Ok(part) => Some(Reply::new(200, Vec::new(), part.to_string().into_bytes().into(), Duration::ZERO)),
            Err(known) => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let title = format!("the instance metadata has nothing at `{}`", path.escape_debug());
                let diagnostic = Diagnostic::error("unknown-metadata", title);
                progress.errored(
                    self,
                    match known.as_slice() {
                        [] => diagnostic.note("what stands before it has no parts"),
                        names => diagnostic.note(format!("there are {}", listed(names))),
                    },
                );
                None
            }
        }
    }

    /// What the instance metadata says of the VM; templates know it as `vm`.
    pub(super) async fn the_machine(&self, step: &Step, progress: &mut Progress) -> Option<Rc<Value>> {
        let document = self.instance(step, progress).await?;
        if self.common.root.lacks("vm") {
            self.common.root.put("vm", metadata::machine(&document));
        }
        Some(document)
    }

    /// The instance metadata, fetched once however many want it.
    pub(super) async fn instance(&self, step: &Step, progress: &mut Progress) -> Option<Rc<Value>> {
        let shared = &self.engine.shared;
        // Who comes while another asks, waits for its answer.
        let _asking = shared.asking.lock().await;
        if let Some(known) = shared.instance.borrow().clone() {
            return Some(known);
        }
        let outgoing = metadata::request(&self.imds(), step.timeout);
        progress.asks_for_all = true;
        let answer = self.patient(step, &outgoing, progress).await;
        progress.asks_for_all = false;
        let given = self.engine.settings.imds_endpoint.is_some();
        let response = match answer {
            Ok(response) => response,
            Err(fault) => {
                let endpoint = outgoing.url.split('?').next().unwrap_or_default().to_owned();
                let refusal = Refusal::Silent { endpoint, fault };
                let diagnostic = identity::no_token(&refusal, (Source::Imds, &Selector::System, ""), given);
                self.unanswered(&diagnostic.title, progress);
                progress.errored(self, diagnostic.help(NAME_IT));
                return None;
            }
        };
        match http::json(&response.body).ok().filter(|_| response.status == 200) {
            Some(document) => {
                let document = Rc::new(document);
                *shared.instance.borrow_mut() = Some(Rc::clone(&document));
                Some(document)
            }
            None => {
                let diagnostic = Diagnostic::error("no-metadata", "the VM's instance metadata is not there")
                    .note(format!("status {}; the body begins: {}", response.status, http::beginning(&response.body)))
                    .help("name the cloud in the playbook: `cloud: public`, `china` or `usgov`");
                progress.errored(self, diagnostic);
                None
            }
        }
    }

    /// Sends a request to the instance metadata service, again after what passes there by itself (how-to-use-vm-token,
    /// "Retry guidance": 404, 410, 429 and 5xx), and when it breaks off.
    async fn patient(&self, step: &Step, outgoing: &http::Request, progress: &mut Progress) -> Answer {
        let mut attempt = 1;
        loop {
            let answer = match &*progress.step.action {
                // To others it is no attempt of theirs.
                "metadata" => self.send(outgoing, progress).await,
                _ => self.engine.world.transport.send(outgoing.clone()).await,
            };
            let passing = match &answer {
                Ok(response) => imds::is_passing(response.status),
                Err(fault) => fault.kind == FaultKind::CutShort,
            };
            if !passing || attempt >= step.retry.attempts {
                return answer;
            }
            let pause = self.imds_pause(step, attempt);
            self.waits((pause, "the instance metadata service".to_owned()), progress);
            self.engine.world.clock.sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before the instance metadata service is asked again.
    pub(super) fn imds_pause(&self, step: &Step, attempt: u32) -> Duration {
        crate::azure::patience::backoff(attempt.saturating_sub(1), step.retry.base, step.retry.cap, u64::MAX)
    }

    /// Where the instance metadata service is.
    pub(super) fn imds(&self) -> String {
        self.engine.settings.imds_endpoint.clone().unwrap_or_else(|| imds::ENDPOINT.to_owned())
    }

    /// Records an attempt of a `token` step that got no answer.
    pub(super) fn unanswered(&self, error: &str, progress: &mut Progress) {
        if progress.step.action != "token" {
            return;
        }
        progress.attempts += 1;
        let attempt = Attempt {
            number: progress.attempts,
            duration_ms: event::Millis(0.0),
            status: None,
            error: Some(error.to_owned()),
            waited_ms: progress.waited.0.into(),
            waited_for: progress.waited.1.take(),
            request_id: None,
            correlation_id: None,
        };
        progress.waited = Default::default();
        self.record(attempt, None, progress);
    }
}

const NAME_IT: &str = "or name the cloud: `--cloud public`, or in the playbook `cloud: public`, `china` or `usgov`";
