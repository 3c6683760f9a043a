//! Identity endpoints that mean harm: no token comes of it, the cause is named, and what needs no token goes on.

use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::peer::{Peer, Server, good};
use super::servers::{CUT, LARGE, LATE, MEMORY, NOISE, cases};
use crate::folder::Folder;
use crate::program;

const PLAYBOOK: &str = "cloud: china\ndefaults: {retry: {attempts: 1}}\nsteps:\n  - {name: asks, token: arm, timeout: LIMIT}\n  \
                        - {name: goes on, assert: [1 < 2]}\n";

/// Asks a server for a token: the outcome and all that was said, and the outcome of what comes after.
fn ask(server: &Server, limit: &str) -> [String; 3] {
    let folder = Folder::new().expect("a folder");
    folder.write("a.yaml", PLAYBOOK.replace("LIMIT", limit).as_bytes()).expect("written");
    let arguments =
        ["a.yaml", "--imds-endpoint", &server.url(), "--report", "json=r.json", "--quiet"].map(str::to_owned);
    let printed = program::run_under(&folder, &format!("ulimit -d {MEMORY}"), &arguments).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    let report = std::fs::read(folder.work.join("r.json")).unwrap_or_else(|error| panic!("{error}: {told}"));
    let report: Value = serde_json::from_slice(&report).expect("it is whole");
    let step = |at: usize| &report["playbooks"][0]["steps"][at];
    let outcome = |at: usize| step(at)["outcome"].as_str().unwrap_or_default().to_owned();
    [outcome(0), step(0)["problems"].to_string(), outcome(1)]
}

#[test]
fn whatever_an_identity_endpoint_answers_is_borne_and_told() {
    let cases = Mutex::new(cases());
    let wrong = Mutex::new(Vec::new());
    let check = || {
        while let Some(case) = cases.lock().expect("nobody panics").pop() {
            let server = Server::start(case.act);
            let is = |row: (&str, &str)| case.words == row.1;
            let limit = if is(LATE) { "1500ms" } else { "60s" };
            let [outcome, told, then] = ask(&server, limit);
            let words = match () {
                () if is(LARGE) || is(NOISE) => "what answers there cannot be read",
                () if is(CUT) => "the connection ended before the answer",
                () if is(LATE) => "something accepts the connection and does not answer",
                () if case.name.starts_with("status") => "status",
                () => "what answers is not an identity endpoint",
            };
            if outcome != "errored" || !told.contains(words) || then != "passed" {
                let told: String = told.chars().take(600).collect();
                wrong
                    .lock()
                    .expect("nobody panics")
                    .push(format!("{}: {outcome}, then {then}, not `{words}`: {told}", case.name));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(check);
        }
    });
    let wrong = wrong.into_inner().expect("nobody panics");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tokens_that_are_none_are_not_taken() {
    let with = |members: &str| good(&format!("{{{members}}}"));
    let many = "token=aaaaaaaaaaaaaaaa ".repeat(10_500);
    let many = format!("HTTP/1.1 500 Oh\r\nContent-Length: {}\r\n\r\n{many}", many.len());
    let cases = [
        (with(r#""access_token": 5"#), "holds no `access_token`"),
        (with(r#""access_token": null"#), "holds no `access_token`"),
        (with(r#""access_token": """#), "holds no `access_token`"),
        (with(r#""access_token": "a\r\nx-injected: b""#), "characters that no token has"),
        (with(r#""access_token": "a\u0000b""#), "characters that no token has"),
        (with(r#""access_token": "tökén""#), "characters that no token has"),
        (with(&format!(r#""access_token": "{}""#, "a".repeat(300_000))), "larger than any token"),
        (good(&"[".repeat(200_000)), "not JSON"),
        (many, "not JSON"),
    ];
    for (answer, words) in cases {
        let server = Server::answering(answer);
        let [outcome, told, then] = ask(&server, "20s");
        assert_eq!((outcome.as_str(), then.as_str()), ("errored", "passed"), "{told}");
        assert!(told.contains(words), "`{words}`: {told}");
    }
}

#[test]
fn a_token_whose_time_is_odd_is_a_token() {
    for time in ["-1", "0", "1e308", "99999999999999999999999", "\"soon\"", "null", "[]"] {
        let server = Server::answering(good(&format!(
            r#"{{"access_token": "opaque-token-1", "expires_in": {time}, "expires_on": {time}}}"#
        )));
        let [outcome, told, _] = ask(&server, "20s");
        assert_eq!(outcome, "passed", "{time}: {told}");
    }
}

#[test]
fn an_endpoint_that_says_nothing_is_asked_once_in_a_run() {
    let server = Server::start(Peer::wait);
    let [outcome, ..] = ask(&server, "300ms");
    assert_eq!((outcome.as_str(), server.connections()), ("errored", 1));
}

#[test]
fn a_metadata_service_that_throttles_lets_nobody_wait_for_ever() {
    let asked = std::sync::atomic::AtomicU32::new(0);
    let document = r#"{"compute": {"azEnvironment": "AzureChinaCloud", "location": "chinanorth"}}"#;
    let server = Server::start(move |peer| {
        while let Some(request) = peer.request()? {
            let answer = match request.starts_with("GET /metadata/instance") {
                true if asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => {
                    "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n".to_owned()
                }
                true => good(document),
                false => good("{}"),
            };
            peer.send(answer.as_bytes())?;
        }
        Ok(())
    });
    let folder = Folder::new().expect("a folder");
    // Those behind it know their cloud only by what the first one asks for.
    let request = "  - request: {url: '/x', auth: none, headers: {x-cloud: '{{ cloud.name }}'}}\n".repeat(4);
    let playbook = format!("cloud: auto\ndefaults: {{retry: {{base: 1ms}}}}\nsteps:\n  - metadata: compute\n{request}");
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let url = server.url();
    let arguments = ["a.yaml", "--jobs", "2", "--imds-endpoint", &url, "--arm-endpoint", &url].map(str::to_owned);
    let printed = program::run(&folder, &[], &arguments).expect("it ends");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stdout));
}
