//! What a request leads to: the pages of a list, and a long-running operation to its end.

use std::time::Duration;

use serde_json::Value;

use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use super::request::Target;
use crate::azure::operation::{Answer, Begun, Body, Operation, Step as Polled};
use crate::azure::pages::{self, Next, Pages};
use crate::azure::patience;
use crate::diagnostic::Diagnostic;
use crate::http::cookies::Cookies;
use crate::http::{self, LARGEST_BODY, MOST_VALUES, Response};
use crate::plan::{Poll, Request, Step};

/// How long to wait at least between two polls, whatever the server says: one that says nothing but 0 would be asked
/// without end.
const BREATH: Duration = Duration::from_millis(100);

/// What the requests that follow the first have in common with it.
pub(super) struct Trek<'t> {
    pub(super) step: &'t Step,
    pub(super) request: &'t Request,
    /// The first request, without its token.
    pub(super) first: http::Request,
    /// Whether it goes to Resource Manager, as do those that follow: they stay on its host.
    pub(super) is_arm: bool,
}

impl Trek<'_> {
    /// The request for another URL on the same host.
    fn next(&self, url: &str, cookies: &Cookies) -> http::Request {
        let kept = |(name, _): &&(String, String)| {
            !["content-type", "authorization", "cookie"].iter().any(|own| name.eq_ignore_ascii_case(own))
        };
        let mut headers: Vec<(String, String)> = self.first.headers.iter().filter(kept).cloned().collect();
        headers.extend(cookies.header(url).map(|cookie| ("cookie".to_owned(), cookie)));
        http::Request { method: "GET", url: url.to_owned(), headers, body: None, ..self.first.clone() }
    }
}

