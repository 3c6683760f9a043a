//! What is fuzzed, given what it was given before: the seeds, among them all that a fuzzer ever found; the compliance tests of
//! JSONPath; the YAML test suite. Nothing panics, and the laws that the targets assert hold.

#[allow(unreachable_pub)]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use serde_json::Value;

use crate::folder::repository;

/// Gives an input to a target; what it said where it panicked.
fn failure(target: &str, name: &str, bytes: &[u8]) -> Option<String> {
    let caught = catch_unwind(AssertUnwindSafe(|| targets::fuzz(target, bytes)));
    let said = caught.err()?.downcast::<String>().map_or_else(|_| "it panics".to_owned(), |said| *said);
    Some(format!("{target}: {name}: {said}\n"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = repository().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("it is there").path()).filter(|path| path.is_file()).collect()
}

#[test]
fn no_seed_breaks_its_target() {
    let mut failures = String::new();
    for (target, _) in targets::TARGETS {
        let mut seeds = files(&format!("fuzz/seeds/{target}"));
        seeds.extend(match target {
            "playbook" => [files("playbooks"), files("playbooks/tour")].concat(),
            "world" => files("playbooks/worlds"),
            _ => Vec::new(),
        });
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            let bytes = fs::read(&seed).expect("it is read");
            failures.extend(failure(target, &seed.display().to_string(), &bytes));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_target_is_a_program_and_has_seeds() {
    let names: Vec<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |paths: Vec<PathBuf>| {
        let mut stems: Vec<_> = paths.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
        stems.sort();
        stems
    };
    assert_eq!(stems(files("fuzz/fuzz_targets")), names);
    let manifest = fs::read_to_string(repository().join("fuzz/Cargo.toml")).expect("it is there");
    names.iter().for_each(|name| assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}"));
}

#[test]
fn no_query_of_the_compliance_tests_breaks_the_search() {
    let suite: Value = serde_json::from_str(include_str!("jsonpath-cts.json")).expect("the suite is JSON");
    let tests = suite["tests"].as_array().expect("the suite has a list of tests");
    let each = |test: &Value| {
        let input = format!("{}\n{}", test["selector"].as_str()?, test["document"]);
        failure("query", &test["name"].to_string(), input.as_bytes())
    };
    let failures: String = tests.iter().filter_map(each).collect();
    assert!(failures.is_empty() && tests.len() > 700, "{failures}");
}

/// Every input of the suite goes through all that `check` does, as a playbook, as one value of a playbook, and as a world.
#[test]
fn no_input_of_the_yaml_test_suite_breaks_a_reader() {
    let mut failures = String::new();
    for test in yaml_suite() {
        let (name, text) = (test["id"].to_string(), test["yaml"].as_str().unwrap_or_default());
        let inside: String = text.lines().map(|line| format!("      {line}\n")).collect();
        let inside = format!("steps:\n  - set:\n     x:\n{inside}");
        for (target, text) in [("playbook", text), ("playbook", &inside), ("world", text), ("template", text)] {
            failures.extend(failure(target, &name, text.as_bytes()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn yaml_suite() -> Vec<Value> {
    let suite: Value = serde_json::from_str(include_str!("yaml-test-suite.json")).expect("the suite is JSON");
    let tests = suite["tests"].as_array().expect("the suite has a list of tests").clone();
    assert!(tests.len() > 400);
    tests
}
