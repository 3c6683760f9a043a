//! The `request` action: render, find the token it may carry, send, follow redirects where that is wished.

use serde_json::Value;

use super::follow::Trek;
use super::mishap;
use super::playbook::Playbook;
use super::progress::Progress;
use super::reply::Reply;
use crate::azure::cloud::Cloud;
use crate::diagnostic::Diagnostic;
use crate::event;
use crate::event::veil::is_secret_header;
use crate::http::{self, Route};
use crate::plan::{Auth, Body, Request, Step};
use crate::template::Misfit;

/// What a request goes to.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) is_arm: bool,
}

impl Playbook<'_, '_> {
    /// Sends the request of a step; what came, or nothing when it could not be sent.
    pub(super) async fn request(&self, step: &Step, request: &Request, progress: &mut Progress) -> Option<Reply> {
        let target = self.target(step, request, progress).await?;
        let mut outgoing = match self.outgoing(step, request, &target) {
            Ok(outgoing) => outgoing,
            Err(Unsent::Misfit(misfit)) => {
                progress.misfit(self, &misfit);
                return None;
            }
            Err(Unsent::Diagnostic(diagnostic)) => {
                progress.errored(self, *diagnostic);
                return None;
            }
        };
        for (name, value) in outgoing.headers.iter().filter(|(name, _)| is_secret_header(name)) {
            let credentials = value.split_once(' ').filter(|_| name.to_ascii_lowercase().ends_with("authorization"));
            self.engine.outlet.hide(credentials.map_or(value, |(_, credentials)| credentials));
        }
        let is_own = |(name, _): &(String, String)| name.eq_ignore_ascii_case("authorization");
        let trek = Trek { step, request, first: outgoing.clone(), is_arm: target.is_arm };
        let goes_on = request.poll.is_some() || request.pages.is_some();
        if goes_on && let Some(cookie) = progress.cookies.header(&target.url) {
            outgoing.headers.push(("cookie".to_owned(), cookie));
        }
        // A playbook that brings its own credentials gets no token besides.
        if !(matches!(request.auth, Auth::Default) && outgoing.headers.iter().any(is_own))
            && let Some(bearer) = self.bearer(step, request, (&target, progress)).await?
        {
            outgoing.headers.retain(|header| !is_own(header));
            outgoing.headers.push(("authorization".to_owned(), format!("Bearer {bearer}")));
        }
        let mut reply = self.follow(outgoing, (request.redirects, goes_on), progress).await?;
        if let Some(poll) = &request.poll {
            reply = Box::pin(self.poll(poll, (&trek, reply), progress)).await?;
        }
        if let Some(most) = request.pages {
            reply = Box::pin(self.pages(most, (&trek, reply), progress)).await?;
        }
        if let Some(seen) = self.common.seen.as_ref().filter(|_| target.is_arm && (200..300).contains(&reply.status)) {
            let mut seen = seen.borrow_mut();
            let first = seen.entry(path_of(&target.url)).or_insert_with(|| progress.step.trail.clone());
            if progress.step.trail < *first {
                first.clone_from(&progress.step.trail);
            }
        }
        Some(reply)
    }

    /// Where the request goes: the URL with its parameters.
    async fn target(&self, step: &Step, request: &Request, progress: &mut Progress) -> Option<Target> {
        let written = match request.composed(&*self.frame) {
            Ok(text) => text,
            Err(misfit) => {
                progress.misfit(self, &misfit);
                return None;
            }
        };
        let written = written.trim();
        let mut url = if written.starts_with('/') {
            let base = match &self.engine.settings.arm_endpoint {
                Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
                None => self.the_cloud(step, progress).await?.arm.clone(),
            };
            format!("{base}{written}")
        } else {
            written.to_owned()
        };
        let origin = http::origin(&url);
        let broken = match written {
            _ if written.contains(char::is_control) => Some("a URL holds no line breaks and no control characters"),
            _ if http::climbs(written) => Some("a path with `.` or `..` in it leads elsewhere than it says"),
            _ if url.starts_with("http") && origin.is_none() => Some(
                "a host is written in ASCII without `%`, as `xn--…` where it has other letters, and its port in digits",
            ),
            _ => None,
        };
        if broken.is_some() || origin.is_none_or(|(scheme, ..)| scheme != "https" && scheme != "http") {
            progress.errored(self, mishap::invalid_url(written, broken).at(request.url.span, "rendered from here"));
            return None;
        }
        let is_arm = written.starts_with('/') || self.is_arm(&url);
        match self.parameters(request, is_arm, &url) {
            Ok(parameters) => {
                for parameter in parameters {
                    url.push(if url.contains('?') { '&' } else { '?' });
                    url.push_str(&parameter);
                }
            }
            Err(misfit) => {
                progress.misfit(self, &misfit);
                return None;
            }
        }
        Some(Target { url, is_arm })
    }

