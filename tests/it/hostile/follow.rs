//! Lists and operations that begin well and then mean harm: what follows the first answer is bounded too.

use std::io;

use serde_json::Value;

use super::peer::{Peer, Server, good};
use super::servers::MEMORY;
use crate::folder::Folder;
use crate::program;

/// What the step says of its request, what the server does at its first and at each further request, and what comes of it.
struct Case {
    name: &'static str,
    step: &'static str,
    first: fn() -> String,
    then: fn(&mut Peer, u32) -> io::Result<()>,
    words: &'static str,
    /// How often it may be asked.
    most: u64,
}

const PAGES: &str = "url: /x, pages: all";
const POLL: &str = "method: PUT, url: /x, poll: {within: 900ms}";

fn page() -> String {
    good(r#"{"value": [1], "nextLink": "/page/1"}"#)
}

fn accepted() -> String {
    "HTTP/1.1 202 Accepted\r\nLocation: /operation\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_owned()
}

/// An answer that is sent at once, after which the server waits for more.
macro_rules! says {
    ($bytes:expr) => {
        |peer, _| peer.send($bytes)
    };
}

const CUT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{";

fn lists() -> Vec<Case> {
    let case = |name, step, first, then, (words, most)| Case { name, step, first, then, words, most };
    vec![
        case(
            "endless-pages",
            PAGES,
            page,
            |peer, number| {
                let items = "0,".repeat(1 << 19);
                peer.send(good(&format!("{{\"value\": [{items}0], \"nextLink\": \"/page/{number}\"}}")).as_bytes())
            },
            ("of them are larger than what is kept of all", 70),
        ),
        case("pages-in-circles", PAGES, page, says!(page().as_bytes()), ("leads back to a page", 3)),
        case(
            "page-link-is-a-map",
            PAGES,
            page,
            says!(good(r#"{"value": [], "nextLink": {}}"#).as_bytes()),
            ("not text", 2),
        ),
        case("page-is-no-list", PAGES, page, says!(good("5").as_bytes()), ("has no list `value`", 2)),
        case("page-is-no-json", PAGES, page, says!(good("<html>").as_bytes()), ("page 2 has status 200", 2)),
        case(
            "page-is-cut",
            PAGES,
            page,
            |peer, _| peer.send(CUT).and(Err(io::ErrorKind::Other.into())),
            ("ended the connection", 2),
        ),
        case("page-is-noise", PAGES, page, says!(b"noise\r\n\r\n"), ("is not HTTP", 2)),
        case("page-hangs", PAGES, page, |peer, _| peer.wait(), ("no whole answer", 2)),
        case(
            "page-is-endless",
            PAGES,
            page,
            |peer, _| peer.send(b"HTTP/1.1 200 OK\r\n\r\n").and_then(|()| peer.flood(b"0")),
            ("larger than what is kept", 2),
        ),
        case(
            "page-refuses",
            PAGES,
            page,
            says!(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
            ("page 2 has status 401", 3),
        ),
    ]
}

fn operations() -> Vec<Case> {
    let case = |name, step, first, then, (words, most)| Case { name, step, first, then, words, most };
    const LOST: (&str, u64) = ("has not ended within 900ms", 12);
    vec![
        case("never-ends", POLL, accepted, says!(accepted().as_bytes()), LOST),
        case(
            "says-to-wait-less-than-nothing",
            POLL,
            accepted,
            says!(b"HTTP/1.1 202 Accepted\r\nRetry-After: -9\r\nContent-Length: 0\r\n\r\n"),
            LOST,
        ),
        case(
            "says-to-wait-for-a-year",
            POLL,
            accepted,
            says!(b"HTTP/1.1 202 Accepted\r\nRetry-After: 31536000\r\nContent-Length: 0\r\n\r\n"),
            ("has not ended within 900ms", 2),
        ),
        case(
            "fails-for-ever",
            POLL,
            accepted,
            says!(b"HTTP/1.1 500 Oh\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
            LOST,
        ),
        case(
            "refuses-for-ever",
            POLL,
            accepted,
            says!(b"HTTP/1.1 401 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
            ("answered with status 401", 3),
        ),
        case(
            "poll-is-cut",
            POLL,
            accepted,
            |peer, _| peer.send(CUT).and(Err(io::ErrorKind::Other.into())),
            ("ended the connection", 2),
        ),
        case("poll-is-noise", POLL, accepted, says!(b"noise\r\n\r\n"), ("is not HTTP", 2)),
        case("poll-hangs", POLL, accepted, |peer, _| peer.wait(), ("no whole answer", 2)),
    ]
}

fn serve(case: &Case) -> Server {
    let (first, then) = ((case.first)(), case.then);
    let asked = std::sync::atomic::AtomicU32::new(0);
    Server::start(move |peer| {
        while let Some(request) = peer.request()? {
            if request.starts_with("GET /metadata/") {
                peer.send(super::peer::token("opaque-token-1").as_bytes())?;
                continue;
            }
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => peer.send(first.as_bytes())?,
                number => then(peer, number + 1)?,
            }
        }
        Ok(())
    })
}

#[test]
fn whatever_follows_a_good_beginning_is_bounded_and_told() {
    let mut wrong = Vec::new();
    for case in lists().into_iter().chain(operations()) {
        let (server, folder) = (serve(&case), Folder::new().expect("a folder"));
        let timeout = if case.name.contains("hangs") { "1500ms" } else { "60s" };
        let playbook = format!(
            "cloud: china\ndefaults: {{timeout: {timeout}, retry: {{attempts: 1}}}}\nsteps:\n  - request: {{{}}}\n    expect: {{status: 2xx}}\n  \
             - assert: [1 < 2]\n",
            case.step
        );
        folder.write("a.yaml", playbook.as_bytes()).expect("written");
        let url = server.url();
        let arguments =
            ["a.yaml", "--imds-endpoint", &url, "--arm-endpoint", &url, "--report", "json=r.json", "--quiet"];
        let printed = program::run_under(&folder, &format!("ulimit -d {MEMORY}"), &arguments.map(str::to_owned))
            .expect("it ends");
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        let report =
            std::fs::read(folder.work.join("r.json")).unwrap_or_else(|error| panic!("{}: {error}: {told}", case.name));
        let report: Value = serde_json::from_slice(&report).expect("it is whole");
        let step = |at: usize| &report["playbooks"][0]["steps"][at];
        let asked = server.got().matches(" /x HTTP").count()
            + server.got().matches(" /page/").count()
            + server.got().matches(" /operation").count();
        let told = step(0)["problems"].to_string();
        if step(0)["outcome"] != "errored"
            || !told.contains(case.words)
            || asked as u64 > case.most
            || step(1)["outcome"] != "passed"
        {
            wrong.push(format!(
                "{}: {}, asked {asked} times, not `{}`: {told}",
                case.name,
                step(0)["outcome"],
                case.words
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
