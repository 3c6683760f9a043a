//! The HTTP Archive: the requests of a run, as browsers and debuggers of HTTP read them.
//!
//! Source: HAR 1.2 (W3C Web Performance, "HTTP Archive (HAR) format"). Bodies are not kept in a record, so their sizes are told
//! and they themselves are not.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::console::title;
use super::text::{self, List};
use super::{timed, told};
use crate::event::{Attempt, Headers, Playbook, Record, Request, Response, Step};
use crate::moment::Moment;

/// Writes the archive, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let pages = record.playbooks.iter().enumerate();
    let log = Log {
        version: "1.2",
        creator: json!({"name": "mi-run", "version": record.mi_run}),
        pages: pages.clone().map(|page| self::page(record, page)).collect(),
        entries: List(|| {
            let steps =
                pages.clone().flat_map(|(index, playbook)| told(&playbook.steps).map(move |step| (index, step)));
            steps.flat_map(|(index, step)| entries(record, index, &step))
        }),
    };
    text::json(&HashMap::from([("log", log)]), out)
}

#[derive(Serialize)]
struct Log<E> {
    version: &'static str,
    creator: Value,
    pages: Vec<Value>,
    entries: E,
}

fn page(record: &Record, (index, playbook): (usize, &Playbook)) -> Value {
    json!({
        "startedDateTime": at(record, playbook.started_ms.0),
        "id": index.to_string(),
        "title": format!("{} ({})", playbook.name, playbook.path),
        "pageTimings": {"onLoad": playbook.duration_ms},
    })
}

/// An entry for each attempt of a step; of all but the last only the status is known.
fn entries(record: &Record, page: usize, step: &Step) -> Vec<Value> {
    let Some(sent) = &step.request else { return Vec::new() };
    let mut found = Vec::new();
    for (number, (began, attempt)) in timed(step).enumerate() {
        let response = step.response.as_ref().filter(|_| number + 1 == step.attempts.len());
        found.push(json!({
            "pageref": page.to_string(),
            "startedDateTime": at(record, began),
            "time": attempt.duration_ms,
            "request": request(sent),
            "response": answer(attempt, response),
            "cache": {},
            "timings": {"send": 0, "wait": attempt.duration_ms, "receive": 0},
            "comment": title(step),
        }));
    }
    found
}

fn request(request: &Request) -> Value {
    let query = request.url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({"name": name, "value": value})
    };
    json!({
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": query.map(pair).collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": request.body_bytes,
    })
}

fn answer(attempt: &Attempt, response: Option<&Response>) -> Value {
    let named = |wanted: &str| {
        let mut all = response.into_iter().flat_map(|response| &response.headers.0);
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let none = Headers::default();
    let mut answer = json!({
        "status": attempt.status.unwrap_or_default(),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(response.map_or(&none, |response| &response.headers)),
        "content": {"size": response.map_or(0, |response| response.body_bytes), "mimeType": named("content-type")},
        "redirectURL": named("location"),
        "headersSize": -1,
        "bodySize": response.map_or(-1, |response| i64::try_from(response.body_bytes).unwrap_or(i64::MAX)),
    });
    if let Some(error) = &attempt.error {
        answer["comment"] = json!(error);
    }
    answer
}

fn headers(headers: &Headers) -> Vec<Value> {
    headers.0.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// A time of the run by the clock, in RFC 3339.
fn at(record: &Record, millis: f64) -> String {
    let moment = Moment::parse(&record.run.started_at).and_then(|start| {
        let later = Duration::try_from_secs_f64(millis / 1000.0).ok()?;
        Moment::exact(start.to_system().checked_add(later)?)?.format("%Y-%m-%dT%H:%M:%S.%3fZ").ok()
    });
    moment.unwrap_or_else(|| record.run.started_at.clone())
}
