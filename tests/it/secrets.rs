//! Secrets stay inside: a server sends them back in every encoding, and no byte of any report, stream or trace holds one.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::folder::Folder;
use crate::program;

/// What nobody may see; with characters that each encoding writes differently.
const SECRET: &str = "Tr0ub4dor&3/+=\"é\\ end";
/// The claims of the token that the server gives.
const CLAIMS: &str = r#"{"oid":"0a1b2c3d-0000-0000-0000-00000000000a","tid":"t"}"#;

fn token() -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(CLAIMS), part("not a signature, but as long as one is often"))
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A secret in each encoding, in base64 at each of three offsets.
fn encodings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).expect("it is text");
    let mut all = vec![secret.to_owned(), percent(secret), json[1..json.len() - 1].to_owned()];
    for lead in ["", "x", "xy"] {
        let text = STANDARD.encode(format!("{lead}{secret}"));
        // What stands at the edges depends on what is around.
        all.push(text[4..text.len() - 4].to_owned());
    }
    all
}

/// What a server answers: all of it, everywhere.
fn answer(request: &str) -> String {
    if request.contains("/metadata/identity/") {
        let body = format!(r#"{{"access_token":"{}","expires_in":"86400","token_type":"Bearer"}}"#, token());
        return format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
    }
    let whole = [SECRET.to_owned(), percent(SECRET), STANDARD.encode(SECRET), token()].join(" ");
    let words = serde_json::json!(whole);
    let body = format!(
        r#"{{"error":{{"code":"AuthorizationFailed","message":{words}}},{words}:{words},"b64":"{}"}}"#,
        STANDARD.encode(format!("xy{SECRET}"))
    );
    format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nx-ms-request-id: {}\r\nx-echo: {} {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        percent(SECRET),
        percent(SECRET),
        token(),
        body.len()
    )
}

/// Answers everybody, and keeps the bodies of what a collector of traces would get.
fn serve() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let traces = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&traces);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    if request.starts_with("POST /v1/traces") {
                        kept.lock().expect("nobody panics").extend_from_slice(&buffer[..length]);
                    }
                    if stream.write_all(answer(&request).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, traces)
}

const PLAYBOOK: &str = r#"
cloud: public
inputs: {key: {secret: true}}
vars: {wrapped: "<{{ key }}>"}
steps:
  - name: In the name {{ key }}
    request:
      method: POST
      url: /subscriptions/s/{{ key | urlencode }}?api-version=2021-04-01&q={{ key | urlencode }}
      headers: {x-key: "{{ key | b64encode }}"}
      json: {"{{ key }}": ["{{ wrapped }}", "{{ key | b64encode }}"]}
    retry: {attempts: 1}
    expect:
      status: 200
      headers: {x-echo: "{{ key }}"}
      json: {$.b64: "{{ key }}", $.error.message: {matches: "^{{ key }}$"}}
      text: {contains: "not {{ key }}"}
      that: ["text == key", "key == wrapped"]
    capture: {leaked: $.error.message, encoded: "{{ key | b64encode }}"}
  - name: Refused
    request: GET /subscriptions/s?api-version=2021-04-01&k={{ key | urlencode }}
    expect: allowed
  - for_each: ["{{ key }}", "{{ wrapped }}"]
    set: {item_{{ 1 }}: x}
    when: "item == key"
"#;

#[test]
fn no_byte_of_any_report_holds_a_secret() {
    let (url, traces) = serve();
    let folder = Folder::new().expect("a folder");
    let playbook = PLAYBOOK.replace("    set: {item_{{ 1 }}: x}\n", "    assert: [\"item == 'no'\"]\n");
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let formats = ["console", "curl", "har", "html", "json", "jsonl", "junit", "markdown", "tap", "sarif", "github"];
    let collector = format!("otlp={url}");
    let targets: Vec<String> = formats.iter().map(|format| format!("{format}=out.{format}")).collect();
    let mut arguments = vec!["a.yaml", "--jobs", "1", "--show-http", "--verbose", "--traceparent"];
    arguments.extend(["--imds-endpoint", &url, "--arm-endpoint", &url, "--report", &collector]);
    targets.iter().for_each(|target| arguments.extend(["--report", target]));
    let variables = [("MI_RUN_VAR_key".to_owned(), SECRET.to_owned())];
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let printed = program::run(&folder, &variables, &arguments).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(matches!(printed.exit.as_str(), "1" | "4"), "{}: {told}", printed.exit);
    let mut written = vec![("stdout".to_owned(), printed.stdout), ("stderr".to_owned(), printed.stderr)];
    for format in formats {
        let file = format!("out.{format}");
        let bytes = std::fs::read(folder.work.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}\n{told}"));
        written.push((file, bytes));
    }
    written.push(("traces".to_owned(), traces.lock().expect("nobody panics").clone()));
    let mut searched = 0;
    for (place, bytes) in &written {
        assert!(bytes.len() > 100, "{place}: {}", String::from_utf8_lossy(bytes));
        searched += bytes.len();
        for secret in [SECRET, &token()] {
            for needle in encodings(secret) {
                let at = bytes.windows(needle.len()).position(|window| window == needle.as_bytes());
                let around = at.map(|at| {
                    String::from_utf8_lossy(&bytes[at.saturating_sub(120)..(at + needle.len() + 20).min(bytes.len())])
                        .into_owned()
                });
                assert!(at.is_none(), "{place} holds `{needle}`: {around:?}");
            }
        }
    }
    assert!(searched > 50_000, "{searched}");
}

#[test]
fn what_becomes_known_to_be_secret_later_is_in_no_file_either() {
    const LATER: &str = "correct-horse-4711";
    let folder = Folder::new().expect("a folder");
    // The value of such a header is a secret, which nobody knew before.
    let playbook = format!(
        "steps:\n  - {{name: 'It says {LATER}', assert: [\"'{LATER}' == run.id\"]}}\n  - name: Send it\n    \
         request: {{url: 'http://127.0.0.1:1/', auth: none, headers: {{x-api-key: {LATER}}}}}\n    retry: 1\n"
    );
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let formats = ["console", "curl", "har", "html", "json", "jsonl", "junit", "markdown", "tap", "sarif", "github"];
    let targets = formats.map(|format| ["--report".to_owned(), format!("{format}=out.{format}")]);
    let options = ["a.yaml", "--jobs", "1", "--quiet"].map(str::to_owned);
    let arguments: Vec<String> = options.into_iter().chain(targets.into_iter().flatten()).collect();
    assert_eq!(program::run(&folder, &[], &arguments).expect("it ends").exit, "4");
    let read = |format: &str| std::fs::read_to_string(folder.work.join(format!("out.{format}"))).expect("it is there");
    for format in formats {
        let text = read(format);
        assert!(!text.contains(LATER) && !text.is_empty(), "{format}: {text}");
    }
    for format in ["console", "html", "json", "jsonl", "junit", "markdown", "tap"] {
        assert!(read(format).contains("[secret]"), "{format}: {}", read(format));
    }
    assert!(read("jsonl").lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert_eq!(std::fs::read_dir(&folder.work).expect("a folder").count(), 1 + formats.len(), "nothing is left behind");
}
