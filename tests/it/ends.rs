//! How a run ends where the machine gives out: no room, no descriptors, no folder for temporary files, nobody who reads, and
//! an emulator that is killed. It ends by itself, with a code that says so and a sentence; reports are whole or not there.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::folder::Folder;
use crate::program::{Printed, run, run_under, start, words};

const PLAYBOOK: &str = "\
cloud: china
defaults: {timeout: 1s, retry: {attempts: 1}}
steps:
  - token: arm
  - request: GET /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/DevTest?api-version=2021-04-01
cleanup:
  - assert: [1 < 2]
";

fn folder() -> Folder {
    let folder = Folder::new().expect("a folder");
    folder.write("a.yaml", PLAYBOOK.as_bytes()).expect("written");
    folder
}

fn told(printed: &Printed) -> String {
    String::from_utf8_lossy(&[printed.stdout.as_slice(), &printed.stderr].concat()).into_owned()
}

#[test]
fn with_too_few_descriptors_it_ends_with_a_sentence() {
    for arguments in [words(&["a.yaml", "--emulate", "--report", "json=r.json"]), words(&["check", "a.yaml"])] {
        let enough = (3..64).find(|limit| {
            let folder = folder();
            let printed = run_under(&folder, &format!("ulimit -n {limit}"), &arguments).expect("it ends");
            let told = told(&printed);
            assert!(!told.contains("panicked"), "{limit}: {told}");
            // With 3 not even the libraries can be loaded, as whoever loads them says.
            let is_known =
                ["0", "2", "3", "4"].contains(&printed.exit.as_str()) || *limit == 3 && printed.exit == "127";
            assert!(is_known && !told.is_empty(), "{limit}: {} {told}", printed.exit);
            for name in folder.files() {
                let report = std::fs::read_to_string(folder.work.join(&name)).expect("it can be read");
                let whole = name == "a.yaml" || name == "r.json" && serde_json::from_str::<Value>(&report).is_ok();
                assert!(whole, "{limit}: {name} is left");
            }
            printed.exit == "0"
        });
        assert!(enough.is_some_and(|enough| enough > 3), "{arguments:?}: {enough:?}");
    }
}

#[test]
fn where_there_is_no_room_no_report_is_begun_and_the_old_one_stays() {
    let folder = folder();
    folder.write("r.json", b"old").expect("written");
    let reports = ["json=r.json", "html=r.html", "junit=r.xml", "jsonl=r.jsonl"];
    let arguments = ["a.yaml", "--emulate"].into_iter().chain(reports.iter().flat_map(|report| ["--report", report]));
    let printed = run_under(&folder, "ulimit -f 1", &words(&arguments.collect::<Vec<_>>())).expect("it ends");
    let told = told(&printed);
    assert_eq!(printed.exit, "4", "{told}");
    for file in ["r.json", "r.html", "r.xml"] {
        assert!(told.contains(&format!("no report can be written to `{file}`")), "{file}: {told}");
    }
    assert!(told.contains("File too large") && told.contains("3 passed"), "{told}");
    assert_eq!(std::fs::read(folder.work.join("r.json")).expect("it is there"), b"old");
    assert_eq!(folder.files(), ["a.yaml", "r.json"]);
}

#[test]
fn what_cannot_be_printed_is_no_success() {
    let folder = folder();
    for arguments in [
        &["a.yaml", "--emulate"][..],
        &["a.yaml", "--emulate", "--report", "json"],
        &["a.yaml", "--emulate", "--report", "jsonl"],
        &["a.yaml", "--emulate", "--report", "markdown"],
        &["a.yaml", "--emulate", "--quiet", "--report", "junit=/dev/full"],
        &["check", "a.yaml"],
        &["plan", "a.yaml"],
        &["roles"],
        &["explain", "timed-out"],
        &["schema", "playbook"],
        &["new"],
        &["completions", "bash"],
        &["man"],
        &["whoami", "--emulate"],
        &["token", "--emulate"],
        &["emulate"],
        &["--version"],
    ] {
        let printed = run_under(&folder, "exec >/dev/full", &words(arguments)).expect("it ends");
        let told = told(&printed);
        assert_eq!(printed.exit, "4", "{arguments:?}: {told}");
        assert!(told.contains("No space left on device"), "{arguments:?}: {told}");
    }
}

#[test]
fn closed_streams_are_no_reason_to_fail() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let folder = folder();
        let arguments = words(&["a.yaml", "--emulate", "--report", "json=r.json"]);
        let printed = run_under(&folder, &format!("exec {closed}"), &arguments).expect("it ends");
        assert_eq!(printed.exit, "0", "{closed}: {}", told(&printed));
        let report = std::fs::read(folder.work.join("r.json")).expect("the report is there");
        let report: Value = serde_json::from_slice(&report).expect("and whole: nothing else was written into it");
        assert_eq!(report["summary"]["passed"], 3, "{closed}");
    }
}

#[test]
fn without_home_and_temporary_folder_it_runs_and_who_needs_them_says_so() {
    let folder = folder();
    for lacks in
        ["unset HOME TMPDIR TMP TEMP", "export TMPDIR=/nowhere HOME=/nowhere", "export TMPDIR=/proc HOME=/proc"]
    {
        let printed = run_under(&folder, lacks, &words(&["a.yaml", "--emulate"])).expect("it ends");
        assert_eq!(printed.exit, "0", "{lacks}: {}", told(&printed));
    }
    for lacks in ["export TMPDIR=/nowhere", "export TMPDIR=/proc"] {
        let printed = run_under(&folder, lacks, &words(&["emulate"])).expect("it ends");
        let told = told(&printed);
        assert_eq!(printed.exit, "4", "{lacks}: {told}");
        assert!(told.contains("error: the emulator cannot start: cannot write a file that clients need"), "{told}");
    }
}

