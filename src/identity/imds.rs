//! The instance metadata service of a VM, a scale set or a container instance.
//!
//! Source: Microsoft Entra documentation, `how-to-use-vm-token.md`; the IMDS OpenAPI document.

use super::{Ask, Selector};
use crate::http::{Request, Route, encode};

/// Where the service is on every VM.
pub const ENDPOINT: &str = "http://169.254.169.254";

/// The path of the token endpoint.
pub const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

/// Whether what the service answers with this status passes by itself (how-to-use-vm-token.md, "Retry guidance").
pub fn is_passing(status: u16) -> bool {
    matches!(status, 404 | 410 | 429 | 500..=599)
}

/// The request that asks.
pub(super) fn request(ask: &Ask<'_>) -> Request {
    let endpoint = ask.imds_endpoint.unwrap_or(ENDPOINT).trim_end_matches('/');
    let mut url = format!("{endpoint}{TOKEN_PATH}?api-version=2018-02-01&resource={}", encode(ask.resource));
    if let Some((name, value)) = parameter(ask.selector) {
        url.push_str(&format!("&{name}={}", encode(value)));
    }
    // In the OpenAPI document alone, and worth trying: the service keeps tokens for a day.
    if ask.renewal.is_some() {
        url.push_str("&bypass_cache=true");
    }
    Request {
        method: "GET",
        url,
        headers: vec![("Metadata".to_owned(), "true".to_owned())],
        body: None,
        timeout: ask.timeout,
        route: Route::Local,
    }
}

/// The parameter that names a user-assigned identity.
pub(super) fn parameter(selector: &Selector) -> Option<(&'static str, &str)> {
    match selector {
        Selector::System => None,
        Selector::ClientId(id) => Some(("client_id", id)),
        Selector::ObjectId(id) => Some(("object_id", id)),
        Selector::ResourceId(id) => Some(("msi_res_id", id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::source::Machine;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_request_is_the_documented_one() {
        let check = |selector: Selector, tail: &str| {
            let ask = Ask {
                imds_endpoint: Some("http://169.254.169.254/"),
                authority: "",
                machine: &Machine { variable: &|_| None, arc_keys: Path::new(""), himds: Path::new(""), azure_cli: "" },
                resource: "https://management.chinacloudapi.cn/",
                selector: &selector,
                timeout: Duration::from_secs(1),
                now: SystemTime::UNIX_EPOCH,
                renewal: None,
            };
            let request = request(&ask);
            let base = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
            let resource = "&resource=https%3A%2F%2Fmanagement.chinacloudapi.cn%2F";
            assert_eq!(request.url, format!("{base}{resource}{tail}"));
            assert_eq!(request.headers, [("Metadata".to_owned(), "true".to_owned())]);
            assert_eq!(request.route, Route::Local);
        };
        check(Selector::System, "");
        check(Selector::ClientId("c".into()), "&client_id=c");
        check(Selector::ObjectId("o".into()), "&object_id=o");
        check(Selector::ResourceId("/subscriptions/s".into()), "&msi_res_id=%2Fsubscriptions%2Fs");
    }
}
