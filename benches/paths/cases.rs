//! The paths: what is made ready for each, and what is measured.

use std::hint::black_box;
use std::io;
use std::io::sink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use mi_run::diagnostic::Diagnostics;
use mi_run::event::redact::Redactor;
use mi_run::event::{Event, Record, Sink as _};
use mi_run::lint;
use mi_run::predicate::{Actual, Predicate};
use mi_run::query::Query;
use mi_run::report::checkout::Checkout;
use mi_run::report::{curl, har, html, json, jsonl, junit, markdown, otlp, read, sarif, tap};
use mi_run::shape::Shape;
use mi_run::template::{Files, Scope, Template};
use serde_json::Value;

use crate::Outcome;
use crate::run::{Screen, Text};
use crate::work::{HEAD, TOKEN, groups, list, looped, numbered};

/// What is measured, everything else being ready.
pub(crate) type Work = Box<dyn FnOnce()>;

/// A path at one size.
pub(crate) struct Case {
    pub(crate) path: &'static str,
    pub(crate) size: usize,
    ready: Ready,
}

impl Case {
    /// How it stands in the baseline.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.path, self.size)
    }

    /// Makes everything ready.
    pub(crate) fn prepare(&self) -> Work {
        (self.ready)(self.size)
    }
}

/// Makes a path ready at a size.
type Ready = fn(usize) -> Work;

/// The paths, and the smaller of the two sizes of each.
const PATHS: &[(&str, usize, Ready)] = &[
    ("parse", 500, parse),
    ("plan", 500, plan),
    ("lint", 500, lint),
    ("template parse", 500, template_parse),
    ("template render", 500, template_render),
    ("query parse", 500, query_parse),
    ("query", 2_000, query),
    ("assertion", 2_000, assertion),
    ("schema", 2_000, schema),
    ("redaction", 2_000, redaction),
    ("run of steps", 100, run_steps),
    ("run of a loop", 100, run_loop),
    ("record", 200, record),
    ("report console", 200, console),
    ("report curl", 200, |size| rendered(size, curl::write)),
    ("report har", 200, |size| rendered(size, har::write)),
    ("report html", 200, |size| rendered(size, html::write)),
    ("report json", 200, |size| report(size, |record| json::write(record, &mut sink()).expect("nothing fails"))),
    ("report jsonl", 200, |size| {
        report(size, |record| record.replay(&mut |event| drop(black_box(jsonl::render(&event)))))
    }),
    ("report junit", 200, |size| rendered(size, junit::write)),
    ("report markdown", 200, |size| rendered(size, markdown::write)),
    ("report otlp", 200, |size| report(size, |record| otlp::batches(record).for_each(|batch| drop(black_box(batch))))),
    ("report sarif", 200, |size| rendered(size, |record, out| sarif::write((record, &Checkout::default()), out))),
    ("report tap", 200, |size| rendered(size, tap::write)),
];

/// How many times as large the larger size is.
pub(crate) const STEP: usize = 4;

/// All paths, each at its smaller and its larger size.
pub(crate) fn pairs() -> impl Iterator<Item = [Case; 2]> {
    PATHS.iter().map(|(path, size, ready)| [*size, STEP * size].map(|size| Case { path, size, ready: *ready }))
}

/// Makes a path ready at any size, and carries it out or not: what both differ by is its cost.
pub(crate) fn once(name: &str, whole: bool) -> Outcome {
    let (path, size) = name.split_once('/').ok_or("a path and its size are wanted, such as `parse/500`")?;
    let (.., ready) = PATHS.iter().find(|(known, ..)| *known == path).ok_or("there is no such path")?;
    let work = ready(size.parse()?);
    if whole {
        work()
    } else {
        std::mem::forget(work)
    }
    Ok(())
}

fn parse(size: usize) -> Work {
    let mut text = Text::new(written(size));
    Box::new(move || drop(black_box(text.read())))
}

fn plan(size: usize) -> Work {
    let mut text = Text::new(written(size));
    let documents = text.read();
    Box::new(move || drop(black_box(text.build(documents))))
}

fn lint(size: usize) -> Work {
    let mut text = Text::new(written(size));
    let plan = text.plan();
    Box::new(move || {
        let mut found = Diagnostics::new();
        lint::lint(&plan, &mut text.sources, (SystemTime::UNIX_EPOCH, &mut found));
        black_box(found);
    })
}

/// A playbook that asks for a token and reads groups.
fn written(size: usize) -> String {
    HEAD.to_owned() + TOKEN + &groups(numbered(size, "group"))
}

/// Templates as playbooks have them.
fn template(number: usize) -> String {
    format!(
        "/subscriptions/{{{{ subscription }}}}/resourceGroups/{{{{ group | lower }}}}-{number}?api-version=2021-04-01"
    )
}

fn template_parse(size: usize) -> Work {
    let texts: Vec<String> = (0..size).map(template).collect();
    Box::new(move || texts.iter().for_each(|text| drop(black_box(Template::parse(text)))))
}

fn template_render(size: usize) -> Work {
    let template = Template::parse(&template(0)).expect("it is a template");
    Box::new(move || (0..size).for_each(|_| drop(black_box(template.render(&Names).expect("it has its names")))))
}

/// Gives every name the same value.
struct Names;

