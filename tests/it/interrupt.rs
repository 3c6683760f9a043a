//! A run that somebody interrupts: it stops, tells so, and leaves whole reports.

use std::io::Read as _;
use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::folder::Folder;
use crate::program::start;

const PLAYBOOK: &str = "\
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

#[test]
fn reports_are_written_and_the_rest_is_skipped() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = Folder::new().expect("a folder");
        folder.write("slow.yaml", PLAYBOOK.as_bytes()).expect("written");
        // Takes the request and never answers, so that the run is known to wait when the signal comes.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", silent.local_addr().expect("its address"));
        let arguments =
            ["slow.yaml", "--arm-endpoint", &endpoint, "--report", "json=out.json", "--report", "junit=out.xml"];
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let (background, _) = start(&folder, &arguments).expect("it begins");
        let (mut asked, _) = silent.accept().expect("it asks");
        let mut byte = [0];
        asked.read_exact(&mut byte).expect("it sends");
        assert_eq!(background.signal(signal), Ok(130));
        let report = std::fs::read_to_string(folder.work.join("out.json")).expect("the report is there");
        let report: Value = serde_json::from_str(&report).expect("and whole");
        assert_eq!(report["run"]["interrupted"], true);
        let steps = report["playbooks"][0]["steps"].as_array().expect("steps");
        let outcomes: Vec<&str> = steps.iter().filter_map(|step| step["outcome"].as_str()).collect();
        assert_eq!(outcomes, ["passed", "errored", "skipped"]);
        assert_eq!(steps[2]["reason"], "interrupted");
        let junit = std::fs::read_to_string(folder.work.join("out.xml")).expect("the report is there");
        assert!(junit.ends_with("</testsuites>\n"), "{junit}");
    }
}
