//! The order that data gives: whatever runs beside what, the report says the same.

use std::collections::HashSet;
use std::path::Path;

use mi_run::source::Sources;
use proptest::prelude::*;
use serde_json::Value;

use crate::folder::Folder;
use crate::offline::plan;
use crate::program::run;

/// Steps that capture, use, fail, wait, loop and nest; `N` becomes the step's own number, `B` that of one before it.
const KINDS: [&str; 12] = [
    "- {token: arm, capture: {cN: $.oid}}",
    "- {request: \"GET {{ sub }}/resourceGroups/DevTest\", capture: {cN: $.name}}",
    "- {request: \"GET {{ sub }}/resourceGroups/Prod\", expect: denied, capture: {cN: \"{{ status }}\"}}",
    "- {request: \"GET {{ sub }}/resourceGroups/{{ cB }}\", capture: {cN: $.name}}",
    "- {request: {method: DELETE, url: \"{{ sub }}/resourceGroups/{{ cB }}\"}, expect: denied, capture: {cN: \"{{ status }}\"}}",
    "- {set: {cN: \"{{ cB }}-\"}}",
    "- {assert: [\"cB is string\"]}\n- {set: {cN: 1}}",
    "- {id: sN, when: \"cB is string\", set: {cN: x}}\n- {needs: sN, assert: [\"true\"]}",
    "- {for_each: [DevTest, Prod, None], request: \"GET {{ sub }}/resourceGroups/{{ item }}?b={{ cB | to_json | urlencode }}\", \
     expect: {status: [200, 403]}, capture: {cN: \"{{ status }}\"}}",
    "- name: group N\n  steps:\n  - {set: {cN: \"{{ cB }}\"}}\n  - {request: \"GET {{ sub }}/resourceGroups/DevTest\"}",
    "- for_each: {a: [1, 2], b: [x, y]}\n  steps:\n  - {set: {cN: \"{{ item.a }}{{ item.b }}\"}}\n  \
     - {assert: [\"cN == item.a ~ item.b\", \"item.a < 2\"]}",
    "- {request: \"GET {{ sub }}/resourceGroups/DevTest\", expect: {json: {$.name: \"{{ cB }}\"}}, capture: {cN: $.location}}",
];

/// A playbook of such steps.
fn playbook(kinds: &[(usize, usize)]) -> String {
    let mut text = "cloud: china\ndefaults: {api_version: \"2021-04-01\"}\n\
                    vars: {sub: /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861}\nsteps:\n\
                    - {set: {c0: DevTest}}\n"
        .to_owned();
    for (at, (kind, before)) in kinds.iter().enumerate() {
        let step = KINDS[*kind].replace("cB", &format!("c{}", before % (at + 1)));
        let step = step.replace("cN", &format!("c{}", at + 1)).replace("sN", &format!("s{}", at + 1));
        text.push_str(&step.replace("group N", &format!("group {}", at + 1)));
        text.push('\n');
    }
    text
}

/// What does not depend on the clock, the dice and the ports.
fn steady(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let passing = ["id_of_run", "started_at", "headers", "request_id", "correlation_id", "waited_for"];
            members.retain(|key, _| !key.ends_with("_ms") && !passing.contains(&key.as_str()));
            members.values_mut().for_each(steady);
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        Value::String(text) => {
            if let Some(at) = text.find("http://127.0.0.1:") {
                let port = text[at + 17..].bytes().take_while(u8::is_ascii_digit).count();
                text.replace_range(at + 17..at + 17 + port, "port");
            }
        }
        _ => {}
    }
}

fn report(folder: &Folder, jobs: &str) -> Value {
    let arguments = ["a.yaml", "--emulate", "--jobs", jobs, "--report", "json=out.json", "--quiet"];
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let printed = run(folder, &[], &arguments).expect("it ends");
    let errors = String::from_utf8_lossy(&printed.stderr).into_owned();
    let text = std::fs::read_to_string(folder.work.join("out.json")).unwrap_or_else(|_| panic!("{errors}"));
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    report["run"]["id"] = Value::Null;
    steady(&mut report);
    report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn reports_are_the_same_however_many_steps_run_at_a_time(
        kinds in prop::collection::vec((0..KINDS.len(), 0..100_usize), 1..12),
    ) {
        let folder = Folder::new().expect("a folder");
        let text = playbook(&kinds);
        folder.write("a.yaml", text.as_bytes()).expect("written");
        let alone = report(&folder, "1");
        let together = report(&folder, "32");
        prop_assert_eq!(&alone, &together, "{}\n{:#}\n{:#}", text, alone, together);
    }
}

#[test]
fn refusals_behind_many_steps_wait_for_all_of_them_by_way_of_few() {
    let step =
        |number: usize, expect: &str| format!("- {{request: GET /s/{number}?api-version=1, expect: {expect}}}\n");
    let reads: String = (0..300).map(|number| step(number, "200")).collect();
    let refusals: String = (300..600).map(|number| step(number, "denied")).collect();
    let text = format!("cloud: public\nsteps:\n{reads}{refusals}");
    let plan = plan(Path::new("a.yaml"), &text, &mut Sources::new());
    let mut before: Vec<HashSet<usize>> = Vec::new();
    for step in &plan.steps {
        let own = step.waits.iter().map(|wait| wait.step);
        before.push(own.clone().chain(own.flat_map(|other| before[other].iter().copied())).collect());
    }
    for behind in &before[300..] {
        assert!((0..300).all(|read| behind.contains(&read)));
    }
    assert!(plan.steps.iter().map(|step| step.waits.len()).sum::<usize>() < 1_000);
}
