//! Queries against the compliance tests of RFC 9535, all of which they pass. Where the tests come from:
//! `jsonpath-cts.NOTICE.md`.

use mi_run::query::{Query, Selection};
use serde_json::Value;

#[test]
fn queries_comply() {
    let suite: Value = serde_json::from_str(include_str!("jsonpath-cts.json")).expect("the suite is JSON");
    let tests = suite["tests"].as_array().expect("the suite has a list of tests");
    assert!(tests.len() > 700);
    let findings: Vec<_> =
        tests.iter().filter_map(|test| Some(format!("{}: {}", test["name"], fault(test)?))).collect();
    assert!(findings.is_empty(), "{} of {}:\n{}", findings.len(), tests.len(), findings.join("\n"));
}

/// What is wrong with how a test goes, if anything.
fn fault(test: &Value) -> Option<String> {
    let selector = test["selector"].as_str().expect("a test has a selector");
    let query = match (Query::parse(selector), test["invalid_selector"] == true) {
        (Err(_), true) => return None,
        (Ok(_), true) => return Some(format!("`{selector}` must be refused")),
        (Err(error), false) => return Some(format!("`{selector}` is refused at {}: {error}", error.offset)),
        (Ok(query), false) => query,
    };
    let found: Vec<&Value> = match query.select(&test["document"]).expect("it is within its bounds") {
        Selection::One(found) => found.into_iter().collect(),
        Selection::Many(found) => found,
    };
    let found = Value::from_iter(found.into_iter().cloned());
    let results = test["results"].as_array().cloned().unwrap_or_else(|| vec![test["result"].clone()]);
    let right = results.contains(&found);
    (!right).then(|| format!("`{selector}` gives {found}, not {}", results[0]))
}