    /// Whether an absolute URL is on Resource Manager. Where the cloud is not known yet, it is on none.
    pub(super) fn is_arm(&self, url: &str) -> bool {
        let given = self.engine.settings.arm_endpoint.as_deref().and_then(http::origin);
        let known = self.common.cloud.borrow();
        (given.is_some() && given == http::origin(url))
            || known.as_ref().is_some_and(|cloud| cloud.is_arm(url))
            || known.is_none() && Cloud::all().any(|cloud| cloud.is_arm(url))
    }

    fn parameters(&self, request: &Request, is_arm: bool, url: &str) -> Result<Vec<String>, Box<Misfit>> {
        let mut parameters = Vec::new();
        if let Some((version, is_default)) = &request.api_version {
            let query = url.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
            let named = query.split('&').any(|pair| pair.starts_with("api-version="))
                || request.query.iter().any(|(name, _)| name.eq_ignore_ascii_case("api-version"));
            if !is_default || is_arm && !named {
                let version = version.render_text(&*self.frame)?;
                parameters.push(format!("api-version={}", http::encode(&version)));
            }
        }
        for (name, tree) in &request.query {
            let values = match tree.render(&*self.frame)? {
                Value::Null => continue,
                Value::Array(items) => items,
                one => vec![one],
            };
            for value in values {
                // `$top` and `$filter` are written so by everyone, and `$` may stand in a query.
                let name = http::encode(name).replace("%24", "$");
                parameters.push(format!("{name}={}", http::encode(&crate::value::to_text(&value))));
            }
        }
        Ok(parameters)
    }