impl Scope for Names {
    fn get(&self, _: &str) -> Option<Arc<Value>> {
        Some(Arc::new(Value::from("DevTest")))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self) -> [u8; 16] {
        [0; 16]
    }

    fn files(&self) -> Option<Files> {
        None
    }
}

fn query_parse(size: usize) -> Work {
    let texts: Vec<String> = (0..size).map(|number| format!("$.value[?@.name == 'data{number}']..location")).collect();
    Box::new(move || texts.iter().for_each(|text| drop(black_box(Query::parse(text).expect("it is a query")))))
}

/// The long list as a value.
fn listed(size: usize) -> Value {
    serde_json::from_str(&list(size)).expect("it is JSON")
}

fn query(size: usize) -> Work {
    let texts = ["$.value[?@.name == 'data0'].location", "$..tier", "$.value[*].sku.name", "$.value[-1].name"];
    let queries = texts.map(|text| Query::parse(text).expect("it is a query"));
    let value = listed(size);
    Box::new(move || queries.iter().for_each(|query| drop(black_box(query.select(&value)))))
}

fn schema(size: usize) -> Work {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {"value": {"type": "array", "items": {"$ref": "#/$defs/account"}}},
        "required": ["value"],
        "$defs": {
            "account": {
                "type": "object",
                "required": ["id", "name", "sku"],
                "properties": {
                    "id": {"type": "string", "pattern": "^/subscriptions/"},
                    "location": {"enum": ["chinanorth", "chinaeast"]},
                    "sku": {"properties": {"tier": {"const": "Standard"}}, "additionalProperties": {"type": "string"}},
                },
            },
        },
    });
    let shape = Shape::compile(&schema, &|path| Err(path.to_owned())).expect("it is a schema");
    let value = listed(size);
    Box::new(move || assert!(shape.judge(&value).is_ok_and(|misses| misses.is_empty())))
}

fn assertion(size: usize) -> Work {
    let part = serde_json::json!({"location": "chinanorth", "tags": {"team": "web"}});
    let each = Predicate::Every(Box::new(Predicate::Includes(part)));
    let kind = Predicate::Any(Box::new(Predicate::Equals(Value::Null)));
    let count = Predicate::Count(Box::new(Predicate::AtLeast(Value::from(size))));
    let (value, predicate) = (listed(size), Predicate::All(vec![each, kind, count]));
    Box::new(move || drop(black_box(predicate.judge(&Actual::One(&value["value"])))))
}

/// A long body and three secrets, of which one stands in it once for each thousand items.
fn redaction(size: usize) -> Work {
    let mut redactor = Redactor::default();
    let secrets = ["a/secret+of=the run", "another secret, and a longer one", "data1000"];
    secrets.iter().for_each(|secret| redactor.hide(secret));
    let body = list(size);
    Box::new(move || drop(black_box(redactor.text(&body).into_owned())))
}

fn run_steps(size: usize) -> Work {
    let mut text = Text::new(written(size));
    let plan = text.plan();
    Box::new(move || drop(black_box(text.run(plan, false))))
}

fn run_loop(size: usize) -> Work {
    let mut text = Text::new(HEAD.to_owned() + &looped(size));
    let plan = text.plan();
    Box::new(move || drop(black_box(text.run(plan, false))))
}

/// A run whose record is kept, in which every tenth step fails.
fn record(size: usize) -> Work {
    let mut text = Text::new(failing(size));
    let plan = text.plan();
    Box::new(move || drop(black_box(text.run(plan, true))))
}

fn failing(size: usize) -> String {
    let fails = |number: usize| if number % 10 == 9 { "        $.location: chinaeast\n" } else { "" };
    let steps = numbered(size, "group").enumerate().map(|(number, group)| crate::work::read(&group, fails(number)));
    HEAD.to_owned() + TOKEN + &steps.collect::<String>()
}

/// What a report takes of a record that was read.
fn report(size: usize, render: fn(&Record)) -> Work {
    let record = recorded(size);
    Box::new(move || render(&record))
}

/// What it takes to write a report into memory.
fn rendered(size: usize, write: fn(&Record, &mut dyn io::Write) -> io::Result<()>) -> Work {
    let record = recorded(size);
    Box::new(move || {
        let mut text = Vec::new();
        write(&record, &mut text).expect("memory takes everything");
        black_box(text);
    })
}

fn console(size: usize) -> Work {
    let record = recorded(size);
    Box::new(move || {
        let mut screen = Screen::new();
        record.replay(&mut |event: Event| screen.take(&event));
    })
}

/// Where the record of a run of this size stands.
fn place(size: usize) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("record-{size}.json"))
}

/// Writes the records that reports are made of. Read, they are ready sooner than run again, which counts under valgrind.
pub(crate) fn keep_records() -> Outcome {
    for case in pairs().flatten().filter(|case| case.path == "report console") {
        let mut text = Text::new(failing(case.size));
        let plan = text.plan();
        let record = text.run(plan, true).ok_or("no record was kept")?;
        json::write(&record, &mut std::fs::File::create(place(case.size))?)?;
    }
    Ok(())
}

fn recorded(size: usize) -> Record {
    let bytes = std::fs::read(place(size)).expect("the record was written before");
    read::read(&bytes).expect("it is a report")
}