impl Playbook<'_, '_> {
    /// Follows a long-running operation to its end. The result is the final resource, or what the operation says.
    pub(super) async fn poll(
        &self,
        poll: &Poll,
        (trek, first): (&Trek<'_>, Reply),
        progress: &mut Progress,
    ) -> Option<Reply> {
        let begun = self.engine.world.clock.elapsed();
        let mut operation = match self.begun(trek, &first) {
            Begun::Done => return Some(first),
            Begun::Running(operation) => operation,
            Begun::Failed { status, .. } => return Some(first.ended(status)),
            Begun::Refused(why) => {
                progress.errored(self, mishap::operation_lost(&why));
                return None;
            }
        };
        let mut renewed = false;
        loop {
            let pause = operation.wait().unwrap_or(poll.every).max(poll.every.min(BREATH));
            let spent = self.engine.world.clock.elapsed().saturating_sub(begun);
            if spent + pause > poll.within {
                progress.errored(self, mishap::operation_endless(poll.within));
                return None;
            }
            self.pause((pause, "the operation runs still".to_owned()), progress).await;
            let url = operation.poll().to_owned();
            let response = self.another(trek, &url, progress).await?;
            if response.status == 401 && !std::mem::replace(&mut renewed, true) {
                // Operations outlive tokens.
                self.refuse_bearer(&Reply::from(response), progress);
                continue;
            }
            let reply = Reply::from(response);
            match self.polled(&mut operation, &reply) {
                Polled::Running => renewed = false,
                Polled::Finished { get: None } => return Some(reply),
                Polled::Finished { get: Some(url) } => {
                    return self.another(trek, &url, progress).await.map(Reply::from);
                }
                Polled::Failed { status, .. } => return Some(reply.ended(status)),
                Polled::Broken(why) => {
                    let diagnostic = mishap::operation_lost(&why);
                    let said = mishap::azure_says(&reply);
                    progress.errored(self, said.into_iter().fold(diagnostic, Diagnostic::note));
                    return None;
                }
            }
        }
    }

    fn begun(&self, trek: &Trek<'_>, reply: &Reply) -> Begun {
        let header = |name: &str| reply.header(name).map(str::to_owned);
        let answer =
            Answer { status: reply.status, header: &header, body: body(reply), now: self.engine.world.clock.now() };
        Operation::begin(trek.first.method, &trek.first.url, &answer)
    }

    fn polled(&self, operation: &mut Operation, reply: &Reply) -> Polled {
        let header = |name: &str| reply.header(name).map(str::to_owned);
        let answer =
            Answer { status: reply.status, header: &header, body: body(reply), now: self.engine.world.clock.now() };
        operation.answer(&answer)
    }

    /// Reads the pages of a list behind the first, and joins them.
    pub(super) async fn pages(
        &self,
        most: u32,
        (trek, first): (&Trek<'_>, Reply),
        progress: &mut Progress,
    ) -> Option<Reply> {
        let Some(document) = first.json().as_ref().ok().filter(|_| (200..300).contains(&first.status)).cloned() else {
            return Some(first);
        };
        let mut url = trek.first.url.clone();
        let mut next = pages::next(&document, &url);
        if next == Next::Last {
            return Some(first);
        }
        let mut all = Pages::new((*document).clone());
        all.seen(&url);
        let mut held = (first.body.len(), http::values(&first.body));
        for page in 1.. {
            url = match next {
                Next::Last => break,
                Next::Page(_) if page >= most => {
                    progress.step.notes.push(format!("the list goes on behind page {most}, where `pages` stops"));
                    break;
                }
                Next::Page(url) => url,
                Next::Foreign(url) => {
                    progress.errored(self, mishap::foreign_page(&url));
                    return None;
                }
                Next::Broken(why) => {
                    progress.errored(self, mishap::broken_page(&why));
                    return None;
                }
            };
            if all.seen(&url) {
                progress.errored(self, mishap::broken_page("`nextLink` leads back to a page that was read already"));
                return None;
            }
            let body = self.page(trek, (page + 1, &url), &mut held, progress).await?;
            next = pages::next(&body, &url);
            if let Err(why) = all.add(body) {
                progress.errored(self, mishap::broken_page(&why));
                return None;
            }
        }
        let body = all.finish().to_string().into_bytes().into();
        Some(Reply::new(first.status, first.headers, body, first.duration))
    }

    /// One of the pages behind the first. `held` is what all of them have so far: bytes and values.
    async fn page(
        &self,
        trek: &Trek<'_>,
        (number, url): (u32, &str),
        held: &mut (usize, usize),
        progress: &mut Progress,
    ) -> Option<Value> {
        let mut reply = Reply::from(self.another(trek, url, progress).await?);
        if reply.status == 401 && self.refuse_bearer(&reply, progress) {
            // Long lists outlive tokens.
            reply = Reply::from(self.another(trek, url, progress).await?);
        }
        let (length, values) = (held.0 + reply.body.len(), held.1 + http::values(&reply.body));
        *held = (length, values);
        if length > LARGEST_BODY || values > MOST_VALUES {
            let why = format!("{number} of them are larger than what is kept of all: {length} bytes, {values} values");
            progress.errored(self, mishap::broken_page(&why));
            return None;
        }
        match reply.json() {
            Ok(body) if (200..300).contains(&reply.status) => Some((**body).clone()),
            _ => {
                let diagnostic = mishap::broken_page(&format!("page {number} has status {}", reply.status));
                let said = mishap::azure_says(&reply);
                progress.errored(self, said.into_iter().fold(diagnostic, Diagnostic::note));
                None
            }
        }
    }

    /// Sends one of the requests that follow the first, again after faults that pass.
    async fn another(&self, trek: &Trek<'_>, url: &str, progress: &mut Progress) -> Option<Response> {
        let retry = trek.step.retry;
        let mut faults = 0;
        loop {
            let mut outgoing = trek.next(url, &progress.cookies);
            let target = Target { url: url.to_owned(), is_arm: trek.is_arm };
            // Who wrote a token of its own sends that.
            let own = trek.first.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            match own {
                Some(header) => outgoing.headers.push(header.clone()),
                None => {
                    let bearer = self.bearer(trek.step, trek.request, (&target, progress)).await?;
                    outgoing
                        .headers
                        .extend(bearer.map(|bearer| ("authorization".to_owned(), format!("Bearer {bearer}"))));
                }
            }
            let answer = self.send(&outgoing, progress).await;
            answer.iter().for_each(|response| self.keep_cookies(url, &response.headers, progress));
            let passes = match &answer {
                Ok(response) => patience::is_passing(response.status),
                Err(fault) => !super::attempts::lasts(fault.kind),
            };
            if !passes || faults + 1 >= retry.attempts {
                return match answer {
                    Ok(response) => Some(response),
                    Err(fault) => {
                        progress.errored(self, mishap::fault(&fault, url, outgoing.timeout));
                        None
                    }
                };
            }
            faults += 1;
            let said = answer.as_ref().ok().and_then(|response| {
                let header = |name: &str| response.header(name).map(str::to_owned);
                patience::wait_said(&header, self.engine.world.clock.now())
            });
            let own = || patience::backoff(faults - 1, retry.base, retry.cap, self.chance());
            let pause = said.unwrap_or_else(own).min(Duration::from_secs(600));
            let why = answer.map_or_else(|fault| fault.detail, |response| format!("status {}", response.status));
            self.pause((pause, why), progress).await;
        }
    }

    /// Keeps the cookies that an answer sets.
    pub(super) fn keep_cookies(&self, url: &str, headers: &[(String, String)], progress: &mut Progress) {
        let set = headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
        progress.cookies.take(url, set, self.engine.world.clock.now());
    }
}

fn body(reply: &Reply) -> Body<'_> {
    match reply.json() {
        _ if reply.body.is_empty() => Body::Empty,
        Ok(json) => Body::Json(json),
        Err(_) => Body::Other,
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Reply::new(response.status, response.headers, response.body, response.duration)
    }
}
