//! Certificates that are wrong, connections that break while they are made safe, and answers cut off behind TLS.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::peer::{Peer, Server, good, token};
use crate::folder::Folder;
use crate::program;

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(parameters, key), pem }
    }

    /// What a server needs with a certificate for a name, good from the first of January of one year to that of another.
    fn server(&self, name: &str, years: (i32, i32)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters(name, years).signed_by(&key, &self.issuer).expect("a certificate");
        configured(&certificate, &key)
    }
}

fn parameters(name: &str, (from, to): (i32, i32)) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    parameters.distinguished_name.push(DnType::CommonName, "leaf");
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
    parameters
}

fn configured(certificate: &rcgen::Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).expect("a good pair"))
}

/// Speaks TLS with a client, and gives it this answer. Behind it the connection ends without a word of farewell.
fn speak(peer: &Peer, config: &Arc<ServerConfig>, answer: &str) -> io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream: StreamOwned<_, TcpStream> = StreamOwned::new(connection, peer.stream.try_clone()?);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}

fn serving(config: Arc<ServerConfig>, answer: &str) -> Server {
    let answer = answer.to_owned();
    Server::start(move |peer| speak(peer, &config, &answer))
}

/// A server that has never heard of TLS.
fn plain() -> Server {
    Server::start(|peer| {
        peer.await_request()?;
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
        peer.wait()
    })
}

/// How each step came out and what was said, of a playbook that asks one server after the other.
fn outcomes(folder: &Folder, cases: &[Case]) -> Vec<(String, String)> {
    let mut playbook = "defaults: {retry: {attempts: 1}}\nsteps:\n".to_owned();
    for (name, server, code, _) in cases {
        let timeout = if *code == "timed-out" { "1500ms" } else { "60s" };
        playbook.push_str(&format!(
            "  - {{name: {name}, timeout: {timeout}, request: {{url: 'https://{}/x'}}}}\n",
            server.address
        ));
    }
    folder.write("a.yaml", playbook.as_bytes()).expect("written");
    let arguments = ["a.yaml", "--ca-file", "ca.pem", "--report", "json=r.json", "--quiet"].map(str::to_owned);
    let printed = program::run(folder, &[], &arguments).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stderr).into_owned();
    let report = std::fs::read(folder.work.join("r.json")).unwrap_or_else(|error| panic!("{error}: {told}"));
    let report: Value = serde_json::from_slice(&report).expect("it is whole");
    let steps = report["playbooks"][0]["steps"].as_array().expect("steps");
    steps.iter().map(|step| (step["outcome"].as_str().unwrap_or_default().to_owned(), step.to_string())).collect()
}

