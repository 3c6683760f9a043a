//! Attempts: a step is tried again after a fault that passes, and until what it expects has come about.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::azure::{challenge, patience};
use crate::event::{Event, Outcome, WaitStarted};
use crate::http::FaultKind;
use crate::plan::{Action, Eventually, Step};

/// The pauses of an `eventually` that names none: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15));

/// How long what `Retry-After` says is waited for, beyond which waiting helps nobody.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// What has been tried so far.
struct Trial {
    begun: Duration,
    /// How many attempts ended in a fault that passes.
    faults: u32,
    /// How many attempts did not come to what is waited for.
    misses: u32,
    /// How many times in a row the expectations held.
    held: u32,
}

impl Playbook<'_, '_> {
    /// Carries a step out, as often as it takes and is allowed; what it captured.
    pub(super) async fn attempts(&self, step: &Step, progress: &mut Progress) -> Vec<(String, Value)> {
        let mut trial = Trial { begun: self.engine.world.clock.elapsed(), faults: 0, misses: 0, held: 0 };
        loop {
            let (captured, reply) = self.attempt(step, progress).await;
            let pause = match &step.eventually {
                Some(eventually) => self.until(step, eventually, (&mut trial, reply.as_ref()), progress),
                None => self.after_fault(step, (&mut trial, reply.as_ref()), progress),
            };
            let Some(pause) = pause else {
                if progress.step.outcome != Outcome::Passed {
                    Box::pin(self.diagnose(step, reply.as_ref(), progress)).await;
                }
                return captured;
            };
            let why = unmet(progress, reply.as_ref());
            self.pause((pause, why), progress).await;
            progress.again();
            // What is known of the cloud and of who one is may be outdated by now, names are not.
            if !self.prepare(step, &step.uses, progress).await {
                return Vec::new();
            }
        }
    }

    /// One attempt: what was captured, and what came.
    async fn attempt(&self, step: &Step, progress: &mut Progress) -> (Vec<(String, Value)>, Option<Reply>) {
        let reply = match &step.action {
            Action::Token(token) => Box::pin(self.token(step, token, progress)).await,
            Action::Request(request) => self.request(step, request, progress).await,
            Action::Access(access) => Box::pin(self.access(step, access, progress)).await,
            Action::Metadata(path) => Box::pin(self.metadata(step, path, progress)).await,
            Action::Set(set) => return (self.set(set, progress), None),
            Action::Assert(list) => {
                self.assert(list, progress);
                return (Vec::new(), None);
            }
            Action::Include(_) | Action::Group(_) => return (Vec::new(), None),
        };
        let Some(mut reply) = reply else {
            return (Vec::new(), None);
        };
        // What could not be decided has nothing to capture.
        if matches!(step.action, Action::Access(_)) && !progress.step.problems.is_empty() {
            return (Vec::new(), Some(reply));
        }
        let captured = self.conclude(step, &mut reply, progress);
        (captured, Some(reply))
    }

    /// Judges and captures. What was captured counts even when an assertion fails: it was there.
    pub(super) fn conclude(&self, step: &Step, reply: &mut Reply, progress: &mut Progress) -> Vec<(String, Value)> {
        if progress.sensitive {
            reply.veiled = true;
            self.engine.outlet.hide(&reply.text());
        }
        self.judge(step, reply, progress);
        let captured = self.capture(step, reply, progress);
        progress.captured = true;
        if progress.step.outcome == Outcome::Failed {
            progress.step.notes.extend(mishap::explanation(step, reply));
        }
        captured
    }

    /// Waits, and lets others send meanwhile.
    pub(super) async fn pause(&self, (pause, why): (Duration, String), progress: &mut Progress) {
        self.waits((pause, why), progress);
        // With one job nothing runs beside anything, not even waiting.
        if self.engine.settings.jobs > 1 && !progress.asks_for_all {
            progress.permit = None;
        }
        self.engine.world.clock.sleep(pause).await;
        if progress.permit.is_none() {
            progress.permit = Arc::clone(&self.engine.permits).acquire_owned().await.ok();
        }
    }

