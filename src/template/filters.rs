//! The filters of templates beyond those every Jinja has.

mod csv;
mod pattern;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use minijinja::value::{Kwargs, Value as Engine};
use minijinja::{Environment, Error, ErrorKind, State};
use ring::digest;

use super::bridge::{failed, to_engine, with_value};
use super::meter::{Meter, charge};
use super::resource_id;
use crate::moment::Moment;
use crate::query::{Query, Selection};
use crate::value::{Map, Value, describe, to_text};
use crate::yaml;

/// Adds the filters to an environment.
pub(super) fn add(engine: &mut Environment<'static>) {
    engine.add_filter("from_csv", csv::from_csv);
    engine.add_filter("from_json", from_json);
    engine.add_filter("from_yaml", from_yaml);
    engine.add_filter("to_json", to_json);
    engine.add_filter("b64encode", b64encode);
    engine.add_filter("b64decode", b64decode);
    engine.add_filter("urlencode", urlencode);
    engine.add_filter("join", join);
    engine.add_filter("jsonpath", jsonpath);
    engine.add_filter("regex_find", pattern::find);
    engine.add_filter("regex_replace", pattern::replace);
    engine.add_filter("sha256", sha256);
    engine.add_filter("jwt_claims", jwt_claims);
    engine.add_filter("arm_id", arm_id);
    engine.add_filter("date", date);
}

/// The text a filter works on. Numbers and booleans are taken as they are written.
fn text<'a>(state: &State<'_, '_>, input: &'a Engine) -> Result<Cow<'a, str>, Error> {
    if let Some(text) = input.as_str() {
        return Ok(Cow::Borrowed(text));
    }
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    with_value(state, input, |value| match value {
        Value::Array(_) | Value::Object(_) | Value::Null => {
            Err(failed(format!("expected text, got {}", describe(value))))
        }
        other => Ok(Cow::Owned(to_text(other))),
    })?
}

/// Parses JSON, once its values are paid for: there are no more of them than marks before values.
fn parsed(state: &State<'_, '_>, json: &[u8]) -> Result<Value, Error> {
    const VALUE: u64 = 64;
    let marks = json.iter().filter(|byte| b"[{:,".contains(byte)).count() as u64;
    charge(state, json.len() as u64 + VALUE * marks)?;
    serde_json::from_slice(json).map_err(|error| failed(format!("not JSON: {error}")))
}

fn from_json(state: &State<'_, '_>, input: &Engine) -> Result<Engine, Error> {
    Ok(to_engine(Arc::new(parsed(state, text(state, input)?.as_bytes())?)))
}

fn to_json(state: &State<'_, '_>, input: &Engine) -> Result<String, Error> {
    with_value(state, input, Value::to_string)
}

/// Reads YAML; the reader has its own bounds, and reading is slow beside other work.
fn from_yaml(state: &State<'_, '_>, input: &Engine) -> Result<Engine, Error> {
    const BYTE: u64 = 20;
    let text = text(state, input)?;
    charge(state, BYTE * text.len() as u64)?;
    let value = yaml::value(&text).map_err(failed)?;
    let mut meter = Meter::of(state);
    let paid = meter.pay_value(&value);
    meter.charge(state)?;
    paid.map(|()| to_engine(Arc::new(value)))
}

/// Joins the items of a list as they stand in text. The engine's own pays only once it is done.
fn join(state: &State<'_, '_>, input: &Engine, joiner: Option<String>, options: Kwargs) -> Result<String, Error> {
    let joiner = joiner.or(options.get("d")?).unwrap_or_default();
    let attribute: Option<String> = options.get("attribute")?;
    options.assert_all_used()?;
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut out = String::new();
    for (at, item) in input.try_iter()?.checked().enumerate() {
        let item = attribute.iter().flat_map(|path| path.split('.')).try_fold(item?, |item, key| item.get_attr(key))?;
        let before = if at == 0 { "" } else { &joiner };
        let text = match item.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(with_value(state, &item, to_text)?),
        };
        charge(state, (before.len() + text.len()) as u64 + 32)?;
        out.push_str(before);
        out.push_str(&text);
    }
    Ok(out)
}

