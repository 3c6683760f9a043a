//! The JSON Schemas in `schemas/`: they are those `mi-run schema` prints, and the playbook's says the same as the reader
//! does, which keys there are included. `UPDATE=1` writes them anew.

use std::collections::BTreeSet;
use std::fs;

use jsonschema::Validator;
use mi_run::diagnostic::Diagnostics;
use mi_run::source::{Source, Sources};
use mi_run::yaml;
use serde_json::Value;

use crate::folder::{self, Folder};
use crate::program::{self, Printed};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Playbooks that use every map there is; both the schema and `mi-run check` accept them.
const GOOD: [&str; 15] = [
    "steps: [{access: {scope: /s, identity: {client_id: c}, via: assignments, roles: [Reader, {role: b, scope: /s}]}}]",
    "steps: [{access: {scope: /s, can: [x], cannot: y, can_data: [x], cannot_data: [x], at_most: Reader, at_least: [a, b], exactly: {actions: [x], not_actions: [], data_actions: [x], not_data_actions: []}}}]",
    "steps: [{token: arm}]",
    "name: Hé\ndescription: d\ncloud: usgov\nidentity: system\ninputs: {a: , b: {type: map, default: {}}}\nsteps: [{set: {c: 1}}]",
    "cloud: {arm: 'https://arm.example', audience: a, authority: b, graph: c, key_vault: d, storage: e, name: f}\nsteps: [{token: arm}]",
    "identity: {client_id: a, source: imds}\ndefaults: {timeout: 1.5m, headers: {a: b}, api_version: '2021-04-01'}\nsteps: [{token: arm}]",
    "inputs: {a: {description: d, type: string, pattern: guid, one_of: [x], secret: true, env: E}}\nsteps: [{assert: [true, a == 1]}]",
    "steps: [{id: a, name: b, tags: [c], when: false, timeout: 5s, sensitive: true, token: {resource: graph, identity: {object_id: x}, fresh: true}}]",
    "steps: [{request: {method: PUT, url: /x, api_version: v, query: {a: 1}, headers: {b: c}, json: [1], auth: none, redirects: 3}}]",
    "steps: [{request: {url: /x, auth: {bearer: b}}, expect: 200}, {request: POST /x, expect: denied}, {request: GET /x, expect: 2xx}]",
    "steps: [{request: GET /x, expect: [200, 4xx]}, {request: GET /x, expect: {status: [200, 4xx], error: E, denied: a/read}}]",
    "steps: [{request: GET /x, expect: {headers: {x-a: b}, text: {contains: c}, duration: {below: 2s}, that: [status == 200]}}]",
    "steps: [{token: arm, expect: {claims: {$.oid: {exists: true}}}, capture: {a: $.oid, b: {json: $.expires_on, default: }}}]",
    "steps: [{request: GET /x, expect: {json: {$.a: {not: {any: {equals: 1}}}, $.b: [1], $.c: , $.d: {type: [text, 'null']}}}}]",
    "steps: [{request: GET /x, capture: {a: {header: b, secret: true}, c: {regex: d}, e: {text: true}, f: '{{ json.a }}'}}]",
];

