//! What servers answer who mean harm: each is asked by a step of its own, in a process that may hold only so much memory.
//! Each step comes out as the table says, within its time, and the run goes on with the others.

use std::io;
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::peer::{Peer, Server, good};
use crate::folder::Folder;
use crate::program;

/// What a server does, and how a step comes out that asks it: its outcome, and words that name the cause.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) act: fn(&mut Peer) -> io::Result<()>,
    outcome: &'static str,
    pub(super) words: &'static str,
    /// What the step says besides.
    more: &'static str,
}

const fn case(
    name: &'static str,
    act: fn(&mut Peer) -> io::Result<()>,
    (outcome, words): (&'static str, &'static str),
) -> Case {
    Case { name, act, outcome, words, more: "" }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

pub(super) const LARGE: (&str, &str) = ("errored", "is larger than what is kept");
pub(super) const CUT: (&str, &str) = ("errored", "ended the connection before its answer");
pub(super) const LATE: (&str, &str) = ("errored", "no whole answer from");
pub(super) const NOISE: (&str, &str) = ("errored", "is not HTTP");
const NO_JSON: (&str, &str) = ("errored", "the body is not JSON");

/// A case whose answer is these bytes, after which the server waits for more.
macro_rules! says {
    ($name:literal, $bytes:expr, $expected:expr) => {
        case(
            $name,
            |peer| {
                peer.request()?;
                peer.send($bytes)?;
                peer.wait()
            },
            $expected,
        )
    };
}

/// The same, and the connection ends behind them.
macro_rules! ends {
    ($name:literal, $bytes:expr, $expected:expr) => {
        case(
            $name,
            |peer| {
                peer.request()?;
                peer.send($bytes)
            },
            $expected,
        )
    };
}

/// The same without having read the request, so that the client is told that the connection is reset.
macro_rules! resets {
    ($name:literal, $bytes:expr, $expected:expr) => {
        case(
            $name,
            |peer| {
                peer.await_request()?;
                peer.send($bytes)
            },
            $expected,
        )
    };
}

/// What is to be answered to whoever asks anything.
pub(super) fn cases() -> Vec<Case> {
    [endless(), slow(), unfolding(), broken(), odd()].into_iter().flatten().collect()
}

/// What never ends.
fn endless() -> Vec<Case> {
    vec![
        case("endless-body", |peer| answer_with(peer, b"\r\n", Peer::flood), LARGE),
        case("endless-chunks", endless_chunks, LARGE),
        case("huge-length", |peer| answer_with(peer, b"Content-Length: 999999999999\r\n\r\n", Peer::flood), LARGE),
        case("endless-header", |peer| answer_with(peer, b"x-a: ", Peer::flood), LARGE),
        case("endless-headers", |peer| flood_with(peer, OK, b"x-a: b\r\n"), LARGE),
        case("endless-status-line", |peer| flood_with(peer, b"HTTP/1.1 200 ", b"a"), LARGE),
        case("endless-noise", |peer| flood_with(peer, b"", b"\0\xff"), NOISE),
        case(
            "endless-trailers",
            |peer| flood_with(peer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
            NOISE,
        ),
        case(
            "endless-extension",
            |peer| flood_with(peer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
            NOISE,
        ),
    ]
}

/// What does not end in time.
fn slow() -> Vec<Case> {
    vec![
        case("flood-of-100", flood_of_hints, LATE),
        case("slow-body", |peer| answer_with(peer, b"\r\n", Peer::trickle), LATE),
        case("slow-header", |peer| answer_with(peer, b"x-a: ", Peer::trickle), LATE),
        case(
            "slow-status-line",
            |peer| {
                peer.request()?;
                peer.send(b"HTTP/1.1 200 ")?;
                peer.trickle(b"a")
            },
            LATE,
        ),
        case(
            "silence",
            |peer| {
                peer.request()?;
                peer.wait()
            },
            LATE,
        ),
    ]
}

/// What is small, and comes to much.
fn unfolding() -> Vec<Case> {
    vec![
        case(
            "deep-json",
            |peer| {
                peer.request()?;
                peer.send(good(&("[".repeat(100_000) + &"]".repeat(100_000))).as_bytes())?;
                peer.wait()
            },
            ("errored", "recursion limit exceeded"),
        ),
        case(
            "gzip-bomb",
            |peer| {
                peer.request()?;
                let bomb = bomb();
                peer.send(
                    format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len())
                        .as_bytes(),
                )?;
                peer.send(&bomb)?;
                peer.wait()
            },
            ("errored", "`content-encoding` says `gzip`, which was not asked for"),
        ),
        case(
            "wide-json",
            |peer| {
                peer.request()?;
                let body = format!("[{}0]", "0,".repeat(30_000_000));
                peer.send(good(&body).as_bytes())?;
                peer.wait()
            },
            ("errored", "more values than are kept"),
        ),
        Case {
            more: "redirects: 20",
            ..case("redirects-in-circles", in_circles, ("failed", "20 redirects were followed"))
        },
    ]
}

/// Connections that end or are reset, at every stage.
fn broken() -> Vec<Case> {
    vec![
        case("closes-at-once", |_| Ok(()), CUT),
        ends!("closes-after-request", b"", CUT),
        ends!("closes-in-status-line", b"HTTP/1.1 20", CUT),
        ends!("closes-in-headers", b"HTTP/1.1 200 OK\r\nContent-Le", CUT),
        ends!("closes-before-body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", CUT),
        ends!("closes-in-body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", CUT),
        ends!("closes-in-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a", CUT),
        ends!("closes-between-chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", CUT),
        resets!("resets-at-once", b"", CUT),
        resets!("resets-in-status-line", b"HTTP/1.1 20", CUT),
        resets!("resets-in-headers", b"HTTP/1.1 200 OK\r\nContent-Le", CUT),
        resets!("resets-in-body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", CUT),
        case(
            "half-closes",
            |peer| {
                peer.request()?;
                peer.stream.shutdown(Shutdown::Write)?;
                peer.wait()
            },
            CUT,
        ),
        Case {
            more: "retry: {attempts: 2, base: 1ms}",
            ..case(
                "closes-after-its-first-answer",
                |peer| {
                    peer.request()?;
                    peer.send(good("{}").as_bytes())
                },
                ("passed", ""),
            )
        },
    ]
}

/// Answers that contradict themselves, or are none.
fn odd() -> Vec<Case> {
    vec![
        says!("short-length", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 Later\r\n\r\n", ("passed", "")),
        says!("negative-length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", NOISE),
        says!("length-in-words", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}", NOISE),
        says!("length-beyond-all", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", NOISE),
        says!("two-lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", NOISE),
        says!("lengths-in-a-list", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{} ", NOISE),
        says!("garbage-for-chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", NOISE),
        says!("chunk-beyond-all", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}", NOISE),
        says!("old-http", b"<html>hello</html>\r\n\r\n", NOISE),
        says!("another-protocol", b"SSH-2.0-OpenSSH_9.6\r\n", NOISE),
        says!("another-version", b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("alert-of-tls", b"\x15\x03\x01\x00\x02\x02\x28", NOISE),
        says!("nul-in-header", b"HTTP/1.1 200 OK\r\nx-a: b\0c\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("no-colon", b"HTTP/1.1 200 OK\r\nfoo bar\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("folded-header", b"HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("status-99", b"HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("status-1000", b"HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\n{}", NOISE),
        says!("status-999", b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}", ("failed", "got 999")),
        says!("status-101", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ("failed", "got 101")),
        says!("hints-before", b"HTTP/1.1 103 Early\r\nx: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ("passed", "")),
        says!("no-content-with-one", b"HTTP/1.1 204 None\r\nContent-Length: 2\r\n\r\n{}", NO_JSON),
        says!("length-and-chunks", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ("passed", "")),
        says!("header-not-utf-8", b"HTTP/1.1 200 OK\r\nx-a: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}", ("passed", "")),
        says!("body-not-utf-8", b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"\xff\xfe\":1}", NO_JSON),
        says!("number-beyond-all", b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"a\":1e999}", ("errored", "number out of range")),
        says!("keys-twice", b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"a\":2}", ("passed", "")),
        says!("location-of-a-file", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", ("errored", "`file:///etc/passwd` is no URL")),
        says!("location-of-nothing", b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\nContent-Length: 0\r\n\r\n", ("errored", "is no URL")),
        says!("location-not-utf-8", b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n", ("errored", "")),
    ]
}

fn answer_with(peer: &mut Peer, head: &[u8], go_on: fn(&mut Peer, &[u8]) -> io::Result<()>) -> io::Result<()> {
    peer.request()?;
    peer.send(&[OK, head].concat())?;
    go_on(peer, b"0")
}

fn flood_with(peer: &mut Peer, head: &[u8], bytes: &[u8]) -> io::Result<()> {
    peer.request()?;
    peer.send(head)?;
    peer.flood(bytes)
}

/// Leads ever further.
fn in_circles(peer: &mut Peer) -> io::Result<()> {
    while let Some(request) = peer.request()? {
        let further = "x".repeat(request.matches('x').count() + 1);
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: /redirects-in-circles/{further}\r\nContent-Length: 0\r\n\r\n");
        peer.send(head.as_bytes())?;
    }
    Ok(())
}

/// Forty thousand words in a second that say to go on: more would show how fast the client reads, and nothing else.
fn flood_of_hints(peer: &mut Peer) -> io::Result<()> {
    peer.request()?;
    loop {
        peer.send(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(40))?;
        thread::sleep(Duration::from_millis(1));
    }
}

fn endless_chunks(peer: &mut Peer) -> io::Result<()> {
    peer.request()?;
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    peer.flood(&[b"4000\r\n".as_slice(), &[b'0'; 0x4000], b"\r\n"].concat())
}

/// A gibibyte of zeros, as gzip: a member of a mebibyte, a thousand times and more (RFC 1952, section 2.2).
fn bomb() -> Vec<u8> {
    let zeros = vec![0_u8; 1 << 20];
    let bit = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    let sum = !zeros.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit));
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    member.extend(miniz_oxide::deflate::compress_to_vec(&zeros, 9));
    member.extend(sum.to_le_bytes());
    member.extend((1_u32 << 20).to_le_bytes());
    member.repeat(1024)
}

/// A playbook that asks each server in a step of its own, and somebody honest at the end.
fn playbook(cases: &[Case], servers: &[Server], honest: &Server) -> String {
    let mut text = "cloud: china\ndefaults: {timeout: 60s, retry: {attempts: 1}}\nsteps:\n".to_owned();
    for (Case { name, more, outcome, words, .. }, server) in cases.iter().zip(servers) {
        let (more, redirects) = match *more {
            redirects if redirects.starts_with("redirects") => ("", redirects),
            more => (more, "redirects: 1"),
        };
        // Time enough for all else, on a busy machine.
        let more = if *words == LATE.1 { "timeout: 1500ms" } else { more };
        // Where it fails by its status, nothing else is looked at.
        let expected = if *outcome == "failed" { "{status: 2xx}" } else { "{status: 2xx, json: {$: {exists: true}}}" };
        let more = if more.is_empty() { String::new() } else { format!("    {more}\n") };
        text.push_str(&format!(
            "  - name: {name}\n    request: {{url: {}/{name}, {redirects}}}\n    expect: \
             {expected}\n{more}",
            server.url()
        ));
    }
    text + &format!("  - {{name: goes on, request: {{url: {}/fine}}}}\n", honest.url())
}

/// How each step came out, and all that was said of it. The playbook has these files beside it.
pub(super) fn run(playbook: &str, files: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let folder = Folder::new().expect("a folder");
    for (name, text) in [("a.yaml", playbook)].iter().chain(files) {
        folder.write(name, text.as_bytes()).expect("written");
    }
    let arguments = ["a.yaml", "--report", "json=r.json", "--quiet"].map(str::to_owned);
    let printed = program::run_under(&folder, &format!("ulimit -d {MEMORY}"), &arguments).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert_eq!(printed.exit, "4", "{told}");
    let report = std::fs::read(folder.work.join("r.json")).expect("the report is there");
    let report: Value = serde_json::from_slice(&report).expect("and whole");
    let steps = report["playbooks"][0]["steps"].as_array().expect("steps");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    steps.iter().map(|step| (text(&step["name"]), text(&step["outcome"]), step.to_string())).collect()
}

/// How much memory the program may hold, in KiB: what is kept of a body a few times over, and no more.
pub(super) const MEMORY: u64 = 512 * 1024;

fn check(cases: &[Case], found: &[(String, String, String)]) {
    assert_eq!(found.len(), cases.len() + 1);
    let mut wrong = Vec::new();
    for (case, (name, outcome, told)) in cases.iter().zip(found) {
        assert_eq!(name, case.name);
        let told = told.replace("\\\"", "\"");
        if outcome != case.outcome || !told.contains(case.words) {
            let problems = told.find("\"problems\"").map_or(told.as_str(), |at| &told[at..]);
            let told: String = problems.chars().take(900).collect();
            wrong.push(format!("{name}: {outcome}, not {} with `{}`: {told}", case.outcome, case.words));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(found.last().map(|(_, outcome, _)| outcome.as_str()), Some("passed"), "the run goes on");
}

#[test]
fn whatever_resource_manager_answers_is_borne_and_told() {
    let cases = cases();
    let servers: Vec<Server> = cases.iter().map(|case| Server::start(case.act)).collect();
    let begun = Instant::now();
    let found = run(&playbook(&cases, &servers, &Server::answering(good("{}"))), &[]);
    check(&cases, &found);
    let asked = servers.iter().any(|server| server.got().to_lowercase().contains("accept-encoding"));
    assert!(!asked, "what is packed is not asked for");
    let sent: u64 = servers.iter().map(Server::sent).sum();
    eprintln!("{} servers, {sent} bytes, {:.1?}", cases.len(), begun.elapsed());
}
