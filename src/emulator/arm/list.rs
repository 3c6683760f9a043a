//! Lists: their pages, and what `$filter` leaves of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::emulator::arm::Call;
use crate::emulator::arm::filter::{Filter, Term};
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::message::Response;

/// How many items a page holds at most.
const PAGE: usize = 1000;

/// The filter of a request.
pub(super) fn filter(call: &Call<'_>) -> Result<Filter, Refusal> {
    let text = call.target.parameter("$filter").unwrap_or_default();
    Filter::parse(text).ok_or_else(|| Refusal::invalid_filter(text))
}

/// One page of a list, with the way to the next; `items` must come in the same order each time.
pub(super) fn page(call: &Call<'_>, items: impl Iterator<Item = Value>) -> Result<Response, Refusal> {
    let top = match call.target.parameter("$top") {
        None => PAGE,
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number > 0 => number.min(PAGE),
            _ => return Err(Refusal::invalid_top(text)),
        },
    };
    let start = match call.target.parameter("$skiptoken") {
        None => 0,
        Some(text) => position(text).ok_or_else(Refusal::invalid_skip_token)?,
    };
    let mut items = items.skip(start);
    let page: Vec<Value> = items.by_ref().take(top).collect();
    let mut body = Map::from_iter([("value".to_owned(), Value::Array(page))]);
    if items.next().is_some() {
        body.insert("nextLink".to_owned(), next(call, start + top).into());
    }
    Ok(Response::json(200, &Value::Object(body)))
}

/// The place that a token of [`next`] stands for.
fn position(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("at:")?.parse().ok()
}

/// The whole URL of the next page: that of this one with another token.
fn next(call: &Call<'_>, at: usize) -> String {
    let (path, query) = call.request.target.split_once('?').unwrap_or((&call.request.target, ""));
    let is_token = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("$skiptoken") || name.eq_ignore_ascii_case("%24skiptoken")
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_token(pair)).collect();
    let token = URL_SAFE_NO_PAD.encode(format!("at:{at}"));
    format!("{}{path}?{}&%24skiptoken={token}", call.request.origin, kept.join("&"))
}

/// Whether a resource's wire form satisfies a filter.
pub(super) fn satisfies(resource: &Value, filter: &Filter) -> bool {
    let same = |left: &str, right: &str| left.eq_ignore_ascii_case(right);
    let text = |name: &str| -> &str {
        match name {
            "resourcetype" | "type" => resource["type"].as_str().unwrap_or_default(),
            "name" => resource["name"].as_str().unwrap_or_default(),
            "location" => resource["location"].as_str().unwrap_or_default(),
            "resourcegroup" => group_of(resource["id"].as_str().unwrap_or_default()),
            _ => "",
        }
    };
    let tag = |name: &str| {
        let tags = resource["tags"].as_object()?;
        tags.iter().find(|(key, _)| same(key, name)).and_then(|(_, value)| value.as_str())
    };
    let tag_name = filter.equals("tagname");
    filter.terms.iter().all(|term| match term {
        Term::Equals(name, value) => match name.as_str() {
            "tagname" => tag(value).is_some(),
            "tagvalue" => tag_name.and_then(tag).is_some_and(|found| found == value),
            name => same(text(name), value),
        },
        Term::Differs(name, value) => !same(text(name), value),
        Term::Call(function, arguments) => match (function.as_str(), arguments.as_slice()) {
            ("substringof", [part, name]) => {
                text(&name.to_ascii_lowercase()).to_ascii_lowercase().contains(&part.to_ascii_lowercase())
            }
            ("startswith", [name, start]) if same(name, "tagname") => {
                let begins = |key: &String| key.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase());
                resource["tags"].as_object().is_some_and(|tags| tags.keys().any(begins))
            }
            _ => false,
        },
    })
}

fn group_of(id: &str) -> &str {
    id.split('/').nth(4).unwrap_or_default()
}

/// A list that has no pages.
pub(super) fn whole(items: Vec<Value>) -> Response {
    Response::json(200, &json!({"value": items}))
}
