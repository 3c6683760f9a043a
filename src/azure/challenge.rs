//! The challenge with which a resource asks for a newer token, or for one that says more.
//!
//! Source: Microsoft identity platform, "Claims challenges, claims requests, and client capabilities" (`claims-challenge.md`);
//! RFC 9110, section 11.6.1.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The claims that a `WWW-Authenticate` asks for, as JSON; nothing when it asks for none.
pub fn claims(header: &str) -> Option<String> {
    let encoded = parameter(header, "claims")?;
    let alphabets = [alphabet::STANDARD, alphabet::URL_SAFE];
    let decoded = alphabets.iter().find_map(|letters| GeneralPurpose::new(letters, LENIENT).decode(&encoded).ok())?;
    let text = String::from_utf8(decoded).ok()?;
    serde_json::from_str::<Value>(&text).ok().filter(Value::is_object).map(|_| text)
}

/// A parameter of a challenge, without its quotes.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.trim().split_once(' ')?.1;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        // A second challenge of the same header begins with its scheme.
        if name.trim().rsplit(' ').next()?.eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = next.trim_start_matches([',', ' ']);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_in_a_challenge() {
        let check = |header: &str, expected: Option<&str>| assert_eq!(claims(header).as_deref(), expected, "{header}");
        let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1726077595"}}}"#;
        let encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzI2MDc3NTk1In19fQ";
        let whole = |value: &str| {
            format!(
                "Bearer realm=\"\", authorization_uri=\"https://login.example/common?a=b, c\", error=\"insufficient_claims\", \
                 claims=\"{value}\""
            )
        };
        check(&whole(encoded), Some(json));
        check(&whole(&format!("{encoded}==")), Some(json));
        check(&format!("Bearer claims={encoded}, error=insufficient_claims"), Some(json));
        check(&format!("Basic realm=\"x\", Bearer claims=\"{encoded}\""), Some(json));
        check(&whole("!!"), None);
        check(&whole("W10"), None);
        check("Bearer error=\"invalid_token\", error_description=\"claims=eyJ9\"", None);
        for bad in ["", "Bearer", "Bearer x", "Bearer claims=\"", "Bearer ="] {
            check(bad, None);
        }
    }
}
