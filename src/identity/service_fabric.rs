//! Service Fabric: an endpoint over https, whose certificate is known by its thumbprint.
//!
//! Source: `how-to-managed-identity-service-fabric-app-code.md`.

use super::{Ask, Refusal, Selector, Source, cannot_select, needed, unmet, with_parameters};
use crate::http::{Request, Route};

pub(super) fn request(ask: &Ask<'_>) -> Result<Request, Refusal> {
    if *ask.selector != Selector::System {
        let kinds = "the application's own identity is the only one: `identity: system`";
        return Err(cannot_select(Source::ServiceFabric, kinds));
    }
    let endpoint = needed(ask, "IDENTITY_ENDPOINT")?;
    let secret = needed(ask, "IDENTITY_HEADER")?;
    let thumbprint = needed(ask, "IDENTITY_SERVER_THUMBPRINT")?;
    let help = "the Service Fabric runtime sets it";
    if !endpoint.to_ascii_lowercase().starts_with("https://") {
        return Err(unmet("`IDENTITY_ENDPOINT` is not https, as it is in Service Fabric".to_owned(), help));
    }
    let Some(pin) = pin(&thumbprint) else {
        return Err(unmet(
            "`IDENTITY_SERVER_THUMBPRINT` is not the SHA-1 of a certificate, 40 hexadecimal digits".to_owned(),
            help,
        ));
    };
    let version = ask.machine.get("IDENTITY_API_VERSION").unwrap_or_else(|| "2019-07-01-preview".to_owned());
    let mut parameters = vec![("api-version", version.as_str()), ("resource", ask.resource)];
    // The runtime forgets the token that it keeps only when it is told which one is not taken any more.
    let rejected = ask.renewal.and_then(|renewal| renewal.rejected.as_deref());
    parameters.extend(rejected.map(|hash| ("token_sha256_to_refresh", hash)));
    Ok(Request {
        method: "GET",
        url: with_parameters(&endpoint, &parameters),
        headers: vec![("Secret".to_owned(), secret)],
        body: None,
        timeout: ask.timeout,
        route: Route::Pinned(pin),
    })
}

/// A thumbprint, with or without spaces and colons.
fn pin(text: &str) -> Option<[u8; 20]> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b' ' | b':')).collect();
    let mut pin = [0; 20];
    if digits.len() != 2 * pin.len() {
        return None;
    }
    for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
        let digit = |one: u8| char::from(one).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(pin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_read_and_what_is_none_is_not() {
        let digits = "00ff".repeat(10);
        let expected: Vec<u8> = [0, 255].repeat(10);
        assert_eq!(pin(&digits).map(Vec::from), Some(expected.clone()));
        let spaced = "00:FF ".repeat(10);
        assert_eq!(pin(&spaced).map(Vec::from), Some(expected));
        for bad in ["", "00", &"zz".repeat(20), &"0".repeat(41), &"é".repeat(20)] {
            assert_eq!(pin(bad), None, "{bad}");
        }
    }
}
