//! The server over real sockets on loopback.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::connection::{BODY_LIMIT, HEAD_LIMIT};
use super::*;

pub(super) const GROUP: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourceGroups";

pub(super) fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test)
}

pub(super) fn tls() -> Options {
    Options { tls: true, ..Options::default() }
}

pub(super) fn address(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, address)| address)
}

/// Sends text as it is and reads until the server closes.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, text: &str) -> String {
    // A server that has heard enough may close before all is written.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) async fn plain(url: &str, text: &str) -> String {
    let stream = TcpStream::connect(address(url)).await.expect("a connection");
    exchange(stream, text).await
}

/// The same over TLS, trusting only the emulator's file, and calling it by this name.
async fn secure(emulator: &Emulator, url: &str, name: &str, text: &str) -> String {
    let path = emulator.ready().ca_file.as_ref().expect("a file");
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(path).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address(url)).await.expect("a connection");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("trust");
    exchange(stream, text).await
}

pub(super) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

pub(super) fn body(answer: &str) -> Value {
    let text = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(text).unwrap_or(Value::Null)
}

pub(super) async fn token(emulator: &Emulator) -> String {
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.chinacloudapi.cn";
    let answer = plain(&emulator.ready().imds, &get(path, "Metadata: true\r\n")).await;
    let token = body(&answer)["access_token"].as_str().map(str::to_owned);
    token.unwrap_or_else(|| panic!("no token in {answer}"))
}

#[test]
fn serves_the_quickstart_over_http_and_https() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = emulator.ready();
        let bearer = format!("Authorization: Bearer {}\r\n", token(&emulator).await);
        let request = get(&format!("{GROUP}/DevTest?api-version=2021-04-01"), &bearer);

        let answer = plain(&ready.arm_http, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(body(&answer)["location"], "chinanorth");
        let arm = ready.arm.as_deref().expect("https");
        for name in ["127.0.0.1", "localhost", "::1"] {
            let same = secure(&emulator, arm, name, &request).await;
            assert_eq!(body(&same), body(&answer), "{name}");
        }

        let request = get(&format!("{GROUP}/Prod?api-version=2021-04-01"), &bearer);
        let answer = plain(&ready.arm_http, &request).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert_eq!(body(&answer)["error"]["code"], "AuthorizationFailed");

        let authority = ready.authority.as_deref().expect("https");
        let tenant = World::quickstart().tenant;
        let request = get(&format!("/{tenant}/v2.0/.well-known/openid-configuration"), "");
        let answer = secure(&emulator, authority, "localhost", &request).await;
        assert!(body(&answer)["issuer"].is_string(), "{answer}");
    });
}

#[test]
fn links_lead_back_to_where_the_request_came_to() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = emulator.ready();
        let request = get("/metadata/endpoints?api-version=2022-09-01", "");
        let answer = plain(&ready.arm_http, &request).await;
        assert_eq!(body(&answer)["resourceManager"], "http://localhost/");
        let login = format!("{}/", ready.authority.as_deref().expect("https"));
        assert_eq!(body(&answer)["authentication"]["loginEndpoint"], login);
        let arm = ready.arm.as_deref().expect("https");
        let answer = secure(&emulator, arm, "localhost", &request).await;
        assert_eq!(body(&answer)["resourceManager"], "https://localhost/");
    });
}

#[test]
fn the_ready_line_says_what_a_client_needs() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = serde_json::to_value(emulator.ready()).expect("JSON");
        let keys: Vec<&String> = ready.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["imds", "arm", "arm_http", "authority", "control", "ca_file", "env"]);
        let env = &ready["env"];
        assert_eq!(env["AZURE_POD_IDENTITY_AUTHORITY_HOST"], ready["imds"]);
        assert_eq!(env["MI_RUN_ARM_ENDPOINT"], ready["arm"]);
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            assert_eq!(env[name], ready["ca_file"], "{name}");
        }

        let emulator = Emulator::start(World::quickstart(), Options::default()).await.expect("a start");
        let ready = serde_json::to_value(emulator.ready()).expect("JSON");
        let keys: Vec<&String> = ready.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["imds", "arm_http", "env"]);
        assert_eq!(ready["env"]["MI_RUN_ARM_ENDPOINT"], ready["arm_http"]);
        assert_eq!(ready["env"]["SSL_CERT_FILE"], Value::Null);
    });
}

#[test]
fn dropping_it_closes_ports_and_removes_files() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = emulator.ready().clone();
        let path = ready.ca_file.clone().expect("a file");
        assert!(path.exists());
        let mut open = TcpStream::connect(address(&ready.arm_http)).await.expect("a connection");
        drop(emulator);
        assert!(!path.exists());
        assert!(path.parent().is_some_and(|folder| !folder.exists()));
        let mut rest = Vec::new();
        let _ = open.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
        for url in [&ready.imds, &ready.arm_http] {
            assert!(TcpStream::connect(address(url)).await.is_err(), "{url}");
        }
    });
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    run(async {
        let first = Emulator::start(World::quickstart(), Options::default()).await.expect("a start");
        let taken: SocketAddr = address(&first.ready().imds).parse().expect("an address");
        let options = Options { imds_port: Some(taken.port()), ..Options::default() };
        let error = Emulator::start(World::quickstart(), options).await.err();
        let expected = format!("cannot listen on port {}: ", taken.port());
        assert!(error.is_some_and(|error| error.to_string().starts_with(&expected)));
    });
}

#[test]
fn malformed_requests_do_no_harm() {
    run(async {
        let emulator = Emulator::start(World::quickstart(), tls()).await.expect("a start");
        let ready = emulator.ready();
        let head = "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
        #[track_caller]
        fn check(answer: &str, expected: &str) {
            let line = answer.lines().next().unwrap_or_default();
            assert!(line.starts_with(expected), "`{line}` is not `{expected}`");
        }
        let huge = "x".repeat(2 * HEAD_LIMIT);
        for (request, expected) in [
            ("\0\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            ("GET\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            (format!("GET /{huge} HTTP/1.1\r\n\r\n"), "HTTP/1.1 4"),
            (format!("GET / HTTP/1.1\r\nX: {huge}\r\n\r\n"), "HTTP/1.1 431"),
            (format!("{head}Content-Length: -1\r\n\r\n"), "HTTP/1.1 400"),
            (format!("{head}Content-Length: {}\r\n\r\n{}", BODY_LIMIT + 1, "x"), "HTTP/1.1 413"),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "HTTP/1.1 400"),
            ("OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            ("GET / HTTP/1.0\r\n\r\n".to_owned(), "HTTP/1.0 400"),
        ] {
            check(&plain(&ready.arm_http, &request).await, expected);
        }
        let unfit = get("/?api-version=x", "x-ms-correlation-request-id: é\r\n");
        check(&plain(&ready.arm_http, &unfit).await, "HTTP/1.1 404");
        let arm = ready.arm.as_deref().expect("https");
        let _ = plain(arm, &get("/", "")).await;
        token(&emulator).await;
    });
}

#[test]
fn slow_clients_are_let_go() {
    run(async {
        let options = Options { patience: Some(Duration::from_millis(200)), ..tls() };
        let emulator = Emulator::start(World::quickstart(), options).await.expect("a start");
        let ready = emulator.ready();
        let url = &ready.arm_http;
        assert_eq!(plain(url, "GET / HT").await, "");
        assert_eq!(plain(ready.arm.as_deref().expect("https"), "").await, "");
        let answer = plain(url, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx").await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    });
}
