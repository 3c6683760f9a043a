//! Answers that are nested so that what looks into them comes to far more than they hold: queries that find one thing inside
//! the other, schemas that refer to themselves, patterns that go back. But for the last ones, each playbook is an honest one.

use super::peer::{Server, good};
use super::servers::run;

/// What a step says of its answer, the answer, and what comes of it.
struct Case {
    name: &'static str,
    step: &'static str,
    body: fn() -> String,
    outcome: &'static str,
    words: &'static str,
}

/// A schema of trees, as people write them: each node is a leaf, or holds others in one of two ways.
const TREE: &str = r##"{"$defs": {"node": {"anyOf": [
    {"type": "string"},
    {"type": "object", "properties": {"id": {"$ref": "#/$defs/node"}}, "required": ["id"]},
    {"type": "object", "properties": {"id": {"$ref": "#/$defs/node"}}, "required": ["ids"]}
]}}, "$ref": "#/$defs/node"}"##;

/// A schema that means no good: each part holds the next one twice, and the last one never holds.
fn twice() -> String {
    let part = |at: usize| {
        format!(r##""d{at}": {{"anyOf": [{{"$ref": "#/$defs/d{0}"}}, {{"$ref": "#/$defs/d{0}"}}]}}"##, at + 1)
    };
    let parts: Vec<_> = (0..60).map(part).collect();
    format!(r##"{{"$ref": "#/$defs/d0", "$defs": {{{}, "d60": false}}}}"##, parts.join(", "))
}

/// One whose pattern goes back in a long text.
const RESTLESS: &str = r#"{"items": {"not": {"pattern": "^((?=a)a|(?=a)aa)+$"}}}"#;

/// Maps one inside the other, with this at the end.
fn chain(end: &str) -> String {
    let depth = 120;
    format!("{}{end}{}", r#"{"id":"#.repeat(depth), "}".repeat(depth))
}

/// Long texts, which keep a pattern that is at many places at once busy for hours.
fn texts() -> String {
    format!(r#"["{}"]"#, "abbabaab".repeat(200_000))
}

fn chains(count: usize) -> String {
    format!("[{}]", vec![chain("1"); count].join(","))
}

fn cases() -> Vec<Case> {
    let case = |name, step, body: fn() -> String, (outcome, words)| Case { name, step, body, outcome, words };
    let much = ("errored", "too-much-work");
    let fine = ("passed", "");
    vec![
        case("captures", "    capture: {all: $..id}\n", || chains(2_000), much),
        case("asserts", "    expect: {json: {$..id: {any: {equals: 1}}}}\n", || chains(2_000), much),
        case("filters", "    expect: {json: {'$..[?count(@..id) == 5]': {empty: true}}}\n", || chains(2_000), much),
        case("captures-few", "    capture: {few: $..id}\n", || chains(25), fine),
        case("asserts-few", "    expect: {json: {$..id: {any: {equals: 1}}}}\n", || chains(25), fine),
        case(
            "templates",
            "    capture: {length: '{{ json | jsonpath(\"$..id\") | length }}'}\n",
            || chains(2_000),
            ("errored", "too much work"),
        ),
        case(
            "judges",
            "    expect: {schema: tree.json}\n",
            || chain("1"),
            ("failed", "it does not fit, and to find where takes too long"),
        ),
        case("judges-good", "    expect: {schema: tree.json}\n", || chain("\"x\""), fine),
        case("matches", "    expect: {json: {'$': {any: {matches: '[ab]*a[ab]{2000}c'}}}}\n", texts, much),
        case("searches", "    expect: {json: {\"$[?search(@, '[ab]*a[ab]{2000}c')]\": {empty: true}}}\n", texts, much),
        case("finds", "    capture: {c: {regex: '[ab]*a[ab]{2000}c'}}\n", texts, much),
        case("judges-twice", "    expect: {schema: twice.json}\n", || "1".to_owned(), much),
        case(
            "judges-texts",
            "    expect: {schema: restless.json}\n",
            || format!(r#"["{}{}"]"#, "a".repeat(21), "0".repeat(60_000)),
            much,
        ),
    ]
}

#[test]
fn however_an_answer_is_nested_what_looks_into_it_is_bounded() {
    let cases = cases();
    let servers: Vec<Server> = cases.iter().map(|case| Server::answering(good(&(case.body)()))).collect();
    let mut playbook = "cloud: china\nsteps:\n".to_owned();
    for (Case { name, step, .. }, server) in cases.iter().zip(&servers) {
        playbook.push_str(&format!("  - name: {name}\n    request: GET {}/x\n{step}", server.url()));
    }
    let found = run(&playbook, &[("tree.json", TREE), ("twice.json", &twice()), ("restless.json", RESTLESS)]);
    assert_eq!(found.len(), cases.len());
    for (case, (name, outcome, told)) in cases.iter().zip(&found) {
        let said = told.get(..2000).unwrap_or(told);
        assert_eq!((case.name, case.outcome), (name.as_str(), outcome.as_str()), "{said}");
        assert!(told.contains(case.words), "{name}: {said}");
    }
}
