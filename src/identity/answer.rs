//! What identity endpoints answer: a token in one of many dresses, or an error in as many.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Ask, Exchange, Refusal, Selector, Source, Token, claims};
use crate::moment::Moment;
use crate::secret::Secret;

/// Below this a number is a time that is left, and no moment (MSAL for .NET, `DateTimeHelpers`): 2001-01-01 in Unix seconds.
const FIRST_MOMENT: f64 = 978_307_200.0;

/// A token that lives longer than this is renewed before it ends.
const LONG: Duration = Duration::from_secs(2 * 60 * 60);

/// Reads the answer of a token endpoint.
pub(super) fn read(ask: &Ask<'_>, source: Source, exchange: Exchange) -> Result<Token, Refusal> {
    let foreign = |exchange: Exchange, why: String| Refusal::Foreign { exchange: Box::new(exchange), why };
    let Ok(answer) = serde_json::from_slice::<Value>(&exchange.body) else {
        return Err(foreign(exchange, "the body is not JSON".to_owned()));
    };
    let (code, description) = error(&answer);
    if exchange.status != 200 {
        return Err(Refusal::Refused { exchange: Box::new(exchange), code, description });
    }
    // The Azure CLI spells it its own way.
    let token = answer.get("access_token").or_else(|| answer.get("accessToken"));
    let Some(token) = token.and_then(Value::as_str).filter(|token| !token.is_empty()) else {
        if !code.is_empty() {
            return Err(Refusal::Refused { exchange: Box::new(exchange), code, description });
        }
        return Err(foreign(exchange, "the answer holds no `access_token`".to_owned()));
    };
    if token.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || !byte.is_ascii()) {
        return Err(foreign(exchange, "the `access_token` holds characters that no token has".to_owned()));
    }
    let claims = claims(token);
    if let Some(why) = stranger(ask.selector, &answer, &claims) {
        return Err(Refusal::Stranger { exchange: Box::new(exchange), why });
    }
    let expires_at = expiry(&answer, &claims, ask.now);
    let refresh_at = refresh(&answer, expires_at, ask.now);
    Ok(Token {
        secret: Secret::new(token),
        claims,
        expires_at,
        refresh_at,
        source: source.word(),
        resource: ask.resource.to_owned(),
        answer,
        exchange,
    })
}

/// The code and the words of an error: flat as of IMDS, nested as of Service Fabric and Cloud Shell, in any case as of App
/// Service.
fn error(answer: &Value) -> (String, String) {
    let text = |object: &Value, name: &str| -> Option<String> {
        let (_, value) = object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let inner = answer.get("error").filter(|error| error.is_object()).unwrap_or(answer);
    let code = ["error", "code", "statusCode"].into_iter().find_map(|name| text(inner, name));
    let words = ["error_description", "message"].into_iter().find_map(|name| text(inner, name));
    (code.unwrap_or_default(), words.unwrap_or_default())
}

/// Why a token is not of the identity that was asked for. What neither the token nor the answer tells, is not known.
fn stranger(selector: &Selector, answer: &Value, claims: &Value) -> Option<String> {
    let (what, wanted, found) = told(selector, answer, claims)?;
    (!same(&found, wanted)).then(|| format!("asked for the {what} {wanted}, and the token is of {found}"))
}

/// Whether a token or its answer tells that it is of the identity that was asked for.
pub(super) fn is_of(selector: &Selector, answer: &Value, claims: &Value) -> bool {
    told(selector, answer, claims).is_some_and(|(_, wanted, found)| same(&found, wanted))
}

/// How an identity was named, and what the token or else the answer says there.
fn told<'s>(selector: &'s Selector, answer: &Value, claims: &Value) -> Option<(&'static str, &'s str, String)> {
    let text = |value: &Value, names: &[&str]| {
        let found = names.iter().find_map(|name| value.get(name)?.as_str().filter(|text| !text.is_empty()));
        found.map(str::to_owned)
    };
    let (what, wanted, of_token, of_answer): (_, _, &[&str], &[&str]) = match selector {
        Selector::System => return None,
        Selector::ClientId(id) => ("client id", id, &["appid", "azp"], &["client_id"]),
        Selector::ObjectId(id) => ("object id", id, &["oid"], &["object_id", "principal_id"]),
        Selector::ResourceId(id) => ("resource id", id, &["xms_mirid"], &["msi_res_id", "mi_res_id"]),
    };
    Some((what, wanted, text(claims, of_token).or_else(|| text(answer, of_answer))?))
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim().trim_end_matches('/'))
}

/// Until when a token is good: what is left by `expires_in`, else the moment in `expires_on`, else the claim `exp`; without
/// any of them it is not kept. Numbers come as numbers or as text, moments in several forms.
fn expiry(answer: &Value, claims: &Value, now: SystemTime) -> SystemTime {
    let length = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let after = |seconds: f64| length(seconds).and_then(|left| now.checked_add(left));
    let left = seconds(answer.get("expires_in")).and_then(after);
    let moment = |value: Option<&Value>| match seconds(value) {
        Some(number) if number < FIRST_MOMENT => after(number),
        Some(number) => length(number).and_then(|at| SystemTime::UNIX_EPOCH.checked_add(at)),
        None => value?.as_str().and_then(written),
    };
    left.or_else(|| moment(answer.get("expires_on"))).or_else(|| moment(claims.get("exp"))).unwrap_or(now)
}

/// From when on a newer token is better: as `refresh_in` says, else at half of the time that a long-lived one has left. So do
/// Microsoft's own libraries (MSAL for Python, Go, .NET and JavaScript).
fn refresh(answer: &Value, expires_at: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let said = seconds(answer.get("refresh_in")).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let left = expires_at.duration_since(now).ok()?;
    let half = (left > LONG).then(|| left / 2);
    said.filter(|said| *said < left).or(half).and_then(|wait| now.checked_add(wait))
}

