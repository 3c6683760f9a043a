//! Secrets stay inside: playbooks put them everywhere, a server sends them back in every encoding, and no byte of any report,
//! stream, trace or file holds one, whatever the command.

mod server;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::folder::Folder;
use crate::program::{self, Printed};
use crate::reports::FORMATS;
use server::Server;

/// What nobody may see; with characters that each encoding writes differently.
const SECRET: &str = "Tr0ub4dor&3/+=\"é\\ 😀 end";
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

/// The digits of escapes in lower case.
fn percent_lower(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") }).collect()
}

fn form(text: &str) -> String {
    percent(text).replace("%20", "+")
}

/// Inside the quotes of JSON.
fn json(text: &str) -> String {
    let json = serde_json::to_string(text).expect("it is text");
    json[1..json.len() - 1].to_owned()
}

/// As .NET writes it, which is what Azure is written in: all but letters and digits escaped.
fn dotnet(text: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04X}"),
    };
    text.encode_utf16().map(unit).collect()
}

/// As mail wraps it.
fn wrapped(text: &str, end: &str) -> String {
    let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
    lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join(end)
}

/// A secret in each encoding, in base64 at each of three offsets.
fn encodings(secret: &str) -> Vec<String> {
    let mut all = vec![
        secret.to_owned(),
        percent(secret),
        percent_lower(secret),
        form(secret),
        percent(&percent(secret)),
        json(secret),
        json(secret).replace('/', "\\/"),
        json(&json(secret)),
        dotnet(secret),
        dotnet(secret).replace("\\u00E9", "\\u00e9"),
    ];
    for lead in ["", "x", "xy"] {
        for text in [STANDARD.encode(format!("{lead}{secret}")), URL_SAFE_NO_PAD.encode(format!("{lead}{secret}"))] {
            // What stands at the edges depends on what is around.
            let inner = &text[4..text.len() - 4];
            all.extend([inner.to_owned(), percent(inner), inner.replace('/', "\\/"), dotnet(inner)]);
        }
    }
    all
}

