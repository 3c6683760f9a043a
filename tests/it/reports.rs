//! Reports that go through a link or into a pipe, or onto a disk that is full.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::Value;

use crate::folder::Folder;
use crate::program::{Printed, run};

pub(crate) fn folder() -> Folder {
    let folder = Folder::new().expect("a folder");
    folder.write("set.yaml", b"steps:\n  - set: {x: 1}\n").expect("written");
    folder
}

pub(crate) fn report(folder: &Folder, reports: &[&str]) -> Printed {
    let mut arguments = vec!["set.yaml".to_owned()];
    arguments.extend(reports.iter().flat_map(|report| ["--report".to_owned(), (*report).to_owned()]));
    run(folder, &[], &arguments).expect("it runs")
}

#[track_caller]
fn passed(text: &str) {
    let report: Value = serde_json::from_str(text).expect("a whole report");
    assert_eq!(report["outcome"], "passed");
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let folder = folder();
    folder.write("real/old.json", b"old").expect("written");
    let old = folder.work.join("real/old.json");
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o600)).expect("made private");
    for (link, target) in [("there.json", "real/old.json"), ("dangling.json", "real/new.json"), ("twice", "there.json")]
    {
        let link = folder.work.join(link);
        symlink(target, &link).expect("a link");
        let printed = report(&folder, &[&format!("json={}", link.display())]);
        assert_eq!((printed.exit.as_str(), String::from_utf8_lossy(&printed.stderr).as_ref()), ("0", ""));
        assert!(link.is_symlink(), "{}", link.display());
        passed(&std::fs::read_to_string(link).expect("the report is there"));
    }
    assert_eq!(std::fs::metadata(old).expect("it is there").permissions().mode() & 0o777, 0o600);
    let left = std::fs::read_dir(folder.work.join("real")).expect("a folder").count();
    assert_eq!(left, 2, "nothing is left behind");
}

#[test]
fn links_that_lead_nowhere_are_told() {
    let folder = folder();
    symlink("b", folder.work.join("a")).expect("a link");
    symlink("a", folder.work.join("b")).expect("a link");
    symlink("none/x.json", folder.work.join("c")).expect("a link");
    for link in ["a", "c"] {
        let printed = report(&folder, &[&format!("json={link}")]);
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert_eq!((printed.exit.as_str(), printed.stdout.len()), ("2", 0), "{told}");
        assert!(told.contains(&format!("no report can be written to `{link}`")), "{told}");
    }
}

#[test]
fn two_reports_to_one_file_are_refused_however_it_is_named() {
    let folder = folder();
    symlink("out.json", folder.work.join("link")).expect("a link");
    symlink(".", folder.work.join("here")).expect("a link");
    for other in ["out.json", "./out.json", "link", "here/out.json"] {
        let printed = report(&folder, &["json=out.json", &format!("junit={other}")]);
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert_eq!((printed.exit.as_str(), printed.stdout.len()), ("2", 0), "{told}");
        assert!(told.contains(&format!("two reports cannot both go to `{other}`")), "{told}");
    }
    assert_eq!(std::fs::read_dir(&folder.work).expect("a folder").count(), 3, "nothing is left behind");
}

#[test]
fn a_pipe_is_written_to_and_stays() {
    let folder = folder();
    let pipe = folder.work.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe))
    };
    let printed = report(&folder, &["json=pipe", "junit=out.xml"]);
    assert_eq!((printed.exit.as_str(), String::from_utf8_lossy(&printed.stderr).as_ref()), ("0", ""));
    passed(&reader.join().expect("it reads").expect("the report came"));
    assert!(std::fs::read_to_string(folder.work.join("out.xml")).expect("it is there").ends_with("</testsuites>\n"));
    assert_eq!(std::fs::read_dir(&folder.work).expect("a folder").count(), 3, "nothing is left behind");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    let folder = folder();
    for arguments in [vec!["set.yaml", "--report", "json"], vec!["schema", "playbook"], vec!["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mi-run"))
            .args(&arguments)
            .current_dir(&folder.work)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("it tells");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{told}");
        assert!(!told.contains("error") && !told.contains("panicked"), "{told}");
    }
}

/// The text of a file that a run wrote.
pub(crate) fn read(folder: &Folder, file: &str) -> String {
    std::fs::read_to_string(folder.work.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn a_disk_that_is_full_leaves_the_old_report_and_is_told() {
    let folder = folder();
    let steps: String = (0..200).map(|number| format!("  - set: {{x{number}: {number}}}\n")).collect();
    folder.write("many.yaml", format!("steps:\n{steps}").as_bytes()).expect("written");
    for format in ["json", "jsonl", "html", "junit"] {
        folder.write("old", b"the old one").expect("written");
        let binary = env!("CARGO_BIN_EXE_mi-run");
        // Files may grow to a kibibyte, and who writes more is told so.
        let script = format!("ulimit -f 1; exec {binary} many.yaml --quiet --report {format}=old");
        let mut command = std::process::Command::new("bash");
        let output = command.args(["-c", &script]).current_dir(&folder.work).output().expect("bash runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{format}: {told}");
        assert!(told.contains("error[unwritable-report]") && told.contains("old"), "{format}: {told}");
        assert_eq!(read(&folder, "old"), "the old one", "{format}");
        let left = std::fs::read_dir(&folder.work).expect("a folder").flatten();
        let left: Vec<_> =
            left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().ends_with(".part")).collect();
        assert!(left.is_empty(), "{format}: {left:?}");
    }
}

/// All formats that go to files.
pub(crate) const FORMATS: [&str; 12] = [
    "azure-pipelines",
    "console",
    "curl",
    "github",
    "har",
    "html",
    "json",
    "jsonl",
    "junit",
    "markdown",
    "sarif",
    "tap",
];

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_fails_hides_no_outcome_in_any_format() {
    let folder = folder();
    let device = |format: &str| report(&folder, &[&format!("{format}=/dev/full")]);
    for format in FORMATS {
        for (playbook, exit) in [("steps: [{assert: [true]}]\n", "4"), ("steps: [{assert: [1 > 2]}]\n", "1")] {
            folder.write("set.yaml", playbook.as_bytes()).expect("written");
            let printed = device(format);
            let told = String::from_utf8_lossy(&printed.stderr).into_owned();
            // Of a run that passed these have nothing to say.
            let exit = if format == "github" && exit == "4" { "0" } else { exit };
            assert_eq!(printed.exit, exit, "{format}: {told}");
            assert_eq!(told.contains("no report can be written to `/dev/full`"), exit != "0", "{format}: {told}");
        }
    }
}
