//! A run that is stopped from outside: it cleans up, tells so, and leaves whole reports.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::folder::Folder;
use crate::program::{Background, start};

const STEPS: &str = "\
cloud: china
steps:
  - set: {x: 1}
  - id: slow
    name: Waits for ever
    request: {url: /subscriptions, api_version: 2021-04-01, auth: none}
  - name: Never begins
    needs: slow
    assert: [x == 1]
";

const CLEANUP: &str = "\
cleanup:
  - name: Always runs
    assert: [x == 1]
";

const SLOW_CLEANUP: &str = "\
cleanup:
  - name: Waits too
    request: {url: /providers, api_version: 2021-04-01, auth: none}
  - name: Is not reached
    assert: [x == 1]
";

/// A run against a server that takes requests and never answers.
struct Stuck {
    folder: Folder,
    run: Option<Background>,
    server: TcpListener,
    /// Connections that wait for their answer.
    asked: Vec<TcpStream>,
}

impl Stuck {
    fn begin(playbook: &str, more: &[&str]) -> Self {
        let folder = Folder::new().expect("a folder");
        folder.write("slow.yaml", playbook.as_bytes()).expect("written");
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", server.local_addr().expect("its address"));
        let arguments =
            ["slow.yaml", "--arm-endpoint", &endpoint, "--report", "json=out.json", "--report", "junit=out.xml"];
        let arguments: Vec<String> = arguments.iter().chain(more).map(|word| (*word).to_owned()).collect();
        let (run, _) = start(&folder, &arguments).expect("it begins");
        Self { folder, run: Some(run), server, asked: Vec::new() }
    }

    /// Waits until a request has come: from now on the run is known to wait.
    fn await_request(&mut self) {
        let (mut stream, _) = self.server.accept().expect("it asks");
        stream.read_exact(&mut [0]).expect("it sends");
        self.asked.push(stream);
    }

    fn send(&self, signal: Signal) {
        self.run.as_ref().expect("it runs").send(signal).expect("it is there");
    }

    /// Waits for the end: the exit code, and the report.
    fn end(&mut self) -> (i32, Value) {
        let exit = self.run.take().expect("it runs").wait().expect("it ends");
        let junit = std::fs::read_to_string(self.folder.work.join("out.xml")).expect("the report is there");
        assert!(junit.ends_with("</testsuites>\n"), "{junit}");
        let report = std::fs::read_to_string(self.folder.work.join("out.json")).expect("the report is there");
        (exit, serde_json::from_str(&report).expect("and whole"))
    }
}

/// How each step came out, and why.
fn outcomes(report: &Value) -> Vec<(&str, Option<&str>)> {
    let steps = report["playbooks"][0]["steps"].as_array().expect("steps");
    steps.iter().map(|step| (step["outcome"].as_str().unwrap_or_default(), step["reason"].as_str())).collect()
}

/// Whether the tests themselves are to outlive their terminal, as under `nohup`: then what they start is too.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_none_or(|ignored| ignored & 1 != 0)
}

#[test]
fn cleanup_runs_reports_are_written_and_the_rest_is_skipped() {
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    for signal in signals.into_iter().filter(|signal| *signal != Signal::SIGHUP || !is_hangup_ignored()) {
        let mut stuck = Stuck::begin(&format!("{STEPS}{CLEANUP}"), &[]);
        stuck.await_request();
        stuck.send(signal);
        let (exit, report) = stuck.end();
        assert_eq!(exit, 130);
        assert_eq!(report["run"]["interrupted"], true);
        let why = Some("interrupted");
        assert_eq!(outcomes(&report), [("passed", None), ("errored", why), ("skipped", why), ("passed", None)]);
    }
}

#[test]
fn a_second_signal_ends_the_cleanup_at_once() {
    let mut stuck = Stuck::begin(&format!("{STEPS}{SLOW_CLEANUP}"), &[]);
    stuck.await_request();
    stuck.send(Signal::SIGINT);
    stuck.await_request();
    stuck.send(Signal::SIGINT);
    let (exit, report) = stuck.end();
    assert_eq!(exit, 130);
    let why = Some("interrupted");
    assert_eq!(
        outcomes(&report),
        [("passed", None), ("errored", why), ("skipped", why), ("errored", why), ("skipped", why)]
    );
}

#[test]
fn when_the_time_is_up_the_cleanup_runs_too() {
    let mut stuck = Stuck::begin(&format!("{STEPS}{CLEANUP}"), &["--timeout", "1s"]);
    stuck.await_request();
    let (exit, report) = stuck.end();
    assert_eq!(exit, 4);
    assert_eq!(report["run"]["timed_out"], true);
    let why = Some("the run took longer than `--timeout` allows");
    assert_eq!(outcomes(&report), [("passed", None), ("errored", why), ("skipped", why), ("passed", None)]);
}
