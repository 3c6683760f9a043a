//! The rules of the house that can be read off the sources: who may know whom, behind which door a crate stands, and
//! the size and manner of files. Each test lists every place that breaks its rule.
//!
//! Layers, doors and sizes concern production code: what stands before `#[cfg(test)] mod tests`.

mod code;
mod files;

use regex::Regex;

use crate::folder::Folder;
use crate::program;
use files::{Text, sources, texts};

/// The rooms of `src`, lowest first: a room imports only rooms above it in this list, and never those it must not know.
const ROOMS: [(&str, &[&str]); 25] = [
    ("source", &[]),
    ("secret", &["source"]),
    ("value", &[]),
    ("moment", &["source"]),
    ("pattern", &["source", "value", "moment"]),
    ("nearest", &["source", "value"]),
    ("diagnostic", &[]),
    ("yaml", &[]),
    ("query", &["yaml", "diagnostic", "source"]),
    ("template", &[]),
    ("predicate", &["yaml", "diagnostic", "source"]),
    ("shape", &["yaml", "diagnostic", "source", "template"]),
    ("http", &["yaml", "diagnostic", "template"]),
    ("rbac", &["http", "yaml"]),
    ("azure", &["yaml"]),
    ("identity", &["yaml"]),
    ("doctor", &["yaml"]),
    ("playbook", &[]),
    ("plan", &[]),
    ("lint", &["yaml"]),
    ("event", &["yaml", "playbook", "plan"]),
    ("run", &["yaml", "playbook"]),
    ("report", &["run", "plan", "playbook", "yaml"]),
    ("emulator", &["playbook", "plan", "run", "event", "report"]),
    ("cli", &[]),
];