fn b64encode(state: &State<'_, '_>, input: &Engine, options: Kwargs) -> Result<String, Error> {
    let url_safe: Option<bool> = options.get("url_safe")?;
    options.assert_all_used()?;
    let text = text(state, input)?;
    Ok(if url_safe.unwrap_or(false) { URL_SAFE_NO_PAD.encode(&*text) } else { STANDARD.encode(&*text) })
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

fn b64decode(state: &State<'_, '_>, input: &Engine) -> Result<String, Error> {
    String::from_utf8(decoded(&text(state, input)?)?).map_err(|_| failed("the decoded bytes are not text"))
}

/// What encoding costs for a byte, of which it may make three.
const ENCODED: u64 = 4;

/// Percent-encodes all but the unreserved characters; a map gives a query string.
fn urlencode(state: &State<'_, '_>, input: &Engine) -> Result<String, Error> {
    let pairs = match input.as_str() {
        Some(_) => None,
        None if input.is_undefined() => None,
        None => with_value(state, input, |value| value.as_object().map(|entries| query(state, entries)))?,
    };
    pairs.unwrap_or_else(|| {
        let text = text(state, input)?;
        charge(state, ENCODED * text.len() as u64)?;
        Ok(percent(&text))
    })
}

fn query(state: &State<'_, '_>, entries: &Map<String, Value>) -> Result<String, Error> {
    let pair = |(key, value): (&String, &Value)| {
        let value = to_text(value);
        charge(state, ENCODED * (key.len() + value.len()) as u64)?;
        Ok(format!("{}={}", percent(key), percent(&value)))
    };
    Ok(entries.iter().map(pair).collect::<Result<Vec<_>, Error>>()?.join("&"))
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
fn jsonpath(state: &State<'_, '_>, input: &Engine, query: &str) -> Result<Engine, Error> {
    let parse =
        |text: &str| Query::parse(text).map_err(|error| failed(format!("`{text}` is not a JSONPath query: {error}")));
    let query = QUERIES.get(state, query, parse)?;
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    with_value(state, input, |value| {
        let found = select(state, &query, value)?;
        Ok(found.map_or(Engine::UNDEFINED, |found| to_engine(Arc::new(found))))
    })?
}

/// What a query finds, paid for: each item it looks at, and the copy of what it finds.
fn select(state: &State<'_, '_>, query: &Query, value: &Value) -> Result<Option<Value>, Error> {
    const ITEM: u64 = 16;
    let mut meter = Meter::of(state);
    let budget = meter.left() / ITEM;
    let mut left = budget;
    let found = query.select_within(&mut left, value);
    let paid = meter.pay(ITEM * (budget - left)).and_then(|()| match &found {
        Some(Selection::One(found)) => found.iter().try_for_each(|value| meter.pay_value(value)),
        Some(Selection::Many(found)) => found.iter().try_for_each(|value| meter.pay_value(value)),
        None => Err(Error::from(ErrorKind::OutOfFuel)),
    });
    meter.charge(state)?;
    paid.map(|()| found.and_then(|found| found.to_value()))
}

fn sha256(state: &State<'_, '_>, input: &Engine) -> Result<String, Error> {
    let hashed = digest::digest(&digest::SHA256, text(state, input)?.as_bytes());
    Ok(hashed.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The claims of a token, unverified. Its errors do not repeat the token.
fn jwt_claims(state: &State<'_, '_>, input: &Engine) -> Result<Engine, Error> {
    let token = text(state, input)?;
    let not_a_token = || failed("not a JSON Web Token");
    let [_, claims, _] = token.splitn(4, '.').collect::<Vec<_>>()[..] else {
        return Err(not_a_token());
    };
    let claims = decoded(claims).map_err(|_| not_a_token())?;
    match parsed(state, &claims) {
        Ok(claims @ Value::Object(_)) => Ok(to_engine(Arc::new(claims))),
        Err(error) if error.kind() == ErrorKind::OutOfFuel => Err(error),
        _ => Err(not_a_token()),
    }
}

fn arm_id(state: &State<'_, '_>, input: &Engine) -> Result<Engine, Error> {
    let id = text(state, input)?;
    let parts =
        resource_id::parts(&id).ok_or_else(|| failed(format!("not a resource id: {}", describe(&(&*id).into()))))?;
    Ok(to_engine(Arc::new(parts)))
}

/// A time, shifted by `add` and `sub`, in the given format, else as RFC 3339.
fn date(state: &State<'_, '_>, input: &Engine, format: Option<String>, options: Kwargs) -> Result<String, Error> {
    let (add, sub): (Option<String>, Option<String>) = (options.get("add")?, options.get("sub")?);
    options.assert_all_used()?;
    if input.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut moment = with_value(state, input, |value| {
        Moment::of(value).ok_or_else(|| failed(format!("not a time: {}", describe(value))))
    })??;
    if let Some(span) = add {
        moment = moment.plus(&span).map_err(failed)?;
    }
    if let Some(span) = sub {
        moment = moment.minus(&span).map_err(failed)?;
    }
    // What a mark of the format stands for can be long.
    charge(state, 16 * format.as_ref().map_or(0, String::len) as u64)?;
    format.map_or_else(|| Ok(moment.to_string()), |format| moment.format(&format).map_err(failed))
}

/// Compiled things by their text, so that a loop does not compile the same one at each turn.
struct Compiled<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Compiled(Mutex::default())
    }
}

/// How many are kept; texts that a playbook computes could be any number.
const KEPT: usize = 32;

/// What compiling costs at most, in bytes of work, and what each byte of the text adds.
const COMPILING: u64 = 60_000;
const TEXT: u64 = 100;

impl<T> Compiled<T> {
    fn get(
        &self,
        state: &State<'_, '_>,
        text: &str,
        compile: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(text) {
            return Ok(Arc::clone(known));
        }
        charge(state, COMPILING + TEXT * text.len() as u64)?;
        let compiled = Arc::new(compile(text)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(text.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }
}

static QUERIES: LazyLock<Compiled<Query>> = LazyLock::new(Compiled::default);
