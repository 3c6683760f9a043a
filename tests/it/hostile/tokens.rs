//! Tokens and keys go where they belong: each way to lead them astray is tried with a second server that keeps every byte.

use serde_json::Value;

use super::peer::{Server, good, token};
use crate::folder::Folder;
use crate::program;

/// What nobody else may get.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ0b2tlbi1vZi1hLXRlc3QifQ.c2lnbmF0dXJl";
const KEY: &str = "key-of-a-test-4711";

/// What the thief gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thief {
    /// Nothing: nobody calls.
    Nothing,
    /// A call in which no secret is.
    Call,
    /// A call or none, for the client may know that the place is none; in any case no secret.
    Little,
    /// The token, since the step says so.
    Token,
}

/// A step, what the honest server answers it, and what comes of it. `HONEST` and `THIEF` stand for hosts with ports.
struct Case {
    step: &'static str,
    answer: String,
    outcome: &'static str,
    words: &'static str,
    thief: Thief,
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Places that are the thief's, and are not written as the honest server is.
const DISGUISES: [&str; 15] = [
    "http://THIEF/x",
    "HTTP://THIEF/x",
    "//THIEF/x",
    "http://HONEST@THIEF/x",
    "http://HONEST%40THIEF/x",
    r"http://THIEF\@HONEST/x",
    r"http:\\THIEF/x",
    "http://THIEF#@HONEST/x",
    "http://THIEF?@HONEST/x",
    "http://127.0.0.1.:PORT/x",
    "http://localhost:PORT/x",
    "http://0x7f.1:PORT/x",
    "http://[::ffff:127.0.0.1]:PORT/x",
    "http://%31%32%37.0.0.1:PORT/x",
    "http:/THIEF//://HONEST/x",
];

/// Links that lead astray, in answers to a request with `redirects`, with `pages` and with `poll`.
fn disguised() -> Vec<Case> {
    let case = |step, answer, (outcome, words), thief| Case { step, answer, outcome, words, thief };
    let mut all = Vec::new();
    for place in DISGUISES {
        // What stays on the honest server, as some of them do, may end in any way.
        let redirected = redirect(302, place);
        all.push(case("request: {url: /x, redirects: 2}", redirected, ("", ""), Thief::Little));
        let link = place.replace('\\', "\\\\");
        let page = good(&format!(r#"{{"value": [], "nextLink": "{link}"}}"#));
        // What is no URL is a path on the honest server.
        let outcome = if place.contains(r":\\") || place.contains(":/T") { "passed" } else { "errored" };
        all.push(case("request: {url: /x, pages: 2}", page, (outcome, ""), Thief::Nothing));
        for header in ["Location", "Azure-AsyncOperation"] {
            let accepted =
                format!("HTTP/1.1 202 Accepted\r\n{header}: {place}\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
            let step = "request: {method: POST, url: /x, poll: {within: 2s, every: 1ms}}";
            all.push(case(step, accepted, ("errored", "operation"), Thief::Nothing));
        }
    }
    all
}

fn cases() -> Vec<Case> {
    let case = |step, answer, (outcome, words), thief| Case { step, answer, outcome, words, thief };
    let there = || redirect(307, "http://THIEF/x");
    let fine = || good("{}");
    let headers = "request: {url: /x, redirects: 1, headers: {x-functions-key: '{{ key }}', Ocp-Apim-Subscription-Key: '{{ key }}', \
                   x-api-key: '{{ key }}', Cookie: 'a={{ key }}', x-own: '{{ key }}', Api-Key: '{{ key }}', x-plain: key-of-a-test-4711, \
                   accept: '{{ key }}', x-coded: '{{ key | b64encode }}', accept-language: de}}";
    vec![
        case("request: {url: /x, redirects: 1}", there(), ("passed", ""), Thief::Call),
        case(headers, there(), ("passed", ""), Thief::Call),
        case("request: {method: POST, url: /x, redirects: 1, json: {a: 1}}", there(), ("passed", ""), Thief::Call),
        case(
            "request: {method: POST, url: /x, redirects: 1, json: {a: '{{ key }}'}}",
            there(),
            ("errored", "the body of the request is not sent to"),
            Thief::Nothing,
        ),
        case(
            "request: {method: POST, url: /x, redirects: 1, form: {a: '{{ key }}'}}",
            redirect(303, "http://THIEF/x"),
            ("passed", ""),
            Thief::Call,
        ),
        case("request: {url: 'http://THIEF/x'}", fine(), ("passed", ""), Thief::Call),
        case("request: {url: '{{ place }}/x'}", fine(), ("passed", ""), Thief::Call),
        case("request: {url: 'http://THIEF/x', pages: all}", fine(), ("passed", ""), Thief::Call),
        case("request: {url: 'http://management.chinacloudapi.cn@THIEF/x'}", fine(), ("passed", ""), Thief::Call),
        case("request: {url: 'http://HONEST@THIEF/x'}", fine(), ("passed", ""), Thief::Call),
        case(r"request: {url: 'http://THIEF\@HONEST/x'}", fine(), ("passed", ""), Thief::Call),
        case("request: {url: 'http://HONEST%40THIEF/x'}", fine(), ("errored", "is no URL"), Thief::Nothing),
        case("request: {url: 'http://THIEF/x', auth: arm}", fine(), ("passed", ""), Thief::Token),
        case("request: {url: 'http://THIEF/x', auth: {bearer: '{{ bearer }}'}}", fine(), ("passed", ""), Thief::Token),
    ]
}

/// Hosts that are no home of a token, whatever the step says.
fn refused() -> Vec<Case> {
    let case = |step, answer, (outcome, words), thief| Case { step, answer, outcome, words, thief };
    let fine = || good("{}");
    vec![
        case(
            r#"request: {url: '{{ "http:/THIEF//://HONEST/x" }}', auth: arm}"#,
            fine(),
            ("errored", "is no URL"),
            Thief::Nothing,
        ),
        case(
            "request: {url: 'http://[::ffff:127.0.0.1]:PORT/x', auth: arm}",
            fine(),
            ("errored", "no token is sent to"),
            Thief::Nothing,
        ),
        case(
            "request: {url: 'http://2130706433:PORT/x', auth: arm}",
            fine(),
            ("errored", "no token is sent to"),
            Thief::Nothing,
        ),
        case(
            "request: {url: 'http://outside.invalid/x', auth: arm}",
            fine(),
            ("errored", "no token is sent to"),
            Thief::Nothing,
        ),
        case(
            "request: {url: 'http://127.0.0.1.outside.invalid/x', auth: arm}",
            fine(),
            ("errored", "no token is sent to"),
            Thief::Nothing,
        ),
    ]
}

/// Runs a step against an honest server that gives it this answer; how it came out, and all that was said of it.
fn run(case: &Case, honest: &Server, thief: &Server) -> (String, String) {
    let folder = Folder::new().expect("a folder");
    let step = filled(case.step, honest, thief);
    let playbook = format!(
        "cloud: china\ninputs: {{key: {{secret: true}}, bearer: {{secret: true}}}}\nvars: {{place: 'http://{}'}}\n\
         defaults: {{timeout: 20s, retry: {{attempts: 1}}}}\nsteps:\n  - {step}\n",
        thief.address
    );
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let url = honest.url();
    let arguments = ["a.yaml", "--imds-endpoint", &url, "--arm-endpoint", &url, "--report", "json=r.json", "--quiet"];
    let variables = [("MI_RUN_VAR_key", KEY), ("MI_RUN_VAR_bearer", TOKEN)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let printed = program::run(&folder, &variables, &arguments.map(str::to_owned)).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    let report = std::fs::read(folder.work.join("r.json")).unwrap_or_else(|error| panic!("{error}: {told}"));
    let report: Value = serde_json::from_slice(&report).expect("it is whole");
    let step = &report["playbooks"][0]["steps"][0];
    (step["outcome"].as_str().unwrap_or_default().to_owned(), step.to_string())
}

fn filled(text: &str, honest: &Server, thief: &Server) -> String {
    let (ours, theirs) = (honest.address.to_string(), thief.address.to_string());
    text.replace("HONEST", &ours).replace("THIEF", &theirs).replace("PORT", &thief.address.port().to_string())
}

/// Whether what came holds one of the secrets, in any of the forms that travel.
fn holds_secret(got: &str) -> bool {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(KEY);
    [TOKEN, KEY, &coded].iter().any(|secret| got.contains(secret))
}

fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let thief = Server::answering(good("{}"));
        let (address, port) = (thief.address.to_string(), thief.address.port().to_string());
        let answer = case.answer.replace("THIEF", &address).replace("PORT", &port);
        let honest = Server::start(move |peer| {
            let own = peer.stream.local_addr()?.to_string();
            while let Some(request) = peer.request()? {
                let answer = match request.starts_with("GET /metadata/identity/") {
                    true => token(TOKEN),
                    false => {
                        // The body has its length in front of it: what is put in is as long as what is taken out, or counted.
                        relengthed(&answer.replace("HONEST", &own))
                    }
                };
                peer.send(answer.as_bytes())?;
            }
            Ok(())
        });
        let (outcome, told) = run(case, &honest, &thief);
        let got = thief.got();
        let as_wished = match case.thief {
            Thief::Nothing => got.is_empty(),
            Thief::Call => !got.is_empty() && !holds_secret(&got),
            Thief::Little => !holds_secret(&got),
            Thief::Token => got.contains(TOKEN) && !got.contains(KEY),
        };
        if !(as_wished && outcome.contains(case.outcome) && told.contains(case.words)) {
            let said = told.find("\"problems\"").map_or("", |at| &told[at..]);
            let (step, answer) = (case.step, &case.answer);
            wrong.push(format!(
                "{step}\n{answer}\n→ {outcome} {said}\nthe thief, who should have {:?}: {got}",
                case.thief
            ));
        }
        assert!(!holds_secret(&told), "{told}");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

/// An answer whose `Content-Length` is that of its body.
fn relengthed(answer: &str) -> String {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return answer.to_owned() };
    let lines = head.split("\r\n").map(|line| match line.starts_with("Content-Length") {
        true => format!("Content-Length: {}", body.len()),
        false => line.to_owned(),
    });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

#[test]
fn no_secret_goes_to_another_server_unless_the_step_says_so() {
    check(&cases());
    check(&refused());
}

#[test]
fn no_disguise_of_a_link_takes_a_token_along() {
    check(&disguised());
}