    /// Tells that a step waits, and keeps it for its next attempt.
    pub(super) fn waits(&self, (pause, why): (Duration, String), progress: &mut Progress) {
        if !pause.is_zero() {
            self.engine.outlet.send(Event::WaitStarted(WaitStarted {
                at_ms: self.engine.at(),
                playbook: self.index,
                step: progress.step.trail.clone(),
                wait_ms: pause.into(),
                waits_for: why.clone(),
                attempts: progress.attempts,
            }));
        }
        progress.waited = (progress.waited.0 + pause, Some(why));
    }

    /// How long to wait after a fault that passes; nothing when it does not, or when there were enough attempts.
    fn after_fault(
        &self,
        step: &Step,
        (trial, reply): (&mut Trial, Option<&Reply>),
        progress: &Progress,
    ) -> Option<Duration> {
        if progress.step.outcome == Outcome::Passed || trial.faults + 1 >= step.retry.attempts {
            return None;
        }
        if self.is_outdated(reply, progress) && trial.faults == 0 {
            // With a new token there is nothing to wait for.
            trial.faults += 1;
            return Some(Duration::ZERO);
        }
        if !repeatable(step, reply, progress) || !passes(reply, progress) {
            return None;
        }
        trial.faults += 1;
        Some(self.patience(step, trial.faults, reply))
    }

    /// How long to wait for what has not come about; nothing when it has, or when waiting is in vain.
    fn until(
        &self,
        step: &Step,
        eventually: &Eventually,
        (trial, reply): (&mut Trial, Option<&Reply>),
        progress: &mut Progress,
    ) -> Option<Duration> {
        let elapsed = self.engine.world.clock.elapsed().saturating_sub(trial.begun);
        let left = eventually.within.saturating_sub(elapsed);
        if progress.step.outcome == Outcome::Passed {
            trial.held += 1;
            if trial.held >= eventually.hold {
                progress.step.settled_ms = Some(elapsed.into());
                return None;
            }
        } else {
            trial.held = 0;
            if let Some(why) = self.in_vain(step, reply, progress) {
                progress.step.notes.push(format!("not waited for: {why}"));
                return None;
            }
        }
        trial.misses += 1;
        let growing = || (PAUSES.0 * 2u32.saturating_pow(trial.misses.min(8) - 1)).min(PAUSES.1);
        let pause = eventually.every.unwrap_or_else(growing);
        let pause = match reply.filter(|reply| patience::is_passing(reply.status)) {
            Some(reply) => pause.max(self.said(reply).unwrap_or_default()),
            None => pause,
        };
        if pause > left {
            let spent = crate::moment::show_duration(eventually.within);
            progress.step.notes.push(match trial.held {
                0 if trial.misses == 1 => format!("there is no time for a second attempt within {spent}"),
                0 => format!("waited {spent} for it, in {} attempts", trial.misses),
                held => format!("held {held} times in a row within {spent}, and {} are asked for", eventually.hold),
            });
            if trial.held > 0 {
                let title = format!("it did not hold {} times in a row within {spent}", eventually.hold);
                progress.failed(self, crate::diagnostic::Diagnostic::error("not-settled", title));
            }
            return None;
        }
        Some(pause)
    }

    /// Whether the other side wants a newer token, and has done nothing then. The old one is not used again.
    fn is_outdated(&self, reply: Option<&Reply>, progress: &Progress) -> bool {
        let expired = |reply: &Reply| reply.arm_error().is_some_and(|error| error.is("ExpiredAuthenticationToken"));
        let wants_newer = |reply: &&Reply| reply.status == 401 && (expired(reply) || wanted(reply).is_some());
        reply.filter(wants_newer).is_some_and(|reply| self.refuse_bearer(reply, progress))
    }

    /// Lets the token of a request not be used again: the answer refuses it. Whether it carried one.
    pub(super) fn refuse_bearer(&self, reply: &Reply, progress: &Progress) -> bool {
        let bearer = progress.bearer.as_ref();
        bearer.inspect(|bearer| self.engine.cache.refuse(bearer.secret.reveal(), wanted(reply))).is_some()
    }

