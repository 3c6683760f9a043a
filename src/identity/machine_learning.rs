//! Azure Machine Learning: the endpoint of an old App Service, with a trap.
//!
//! Without a client id a compute instance gives the token of the person who works on it, with status 200. So the id is
//! always sent, and a token of a person is refused. Source: `azure_ml.go` of MSAL for Go, `azure_ml.py` of Azure Identity.

use serde_json::Value;

use super::app_service::get;
use super::{Ask, Refusal, Selector, Source, Token, cannot_select, needed, unmet, with_parameters};
use crate::http::Request;

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    let endpoint = needed(ask, "MSI_ENDPOINT")?;
    let secret = needed(ask, "MSI_SECRET")?;
    let client = match ask.selector {
        Selector::System => needed(ask, "DEFAULT_IDENTITY_CLIENT_ID")?,
        Selector::ClientId(id) => id.clone(),
        _ => return Err(cannot_select(Source::MachineLearning, "name it by its client id")),
    };
    let is_guid = client.len() == 36 && client.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if !is_guid {
        let why = format!("`{}` is no client id, so this compute has no managed identity", client.escape_debug());
        return Err(unmet(why, "give the compute a managed identity, or name one: `identity: {client_id: …}`"));
    }
    let parameters = [("api-version", "2017-09-01"), ("resource", ask.resource), ("clientid", &client)];
    Ok(get(with_parameters(&endpoint, &parameters), vec![("secret".to_owned(), secret)], ask))
}

/// Refuses the token of a person.
pub(super) fn checked(token: Token) -> Result<Token, Refusal> {
    if token.claims.get("scp").is_none_or(Value::is_null) {
        return Ok(token);
    }
    let why = "it is the token of a person (it has the claim `scp`), and not of a managed identity".to_owned();
    Err(Refusal::Stranger { exchange: Box::new(token.exchange.clone()), why })
}
