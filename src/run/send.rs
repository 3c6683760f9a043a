//! One attempt of a request: sent, told, and learnt from.

use std::borrow::Cow;
use std::time::Duration;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use crate::event::veil::shown_headers;
use crate::event::{self, Attempt, Traceparent, trace};
use crate::http::{self, Answer};

impl Playbook<'_, '_> {
    /// A request that says which trace it belongs to, where that is wished and it says nothing of its own.
    fn traced<'r>(&self, outgoing: &'r http::Request, progress: &Progress) -> Cow<'r, http::Request> {
        let says = outgoing.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
        if !self.engine.settings.traced || says {
            return Cow::Borrowed(outgoing);
        }
        let (run, around) = (&self.engine.shared.id, self.engine.settings.traceparent.as_ref());
        let span = trace::span_id(run, (self.index, &progress.step.trail), progress.attempts + 1);
        let sampled = around.is_none_or(|around| around.sampled);
        let own = Traceparent { trace: trace::trace_id(run, around), span, sampled };
        let mut outgoing = outgoing.clone();
        outgoing.headers.push(("traceparent".to_owned(), own.to_string()));
        Cow::Owned(outgoing)
    }

    /// One attempt.
    pub(super) async fn send(&self, outgoing: &http::Request, progress: &mut Progress) -> Answer {
        let outgoing = &self.traced(outgoing, progress);
        let request = event::Request {
            method: outgoing.method.to_owned(),
            url: outgoing.url.clone(),
            headers: shown_headers(&outgoing.headers),
            body_bytes: outgoing.body.as_ref().map_or(0, Vec::len),
            token: progress.carries.clone(),
        };
        let clock = self.engine.world.clock;
        let throttle = &self.engine.shared.throttle;
        let wait = throttle.wait(&outgoing.url, clock.elapsed());
        if !wait.is_zero() {
            let why = progress.waited.1.take().unwrap_or_else(|| "the subscription is throttled".to_owned());
            self.pause((wait, why), progress).await;
        }
        let answer = self.engine.world.transport.send(outgoing.as_ref().clone()).await;
        throttle.learn(&outgoing.url, &answer, (clock.elapsed(), clock.now(), Duration::from_millis(500)));
        progress.attempts += 1;
        let (waited, waited_for) = std::mem::take(&mut progress.waited);
        let response = answer.as_ref().ok();
        let header = |name: &str| response.and_then(|response| response.header(name)).map(str::to_owned);
        let attempt = Attempt {
            number: progress.attempts,
            duration_ms: answer.as_ref().map_or_else(|fault| fault.duration, |response| response.duration).into(),
            status: response.map(|response| response.status),
            error: answer.as_ref().err().map(|fault| mishap::fault(fault, &outgoing.url, outgoing.timeout).title),
            waited_ms: waited.into(),
            waited_for,
            request_id: header("x-ms-request-id"),
            correlation_id: header("x-ms-correlation-request-id"),
        };
        let shown = response.map(|response| event::Response {
            status: response.status,
            headers: shown_headers(&response.headers),
            body_bytes: response.body.len(),
        });
        let exchange = self.engine.settings.bodies.then(|| {
            Box::new(event::Exchange {
                request: request.clone(),
                request_body: outgoing.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()),
                response: shown.clone(),
                response_body: response.map(|response| response.text().into_owned()),
            })
        });
        progress.step.request = Some(request);
        progress.step.response = shown;
        self.record(attempt, exchange, progress);
        answer
    }
}