    /// Why waiting cures nothing.
    fn in_vain(&self, step: &Step, reply: Option<&Reply>, progress: &Progress) -> Option<String> {
        if !repeatable(step, reply, progress) {
            let method = progress.step.request.as_ref().map_or("the request", |request| request.method.as_str());
            return Some(format!("{method} may have had an effect, and is not sent twice (`safe: true` allows it)"));
        }
        if self.is_outdated(reply, progress) {
            return None;
        }
        match reply {
            Some(reply) => patience::hopeless(reply.status, reply.arm_error().as_ref()),
            None if progress.fault.is_some_and(lasts) => Some("the fault lasts".to_owned()),
            None if progress.fault.is_some() => None,
            // A token may come yet: an identity that was only just assigned takes a moment.
            None if progress.step.problems.iter().all(|problem| problem.code == "identity-refused") => None,
            None if progress.step.request.is_some() => Some("what came leads nowhere".to_owned()),
            None => Some("it could not even be sent".to_owned()),
        }
    }

    /// How long to wait before the next attempt: what the server says, else ever longer.
    fn patience(&self, step: &Step, faults: u32, reply: Option<&Reply>) -> Duration {
        let own = patience::backoff(faults.saturating_sub(1), step.retry.base, step.retry.cap, self.chance());
        reply.and_then(|reply| self.said(reply)).map_or(own, |said| said.min(LONGEST))
    }

    /// A throw of the dice.
    pub(super) fn chance(&self) -> u64 {
        let bytes = u128::from_le_bytes((self.engine.world.random)());
        bytes as u64
    }

    /// How long the server says to wait.
    pub(super) fn said(&self, reply: &Reply) -> Option<Duration> {
        patience::wait_said(&|name| reply.header(name).map(str::to_owned), self.engine.world.clock.now())
    }
}

/// The claims that an answer wants in a newer token.
pub(super) fn wanted(reply: &Reply) -> Option<String> {
    reply.header("www-authenticate").and_then(challenge::claims)
}

/// What is not yet as expected, in a few words. What is secret, or may turn out to be, is not told.
fn unmet(progress: &Progress, reply: Option<&Reply>) -> String {
    if let Some(reply) = reply.filter(|reply| patience::is_passing(reply.status)) {
        return format!("status {}", reply.status);
    }
    let Some(assertion) = progress.step.assertions.iter().find(|assertion| !assertion.holds) else {
        let problem = progress.step.problems.first().map(|problem| problem.title.clone());
        return problem.unwrap_or_else(|| "it has to hold several times in a row".to_owned());
    };
    let path = assertion.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
    let told = assertion.reason.as_ref().filter(|_| !progress.sensitive && !progress.holds);
    let came = told.map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("`{}{path}` does not hold{came}", assertion.subject)
}

/// Whether sending again does no harm: the request changes nothing twice, or the fault shows that it changed nothing.
fn repeatable(step: &Step, reply: Option<&Reply>, progress: &Progress) -> bool {
    let Action::Request(request) = &step.action else {
        return true;
    };
    if step.safe || patience::is_idempotent(request.method) {
        return true;
    }
    match (reply, progress.fault) {
        (Some(reply), _) => patience::had_no_effect(reply.status),
        (None, Some(fault)) => matches!(
            fault,
            FaultKind::Dns
                | FaultKind::Refused
                | FaultKind::Unreachable
                | FaultKind::ConnectTimeout
                | FaultKind::Connect
        ),
        // Without a fault nothing was sent.
        (None, None) => true,
    }
}

/// Whether what went wrong passes by itself.
fn passes(reply: Option<&Reply>, progress: &Progress) -> bool {
    match (reply, progress.fault) {
        (Some(reply), _) => patience::is_passing(reply.status),
        (None, Some(fault)) => !lasts(fault),
        (None, None) => false,
    }
}

/// Whether a fault is there again at the next attempt.
pub(super) fn lasts(fault: FaultKind) -> bool {
    matches!(
        fault,
        FaultKind::InvalidUrl | FaultKind::InvalidHeader | FaultKind::Tls | FaultKind::TooLarge | FaultKind::NotHttp
    )
}
