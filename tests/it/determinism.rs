//! The same inputs give the same outputs: but for times and random ids, which are masked, every byte, however many steps run at a
//! time, and whatever the seed of a hash is, which each process draws anew.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

use crate::folder::{Folder, repository};
use crate::pages::Volatile;
use crate::program;

/// Reports in the order of the file.
const ORDERED: [&str; 11] =
    ["console", "curl", "har", "html", "json", "junit", "markdown", "tap", "sarif", "github", "azure-pipelines"];

/// A folder with the playbooks that are shipped.
fn shipped() -> Folder {
    let folder = Folder::new().expect("a folder");
    for part in ["playbooks", "playbooks/tour", "playbooks/worlds"] {
        for entry in fs::read_dir(repository().join(part)).expect("it is shipped").flatten() {
            if let Ok(bytes) = fs::read(entry.path()) {
                let name = entry.file_name().into_string().expect("it is text");
                folder.write(&format!("{part}/{name}"), &bytes).expect("written");
            }
        }
    }
    folder
}

/// What differs by chance, masked: times and ids, and how many requests are left, which says how many others were before.
fn masked(text: &str, folder: &Folder) -> String {
    let text = Volatile::new("", folder, &BTreeMap::new()).replace(text);
    let rules = [
        (r":\d{8}T\d{6}Z:", ":time:"),
        // What the tour names after a part of such an id.
        (r"\b(net-)[\da-f]{8}\b", "${1}x"),
        // Claims of a token that differ from one to the next.
        (r#"\b((?:aio|uti|rh)(?:": "| +))[\w.+/=-]+"#, "${1}x"),
        (r#"("(?:time|wait|send|receive|onLoad|onContentLoad)": ?)[\d.e-]+"#, "${1}0"),
        (r"(?i)(x-ms-ratelimit-remaining-[\w-]+[^\d]{1,60}?)\d+", "${1}0"),
        // Claims and durations that the tour judges.
        (r"\b1[78]\d{8}\b", "[time]"),
        (r#"("actual": ?|<td>(?:number|integer) )\d+\.\d+"#, "${1}0"),
    ];
    rules.iter().fold(text, |text, (pattern, with)| {
        Regex::new(pattern).expect("it is a pattern").replace_all(&text, *with).into_owned()
    })
}

fn run(folder: &Folder, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let printed = program::run(folder, &[], &words).expect("it ends");
    let text = [printed.stdout, printed.stderr].concat();
    format!("{}\n[exit {}]", String::from_utf8(text).expect("it is text"), printed.exit)
}

/// Where two texts part: what stands around the first character that differs, in the first lines that do.
fn parted(what: &str, one: &str, other: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let around = |line: &str, at: usize| line.chars().skip(at.saturating_sub(60)).take(100).collect::<String>();
    let pairs = one.lines().zip(other.lines()).enumerate().filter(|(_, (one, other))| one != other);
    let shown = pairs.take(4).map(|(number, (one, other))| {
        let at = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
        format!("  line {}: {}\n  elsewhere: {}\n", number + 1, around(one, at), around(other, at))
    });
    Some(format!("{what}: {} and {} bytes\n{}", one.len(), other.len(), shown.collect::<String>()))
}

/// Every report of a run of the tour, masked.
fn tour(jobs: &str) -> BTreeMap<&'static str, String> {
    let folder = shipped();
    // How often a step looks until its right has come about is a matter of time.
    let world = fs::read_to_string(folder.work.join("playbooks/worlds/tour.yaml")).expect("it is shipped");
    let world = world.replace("effective_after: 1s", "effective_after: 0s");
    folder.write("playbooks/worlds/tour.yaml", world.as_bytes()).expect("written");
    let targets: Vec<String> = ORDERED.iter().chain(&["jsonl"]).map(|name| format!("{name}=out.{name}")).collect();
    let mut words = vec!["playbooks/tour.yaml", "--emulate=playbooks/worlds/tour.yaml", "--jobs", jobs, "--quiet"];
    targets.iter().for_each(|target| words.extend(["--report", target]));
    let printed = run(&folder, &words);
    assert!(printed.ends_with("[exit 0]"), "{printed}");
    let read = |name: &&'static str| {
        let text = fs::read_to_string(folder.work.join(format!("out.{name}"))).expect("it was written");
        let mut text = masked(&text, &folder);
        if *name == "jsonl" {
            // Its lines come as things happen.
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            text = lines.join("\n");
        }
        (*name, text)
    };
    ORDERED.iter().chain(&["jsonl"]).map(read).collect()
}

#[test]
fn a_run_is_told_the_same_each_time() {
    let first = tour("1");
    assert!(first.iter().all(|(name, text)| text.len() > 100 || *name == "github"), "an empty report");
    let mut differ = String::new();
    for jobs in ["1", "32", "32"] {
        // Events hold running totals, which say what was before.
        let reports = tour(jobs).into_iter().filter(|(name, _)| jobs == "1" || *name != "jsonl");
        for (name, text) in reports {
            differ.extend(parted(&format!("{name}, with --jobs {jobs}"), &first[name], &text));
        }
    }
    assert!(differ.is_empty(), "{differ}");
}

#[test]
fn what_is_said_without_a_run_is_the_same_each_time() {
    let folder = shipped();
    folder.write("bad.yaml", b"stepz: 1\nvars: {a: '{{ b }}', b: '{{ c }}', c: '{{ a }}'}\nsteps:\n  - rquest: GET /x\n  - set: {d: '{{ nowhere }}', e: '{{ elsewhere }}'}\n").expect("written");
    let tour = "playbooks/tour.yaml";
    let world = "--emulate=playbooks/worlds/company.yaml";
    let commands: [&[&str]; 17] = [
        &["check", tour, "playbooks/verify.yaml", "bad.yaml"],
        &["plan", tour],
        &["plan", tour, "--format", "json"],
        &["plan", tour, "--format", "dot"],
        &["plan", "playbooks/verify.yaml", "--role"],
        &["roles"],
        &["roles", "--granting", "Microsoft.Compute/virtualMachines/read"],
        &["roles", "diff", "Contributor", "Reader"],
        &["schema", "playbook"],
        &["schema", "world"],
        &["can", "*/read", "--scope", "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861", "--emulate"],
        &["whoami", world],
        &["doctor", world, "--format", "json"],
        &["explain", "unknown-key"],
        &["new"],
        &["completions", "zsh"],
        &["man"],
    ];
    for words in commands {
        let first = masked(&run(&folder, words), &folder);
        assert!(first.len() > 20 && !first.contains("[exit 2]"), "{words:?}: {first}");
        for _ in 0..2 {
            let differ = parted(&words.join(" "), &first, &masked(&run(&folder, words), &folder));
            assert!(differ.is_none(), "{}", differ.unwrap_or_default());
        }
    }
}
