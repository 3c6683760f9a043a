//! The SARIF report, version 2.1.0: each cause of a failure is a result at its place, each diagnostic that tells one a rule.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::cause::{Fault, end, faults, is_strict};
use super::checkout::Checkout;
use super::text::{self, List};
use crate::diagnostic::explain::paragraph;
use crate::diagnostic::render::printable;
use crate::event::{Iteration, Outcome, Place, Playbook, Record};
use crate::moment::Moment;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of paths in the repository, by the name that those who show results give it.
const BASE: &str = "%SRCROOT%";

/// What passed for want of trying, as a rule.
const HOLLOW: &str = "passed-for-want-of-trying";

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write((record, checkout): (&Record, &Checkout), out: &mut dyn io::Write) -> io::Result<()> {
    let mut rules = Rules::default();
    faults(record).for_each(|fault| rules.take(&fault.cause.code));
    record.hollow.iter().for_each(|_| rules.take(HOLLOW));
    let level = if is_strict(record) { "error" } else { "warning" };
    let results = List(|| {
        let fingerprints = Rc::new(RefCell::new(Fingerprints::default()));
        let (rules, known) = (&rules, Rc::clone(&fingerprints));
        let faults = faults(record).map(move |fault| result(&fault, checkout, (rules, &mut known.borrow_mut())));
        faults.chain(record.hollow.iter().map(move |why| {
            let mark = fingerprints.borrow_mut().of(&[HOLLOW, why]);
            json!({"ruleId": HOLLOW, "ruleIndex": rules.index(HOLLOW), "level": level,
                   "message": {"text": printable(why)}, "partialFingerprints": {FINGERPRINT: mark}})
        }))
    });
    let run = Run {
        tool: json!({"driver": {
            "name": "mi-run",
            "version": record.mi_run,
            "rules": rules.0.iter().map(|code| rule(code)).collect::<Vec<_>>(),
        }}),
        automation_details: json!({"id": format!("mi-run/{}", record.run.id)}),
        invocations: [invocation(record)],
        column_kind: "unicodeCodePoints",
        results,
    };
    text::json(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, out)
}

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<R>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<R> {
    tool: Value,
    automation_details: Value,
    invocations: [Value; 1],
    column_kind: &'static str,
    results: R,
}

const FINGERPRINT: &str = "miRun/v1";

/// The codes that are used, in the order in which they come up.
#[derive(Default)]
struct Rules(Vec<String>);

impl Rules {
    fn take(&mut self, code: &str) {
        if !self.0.iter().any(|known| known == code) {
            self.0.push(code.to_owned());
        }
    }

    fn index(&self, code: &str) -> Option<usize> {
        self.0.iter().position(|known| known == code)
    }
}

fn rule(code: &str) -> Value {
    let mut rule = Map::new();
    rule.insert("id".to_owned(), code.into());
    let text = match code {
        HOLLOW => Some(
            "Something passed though nothing was tried: no assertion was judged, or a loop had nothing to go over.",
        ),
        other => paragraph(other),
    };
    if let Some(text) = text {
        let first = text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.');
        rule.insert("shortDescription".to_owned(), json!({"text": format!("{first}.")}));
        rule.insert("fullDescription".to_owned(), json!({"text": text}));
        rule.insert("help".to_owned(), json!({"text": text}));
    }
    Value::Object(rule)
}

fn result(fault: &Fault<'_>, checkout: &Checkout, (rules, fingerprints): (&Rules, &mut Fingerprints)) -> Value {
    let cause = &fault.cause;
    let index = rules.index(&cause.code);
    let (id, name) = fault.step.as_ref().map_or(("", "outputs"), |step| (&*step.id, &*step.name));
    let item = fault.step.as_ref().and_then(|step| step.iteration.as_ref()).map(Iteration::title).unwrap_or_default();
    let mut result = json!({
        "ruleId": cause.code,
        "ruleIndex": index,
        "kind": "fail",
        "level": "error",
        "message": {"text": printable(&format!("{}: {}", fault.title, cause.story()))},
    });
    let path = checkout.path(&fault.playbook.path);
    if let Some(place) = &cause.place {
        let mut location = json!({"physicalLocation": physical(fault.playbook, place, checkout)});
        location["logicalLocations"] =
            json!([{"name": printable(name), "fullyQualifiedName": printable(&fault.title), "kind": "step"}]);
        result["locations"] = json!([location]);
    }
    // What was found changes from run to run; what was asked for stays.
    let claim = if cause.code == "assertion-failed" { cause.title.as_str() } else { "" };
    let marks = [path.as_str(), id, item.as_str(), cause.code.as_str(), claim];
    result["partialFingerprints"] = json!({FINGERPRINT: fingerprints.of(&marks)});
    if let Some(request) = fault.step.as_ref().and_then(|step| step.request.as_ref()) {
        result["properties"] = json!({"request": printable(&format!("{} {}", request.method, request.url))});
    }
    result
}

fn physical(playbook: &Playbook, place: &Place, checkout: &Checkout) -> Value {
    let mut region = json!({"startLine": place.line, "startColumn": place.column});
    if let Some(end) = end(playbook, place) {
        region["endLine"] = end.line.into();
        region["endColumn"] = end.column.into();
    }
    json!({"artifactLocation": artifact(&checkout.path(&place.path)), "region": region})
}

/// A file as a URI: one in the repository without saying where that is.
fn artifact(path: &str) -> Value {
    let drive = path.as_bytes().get(1) == Some(&b':');
    match path.starts_with('/') || drive {
        true => json!({"uri": format!("file:///{}", encoded(path.trim_start_matches('/')))}),
        false => json!({"uri": encoded(path), "uriBaseId": BASE}),
    }
}

fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// What makes the same result of two runs the same.
#[derive(Default)]
struct Fingerprints(HashMap<String, usize>);

impl Fingerprints {
    /// The fingerprint of what has these marks: the second with the same ones has another.
    fn of(&mut self, marks: &[&str]) -> String {
        let hash = digest(&SHA256, marks.join("\0").as_bytes());
        let text: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let count = self.0.entry(text.clone()).or_default();
        *count += 1;
        format!("{text}:{count}")
    }
}

fn invocation(record: &Record) -> Value {
    let (exit, description) = match record.outcome {
        _ if record.run.interrupted => (130, "interrupted"),
        Outcome::Skipped | Outcome::Passed => (0, "passed"),
        Outcome::Failed => (1, "something failed"),
        Outcome::Errored => (4, "something errored"),
    };
    let whole = exit <= 1;
    let mut invocation = json!({"executionSuccessful": whole, "exitCode": exit, "exitCodeDescription": description});
    if let Some([start, end]) = times(record) {
        invocation["startTimeUtc"] = start.into();
        invocation["endTimeUtc"] = end.into();
    }
    invocation
}

/// When the run began and ended.
fn times(record: &Record) -> Option<[String; 2]> {
    let start = Moment::parse(&record.run.started_at)?;
    let took = Duration::try_from_secs_f64(record.run.duration_ms.0 / 1000.0).ok()?;
    let end = Moment::exact(start.to_system().checked_add(took)?)?;
    let millis = |moment: Moment| moment.format("%Y-%m-%dT%H:%M:%S.%3fZ").ok();
    Some([millis(start)?, millis(end)?])
}
