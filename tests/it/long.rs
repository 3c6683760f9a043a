//! Runs that leave more behind than memory is to hold: told whole, in little of it, whatever becomes of the disk.

use std::process::{Command, Output};

use serde_json::Value;

use crate::folder::Folder;
use crate::program;
use crate::reports::read;

const STEPS: usize = 2_000;

/// All formats that are written at the end, each to a file of its own.
const FORMATS: [&str; 7] = ["json", "html", "junit", "tap", "sarif", "har", "markdown"];

/// A folder with a playbook whose steps leave 20 MiB behind.
fn folder() -> Folder {
    let folder = Folder::new().expect("a folder");
    let text = "a text that is not short ".repeat(400);
    let playbook = format!(
        "steps:\n  - name: Turn {{{{ item }}}}\n    for_each: \"{{{{ range({STEPS}) }}}}\"\n    assert: [\"item | string != '{text}'\"]\n"
    );
    folder.write("long.yaml", playbook.as_bytes()).expect("written");
    folder
}

/// Runs the playbook from a shell that was told something before.
fn run(folder: &Folder, before: &str, arguments: &str) -> Output {
    let script = format!("{before}; exec {} long.yaml --quiet --jobs 1 {arguments}", env!("CARGO_BIN_EXE_mi-run"));
    Command::new("bash").args(["-c", &script]).current_dir(&folder.work).output().expect("bash runs")
}

#[track_caller]
fn passed(output: &Output) {
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[track_caller]
fn whole(report: &str) {
    let report: Value = serde_json::from_str(report).expect("a whole report");
    assert_eq!(report["playbooks"][0]["steps"].as_array().map(Vec::len), Some(STEPS));
}

#[test]
fn a_long_run_needs_little_memory_in_any_format() {
    let folder = folder();
    let pipe = folder.work.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe));
    let reports: String = FORMATS.map(|format| format!("--report {format}=out.{format} ")).concat();
    // The data of the process alone would be larger if it held the steps.
    let output = run(
        &folder,
        "ulimit -d 16384",
        &format!("{reports} --report console=out.txt --report json=pipe --report json"),
    );
    passed(&output);
    let json = read(&folder, "out.json");
    whole(&json);
    assert!(json.as_bytes() == output.stdout, "stdout has what the file has");
    assert!(json == reader.join().expect("it reads").expect("the report came"), "so has the pipe");
    assert_eq!(read(&folder, "out.txt").lines().count(), STEPS + 3);

    // Told again from memory, it is the same.
    let again = ["html", "junit", "tap"].map(|format| ["--report".to_owned(), format!("{format}=again.{format}")]);
    let arguments: Vec<String> =
        ["report", "out.json"].map(str::to_owned).into_iter().chain(again.into_iter().flatten()).collect();
    assert_eq!(program::run(&folder, &[], &arguments).expect("it runs").exit, "0");
    for format in ["html", "junit", "tap"] {
        assert!(read(&folder, &format!("out.{format}")) == read(&folder, &format!("again.{format}")), "{format}");
    }
    assert!(folder.files().iter().all(|name| !name.ends_with(".part")), "nothing is left behind");
}

#[test]
fn what_no_disk_takes_stays_in_memory() {
    let folder = folder();
    // No folder for temporary files; one on a disk that takes 50 KiB, and no report.
    for before in ["export TMPDIR=/nowhere", "ulimit -f 50"] {
        let output = run(&folder, before, "--report json | cat");
        passed(&output);
        whole(&String::from_utf8_lossy(&output.stdout));
    }
    for format in ["json", "html", "junit", "tap"] {
        folder.write("old", b"the old one").expect("written");
        let reports = format!("--report {format}=old --report console=old.txt");
        let output = run(&folder, "ulimit -f 20", &reports);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{format}: {told}");
        for file in ["old", "old.txt"] {
            assert!(told.contains(&format!("no report can be written to `{file}`")), "{format}: {told}");
        }
        assert_eq!(read(&folder, "old"), "the old one", "{format}");
        assert_eq!(folder.files(), ["long.yaml", "old"], "{format}: nothing is left behind");
    }
}
