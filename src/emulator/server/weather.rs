//! Faults, the journal and the control endpoint over real sockets, and more connections than there are seats.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::SEATS;
use super::tests::{GROUP, address, body, get, plain, run, tls, token};
use super::*;
use crate::emulator::fault::{Effect, Fault, When};

fn fault(path: &str, effect: Option<Effect>) -> Fault {
    let when = When { method: None, path: Some(path.to_owned()) };
    Fault { when, times: Some(1), delay: None, effect }
}

#[test]
fn what_the_world_wants_to_go_wrong_goes_wrong() {
    run(async {
        let mut world = World::quickstart();
        let list = "**/resourceGroups";
        let identity = "/metadata/identity/**";
        let answer = Effect::Answer { status: 410, headers: vec![("X-Why".to_owned(), "w".to_owned())], body: None };
        world.faults = vec![
            fault(list, Some(Effect::Cut(10))),
            fault(list, Some(Effect::Close)),
            fault(list, Some(Effect::Garbage)),
            fault(list, Some(Effect::ContentType("text/html".to_owned()))),
            fault(list, Some(Effect::Throttle(Duration::from_secs(7)))),
            fault(list, Some(Effect::ExpiredToken)),
            fault(list, Some(Effect::Slow(1_000_000))),
            Fault { delay: Some(Duration::from_millis(1)), ..fault(list, None) },
            fault(identity, Some(answer)),
            fault(identity, Some(Effect::ExpiredToken)),
        ];
        let emulator = Emulator::start(world, tls()).await.expect("a start");
        let ready = emulator.ready();
        let path =
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.chinacloudapi.cn";
        let answer = plain(&ready.imds, &get(path, "Metadata: true\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 410") && answer.contains("x-why: w\r\n"), "{answer}");
        let expired = body(&plain(&ready.imds, &get(path, "Metadata: true\r\n")).await);
        assert_eq!(expired["expires_in"], "0");
        let bearer = format!("Authorization: Bearer {}\r\n", expired["access_token"].as_str().expect("a token"));
        let one = get(&format!("{GROUP}/DevTest?api-version=2021-04-01"), &bearer);
        assert_eq!(body(&plain(&ready.arm_http, &one).await)["error"]["code"], "ExpiredAuthenticationToken");

        let bearer = format!("Authorization: Bearer {}\r\n", token(&emulator).await);
        let request = get(&format!("{GROUP}?api-version=2021-04-01"), &bearer);
        let mut answers = Vec::new();
        for _ in 0..9 {
            answers.push(plain(&ready.arm_http, &request).await);
        }
        let (head, cut) = answers[0].split_once("\r\n\r\n").expect("a body");
        assert!(head.starts_with("HTTP/1.1 200") && cut.len() == 10, "{}", answers[0]);
        assert_eq!(answers[1], "");
        assert!(answers[2].starts_with("HTTP/1.1 200") && body(&answers[2]).is_null());
        assert!(answers[3].contains("content-type: text/html\r\n") && !body(&answers[3]).is_null());
        assert!(answers[4].starts_with("HTTP/1.1 429") && answers[4].contains("retry-after: 7\r\n"));
        assert_eq!(body(&answers[5])["error"]["code"], "ExpiredAuthenticationToken");
        for answer in &answers[6..] {
            assert_eq!(body(answer)["value"][0]["name"], "DevTest", "{answer}");
        }
        let recent: Vec<(u16, bool)> =
            emulator.recent(9).iter().map(|exchange| (exchange.status, exchange.fault)).collect();
        let faulty = [200, 0, 200, 200, 429, 401, 200, 200].map(|status| (status, true));
        assert_eq!(recent, [&faulty[..], &[(200, false)]].concat());
    });
}

