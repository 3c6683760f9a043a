//! Cloud Shell: a form is posted, and the token is that of the person who signed in.
//!
//! Source: `msi-authorization.md` of Cloud Shell, "Acquire token".

use super::{Ask, Refusal, Selector, Source, cannot_select, needed};
use crate::http::{Request, Route, encode};

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    if *ask.selector != Selector::System {
        return Err(cannot_select(Source::CloudShell, "it knows only the person who signed in: `identity: system`"));
    }
    let headers = [("Metadata", "true"), ("Content-Type", "application/x-www-form-urlencoded")];
    Ok(Request {
        method: "POST",
        url: needed(ask, "MSI_ENDPOINT")?,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: Some(format!("resource={}", encode(ask.resource)).into_bytes()),
        timeout: ask.timeout,
        route: Route::Local,
    })
}
