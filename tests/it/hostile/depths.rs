//! Answers that are nested so that what looks into them comes to far more than they hold: queries that find one thing inside
//! the other, schemas that refer to themselves. Each playbook is an honest one.

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

/// Maps one inside the other, with this at the end.
fn chain(end: &str) -> String {
    let depth = 120;
    format!("{}{end}{}", r#"{"id":"#.repeat(depth), "}".repeat(depth))
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
    let found = run(&playbook, &[("tree.json", TREE)]);
    assert_eq!(found.len(), cases.len());
    for (case, (name, outcome, told)) in cases.iter().zip(&found) {
        let said = told.get(..2000).unwrap_or(told);
        assert_eq!((case.name, case.outcome), (name.as_str(), outcome.as_str()), "{said}");
        assert!(told.contains(case.words), "{name}: {said}");
    }
}
