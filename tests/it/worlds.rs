//! Worlds of the emulator: those that are shipped are whole, their schema says the same as their reader does, and broken
//! ones are told, not suffered.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use mi_run::diagnostic::Diagnostics;
use mi_run::emulator::{World, world};
use mi_run::source::{Source, Sources};
use proptest::prelude::*;

use crate::broken::{breaks, places_are_good};
use crate::folder::{Folder, repository};
use crate::program;
use crate::schema::{faults, properties, schema};

/// Worlds that use every map there is; both the schema and the reader accept them.
const GOOD: [&str; 9] = [
    "cloud: public",
    "cloud: usgov\ntenant: 11111111-aaaa-4bbb-8ccc-000000000001\nhost: aks\nvm: {name: a, location: b}\nthrottling: true",
    "management_groups: {a: {display_name: A, subscriptions: [s]}, b: {parent: a}}\nsubscriptions: {s: }",
    "subscriptions: {s: {id: 11111111-aaaa-4bbb-8ccc-000000000001, disabled: true, tags: {a: b}, resource_groups: {g: }}}",
    "subscriptions: {s: {resource_groups: {g: {location: l, tags: {a: b}, managed_by: m, resources: [{type: N/a/b, name: x/y, location: l, tags: {a: b}, kind: k, sku: {a: 1}, identity: {}, properties: {p: [1]}}]}}}}",
    "roles: [{name: r, id: 11111111-aaaa-4bbb-8ccc-000000000001, description: d, actions: [a], not_actions: [b], data_actions: [c], not_data_actions: [d], assignable_scopes: [/]}]\nidentities: {system: {assignments: [{role: r, scope: /}]}}",
    "identities: {a: {kind: user, attached: false, client_id: 11111111-aaaa-4bbb-8ccc-000000000001, object_id: 11111111-aaaa-4bbb-8ccc-000000000002, subject: s, client_secret: s, assignments: [{role: Owner, scope: /, effective_after: 0s, condition: c, description: d}]}}\ngroups: {g: {id: 11111111-aaaa-4bbb-8ccc-000000000003, members: [a], assignments: []}}",
    "deny_assignments: [{name: d, scope: /, own_scope_only: true, actions: [a], not_actions: [b], data_actions: [c], not_data_actions: [d], principals: [], except: []}]\nlocks: [{name: l, level: read_only, scope: /, notes: n}]",
    "faults: [{when: {method: GET, path: '**'}, times: 2, delay: 1.5s}, {answer: {status: 503, headers: {a: b}, body: [1]}}, {cut: 0}, {close: true}, {slow: 10}, {content_type: text/html}, {garbage: true}, {expired_token: true}, {throttle: 3s}]",
];

/// What neither the schema nor the reader accepts.
const BAD: [&str; 21] = [
    "- cloud: public",
    "clod: public",
    "cloud: auto",
    "tenant: x",
    "host: pc",
    "vm: web-1",
    "vm: {nmae: x}",
    "management_groups: [a]",
    "subscriptions: {s: {id: x}}",
    "subscriptions: {s: {tags: {a: 1}}}",
    "subscriptions: {s: {resource_groups: {g: {resources: [{type: N/a}]}}}}",
    "subscriptions: {s: {resource_groups: {g: {resources: [{name: a}]}}}}",
    "roles: [{actions: [a]}]",
    "roles: [{name: r, actions: a}]",
    "identities: {a: {kind: person}}",
    "identities: {a: {assignments: [{role: Owner}]}}",
    "locks: [{name: l, level: soft, scope: /}]",
    "throttling: 'yes'",
    "faults: [{delay: soon}]",
    "faults: [{times: -1, close: true}]",
    "faults: [{answer: {body: x}}]",
];

fn read(text: &str) -> (Option<World>, Diagnostics, Sources) {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let id = sources.add(Source::new("world.yaml", text));
    let world = world::read(id, &sources, &mut diagnostics);
    (world, diagnostics, sources)
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema("world")).expect("it is a schema")
}

/// The files of worlds in the repository.
fn shipped() -> Vec<PathBuf> {
    let folders = ["playbooks/worlds", "tests/clients"].map(|folder| repository().join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder")).flatten();
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    paths
}

#[test]
fn shipped_worlds_are_whole_and_fit_the_schema() {
    let validator = validator();
    let printed = program::run(&Folder::new().expect("a folder"), &[], &["new".to_owned(), "--world".to_owned()]);
    let fresh = String::from_utf8(printed.expect("it runs").stdout).expect("text");
    let texts = shipped().into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).expect("text")));
    for (name, text) in texts.chain([("mi-run new --world".to_owned(), fresh)]) {
        let (world, diagnostics, _) = read(&text);
        assert!(world.is_some() && diagnostics.is_empty(), "{name}: {diagnostics:?}");
        assert_eq!(faults(&validator, &text), [""; 0], "{name}");
    }
}

#[test]
fn the_quickstart_s_file_is_the_world_without_a_file() {
    let text = fs::read_to_string(repository().join("playbooks/worlds/quickstart.yaml")).expect("it is shipped");
    let (world, ..) = read(&text);
    assert_eq!(format!("{:?}", world.expect("a world")), format!("{:?}", World::quickstart()));
}

#[test]
fn a_world_is_the_same_each_time() {
    let text = fs::read_to_string(repository().join("playbooks/worlds/company.yaml")).expect("it is shipped");
    let told = || format!("{:?}", read(&text).0.expect("a world"));
    assert_eq!(told(), told());
}

#[test]
fn the_schema_and_the_reader_accept_the_same() {
    let validator = validator();
    let mut wrong = String::new();
    for (texts, valid) in [(&GOOD[..], true), (&BAD[..], false)] {
        for text in texts {
            let (world, diagnostics, _) = read(text);
            let read = world.is_some() && !diagnostics.has_errors();
            let faults = faults(&validator, text);
            if faults.is_empty() != valid || read != valid {
                wrong += &format!("\n{text}\n  the schema says {faults:?}\n  the reader says {diagnostics:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn good_worlds_use_every_key_of_the_schema() {
    let schema = schema("world");
    let definitions = schema["$defs"].as_object().expect("definitions");
    let all = definitions.values().chain([&schema]).flat_map(properties);
    let text =
        GOOD.concat() + &fs::read_to_string(repository().join("playbooks/worlds/company.yaml")).expect("shipped");
    let unused: BTreeSet<String> = all.filter(|key| !text.contains(&format!("{key}:"))).collect();
    assert!(unused.is_empty(), "no example has {unused:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_broken_world_is_told_not_suffered(
        which in 0_usize..16,
        cuts in prop::collection::vec((any::<usize>(), 0_usize..12, 0_usize..40), 1..5),
    ) {
        let paths = shipped();
        let text = fs::read_to_string(&paths[which % paths.len()]).expect("text");
        let text = cuts.into_iter().fold(text, |text, cut| breaks(&text, cut));
        let (_, diagnostics, sources) = read(&text);
        places_are_good(diagnostics, &text, &sources);
    }
}
