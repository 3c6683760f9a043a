//! What the claims of a token say, in words. They are decoded and not verified.
//!
//! Source: `access-token-claims-reference.md` of the Microsoft identity platform; claims of managed identities as they are seen.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::moment::Moment;
use crate::value::to_text;

/// A claim in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The claim's name.
    pub claim: String,
    /// Its value, as people read it.
    pub value: String,
    /// What it means; empty where that is not known.
    pub meaning: &'static str,
}

/// What is known of claims, in the order in which they are told.
const KNOWN: &[(&str, &str)] = &[
    ("aud", "for whom the token is"),
    ("iss", "who issued it"),
    ("tid", "the tenant"),
    ("oid", "the object (principal) id: what role assignments name"),
    ("sub", "whom it is about; of managed identities the object id again"),
    ("appid", "the client (application) id"),
    ("azp", "the client (application) id"),
    ("idtyp", "`app` for an application or a managed identity"),
    ("xms_mirid", "the resource of the managed identity: the machine itself where it is system-assigned"),
    ("xms_az_rid", "the resource that asked"),
    ("scp", "it is the token of a person, and this is what was consented to"),
    ("roles", "roles of applications, as they were when it was issued: for up to 24 hours they stay so"),
    ("groups", "groups, as they were when it was issued: for up to 24 hours they stay so"),
    ("iat", "issued; backdated by 5 minutes"),
    ("nbf", "good from then on"),
    ("exp", "good until then"),
    ("ver", "the form of the token"),
];

/// The claims in words: those that are known, in order, then the others.
pub fn words(claims: &Value, now: SystemTime) -> Vec<Words> {
    let Some(claims) = claims.as_object() else {
        return Vec::new();
    };
    let told = |name: &str, meaning: &'static str| {
        let value = claims.get(name)?;
        let is_time = matches!(name, "iat" | "nbf" | "exp");
        let value = is_time.then(|| time(value, now)).flatten().unwrap_or_else(|| to_text(value));
        Some(Words { claim: name.to_owned(), value, meaning })
    };
    let known = KNOWN.iter().filter_map(|(name, meaning)| told(name, meaning));
    let others = claims.keys().filter(|name| !KNOWN.iter().any(|(known, _)| known == name));
    known.chain(others.filter_map(|name| told(name, ""))).collect()
}

/// A time of a claim, and how far away it is.
fn time(value: &Value, now: SystemTime) -> Option<String> {
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(value.as_u64()?))?;
    let whole = |away: Duration| match away.as_secs() / 60 {
        minutes @ ..60 => format!("{minutes}m"),
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{}h {}m", minutes / 60, minutes % 60),
    };
    let away = match (now.duration_since(at), at.duration_since(now)) {
        (Ok(ago), _) if ago >= Duration::from_secs(60) => format!("{} ago", whole(ago)),
        (_, Ok(left)) if left >= Duration::from_secs(60) => format!("in {}", whole(left)),
        _ => "now".to_owned(),
    };
    Some(format!("{}, {away}", Moment::at(at)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_told_in_order_with_times_in_words() {
        let now = UNIX_EPOCH + Duration::from_secs(1_767_607_200);
        let claims = json!({"exp": 1_767_693_600, "nbf": 1_767_602_000, "x": [1], "iat": 1_767_606_900, "aud": "a"});
        let told: Vec<String> = words(&claims, now).iter().map(|one| format!("{} {}", one.claim, one.value)).collect();
        assert_eq!(
            told,
            [
                "aud a",
                "iat 2026-01-05T09:55:00Z, 5m ago",
                "nbf 2026-01-05T08:33:20Z, 1h 26m ago",
                "exp 2026-01-06T10:00:00Z, in 24h",
                "x [1]"
            ]
        );
        assert_eq!(words(&json!({"exp": "soon", "nbf": -1}), now).len(), 2);
        assert_eq!(words(&Value::Null, now), []);
    }
}
