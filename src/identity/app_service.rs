//! App Service, Functions and Container Apps, and App Service as it was before 2019.
//!
//! Source: `overview-managed-identity.md` of App Service, "REST endpoint reference" (api-version 2019-08-01); its older form
//! with api-version 2017-09-01.

use super::{Ask, Refusal, Selector, Source, cannot_select, needed, with_parameters};
use crate::http::{Request, Route};

/// The request of today's App Service.
pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let endpoint = needed(ask, "IDENTITY_ENDPOINT")?;
    let secret = needed(ask, "IDENTITY_HEADER")?;
    let mut parameters = vec![("api-version", "2019-08-01"), ("resource", ask.resource)];
    match ask.selector {
        Selector::System => {}
        Selector::ClientId(id) => parameters.push(("client_id", id)),
        Selector::ObjectId(id) => parameters.push(("principal_id", id)),
        Selector::ResourceId(id) => parameters.push(("mi_res_id", id)),
    }
    // Azure Automation, which speaks so too, wants the mark of the metadata service as well; nobody minds it.
    let headers = vec![("X-IDENTITY-HEADER".to_owned(), secret), ("Metadata".to_owned(), "true".to_owned())];
    Ok(get(with_parameters(&endpoint, &parameters), headers, ask))
}

/// The request of an App Service as it was before.
pub(super) fn legacy_request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let endpoint = needed(ask, "MSI_ENDPOINT")?;
    let secret = needed(ask, "MSI_SECRET")?;
    let mut parameters = vec![("api-version", "2017-09-01"), ("resource", ask.resource)];
    match ask.selector {
        Selector::System => {}
        Selector::ClientId(id) => parameters.push(("clientid", id)),
        _ => return Err(cannot_select(Source::LegacyAppService, "name it by its client id")),
    }
    Ok(get(with_parameters(&endpoint, &parameters), vec![("Secret".to_owned(), secret)], ask))
}

/// A request to an endpoint of this host.
pub(super) fn get(url: String, headers: Vec<(String, String)>, ask: &Ask<'_>) -> Request {
    Request { method: "GET", url, headers, body: None, timeout: ask.timeout, route: Route::Local }
}