/// What neither the schema nor `mi-run check` accepts.
const BAD: [&str; 57] = [
    "steps: [{access: {scope: /s, roles: []}}]",
    "steps: [{access: {scope: /s, can: [x], via: guessing}}]",
    "steps: [{access: {scope: /s}}]",
    "steps: [{access: {can: [x]}}]",
    "steps: [{access: {scope: /s, can: []}}]",
    "name: No steps",
    "steps: []",
    "steps: x",
    "steps: [x]",
    "- token: arm",
    "name: 5\nsteps: [{token: arm}]",
    "nmae: x\nsteps: [{token: arm}]",
    "cloud: chine\nsteps: [{token: arm}]",
    "cloud: {name: x}\nsteps: [{token: arm}]",
    "cloud: {arm: 'https://x', zone: y}\nsteps: [{token: arm}]",
    "identity: user\nsteps: [{token: arm}]",
    "identity: {client: x}\nsteps: [{token: arm}]",
    "identity: {source: vm}\nsteps: [{token: arm}]",
    "identity: {client_id: a, object_id: b}\nsteps: [{token: arm}]",
    "inputs: [a]\nsteps: [{token: arm}]",
    "inputs: {a: {type: strng}}\nsteps: [{token: arm}]",
    "inputs: {a: {defualt: x}}\nsteps: [{token: arm}]",
    "inputs: {a-b: {default: x}}\nsteps: [{token: arm}]",
    "vars: {a-b: x}\nsteps: [{token: arm}]",
    "defaults: {timeout: 30}\nsteps: [{token: arm}]",
    "defaults: {retries: 3}\nsteps: [{token: arm}]",
    "steps: [{name: Nothing}]",
    "steps: [{tokn: arm}]",
    "steps: [{token: arm, request: GET /x}]",
    "steps: [{token: arm, tag: [a]}]",
    "steps: [{token: arm, timeout: soon}]",
    "steps: [{token: {scope: x}}]",
    "steps: [{request: get /x}]",
    "steps: [{request: {method: GET}}]",
    "steps: [{request: {method: get, url: /x}}]",
    "steps: [{request: {url: /x, json: 1, text: a}}]",
    "steps: [{request: {url: /x, auth: {token: a}}}]",
    "steps: [{request: GET /x, expect: 99}]",
    "steps: [{request: GET /x, expect: {json: {name: a}}}]",
    "steps: [{request: GET /x, expect: {json: {$.a: {equal: 1}}}}]",
    "steps: [{request: GET /x, expect: {json: {$.a: {above: x}}}}]",
    "steps: [{request: GET /x, expect: {duration: {below: fast}}}]",
    "steps: [{request: GET /x, capture: {a: {jsn: $.a}}}]",
    "steps: [{request: GET /x, capture: {a-b: $.a}}]",
    "steps: [{request: GET /x, expect: }]",
    "steps: [{request: GET /x, expect: {}}]",
    "steps: [{request: GET /x, expect: {json: {}}}]",
    "steps: [{request: GET /x, expect: {that: []}}]",
    "steps: [{request: GET /x, expect: {text: }}]",
    "steps: [{request: GET /x, expect: {json: {$.a: {exists: 1}}}}]",
    "steps: [{request: GET /x, expect: forbidden}]",
    "steps: [{assert: []}]",
    "steps: [{request: GET x}]",
    "steps: [{request: {url: 'ftp://x'}}]",
    "steps: [{token: keyvault}]",
    "steps: [{request: {url: /x, auth: keyvault}}]",
    "defaults: {timeout: 0s}\nidentity: {client_id: ''}\nsteps: [{token: arm}]",
];

/// The maps of a playbook: the definition in the schema (the document's own is nameless), and a file with the unknown
/// key `zzzzzz` in such a map.
const MAPS: [(&str, &str); 20] = [
    ("", "zzzzzz: 1\nsteps: [{token: arm}]"),
    ("Endpoints", "cloud: {arm: 'https://x', zzzzzz: 1}\nsteps: [{token: arm}]"),
    ("Discovery", "cloud: {discover: 'https://x', zzzzzz: 1}\nsteps: [{token: arm}]"),
    ("Identity", "identity: {zzzzzz: 1}\nsteps: [{token: arm}]"),
    ("Input", "inputs: {a: {zzzzzz: 1}}\nsteps: [{token: arm}]"),
    ("Defaults", "defaults: {zzzzzz: 1}\nsteps: [{token: arm}]"),
    ("Step", "steps: [{token: arm, zzzzzz: 1}]"),
    ("TokenRequest", "steps: [{token: {zzzzzz: 1}}]"),
    ("Request", "steps: [{request: {url: /x, zzzzzz: 1}}]"),
    ("Access", "steps: [{access: {scope: /s, can: x, zzzzzz: 1}}]"),
    ("Bound", "steps: [{access: {scope: /s, at_most: {zzzzzz: 1}}}]"),
    ("Assigned", "steps: [{access: {scope: /s, roles: [{role: r, zzzzzz: 1}]}}]"),
    ("Auth", "steps: [{request: {url: /x, auth: {zzzzzz: 1}}}]"),
    ("Expectation", "steps: [{token: arm, expect: {zzzzzz: 1}}]"),
    ("Predicate", "steps: [{token: arm, expect: {text: {zzzzzz: 1}}}]"),
    ("DurationPredicate", "steps: [{token: arm, expect: {duration: {zzzzzz: 1s}}}]"),
    ("Eventually", "steps: [{token: arm, eventually: {within: 1s, zzzzzz: 1}}]"),
    ("Retry", "steps: [{token: arm, retry: {zzzzzz: 1}}]"),
    ("Poll", "steps: [{request: {url: /x, poll: {zzzzzz: 1}}}]"),
    ("Capture", "steps: [{token: arm, capture: {a: {text: true, zzzzzz: 1}}}]"),
];

#[test]
fn the_schemas_are_those_of_the_types_and_those_that_are_printed() {
    for name in ["playbook", "world", "report", "event"] {
        let path = folder::repository().join(format!("schemas/{name}.schema.json"));
        let generated = format!("{:#}\n", generated(name));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, generated).unwrap();
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == generated, "schemas/{name}.schema.json is not what the types say: UPDATE=1");
        assert!(text == printed(name), "`mi-run schema {name}` prints something else");
    }
}

#[test]
fn the_schemas_are_schemas() {
    for name in ["playbook", "world", "report", "event"] {
        let schema = schema(name);
        assert_eq!(schema["$schema"], DRAFT, "{name}");
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{name}: {error} at {}", error.instance_path());
        }
    }
}