#[test]
fn the_control_endpoint_shows_requests_and_moves_the_clock() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = emulator.ready();
        let control = ready.control.clone().expect("a control endpoint");
        let bearer = format!("Authorization: Bearer {}\r\n", token(&emulator).await);
        let read = get(&format!("{GROUP}/DevTest?api-version=2021-04-01"), &bearer);
        plain(&ready.arm_http, &read).await;
        let shown = body(&plain(&control, &get("/_emulator/requests", "")).await);
        let last = &shown["requests"][1];
        assert_eq!((&last["door"], &last["status"]), (&json!("arm"), &json!(200)));
        assert_eq!(last["reason"]["caller"], "system");
        let decision =
            "allowed by Reader at /subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups/DevTest";
        assert_eq!(last["reason"]["decision"], decision);
        assert!(!shown.to_string().contains("Bearer"));
        let post = |text: &str, headers: &str| {
            format!(
                "POST /_emulator/clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: \
                 {}\r\n\r\n{text}",
                text.len()
            )
        };
        // A day and an hour later the token has expired.
        let moved = plain(&control, &post(r#"{"advance": "25h"}"#, "")).await;
        assert!(body(&moved)["now"].is_string(), "{moved}");
        assert_eq!(body(&plain(&ready.arm_http, &read).await)["error"]["code"], "ExpiredAuthenticationToken");
        let set = plain(&control, &post(r#"{"set": "2030-01-01T00:00:00Z"}"#, "")).await;
        assert!(body(&set)["now"].as_str().is_some_and(|now| now.starts_with("2030-01-01T00:00:0")), "{set}");
        for (request, status) in [
            (post("{}", ""), "400"),
            (post(r#"{"advance": "1h"}"#, "Origin: http://example.com\r\n"), "403"),
            (get("/_emulator/clock", "").replace("localhost", "example.com"), "403"),
            (get("/_emulator/nothing", ""), "404"),
            (get("/_emulator/requests", "").replace("GET", "DELETE"), "204"),
        ] {
            let answer = plain(&control, &request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        }
        assert_eq!(body(&plain(&control, &get("/_emulator/requests", "")).await), json!({"requests": []}));
    });
}

#[test]
fn who_watches_is_told_of_each_request() {
    run(async {
        let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
        let watcher: Watcher = Arc::new(move |exchange: &Exchange| {
            let _ = send.send(exchange.to_string());
        });
        let options = Options { watcher: Some(watcher), ..Options::default() };
        let emulator = Emulator::start(World::quickstart(), options).await.expect("a start");
        let bearer = format!("Authorization: Bearer {}\r\n", token(&emulator).await);
        plain(&emulator.ready().arm_http, &get(&format!("{GROUP}/Prod?api-version=2021-04-01"), &bearer)).await;
        assert!(
            told.recv().await.is_some_and(|line| line.starts_with("GET /metadata/identity/") && line.ends_with(" 200"))
        );
        assert_eq!(
            told.recv().await.expect("a line"),
            format!(
                "GET {GROUP}/Prod?api-version=2021-04-01 403 AuthorizationFailed · system · \
                 Microsoft.Resources/subscriptions/resourceGroups/read · refused: no role grants it here or above"
            )
        );
    });
}

#[test]
fn idle_connections_make_room_for_others() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), Options::default()).await.expect("a start");
        let url = emulator.ready().imds.clone();
        let mut idle = Vec::new();
        for _ in 0..SEATS * 2 {
            idle.push(TcpStream::connect(address(&url)).await.expect("a connection"));
        }
        token(&emulator).await;
        // The first to come was idle longest, and had to go; the last is still served.
        let mut first = idle.remove(0);
        let mut rest = Vec::new();
        let _ = first.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
        let mut last = idle.pop().expect("a connection");
        let request = get("/metadata/versions", "Metadata: true\r\n");
        last.write_all(request.as_bytes()).await.expect("it takes the request");
        last.read_to_end(&mut rest).await.expect("it answers");
        assert!(String::from_utf8_lossy(&rest).starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn an_arc_agent_writes_the_key_that_it_names() {
    run(async {
        let world = World { host: Host::Arc, ..World::quickstart() };
        let emulator = Emulator::start(world, Options::default()).await.expect("a start");
        let url = emulator.ready().imds.clone();
        let path =
            "/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https://management.chinacloudapi.cn";
        let challenge = plain(&url, &get(path, "Metadata: true\r\n")).await;
        assert!(challenge.starts_with("HTTP/1.1 401"), "{challenge}");
        let file = challenge.lines().find_map(|line| line.strip_prefix("www-authenticate: Basic realm="));
        let file = std::path::PathBuf::from(file.expect("a file"));
        let key = std::fs::read_to_string(&file).expect("a key");
        let headers = format!("Metadata: true\r\nAuthorization: Basic {key}\r\n");
        assert!(body(&plain(&url, &get(path, &headers)).await)["access_token"].is_string());
        drop(emulator);
        assert!(!file.exists());
    });
}

#[test]
fn every_bad_value_in_the_journal_is_short() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), Options::default()).await.expect("a start");
        let long = format!("/{}?api-version=1", "ü".repeat(5000).replace('ü', "%C3%BC"));
        plain(&emulator.ready().arm_http, &get(&long, "")).await;
        let recent = emulator.recent(1);
        assert!(recent[0].target.len() <= 2000);
        assert_eq!(recent[0].code.as_deref(), Some("MissingSubscription"));
        assert_eq!(Value::from(recent[0].status), 404);
    });
}