fn seconds(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok().filter(|number| number.is_finite()),
        _ => None,
    }
}

/// A moment in words: RFC 3339, or as App Service wrote it in 2017: `1/16/2020 5:24:12 AM +00:00`, `06/20/2019 02:57:58 +00:00`.
fn written(text: &str) -> Option<SystemTime> {
    if let Some(moment) = Moment::parse(text.trim()) {
        return Some(moment.to_system());
    }
    let mut words = text.split_whitespace();
    let mut date = words.next()?.split('/').map(|part| part.parse::<u32>().ok());
    let (month, day, year) = (date.next()??, date.next()??, date.next()??);
    let mut time = words.next()?.split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let rest: Vec<&str> = words.collect();
    let hour = match rest.first() {
        Some(&"PM") if hour < 12 => hour + 12,
        Some(&"AM") if hour == 12 => 0,
        _ => hour,
    };
    let offset = rest.iter().find(|word| word.starts_with(['+', '-'])).copied().unwrap_or("Z");
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}");
    Moment::parse(&text).map(Moment::to_system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expiry_is_read_from_numbers_texts_and_dates() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        #[track_caller]
        fn check(now: SystemTime, answer: Value, claims: Value, at: u64) {
            let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
            assert_eq!(expiry(&answer, &claims, now), expected, "{answer} {claims}");
        }
        let check = |answer: Value, claims: Value, at: u64| check(now, answer, claims, at);
        check(json!({"expires_in": "100", "expires_on": "9"}), Value::Null, 1_000_000_100);
        check(json!({"expires_in": 100}), Value::Null, 1_000_000_100);
        check(json!({"expires_on": "1500000000"}), Value::Null, 1_500_000_000);
        check(json!({"expires_on": 1_500_000_000}), Value::Null, 1_500_000_000);
        check(json!({"expires_on": "3600"}), Value::Null, 1_000_003_600);
        check(json!({"expires_on": "2020-01-16T05:24:12Z"}), Value::Null, 1_579_152_252);
        check(json!({"expires_on": "1/16/2020 5:24:12 AM +00:00"}), Value::Null, 1_579_152_252);
        check(json!({"expires_on": "1/16/2020 12:24:12 AM +00:00"}), Value::Null, 1_579_134_252);
        check(json!({"expires_on": "06/20/2019 02:57:58 +00:00"}), Value::Null, 1_560_999_478);
        check(json!({"expires_on": "09/14/2017 00:00:00 PM +00:00"}), Value::Null, 1_505_390_400);
        check(json!({}), json!({"exp": 1_700_000_000}), 1_700_000_000);
        for bad in ["soon", "-5", "1e300", "", "1/2", "99/99/2020 1:2:3", "1/16/2020"] {
            check(json!({"expires_in": bad, "expires_on": bad}), Value::Null, 1_000_000_000);
        }
    }

    #[test]
    fn long_lived_tokens_are_renewed_at_half_of_their_time() {
        let now = SystemTime::UNIX_EPOCH;
        let at = |seconds: u64| now + Duration::from_secs(seconds);
        let check = |answer: Value, left: u64, expected: Option<u64>| {
            assert_eq!(refresh(&answer, at(left), now), expected.map(at), "{answer} {left}");
        };
        check(json!({}), 86_400, Some(43_200));
        check(json!({}), 7_200, None);
        check(json!({"refresh_in": "3600"}), 86_400, Some(3_600));
        check(json!({"refresh_in": 600}), 3_600, Some(600));
        check(json!({"refresh_in": 90_000}), 86_400, Some(43_200));
        check(json!({"refresh_in": "soon"}), 86_400, Some(43_200));
    }

    #[test]
    fn errors_come_in_many_dresses() {
        let check = |answer: Value, code: &str, words: &str| {
            assert_eq!(error(&answer), (code.to_owned(), words.to_owned()), "{answer}");
        };
        check(
            json!({"error": "invalid_request", "error_description": "Identity not found"}),
            "invalid_request",
            "Identity not found",
        );
        check(json!({"error": {"code": "SecretHeaderNotFound", "message": "m"}}), "SecretHeaderNotFound", "m");
        check(json!({"statusCode": 400, "message": "m", "correlationId": "c"}), "400", "m");
        check(json!({"StatusCode": 400, "Message": "m"}), "400", "m");
        check(json!({"access_token": "t"}), "", "");
        check(json!([1]), "", "");
    }

    #[test]
    fn a_token_of_somebody_else_is_noticed() {
        let check = |selector: Selector, answer: Value, claims: Value, is_stranger: bool| {
            assert_eq!(stranger(&selector, &answer, &claims).is_some(), is_stranger, "{selector:?} {answer} {claims}");
        };
        let client = || Selector::ClientId("C".to_owned());
        check(client(), Value::Null, json!({"appid": "c"}), false);
        check(client(), Value::Null, json!({"azp": "d"}), true);
        check(client(), json!({"client_id": "d"}), Value::Null, true);
        check(client(), Value::Null, Value::Null, false);
        check(Selector::ObjectId("o".to_owned()), Value::Null, json!({"oid": "p"}), true);
        check(Selector::ResourceId("/a/".to_owned()), Value::Null, json!({"xms_mirid": "/A"}), false);
        check(Selector::ResourceId("/a".to_owned()), Value::Null, json!({"xms_mirid": "/b"}), true);
        check(Selector::System, json!({"client_id": "d"}), json!({"appid": "c"}), false);
    }
}
