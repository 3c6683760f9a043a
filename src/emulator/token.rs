//! Access tokens: JSON Web Tokens with the claims that managed identities carry, signed and verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::key::Key;
use crate::emulator::state::{Order, State};
use crate::emulator::world::Kind;

/// How long before its issue a token says it is valid, in seconds.
const BACKDATED: i64 = 300;
/// How long a token is valid after its issue, in seconds.
const LIFETIME: i64 = 86_400;
/// A token with less left than this, in seconds, is not handed out again.
const RESERVE: i64 = 300;

/// A token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) text: String,
    pub(crate) not_before: i64,
    pub(crate) expires_on: i64,
}

impl Issued {
    /// Whether it may be handed out again at this time.
    pub(crate) fn is_good_at(&self, now: Timestamp) -> bool {
        let now = now.as_second();
        self.not_before <= now && self.expires_on - now >= RESERVE
    }
}

/// Issues a token.
pub(crate) fn issue(state: &State, order: &Order<'_>) -> Issued {
    let world = &state.world;
    let not_before = order.now.as_second() - BACKDATED;
    let expires_on = order.now.as_second() + LIFETIME;
    let issuer = world.cloud.issuer(&world.tenant);
    let unique = state.draw_guid().replace('-', "");
    let mut claims = json!({
        "aud": order.resource,
        "iss": issuer,
        "iat": not_before,
        "nbf": not_before,
        "exp": expires_on,
        "aio": URL_SAFE_NO_PAD.encode(format!("aio-{unique}")),
        "appid": order.identity.client_id,
        "appidacr": "2",
        "idp": issuer,
        "idtyp": "app",
        "oid": order.identity.object_id,
        "rh": format!("0.{unique}."),
        "sub": order.identity.object_id,
        "tid": world.tenant,
        "uti": URL_SAFE_NO_PAD.encode(&unique.as_bytes()[..16]),
        "ver": "1.0",
        "xms_mirid": world.resource_id(order.identity),
    });
    if order.identity.kind == Kind::User {
        claims["xms_az_rid"] = world.host_id().into();
    }
    if order.person {
        as_person(&mut claims, &order.identity.name);
    }
    Issued { text: sign(&claims), not_before, expires_on }
}

/// Makes the claims those of a person who signed in, which have scopes and no identity behind them.
fn as_person(claims: &mut Value, name: &str) {
    if let Value::Object(members) = claims {
        members.retain(|claim, _| !claim.starts_with("xms_") && claim != "idtyp");
        members.insert("scp".to_owned(), "user_impersonation".into());
        members.insert("unique_name".to_owned(), format!("{name}@emulator.example").into());
        members.insert("upn".to_owned(), format!("{name}@emulator.example").into());
    }
}

/// Writes claims as a signed token.
pub(crate) fn sign(claims: &Value) -> String {
    let key = Key::get();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5t": key.id, "kid": key.id});
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = key.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a token if it is well-formed and its signature holds.
pub(crate) fn verify(token: &str) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let read =
        |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    if read(header)?.get("alg") != Some(&Value::from("RS256")) {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    Key::get().verify(signed.as_bytes(), &signature).then(|| read(claims)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_was_signed_is_verified() {
        let token = sign(&json!({"oid": "o"}));
        assert_eq!(verify(&token).and_then(|claims| claims.get("oid").cloned()), Some(json!("o")));
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
        let forged = URL_SAFE_NO_PAD.encode(json!({"oid": "x"}).to_string());
        for bad in [
            String::new(),
            "a".to_owned(),
            "a.b.c".to_owned(),
            "..".to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{token}.x"),
        ] {
            assert!(verify(&bad).is_none(), "`{bad}`");
        }
    }

    proptest! {
        #[test]
        fn verifies_anything_without_falling_over(text in "[a-zA-Z0-9._=-]{0,40}") {
            prop_assert!(verify(&text).is_none());
        }
    }
}