/// A server, and what comes of asking it: the code of a diagnostic, or that it passes, and words.
type Case = (&'static str, Server, &'static str, &'static str);

/// Certificates of all sorts; the authority is the one that is trusted.
fn certificates(authority: &Authority) -> Vec<Case> {
    let (now, here) = ((2020, 2100), "127.0.0.1");
    let key = KeyPair::generate().expect("a key");
    let alone = configured(&parameters(here, now).self_signed(&key).expect("a certificate"), &key);
    let serves = |config| serving(config, &good("{}"));
    // No length: only the farewell of TLS tells that this is all.
    let endless = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"cut\": ";
    vec![
        ("good", serves(authority.server(here, now)), "passed", ""),
        ("other-name", serves(authority.server("other.example", now)), "tls-failed", "not valid for name"),
        ("expired", serves(authority.server(here, (2019, 2020))), "tls-failed", "expired"),
        ("not-yet", serves(authority.server(here, (2098, 2100))), "tls-failed", "not valid yet"),
        ("other-authority", serves(Authority::new("other").server(here, now)), "tls-failed", "UnknownIssuer"),
        ("self-signed", serves(alone), "tls-failed", "UnknownIssuer"),
        ("no-farewell", serving(authority.server(here, now), endless), "body-cut-short", "ended the connection"),
    ]
}

/// Handshakes that come to nothing.
fn handshakes() -> Vec<Case> {
    const NO_TLS: (&str, &str) = ("tls-failed", "no trusted connection");
    const LATE: (&str, &str) = ("timed-out", "no whole answer");
    const ENDED: (&str, &str) = ("connection-failed", "no connection to");
    let case = |name, server, (code, words)| (name, server, code, words);
    let half = |peer: &mut Peer| peer.await_request().and_then(|()| peer.send(b"\x16\x03\x03\x00"));
    vec![
        case("plain-http", plain(), NO_TLS),
        case("noise", Server::start(|peer| peer.send(&[0xff; 100]).and_then(|()| peer.wait())), NO_TLS),
        case("endless-noise", Server::start(|peer| peer.flood(b"\x16\x03\x03\x00\x04\xff\xff\xff\xff")), NO_TLS),
        case("silence", Server::start(Peer::wait), LATE),
        case("slow", Server::start(|peer| peer.trickle(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")), LATE),
        case("closes-at-once", Server::start(|_| Ok(())), ENDED),
        case("resets", Server::start(|peer| peer.await_request()), ENDED),
        case("resets-half-way", Server::start(half), ENDED),
    ]
}

#[test]
fn only_a_good_certificate_is_trusted_and_what_is_wrong_with_another_is_told() {
    let folder = Folder::new().expect("a folder");
    let authority = Authority::new("own");
    folder.write("ca.pem", authority.pem.as_bytes()).expect("written");
    let cases: Vec<Case> = certificates(&authority).into_iter().chain(handshakes()).collect();
    let mut wrong = Vec::new();
    for ((name, _, code, words), (outcome, told)) in cases.iter().zip(outcomes(&folder, &cases)) {
        let as_told = match *code {
            "passed" => outcome == "passed",
            code => outcome == "errored" && told.contains(&format!("\"code\":\"{code}\"")),
        };
        if !as_told || !told.contains(words) {
            let said = told.find("\"problems\"").map_or("", |at| &told[at..]);
            wrong.push(format!("{name}: {outcome}, not {code} with `{words}`: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A token, and the key of App Service and Service Fabric, which nobody else may get.
const TOKEN: &str = "opaque-token-of-a-test-815";
const KEY: &str = "identity-header-of-a-test-816";

#[test]
fn a_token_stays_behind_when_a_redirect_leads_from_https_to_http() {
    let folder = Folder::new().expect("a folder");
    let authority = Authority::new("own");
    folder.write("ca.pem", authority.pem.as_bytes()).expect("written");
    let (thief, identity) = (Server::answering(good("{}")), Server::answering(token(TOKEN)));
    let leads = format!("HTTP/1.1 302 Elsewhere\r\nLocation: {}/x\r\nContent-Length: 0\r\n\r\n", thief.url());
    let honest = serving(authority.server("127.0.0.1", (2020, 2100)), &leads);
    folder.write("a.yaml", b"cloud: china\nsteps: [{request: {url: /x, redirects: 1}}]\n").expect("written");
    let arm = format!("https://{}", honest.address);
    let arguments = ["a.yaml", "--ca-file", "ca.pem", "--arm-endpoint", &arm, "--imds-endpoint", &identity.url()];
    let printed = program::run(&folder, &[], &arguments.map(str::to_owned)).expect("it ends");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stdout));
    let got = thief.got();
    assert!(got.starts_with("GET /x HTTP/1.1") && !got.contains(TOKEN), "{got}");
}

#[test]
fn no_key_goes_to_a_server_that_is_not_known_by_its_certificate() {
    let folder = Folder::new().expect("a folder");
    let authority = Authority::new("own");
    folder.write("a.yaml", b"cloud: china\nsteps: [{token: arm}]\n").expect("written");
    let thief = serving(authority.server("127.0.0.1", (2020, 2100)), &token(TOKEN));
    let endpoint = format!("https://{}/metadata/identity/oauth2/token", thief.address);
    let variables = [
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", KEY),
        ("IDENTITY_SERVER_THUMBPRINT", "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let printed = program::run(&folder, &variables, &["a.yaml".to_owned()]).expect("it ends");
    let told = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert_eq!(printed.exit, "4", "{told}");
    assert!(told.contains("no-identity-endpoint") && told.contains("certificate"), "{told}");
}