#[test]
fn every_property_is_described() {
    for name in ["playbook", "world", "report", "event"] {
        let mut silent = Vec::new();
        undescribed(&schema(name), "", &mut silent);
        assert!(silent.is_empty(), "{name}: no description at\n{}", silent.join("\n"));
    }
}

#[test]
fn shipped_playbooks_fit_the_schema() {
    let validator = validator();
    let entries = fs::read_dir(folder::repository().join("playbooks")).unwrap();
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    assert!(!paths.is_empty(), "playbooks/ holds no playbook");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(faults(&validator, &text), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_and_the_reader_accept_the_same() {
    let validator = validator();
    let mut wrong = String::new();
    for (texts, valid) in [(&GOOD[..], true), (&BAD[..], false)] {
        for text in texts {
            let faults = faults(&validator, text);
            let printed = check(text);
            let expected = if valid { "0" } else { "3" };
            if faults.is_empty() != valid {
                wrong += &format!("\n{text}\n  the schema says {faults:?}\n");
            }
            if printed.exit != expected {
                wrong += &format!("\n{text}\n  mi-run says {}\n", String::from_utf8_lossy(&printed.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_reader_knows_the_keys_of_the_schema() {
    let schema = schema("playbook");
    let definitions = schema["$defs"].as_object().unwrap();
    let maps = definitions.iter().filter(|(_, definition)| !properties(definition).is_empty());
    let maps: BTreeSet<&str> = maps.map(|(name, _)| name.as_str()).chain([""]).collect();
    assert_eq!(maps, BTreeSet::from(MAPS.map(|(name, _)| name)), "MAPS lists the maps of the schema");
    for (name, text) in MAPS {
        let definition = if name.is_empty() { &schema } else { &definitions[name] };
        let printed = check(text);
        let message = String::from_utf8_lossy(&printed.stderr).into_owned();
        let keys = message.split_once("the keys here are ").unwrap_or_else(|| panic!("{text}\n{message}")).1;
        let keys: Vec<String> =
            keys.lines().next().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(keys.iter().cloned().collect::<BTreeSet<_>>(), properties(definition), "{name}");
        assert_eq!(keys.len(), properties(definition).len(), "{name}: a key is named twice: {keys:?}");
    }
}

/// The schema as the types say it.
fn generated(name: &str) -> Value {
    match name {
        "playbook" => mi_run::playbook::schema(),
        "world" => mi_run::emulator::world::schema(),
        "report" => mi_run::report::json::schema(),
        _ => mi_run::report::jsonl::schema(),
    }
}

fn printed(name: &str) -> String {
    let folder = Folder::new().expect("a folder");
    let printed = program::run(&folder, &[], &["schema".to_owned(), name.to_owned()]).expect("it runs");
    assert_eq!(printed.exit, "0", "{name}");
    String::from_utf8(printed.stdout).expect("a schema is text")
}

pub(crate) fn schema(name: &str) -> Value {
    serde_json::from_str(&printed(name)).expect("a schema is JSON")
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema("playbook")).expect("it is a schema")
}

/// What a schema has against a text.
pub(crate) fn faults(validator: &Validator, text: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("x.yaml", text));
    let node = yaml::parse(id, &sources, &mut Diagnostics::new()).unwrap_or_else(|| panic!("not YAML: {text}"));
    let value = node.to_value();
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What `mi-run check` says about a playbook.
fn check(text: &str) -> Printed {
    let folder = Folder::new().expect("a folder");
    folder.write("x.yaml", text.as_bytes()).expect("a file");
    program::run(&folder, &[], &["check".to_owned(), "x.yaml".to_owned()]).expect("it runs")
}

/// The properties of a map, those of its alternatives included.
pub(crate) fn properties(schema: &Value) -> BTreeSet<String> {
    let own = schema["properties"].as_object().into_iter().flat_map(|own| own.keys().cloned());
    let parts = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    own.chain(parts.flat_map(properties)).collect()
}

/// The places of properties without a description.
fn undescribed(schema: &Value, place: &str, silent: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        let bare = properties.iter().filter(|(_, property)| !property["description"].is_string());
        silent.extend(bare.map(|(name, _)| format!("{place}/properties/{name}")));
        // A property may be called `properties`, so that the map of them is no schema itself.
        properties.iter().for_each(|(name, part)| undescribed(part, &format!("{place}/properties/{name}"), silent));
    }
    match schema {
        Value::Object(parts) => {
            let others = parts.iter().filter(|(name, _)| *name != "properties");
            others.for_each(|(name, part)| undescribed(part, &format!("{place}/{name}"), silent));
        }
        Value::Array(parts) => {
            parts.iter().enumerate().for_each(|(at, part)| undescribed(part, &format!("{place}/{at}"), silent));
        }
        _ => {}
    }
}