    /// The request without a token.
    fn outgoing(&self, step: &Step, request: &Request, target: &Target) -> Result<http::Request, Unsent> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let (body, content_type) = self.body(&request.body)?;
        if target.is_arm {
            headers.push(("accept".to_owned(), "application/json".to_owned()));
            // Messages in English, whatever the account's language: reports compare and search them.
            headers.push(("accept-language".to_owned(), "en-US".to_owned()));
        }
        headers.extend(content_type.map(|kind| ("content-type".to_owned(), kind.to_owned())));
        for (name, text) in &request.headers {
            let value = text.render_text(&*self.frame)?;
            if !http::is_header(name, &value) {
                let diagnostic = mishap::invalid_header(name).at(text.span, "rendered from here");
                return Err(Unsent::Diagnostic(Box::new(diagnostic)));
            }
            headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            headers.push((name.clone(), value));
        }
        Ok(http::Request {
            method: request.method,
            url: target.url.clone(),
            headers,
            body,
            timeout: step.timeout,
            route: Route::of(&target.url),
        })
    }

    fn body(&self, body: &Body) -> Result<(Option<Vec<u8>>, Option<&'static str>), Unsent> {
        Ok(match body {
            Body::None => (None, None),
            Body::Json(tree) => (Some(tree.render(&*self.frame)?.to_string().into_bytes()), Some("application/json")),
            Body::Form(form) => {
                let pairs = form.iter().map(|(name, tree)| {
                    let value = crate::value::to_text(&tree.render(&*self.frame)?);
                    Ok(format!("{}={}", http::encode(name), http::encode(&value)))
                });
                let text = pairs.collect::<Result<Vec<_>, Box<Misfit>>>()?.join("&");
                (Some(text.into_bytes()), Some("application/x-www-form-urlencoded"))
            }
            Body::Text(text) => (Some(text.render_text(&*self.frame)?.into_bytes()), Some("text/plain; charset=utf-8")),
            Body::File(text) => {
                let written = text.render_text(&*self.frame)?;
                let refuse = |why: String| {
                    let title = format!("the file `{written}` cannot be sent");
                    let diagnostic = Diagnostic::error("unreadable-file", title).at(text.span, why);
                    Unsent::Diagnostic(Box::new(diagnostic))
                };
                let path = std::path::Path::new(&written);
                let inside = path
                    .components()
                    .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
                if !inside {
                    return Err(refuse("files stay in the folder of the playbook".to_owned()));
                }
                let bytes = (self.engine.world.file)(&self.common.root_folder, &self.common.folder.join(path));
                (Some(bytes.map_err(|error| refuse(error.to_string()))?), Some(media_type(path)))
            }
        })
    }

    /// The token the request carries: `Some(None)` for none, `None` when one is wanted and not to be had.
    pub(super) async fn bearer(
        &self,
        step: &Step,
        request: &Request,
        (target, progress): (&Target, &mut Progress),
    ) -> Option<Option<String>> {
        let (resource, identity) = match &request.auth {
            Auth::Default if target.is_arm => ("arm".to_owned(), None),
            Auth::Default => return Some(None),
            Auth::Bearer(text) => match text.render_text(&*self.frame) {
                Ok(bearer) => {
                    self.engine.outlet.hide(&bearer);
                    return self.guard(target, (&bearer, true), progress).await.map(|()| Some(bearer));
                }
                Err(misfit) => {
                    progress.misfit(self, &misfit);
                    return None;
                }
            },
            Auth::Resource(resource, identity) => match resource.as_ref().map(|text| text.render_text(&*self.frame)) {
                None => ("arm".to_owned(), identity.as_ref()),
                Some(Ok(word)) if word == "none" => return Some(None),
                Some(Ok(word)) => (word, identity.as_ref()),
                Some(Err(misfit)) => {
                    progress.misfit(self, &misfit);
                    return None;
                }
            },
        };
        let resource = self.resource(&resource, step, progress).await?;
        self.guard(target, (&resource, !matches!(request.auth, Auth::Default)), progress).await?;
        let whose = self.whose(identity, progress)?;
        let token = self.acquire(step, progress, (&resource, &whose, false)).await?;
        let bearer = token.secret.reveal().to_owned();
        progress.bearer = Some(token);
        progress.carries = Some(event::Bearer {
            identity: whose.selector.word(),
            source: whose.source.map(|source| source.word().to_owned()),
            resource,
        });
        Some(Some(bearer))
    }

    /// Lets a token go only over https or to loopback, and only to a host of its audience, unless the step
    /// itself says whose token it is.
    async fn guard(&self, target: &Target, (resource, said): (&str, bool), progress: &mut Progress) -> Option<()> {
        let (scheme, host, _) = http::origin(&target.url)?;
        let private = scheme == "https" || http::is_loopback(&host);
        let given = self.engine.settings.arm_endpoint.as_deref().and_then(http::origin);
        let at_home = given.is_some() && given == http::origin(&target.url)
            || self.common.cloud.borrow().as_ref().is_some_and(|cloud| cloud.belongs(resource, &target.url));
        if private && (said || at_home) {
            return Some(());
        }
        let shown = if said { "a resource that the step names" } else { resource };
        progress.errored(self, mishap::token_withheld(&target.url, shown));
        None
    }

    /// Sends, and follows as many redirects as are wished; keeps cookies where more requests follow.
    async fn follow(
        &self,
        mut outgoing: http::Request,
        (mut left, goes_on): (u32, bool),
        progress: &mut Progress,
    ) -> Option<Reply> {
        loop {
            let url = outgoing.url.clone();
            let answer = self.send(&outgoing, progress).await;
            let response = match answer {
                Ok(response) => response,
                Err(fault) => {
                    progress.fault = Some(fault.kind);
                    progress.errored(self, mishap::fault(&fault, &url, outgoing.timeout));
                    return None;
                }
            };
            if goes_on {
                self.keep_cookies(&url, &response.headers, progress);
            }
            let location = response.header("location").filter(|_| matches!(response.status, 301..=303 | 307 | 308));
            let next = location.and_then(|location| http::join(&url, location));
            let Some(next) = next.filter(|_| left > 0) else {
                return Some(Reply::new(response.status, response.headers, response.body, response.duration));
            };
            left -= 1;
            if response.status == 303 || matches!(response.status, 301 | 302) && outgoing.method == "POST" {
                outgoing.method = "GET";
                outgoing.body = None;
                outgoing.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            }
            if http::origin(&next) != http::origin(&url) {
                let is_secret = |text: &str| self.engine.outlet.redact(text) != text;
                outgoing.headers.retain(|(name, value)| is_for_all(name) && !is_secret(value));
                if outgoing.body.as_ref().is_some_and(|body| is_secret(&String::from_utf8_lossy(body))) {
                    progress.errored(self, mishap::body_withheld(&next));
                    return None;
                }
            }
            outgoing.route = Route::of(&next);
            outgoing.url = next;
        }
    }
}

/// Whether a header may go to another origin with a redirect: those that say what is asked for. What else a playbook
/// writes is meant for the host that it names, and keys have all sorts of names.
fn is_for_all(name: &str) -> bool {
    ["accept", "accept-language", "content-type"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// What a file is, by the ending of its name.
fn media_type(path: &std::path::Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("yaml" | "yml") => "application/yaml",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Why a request was not sent.
enum Unsent {
    Misfit(Box<Misfit>),
    Diagnostic(Box<Diagnostic>),
}

impl From<Box<Misfit>> for Unsent {
    fn from(misfit: Box<Misfit>) -> Self {
        Unsent::Misfit(misfit)
    }
}

/// The path of a URL in lower case: what names a thing in Resource Manager.
pub(super) fn path_of(url: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("");
    path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/').to_ascii_lowercase()
}
