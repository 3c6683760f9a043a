//! The cloud of a playbook: the one it names, the one that the VM is in, or the one that a Resource Manager describes.

use std::rc::Rc;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use crate::azure::cloud::{Choice, Cloud};
use crate::azure::{discovery, metadata, patience};
use crate::diagnostic::Diagnostic;
use crate::http::{Fault, Request, Response, Route};
use crate::plan::Step;

impl Playbook<'_, '_> {
    /// The cloud, found out once.
    pub(super) async fn the_cloud(&self, step: &Step, progress: &mut Progress) -> Option<Rc<Cloud>> {
        let known = self.common.cloud.borrow().clone();
        let cloud = match known {
            Some(cloud) => cloud,
            None => {
                let found = match &self.common.choice {
                    Choice::Known(cloud) => Some(cloud.clone()),
                    Choice::Auto => Box::pin(self.of_the_machine(step, progress)).await,
                    Choice::Discovered(place) => Box::pin(self.discovered(place, step, progress)).await,
                };
                let cloud = Rc::new(found?);
                *self.common.cloud.borrow_mut() = Some(Rc::clone(&cloud));
                cloud
            }
        };
        if self.common.root.lacks("cloud") {
            self.common.root.put("cloud", cloud.to_value());
        }
        self.engine.shared.cloud.borrow_mut().get_or_insert_with(|| cloud.name.clone());
        Some(cloud)
    }

    async fn of_the_machine(&self, step: &Step, progress: &mut Progress) -> Option<Cloud> {
        let document = self.instance(step, progress).await?;
        let environment = metadata::environment(&document);
        let cloud = environment.and_then(Cloud::of_environment);
        if cloud.is_none() {
            let diagnostic = match environment {
                Some(environment) => Diagnostic::error(
                    "unknown-cloud",
                    format!("the VM is in the cloud `{environment}`, which is not known"),
                )
                .help("let its Resource Manager describe it: `cloud: {discover: https://management.…}`"),
                None => Diagnostic::error("unknown-cloud", "the VM's instance metadata names no cloud")
                    .help("name the cloud in the playbook: `cloud: public`, `china` or `usgov`"),
            };
            progress.errored(self, diagnostic);
        }
        cloud
    }

    /// The cloud as its Resource Manager describes it.
    async fn discovered(&self, place: &str, step: &Step, progress: &mut Progress) -> Option<Cloud> {
        // Who said where Resource Manager is, means this one too.
        let place = self.engine.settings.arm_endpoint.as_deref().unwrap_or(place);
        let broken = |why: String| {
            Diagnostic::error("no-discovery", format!("`{place}` does not describe its cloud")).note(why).help(
                "is it a Resource Manager? Else describe the cloud: `cloud: {arm: https://…, audience: https://…}`",
            )
        };
        let mut last = String::new();
        for url in discovery::urls(place) {
            let request = Request {
                method: "GET",
                url: url.clone(),
                headers: vec![("accept".to_owned(), "application/json".to_owned())],
                body: None,
                timeout: step.timeout,
                route: Route::of(&url),
            };
            let response = match self.insist(step, &request, progress).await {
                Ok(response) => response,
                Err(fault) => {
                    progress.errored(self, mishap::fault(&fault, &url, step.timeout));
                    return None;
                }
            };
            match response.status {
                200 => {
                    let found = discovery::read(place, &response.body);
                    return found.map_err(|why| progress.errored(self, broken(why))).ok();
                }
                // Not every Resource Manager knows every version.
                status @ (400 | 404) => last = format!("{url} answers with status {status}"),
                status => {
                    progress.errored(self, broken(format!("{url} answers with status {status}")));
                    return None;
                }
            }
        }
        progress.errored(self, broken(last));
        None
    }

    /// Sends a request that no step asked for, again after faults that pass.
    async fn insist(&self, step: &Step, request: &Request, progress: &mut Progress) -> Result<Response, Fault> {
        let mut attempt = 1;
        loop {
            let answer = self.engine.world.transport.send(request.clone()).await;
            let passes = match &answer {
                Ok(response) => patience::is_passing(response.status),
                Err(fault) => !super::attempts::lasts(fault.kind),
            };
            if !passes || attempt >= step.retry.attempts {
                return answer;
            }
            let pause = patience::backoff(attempt - 1, step.retry.base, step.retry.cap, self.chance());
            self.waits((pause, "the cloud's description".to_owned()), progress);
            self.engine.world.clock.sleep(pause).await;
            attempt += 1;
        }
    }
}
