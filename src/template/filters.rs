//! The filters of templates beyond those every Jinja has.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use minijinja::value::{Kwargs, Value as Engine};
use minijinja::{Environment, Error, ErrorKind};
use regex::Regex;
use ring::digest;

use super::bridge::{failed, to_engine, with_value};
use super::resource_id;
use crate::moment::Moment;
use crate::query::{Query, Selection};
use crate::value::{Value, describe, to_text};

/// Adds the filters to an environment.
pub(super) fn add(engine: &mut Environment<'static>) {
    engine.add_filter("from_json", from_json);
    engine.add_filter("to_json", to_json);
    engine.add_filter("b64encode", b64encode);
    engine.add_filter("b64decode", b64decode);
    engine.add_filter("urlencode", urlencode);
    engine.add_filter("jsonpath", jsonpath);
    engine.add_filter("regex_find", regex_find);
    engine.add_filter("regex_replace", regex_replace);
    engine.add_filter("sha256", sha256);
    engine.add_filter("jwt_claims", jwt_claims);
    engine.add_filter("arm_id", arm_id);
    engine.add_filter("date", date);
}

/// The text a filter works on. Numbers and booleans are taken as they are written.
fn text(input: &Engine) -> Result<String, Error> {
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    with_value(input, |value| match value {
        Value::Array(_) | Value::Object(_) | Value::Null => {
            Err(failed(format!("expected text, got {}", describe(value))))
        }
        other => Ok(to_text(other)),
    })?
}

fn parsed(json: &str) -> Result<Engine, Error> {
    let value = serde_json::from_str(json).map_err(|error| failed(format!("not JSON: {error}")))?;
    Ok(to_engine(Arc::new(value)))
}

fn from_json(input: &Engine) -> Result<Engine, Error> {
    parsed(&text(input)?)
}

fn to_json(input: &Engine) -> Result<String, Error> {
    with_value(input, Value::to_string)
}

fn b64encode(input: &Engine, options: Kwargs) -> Result<String, Error> {
    let url_safe: Option<bool> = options.get("url_safe")?;
    options.assert_all_used()?;
    let text = text(input)?;
    Ok(if url_safe.unwrap_or(false) { URL_SAFE_NO_PAD.encode(text) } else { STANDARD.encode(text) })
}

/// Decodes either alphabet, with padding or without.
fn decoded(encoded: &str) -> Result<Vec<u8>, Error> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let standard: String = encoded
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .map(|character| match character {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    engine.decode(standard).map_err(|_| failed("not base64"))
}

fn b64decode(input: &Engine) -> Result<String, Error> {
    String::from_utf8(decoded(&text(input)?)?).map_err(|_| failed("the decoded bytes are not text"))
}

/// Percent-encodes all but the unreserved characters; a map gives a query string.
fn urlencode(input: &Engine) -> Result<String, Error> {
    let pairs = with_value(input, |value| {
        let entries = value.as_object()?;
        let pair = |(key, value): (&String, &Value)| format!("{}={}", percent(key), percent(&to_text(value)));
        Some(entries.iter().map(pair).collect::<Vec<_>>().join("&"))
    });
    match pairs {
        Ok(Some(pairs)) => Ok(pairs),
        _ => text(input).map(|text| percent(&text)),
    }
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What a query finds: the value of a singular one, undefined when it finds none; the list of matches of any other.
fn jsonpath(input: &Engine, query: &str) -> Result<Engine, Error> {
    let parse = |text: &str| Query::parse(text).map_err(|error| format!("`{text}` is not a JSONPath query: {error}"));
    let query = QUERIES.get(query, parse)?;
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    with_value(input, |value| match query.select(value) {
        Selection::One(None) => Engine::UNDEFINED,
        found => to_engine(Arc::new(found.to_value().unwrap_or_default())),
    })
}

fn pattern(text: &str) -> Result<Arc<Regex>, Error> {
    REGEXES.get(text, |text| {
        Regex::new(text).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("`{text}` is not a regular expression: {reason}")
        })
    })
}

/// The first match: of the given group, else of the first group, else of the whole; undefined when there is none.
fn regex_find(input: &Engine, regex: &str, group: Option<Engine>) -> Result<Engine, Error> {
    let (text, regex) = (text(input)?, pattern(regex)?);
    let group = match group {
        Some(group) => match group.as_str() {
            Some(name) => regex.capture_names().position(|known| known == Some(name)),
            None => group.as_usize(),
        }
        .filter(|group| *group < regex.captures_len())
        .ok_or_else(|| failed(format!("the pattern has no group {group}")))?,
        None => usize::from(regex.captures_len() > 1),
    };
    let found = regex.captures(&text).and_then(|captures| captures.get(group));
    Ok(found.map_or(Engine::UNDEFINED, |found| Engine::from(found.as_str())))
}

/// Replaces every match; the replacement names groups as `$1` or `\1`.
fn regex_replace(input: &Engine, regex: &str, replacement: &str) -> Result<String, Error> {
    let groups = pattern(r"\\(\d)")?;
    let replacement = groups.replace_all(replacement, "$${$1}");
    Ok(pattern(regex)?.replace_all(&text(input)?, replacement.as_ref()).into_owned())
}

fn sha256(input: &Engine) -> Result<String, Error> {
    let hashed = digest::digest(&digest::SHA256, text(input)?.as_bytes());
    Ok(hashed.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The claims of a token, unverified. Its errors do not repeat the token.
fn jwt_claims(input: &Engine) -> Result<Engine, Error> {
    let token = text(input)?;
    let not_a_token = || failed("not a JSON Web Token");
    let [_, claims, _] = token.split('.').collect::<Vec<_>>()[..] else {
        return Err(not_a_token());
    };
    let claims = decoded(claims).map_err(|_| not_a_token())?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| not_a_token())?;
    Ok(to_engine(Arc::new(claims)))
}

fn arm_id(input: &Engine) -> Result<Engine, Error> {
    let id = text(input)?;
    let parts =
        resource_id::parts(&id).ok_or_else(|| failed(format!("not a resource id: {}", describe(&id.into()))))?;
    Ok(to_engine(Arc::new(parts)))
}

/// A time, shifted by `add` and `sub`, in the given format, else as RFC 3339.
fn date(input: &Engine, format: Option<String>, options: Kwargs) -> Result<String, Error> {
    let (add, sub): (Option<String>, Option<String>) = (options.get("add")?, options.get("sub")?);
    options.assert_all_used()?;
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut moment = with_value(input, |value| {
        Moment::of(value).ok_or_else(|| failed(format!("not a time: {}", describe(value))))
    })??;
    if let Some(span) = add {
        moment = moment.plus(&span).map_err(failed)?;
    }
    if let Some(span) = sub {
        moment = moment.minus(&span).map_err(failed)?;
    }
    format.map_or_else(|| Ok(moment.to_string()), |format| moment.format(&format).map_err(failed))
}

/// Compiled things by their text, so that a loop does not compile the same one at each turn.
struct Compiled<T>(Mutex<HashMap<String, Arc<T>>>);

/// How many are kept; texts that a playbook computes could be any number.
const KEPT: usize = 256;

impl<T> Compiled<T> {
    fn get(&self, text: &str, compile: impl FnOnce(&str) -> Result<T, String>) -> Result<Arc<T>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(text) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(compile(text).map_err(failed)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }
}

static QUERIES: LazyLock<Compiled<Query>> = LazyLock::new(|| Compiled(Mutex::default()));
static REGEXES: LazyLock<Compiled<Regex>> = LazyLock::new(|| Compiled(Mutex::default()));
