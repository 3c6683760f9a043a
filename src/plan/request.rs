//! Requests of the document as requests of the plan.

use std::time::Duration;

use super::steps::{Builder, plain};
use super::{Auth, Body, Poll, Request};
use crate::http;
use crate::playbook as document;
use crate::source::Span;
use crate::template::{Misfit, Scope, Template, Text};

/// How many pages are read when all are wanted.
const MOST_PAGES: u32 = 10_000;

/// How long a long-running operation is followed when nothing else is said.
const POLL_WITHIN: Duration = Duration::from_secs(30 * 60);

/// How long to wait between two questions when neither the server nor the playbook says.
const POLL_EVERY: Duration = Duration::from_secs(15);

impl Request {
    /// Reads all pages of a list of Resource Manager, at a URL that stands fast.
    pub fn list(url: String, span: Span) -> Self {
        Self {
            method: "GET",
            url: Text { template: Template::literal_of(&url), span },
            prefix: 0,
            api_version: None,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            auth: Auth::Default,
            redirects: 0,
            pages: Some(MOST_PAGES),
            poll: None,
        }
    }

    /// The URL: what templates give is put in so that it stays in its place.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn composed(&self, scope: &dyn Scope) -> Result<String, Box<Misfit>> {
        let mut parts = self.url.render_parts(scope)?;
        // The method stands in the same text, before anything that a template gives.
        if let Some(first) = parts.first_mut() {
            first.text = first.text.get(self.prefix..).unwrap_or_default().to_owned();
        }
        Ok(http::compose(parts.iter().map(|part| (part.text.as_str(), part.is_value))))
    }
}

impl Builder<'_, '_> {
    /// A request with the defaults applied.
    pub(super) fn request(&mut self, request: document::Request) -> Request {
        let common = self.defaults.headers.clone().unwrap_or_default();
        let headers = plain(common).into_iter().chain(plain(request.headers.unwrap_or_default())).collect();
        let own = request.api_version.map(|version| (version, false));
        let body = match (request.json, request.form, request.text, request.file) {
            (Some(tree), ..) => Body::Json(tree),
            (_, Some(form), ..) => Body::Form(plain(form)),
            (_, _, Some(text), _) => Body::Text(text),
            (_, _, _, Some(file)) => Body::File(file),
            _ => Body::None,
        };
        let auth = match request.auth {
            None => Auth::Default,
            Some(document::Auth { bearer: Some(bearer), .. }) => Auth::Bearer(bearer),
            Some(auth) => Auth::Resource(auth.resource, Self::identity(auth.identity)),
        };
        Request {
            method: request.method.map_or("GET", |method| method.value.word()),
            url: request.url,
            prefix: request.prefix,
            api_version: own.or_else(|| self.defaults.api_version.clone().map(|version| (version, true))),
            query: plain(request.query.unwrap_or_default()),
            headers,
            body,
            auth,
            redirects: request.redirects.map_or(0, |redirects| redirects.value),
            pages: request.pages.map(|pages| match pages.value {
                document::Pages::All => MOST_PAGES,
                document::Pages::Most(most) => most,
            }),
            poll: request.poll.filter(|poll| !poll.off).map(|poll| Poll {
                within: poll.within.as_ref().map_or(POLL_WITHIN, |within| within.value.0),
                every: poll.every.as_ref().map_or(POLL_EVERY, |every| every.value.0),
            }),
        }
    }
}