/// Crates and parts of the standard library, and the only places in `src` that may name them.
const DOORS: [(&str, &[&str]); 35] = [
    ("annotate_snippets", &["diagnostic/render"]),
    ("clap", &["cli", "main.rs"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("http_body_util", &["emulator"]),
    ("hyper", &["emulator"]),
    ("hyper_util", &["emulator"]),
    ("indicatif", &["cli"]),
    ("jiff", &["moment", "emulator"]),
    ("jsonpath_rust", &["query"]),
    ("jsonschema", &["shape"]),
    ("memchr", &["event/redact"]),
    ("minijinja", &["template"]),
    ("miniz_oxide", &["rbac/catalogue"]),
    ("num_bigint", &["emulator/key"]),
    ("openssl_probe", &["cli"]),
    ("opentelemetry_proto", &["report"]),
    ("prost", &["report"]),
    ("pest", &["query"]),
    ("quick_xml", &["report/junit"]),
    ("rcgen", &["emulator"]),
    ("reqwest", &["http/client"]),
    ("rustix", &["cli"]),
    ("rustls", &["http", "emulator"]),
    ("rustls_native_certs", &["http"]),
    ("serde_yaml", &["yaml"]),
    ("futures_util", &["run"]),
    ("strsim", &["nearest"]),
    ("tokio", &["http", "azure", "identity", "run", "emulator", "cli", "main.rs"]),
    ("tokio_rustls", &["emulator"]),
    ("zeroize", &["secret", "event/redact", "identity"]),
    ("std::net", &["http", "azure", "identity", "run", "emulator", "cli"]),
    ("std::fs", &["http", "identity", "run", "report", "emulator", "cli"]),
    ("std::env", &["emulator", "cli", "main.rs"]),
    ("std::process", &["identity", "cli", "main.rs"]),
];

/// Crates that any room may name, because they are vocabulary and not a decision.
const EVERYWHERE: [&str; 7] = ["base64", "bytes", "regex", "ring", "schemars", "serde", "serde_json"];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 8] = ["util", "helper", "common", "misc", "manager", "handler", "stuff", "shared"];

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const PARAMETERS: usize = 4;

/// Functions whose parameters a trait of somebody else's gives.
const GIVEN: [&str; 1] = ["verify_server_cert"];

#[test]
fn a_room_imports_only_rooms_above_it() {
    all(sources("src"), |text| layers(&text.path, &code::production(&text.body)));
}

#[test]
fn a_crate_is_named_behind_its_door_only() {
    let production = sources("src").into_iter().filter(|text| !text.path.ends_with("/tests.rs"));
    all(production.collect(), |text| doors(&text.path, &code::production(&text.body)));
}

#[test]
fn every_dependency_has_its_place() {
    let manifest = texts().into_iter().find(|text| text.path == "Cargo.toml").expect("there is a Cargo.toml");
    let section = manifest.body.split("\n[").find_map(|section| section.strip_prefix("dependencies]\n"));
    let names = section.into_iter().flat_map(str::lines).filter_map(|line| line.split_once(" = "));
    let names: Vec<_> = names.map(|(name, _)| name.replace('-', "_")).collect();
    assert!(!names.is_empty(), "Cargo.toml has no dependencies");
    let known = |name: &String| EVERYWHERE.contains(&name.as_str()) || DOORS.iter().any(|(door, _)| door == name);
    let homeless: Vec<_> = names.into_iter().filter(|name| !known(name)).collect();
    assert!(homeless.is_empty(), "neither in DOORS nor in EVERYWHERE: {homeless:?}");
}

#[test]
fn a_file_says_at_its_top_what_is_in_it() {
    let check = |text: &Text| {
        let says = text.body.strip_prefix("//! ").is_some_and(|rest| !rest.trim_start().is_empty());
        if says { Vec::new() } else { vec!["1: the file does not open with `//! …`".to_owned()] }
    };
    all(rust(), check);
}

#[test]
fn files_and_functions_are_short() {
    let is_test = |text: &Text| text.path.starts_with("src/") && text.path.ends_with("/tests.rs");
    let production = rust().into_iter().filter(|text| !is_test(text));
    all(production.collect(), |text| sizes(&code::production(&text.body)));
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = [r"TO-DO\b", r"FIX-ME\b", r"XX-X\b", r"HA-CK\b", "to-do!", "unimplem-ented!"];
    let pattern = format!(r"\b(?:{})", marks.join("|").replace('-', ""));
    let pattern = Regex::new(&pattern).expect("words are a pattern");
    all(texts(), |text| found(text, &pattern, "is a mark of unfinished work"));
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    let pattern =
        ["/root", "/home", "/Users", r"[A-Z]:\\Users"].map(|root| format!(r"(?:^|[^\w.]){root}[/\\]")).join("|");
    let pattern = Regex::new(&pattern).expect("paths are a pattern");
    all(texts(), |text| found(text, &pattern, "is a path of one machine"));
}

#[test]
fn names_say_something() {
    let says_nothing = |name: &str| {
        name.split('_')
            .any(|word| EMPTY_NAMES.contains(&word) || EMPTY_NAMES.iter().any(|empty| word == format!("{empty}s")))
    };
    let module = Regex::new(r"\bmod (\w+)").expect("it is a pattern");
    all(rust(), |text| {
        let steps = text.path.trim_end_matches(".rs").split('/').map(str::to_owned);
        let blank = code::blank(&text.body);
        let modules: Vec<_> = module.captures_iter(&blank).map(|found| found[1].to_owned()).collect();
        let empty = steps.chain(modules).filter(|name| says_nothing(name));
        empty.map(|name| format!("1: the name `{name}` says nothing")).collect()
    });
}

#[test]
fn every_diagnostic_code_is_explained() {
    let codes = codes();
    assert!(!codes.is_empty(), "no code was found");
    let folder = Folder::new().unwrap();
    let explained = |code: &String| {
        let printed = program::run(&folder, &[], &["explain".to_owned(), code.clone()]).unwrap();
        printed.exit == "0" && !printed.stdout.is_empty()
    };
    let silent: Vec<_> = codes.into_iter().filter(|code| !explained(code)).collect();
    assert!(silent.is_empty(), "`mi-run explain` says nothing about {silent:?}");
}

/// The codes of all diagnostics there are.
fn codes() -> Vec<String> {
    let pattern = Regex::new(r#"Diagnostic::(?:error|warning)\(\s*"([a-z-]+)""#).expect("it is a pattern");
    let bodies: Vec<String> = sources("src").iter().map(|text| code::production(&text.body)).collect();
    let found = bodies.iter().flat_map(|body| pattern.captures_iter(body));
    let mut codes: Vec<_> = found.map(|found| found[1].to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Every Rust file of the repository.
fn rust() -> Vec<Text> {
    let texts: Vec<_> = texts().into_iter().filter(|text| text.path.ends_with(".rs")).collect();
    assert!(!texts.is_empty(), "there are no sources");
    texts
}

/// Applies a rule, whose findings begin with a line number, to every file.
#[track_caller]
fn all(texts: Vec<Text>, rule: impl Fn(&Text) -> Vec<String>) {
    let findings = |text: &Text| rule(text).into_iter().map(|finding| format!("{}:{finding}\n", text.path)).collect();
    let findings: Vec<String> = texts.iter().map(findings).filter(|text: &String| !text.is_empty()).collect();
    assert!(findings.is_empty(), "\n{}", findings.concat());
}

fn found(text: &Text, pattern: &Regex, what: &str) -> Vec<String> {
    let lines = text.body.lines().enumerate();
    let found = lines.filter_map(|(at, line)| Some((at, pattern.find(line)?.as_str())));
    found.map(|(at, mark)| format!("{}: `{mark}` {what}", at + 1)).collect()
}

/// The imports of a file under `src` that go the wrong way.
fn layers(path: &str, body: &str) -> Vec<String> {
    let Some(path) = path.strip_prefix("src/").filter(|path| *path != "lib.rs") else {
        return Vec::new();
    };
    let room = if path == "main.rs" { "cli" } else { path.split(['/', '.']).next().unwrap_or_default() };
    let place = |name: &str| ROOMS.iter().position(|(room, _)| *room == name);
    let Some(own) = place(room) else {
        return vec![format!("1: `{room}` is not in the table of rooms")];
    };
    let mut findings = Vec::new();
    for (line, name) in code::imports(&code::blank(body), code::depth(path)) {
        match place(&name) {
            None => findings.push(format!("{line}: `{name}` is not a room, and imports name the room a thing is in")),
            Some(other) if other > own => {
                findings.push(format!("{line}: `{room}` is above `{name}` and must not import it"))
            }
            Some(_) if ROOMS[own].1.contains(&name.as_str()) => {
                findings.push(format!("{line}: `{room}` must not know `{name}`"));
            }
            Some(_) => {}
        }
    }
    findings
}

/// The crates that a file under `src` names and should not.
fn doors(path: &str, body: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/");
    let body = code::blank(body);
    let mut findings = Vec::new();
    for (name, places) in DOORS {
        let is_inside = |place: &&str| {
            path.strip_prefix(*place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
        };
        if places.iter().any(is_inside) {
            continue;
        }
        // Most files do not name most crates, and compiling the pattern is what takes time.
        if !body.contains(name) {
            continue;
        }
        let pattern = format!(r"(?m)(?:^|[^:\w.])(?:::)?{name}\s*::|\buse\s+(?:::)?{name}\b");
        let pattern = Regex::new(&pattern).expect("a path is a pattern");
        let lines = pattern.find_iter(&body).map(|found| code::line(&body, found.end()));
        findings.extend(lines.map(|line| format!("{line}: `{name}` may be named in {places:?} only")));
    }
    findings
}

/// What is too long in a file.
fn sizes(body: &str) -> Vec<String> {
    let lines = body.lines().count();
    let mut findings = Vec::new();
    if lines >= FILE_LINES {
        findings.push(format!("{lines}: the file is not under {FILE_LINES} lines: cut it by noun"));
    }
    for function in code::functions(&code::blank(body)) {
        let code::Function { name, line, lines, parameters } = function;
        if lines >= FUNCTION_LINES {
            findings.push(format!("{line}: `{name}` has {lines} lines, not under {FUNCTION_LINES}"));
        }
        if parameters > PARAMETERS && !GIVEN.contains(&name.as_str()) {
            findings.push(format!("{line}: `{name}` has {parameters} parameters, more than {PARAMETERS}"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_the_wrong_way_are_found() {
        #[track_caller]
        fn check(path: &str, body: &str, expected: &[&str]) {
            assert_eq!(layers(path, body), expected, "{path}: {body}");
        }
        check("src/yaml/mod.rs", "use crate::source::Span;", &[]);
        check("src/source.rs", "use crate::yaml::Node;", &["1: `source` is above `yaml` and must not import it"]);
        check("src/source.rs", "use super::yaml::Node;", &["1: `source` is above `yaml` and must not import it"]);
        check(
            "src/yaml/node.rs",
            "use super::Tree;\nuse super::super::run;",
            &["2: `yaml` is above `run` and must not import it"],
        );
        check("src/http/client.rs", "use crate::{source, yaml::{Node}};", &["1: `http` must not know `yaml`"]);
        check(
            "src/report/json.rs",
            "use crate::event;\nfn f(x: crate::plan::Plan) {}",
            &["2: `report` must not know `plan`"],
        );
        check("src/report/json.rs", "// crate::plan\n/// [`crate::run`]\nconst X: &str = \"crate::run\";", &[]);
        check("src/main.rs", "mod cli; use mi_run::report; fn main() { cli::run() }", &[]);
        check(
            "src/run/mod.rs",
            "use crate::Plan;",
            &["1: `Plan` is not a room, and imports name the room a thing is in"],
        );
        check("src/extra.rs", "", &["1: `extra` is not in the table of rooms"]);
    }

    #[test]
    fn crates_outside_their_door_are_found() {
        #[track_caller]
        fn check(path: &str, body: &str, expected: &[usize]) {
            let lines: Vec<usize> = doors(path, body).iter().map(|line| line[..1].parse().unwrap()).collect();
            assert_eq!(lines, expected, "{path}: {body}");
        }
        check("src/yaml/parse.rs", "use serde_yaml::Value;", &[]);
        check("src/yamls.rs", "use serde_yaml::Value;", &[1]);
        check("src/value.rs", "fn f() {\n ::serde_yaml::from_str(\"\")\n}", &[2]);
        check("src/cli/args.rs", "#[derive(clap::Parser)]", &[]);
        check("src/run/mod.rs", "#[derive(clap::Parser)]", &[1]);
        check("src/http/client.rs", "use reqwest;", &[]);
        check("src/http/request.rs", "use reqwest;", &[1]);
        check("src/plan/mod.rs", "use std::fs;\nuse crate::tokio::x; // tokio::x", &[1]);
    }

    #[test]
    fn long_things_are_found() {
        let long = |lines: usize| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(lines));
        assert_eq!(sizes(&long(57)), [""; 0]);
        assert_eq!(sizes(&long(58)), ["1: `f` has 60 lines, not under 60"]);
        assert_eq!(sizes("fn f(&self, a: A, b: b::B, c: fn(d: D, e: E), d: D) {}"), [""; 0]);
        assert_eq!(sizes("fn f(a: A, b: B, c: C, d: D, e: E) {}"), ["1: `f` has 5 parameters, more than 4"]);
        assert_eq!(sizes(&"x\n".repeat(400)), ["400: the file is not under 400 lines: cut it by noun"]);
    }
}