#[test]
fn a_place_that_takes_no_file_is_told_before_anything_runs() {
    let folder = folder();
    let check = |before: &str, report: &str| {
        let playbook = folder.work.join("a.yaml").display().to_string();
        let printed =
            run_under(&folder, before, &words(&[&playbook, "--emulate", "--report", report])).expect("it ends");
        let told = told(&printed);
        assert_eq!(printed.exit, "2", "{told}");
        assert!(told.contains("error[unwritable-report]") && !told.contains("token arm"), "{told}");
    };
    // These file systems take no new files, not even from root.
    check("true", "json=/proc/r.json");
    check("true", "html=/sys/r.html");
    check("mkdir gone; cd gone; rmdir ../gone", "json=r.json");
}

/// What is answered to a request that nobody waits for any more.
const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

#[test]
fn when_the_reader_goes_away_the_run_goes_on_and_cleans_up() {
    let folder = Folder::new().expect("a folder");
    let playbook = "cloud: china\nsteps:\n  - set: {x: 1}\n  - request: {url: /a, auth: none}\n  - request: {url: /b, auth: none}\ncleanup:\n  \
                    - request: {url: /cleanup, auth: none}\n";
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", server.local_addr().expect("its address"));
    let arguments = words(&["a.yaml", "--jobs", "1", "--arm-endpoint", &endpoint, "--report", "json=r.json"]);
    // Once the first line is read, nobody reads any more.
    let (background, _) = start(&folder, &arguments).expect("it begins");
    for (number, path) in ["/a", "/b", "/cleanup"].into_iter().enumerate() {
        let (mut stream, _) = server.accept().expect("it asks");
        let mut request = [0; 1024];
        let length = stream.read(&mut request).expect("it sends");
        assert!(request[..length].starts_with(format!("GET {path} ").as_bytes()));
        if number == 0 {
            // It is none of its own doing, and ends nothing.
            background.send(Signal::SIGPIPE).expect("it is there");
        }
        stream.write_all(FINE).expect("it listens");
    }
    assert_eq!(background.wait(), Ok(0), "a broken pipe is success");
    let report = std::fs::read(folder.work.join("r.json")).expect("the report is there");
    let report: Value = serde_json::from_slice(&report).expect("and whole");
    assert_eq!(report["summary"]["passed"], 4);
}

#[test]
fn who_is_to_outlive_the_terminal_does() {
    let folder = Folder::new().expect("a folder");
    let playbook = "cloud: china\nsteps:\n  - set: {x: 1}\n  - request: {url: /a, auth: none}\n";
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", server.local_addr().expect("its address"));
    let arguments = words(&["a.yaml", "--arm-endpoint", &endpoint]);
    let (background, _) = crate::program::start_under(&folder, "trap '' HUP", &arguments).expect("it begins");
    let (mut stream, _) = server.accept().expect("it asks");
    assert!(stream.read(&mut [0; 1024]).expect("it sends") > 0);
    background.send(Signal::SIGHUP).expect("it is there");
    stream.write_all(FINE).expect("it listens");
    assert_eq!(background.wait(), Ok(0));
}

#[test]
fn when_the_emulator_is_killed_the_rest_is_told_and_cleaned_up() {
    let folder = Folder::new().expect("a folder");
    let (emulator, line) = start(&folder, &words(&["emulate"])).expect("the emulator starts");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    let [imds, arm] = ["imds", "arm_http"].map(|name| ready[name].as_str().expect("a URL"));
    let playbook = "cloud: china\ndefaults: {api_version: 2021-04-01, retry: {attempts: 2, base: 1ms}}\nsteps:\n  - token: arm\n  - name: Waits\n    \
                    request: GET /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/none\n    \
                    eventually: {within: 2s, every: 50ms}\n  - name: Needs nobody\n    assert: [1 < 2]\ncleanup:\n  - name: Takes away\n    \
                    request: DELETE /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/none\n  - name: Comes last\n    assert: [1 < 2]\n";
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let arguments =
        words(&["a.yaml", "--jobs", "1", "--imds-endpoint", imds, "--arm-endpoint", arm, "--report", "json=r.json"]);
    let (background, _) = start(&folder, &arguments).expect("it begins");
    emulator.send(Signal::SIGKILL).expect("it is there");
    assert_eq!(background.wait(), Ok(4));
    let report = std::fs::read(folder.work.join("r.json")).expect("the report is there");
    let report: Value = serde_json::from_slice(&report).expect("and whole");
    let steps = report["playbooks"][0]["steps"].as_array().expect("steps");
    let outcomes: Vec<&str> = steps.iter().skip(1).map(|step| step["outcome"].as_str().unwrap_or_default()).collect();
    assert_eq!(outcomes, ["errored", "passed", "errored", "passed"], "{report:#}");
    let told = steps[3].to_string();
    assert!(told.contains("refuses connections") || told.contains("there is no token"), "{told}");
}

#[test]
fn a_run_without_any_variable_is_a_run() {
    let folder = folder();
    let printed = run(&folder, &[], &words(&["a.yaml", "--emulate"])).expect("it ends");
    assert_eq!(printed.exit, "0", "{}", told(&printed));
    let printed = run_under(
        &folder,
        "for name in $(env | cut -d= -f1); do unset \"$name\"; done",
        &words(&["a.yaml", "--emulate"]),
    );
    let printed = printed.expect("it ends");
    assert_eq!(printed.exit, "0", "{}", told(&printed));
}