/// Every byte that was written: what was printed, and all files but those that were there before.
struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    fn of(printed: Printed, folder: &Folder, before: &[&str]) -> Written {
        let mut all = vec![("stdout".to_owned(), printed.stdout), ("stderr".to_owned(), printed.stderr)];
        for root in [&folder.work, &folder.temp] {
            for path in files(root) {
                let name = path.strip_prefix(root).expect("it is below").display().to_string();
                let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
                // A secret in the name of a file is one too.
                let named = [name.as_bytes(), &bytes].concat();
                if !before.contains(&name.as_str()) {
                    all.push((name, named));
                }
            }
        }
        Written(all)
    }

    /// How many bytes were searched, in vain.
    #[track_caller]
    fn hold_no_secret(&self, secrets: &[&str]) -> usize {
        for (place, bytes) in &self.0 {
            for needle in secrets.iter().flat_map(|secret| encodings(secret)) {
                let Some(at) = memchr::memmem::find(bytes, needle.as_bytes()) else { continue };
                let around = &bytes[at.saturating_sub(160)..(at + needle.len() + 20).min(bytes.len())];
                panic!("{place} holds `{needle}`: {}", String::from_utf8_lossy(around));
            }
        }
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

const PLAYBOOK: &str = r#"
cloud: public
inputs: {key: {secret: true}}
vars: {wrapped: "<{{ key }}>", twice: "{{ key | urlencode | urlencode }}", quoted: "{{ {'k': key} | to_json | to_json }}"}
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
      json: {$.b64: "{{ key }}", $.error.message: {matches: "^{{ key }}$"}, "$['{{ 1 }}']": "{{ quoted }}"}
      text: {contains: "not {{ key }}"}
      that: ["text == key", "key == wrapped", "json.b64 == twice"]
      schema: {type: object, properties: {b64: {const: no}, error: {properties: {message: {maxLength: 3}}}}}
    capture: {leaked: $.error.message, encoded: "{{ key | b64encode }}", whole: "{{ text }}"}
  - name: Refused
    request: GET /subscriptions/s?api-version=2021-04-01&k={{ key | urlencode }}
    expect: allowed
  - for_each: ["{{ key }}", "{{ wrapped }}", "{{ twice }}", "{{ quoted }}"]
    assert: ["item == 'no'"]
    when: "item == key or item != wrapped"
  - for_each: {who: ["{{ key }}"]}
    as: turn
    when: "turn.who != key"
    set: {never: "{{ turn.who }}"}
  - request: {method: PUT, url: /x, file: "no/{{ key | urlencode }}"}
  - request: "GET http://127.0.0.1:1/{{ key | urlencode }}"
    retry: {attempts: 1}
  - request: "GET {{ key }}"
  - request: {url: /x, headers: {x-broken: "{{ key }}\n"}}
  - token: {resource: "https://{{ key | urlencode }}"}
  - token: {resource: arm, identity: {client_id: "{{ key }}"}}
  - request: {url: "https://elsewhere.example/", auth: "api://{{ key | b64encode }}"}
    retry: {attempts: 1}
  - access: {scope: "/subscriptions/{{ key | urlencode }}", can: "{{ key }}"}
  - set: {number: "{{ key | int }}"}
  - set: {parsed: "{{ key | from_json }}"}
  - set: {dated: "{{ key | date }}"}
  - set: {cut: "{{ ('x' * 60) ~ key ~ ('x' * 500) }}", replaced: "{{ key | regex_replace('end', 'END') | upper | lower }}"}
  - sensitive: true
    request: {method: POST, url: /y, json: {k: "{{ key }}"}}
    expect: {text: nothing}
  - assert: ["key == [cut, wrapped]", "file(key) == 1"]
outputs: {plain: "{{ key }}", wrapped: "{{ wrapped }}", twice: "{{ twice }}", quoted: "{{ quoted }}"}
"#;

fn run(folder: &Folder, variables: &[(&str, &str)], words: &[&str]) -> Printed {
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    program::run(folder, &variables, &words).expect("it ends")
}

#[test]
fn no_byte_of_any_report_holds_a_secret() {
    let server = Server::start();
    let folder = Folder::new().expect("a folder");
    folder.write("a.yaml", PLAYBOOK.as_bytes()).expect("written");
    let collector = format!("otlp={}", server.url);
    let targets: Vec<String> = FORMATS.iter().map(|format| format!("{format}=out.{format}")).collect();
    let mut words = vec!["a.yaml", "--jobs", "1", "--show-http", "--verbose", "--traceparent"];
    words.extend(["--imds-endpoint", &server.url, "--arm-endpoint", &server.url, "--report", &collector]);
    targets.iter().for_each(|target| words.extend(["--report", target]));
    let printed = run(&folder, &[("MI_RUN_VAR_key", SECRET)], &words);
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(matches!(printed.exit.as_str(), "1" | "4"), "{}: {told}", printed.exit);
    let mut written = Written::of(printed, &folder, &["a.yaml"]);
    written.0.push(("traces".to_owned(), server.traces()));
    for format in FORMATS {
        let file = format!("out.{format}");
        assert!(written.0.iter().any(|(name, bytes)| *name == file && bytes.len() > 100), "no {file}: {told}");
    }
    let searched = written.hold_no_secret(&[SECRET, &token()]);
    assert!(searched > 200_000, "{searched}");
    eprintln!("{searched} bytes searched");
}

/// What a report keeps is told again in every format by `mi-run report`, and compared.
#[test]
fn no_command_but_token_prints_a_secret() {
    let server = Server::start();
    let folder = Folder::new().expect("a folder");
    folder.write("a.yaml", PLAYBOOK.as_bytes()).expect("written");
    folder.write("values.yaml", format!("key: {}\n", serde_json::json!(SECRET)).as_bytes()).expect("written");
    let asks = ["--imds-endpoint", &server.url, "--arm-endpoint", &server.url];
    let with = |words: &[&'static str]| [words, &asks].concat();
    let values = ["--vars-file", "values.yaml"];
    let can = ["can", "Microsoft.Compute/virtualMachines/read", "--scope", "/subscriptions/s", "--cloud", "public"];
    let commands = [
        vec!["check", "a.yaml"],
        [&["plan", "a.yaml"][..], &values].concat(),
        [&["plan", "a.yaml", "--format", "json"][..], &values].concat(),
        [&["plan", "a.yaml", "--format", "dot"][..], &values].concat(),
        [&["plan", "a.yaml", "--format", "mermaid"][..], &values].concat(),
        [&["plan", "a.yaml", "--role"][..], &values].concat(),
        [&with(&["a.yaml", "--report", "json=run.json", "--quiet"])[..], &values].concat(),
        vec![
            "report",
            "run.json",
            "--report",
            "html=again.html",
            "--report",
            "junit=again.xml",
            "--report",
            "markdown",
        ],
        vec!["report", "run.json", "--report", "har=again.har", "--report", "curl=again.sh", "--report", "console"],
        vec!["report", "--compare", "run.json", "run.json"],
        with(&["whoami", "--cloud", "public"]),
        with(&["whoami", "--format", "json", "--cloud", "public"]),
        with(&["doctor", "--cloud", "public"]),
        with(&["doctor", "--format", "json", "--cloud", "public"]),
        with(&can),
        with(&[&can[..], &["--format", "json"]].concat()),
        vec!["roles", "Reader"],
        vec!["explain", "no-identity-source"],
        vec!["schema", "playbook"],
    ];
    let mut searched = 0;
    for words in commands {
        let printed = run(&folder, &[("IDENTITY_HEADER", SECRET), ("MSI_SECRET", SECRET)], &words);
        let silent = printed.stdout.len() + printed.stderr.len() == 0;
        assert!(!silent && printed.exit != "2" && printed.exit != "by a signal", "{words:?}: {}", printed.exit);
        searched += Written::of(printed, &folder, &["a.yaml", "values.yaml"]).hold_no_secret(&[SECRET, &token()]);
    }
    assert!(searched > 200_000, "{searched}");
    eprintln!("{searched} bytes searched");
    let printed = run(&folder, &[], &with(&["token", "--cloud", "public"]));
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim(), token());
    let written = Written::of(Printed { stdout: Vec::new(), ..printed }, &folder, &["a.yaml", "values.yaml"]);
    written.hold_no_secret(&[SECRET, &token()]);
}

/// A program that is run for a token learns nothing that it does not need.
#[cfg(unix)]
#[test]
fn no_secret_stands_in_a_command_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new().expect("a folder");
    let az = format!(
        "#!/bin/sh\necho \"$@\" >> asked\ntouch ran\necho '{{\"accessToken\":\"{}\",\"expires_on\":4102444800}}'\n",
        token()
    );
    folder.write("bin/az", az.as_bytes()).expect("written");
    let path = folder.work.join("bin/az");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    folder.write("a.yaml", b"cloud: public\nidentity: {source: azure_cli}\ninputs: {key: {secret: true}}\nsteps:\n  - token: arm\n  - assert: [\"key == 1\"]\n").expect("written");
    let search = format!("{}:{}", folder.work.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let variables = [("PATH", search.as_str()), ("MI_RUN_VAR_key", SECRET)];
    let printed = run(&folder, &variables, &["a.yaml", "--verbose", "--show-http", "--report", "json=r.json"]);
    let written = Written::of(printed, &folder, &["a.yaml", "bin/az"]);
    assert!(written.0.iter().any(|(name, _)| name == "asked"), "az was not run");
    written.hold_no_secret(&[SECRET, &token()]);
}

/// Neither a file nor a program that gathers them gets an image of the memory.
#[cfg(target_os = "linux")]
#[test]
fn no_core_is_left() {
    let folder = Folder::new().expect("a folder");
    // Where it may leave one: with the default of most machines nothing would.
    let (emulator, line) =
        program::start_under(&folder, "ulimit -S -c $(ulimit -H -c)", &["emulate".to_owned()]).expect("it starts");
    assert!(line.starts_with('{'), "{line}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", emulator.id())).expect("it runs");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("it is told");
    let soft = core.split_whitespace().nth(4);
    assert!(matches!(soft, Some("0" | "1")), "{core}");
    let ended = emulator.signal(nix::sys::signal::Signal::SIGABRT);
    assert!(ended.is_err_and(|how| how.contains("SIGABRT")), "it does not crash");
    assert_eq!(folder.files(), [""; 0], "an image is left");
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
