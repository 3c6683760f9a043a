//! What comes from others: the table of dependencies is that of `Cargo.toml`, and the fuzzers are locked to what is released.

use std::collections::{BTreeMap, BTreeSet};

use crate::folder::repository;

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_table_of_dependencies_is_that_of_the_manifest() {
    let manifest = read("Cargo.toml");
    let own = manifest.split("\n[").filter(|section| {
        section.starts_with("dependencies]") || section.starts_with("target.") && section.contains(".dependencies]")
    });
    let declared = own.flat_map(str::lines).filter_map(|line| line.split_once(" = "));
    let declared: BTreeSet<String> = declared
        .map(|(name, rest)| match rest.split_once("package = \"") {
            Some((_, package)) => package.split('"').next().unwrap_or_default().to_owned(),
            None => name.to_owned(),
        })
        .collect();
    let table = read("docs/dependencies.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut named = BTreeSet::new();
    for (name, rest) in rows {
        let cells: Vec<&str> = rest.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells.len(), 3, "`{name}` needs what it is for, who maintains it and its licence");
        named.insert(name.to_owned());
    }
    assert!(declared.len() > 20, "{declared:?}");
    assert_eq!(named, declared);
}

/// The name and version of each crate that a lock file holds.
fn locked(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = read(name);
    let field = |section: &str, field: &str| -> Option<String> {
        let line = section.lines().find_map(|line| line.strip_prefix(&format!("{field} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    for section in text.split("[[package]]").skip(1) {
        let (Some(name), Some(version)) = (field(section, "name"), field(section, "version")) else { continue };
        crates.entry(name).or_default().insert(version);
    }
    crates
}

/// What is fuzzed is what is released: where both name a crate, it is the same version.
#[test]
fn the_fuzzers_are_locked_to_the_same_versions() {
    let (released, fuzzed) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let other =
        fuzzed.iter().filter(|(name, versions)| released.get(*name).is_some_and(|known| !known.is_superset(versions)));
    let other: Vec<_> = other.collect();
    assert!(other.is_empty() && fuzzed.len() > 100, "{other:?}");
}

/// What `docs/trust.md` says a promise is held by, is there.
#[test]
fn every_test_that_holds_a_promise_is_there() {
    let page = read("docs/trust.md");
    let mut seen = 0;
    for name in page.lines().filter(|line| line.starts_with("| ")).flat_map(|line| line.split('`').skip(1).step_by(2)) {
        let is_there = match name.split_once("::") {
            Some((module, _)) if !module.contains(' ') && !name.contains('/') => {
                let test = name.rsplit("::").next().unwrap_or_default();
                let path = name.rsplit_once("::").map_or(module, |(path, _)| path).replace("::", "/");
                let own =
                    [format!("tests/it/{path}.rs"), format!("src/{path}.rs"), format!("src/{}.rs", module_file(name))];
                let text = own.iter().find_map(|file| std::fs::read_to_string(repository().join(file)).ok());
                text.is_some_and(|text| test == "tests" || text.contains(&format!("fn {test}(")))
            }
            _ if name.ends_with(".md") && !name.starts_with("docs") => {
                repository().join("tests/cases").join(name).is_file()
            }
            _ => continue,
        };
        assert!(is_there, "`{name}` is not there");
        seen += 1;
    }
    assert!(seen > 25, "{seen}");
}

/// The file of a unit test: its module without the name of the test and `tests`.
fn module_file(name: &str) -> String {
    let parts: Vec<&str> = name.split("::").take_while(|part| *part != "tests").collect();
    let path = parts.join("/");
    let is_folder = repository().join(format!("src/{path}/mod.rs")).is_file();
    if is_folder { format!("{path}/mod") } else { path }
}
