//! How requests share what there is to share: connections, tokens, and places in flight.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::folder::Folder;
use crate::program::{self, Printed};

const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tLyIsImV4cCI6NDEwMjQ0NDgwMH0.x";

/// What a server saw.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    tokens: AtomicUsize,
    requests: AtomicUsize,
    versions: Mutex<HashSet<String>>,
}

/// Serves the identity endpoint and Resource Manager; `gate` holds back every answer but tokens until as many wait for one.
fn serve(gate: Option<Arc<Barrier>>) -> (SocketAddr, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (address, seen) = (listener.local_addr().expect("it is bound"), Arc::new(Seen::default()));
    let known = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (seen, gate) = (Arc::clone(&known), gate.clone());
            seen.connections.fetch_add(1, Ordering::Relaxed);
            // Whoever hangs up has had enough.
            thread::spawn(move || answer(stream, &seen, gate.as_deref()));
        }
    });
    (address, seen)
}

fn answer(mut stream: TcpStream, seen: &Seen, gate: Option<&Barrier>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let body = body(request.split(' ').nth(1).unwrap_or_default(), seen, || {
            gate.map(Barrier::wait);
        });
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
    Ok(())
}

fn body(target: &str, seen: &Seen, wait: impl Fn()) -> String {
    if target.contains("/oauth2/token") {
        seen.tokens.fetch_add(1, Ordering::Relaxed);
        return format!(
            r#"{{"access_token":"{TOKEN}","expires_in":"3600","expires_on":"4102444800","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
        );
    }
    seen.requests.fetch_add(1, Ordering::Relaxed);
    wait();
    r#"{"name":"g"}"#.to_owned()
}

fn run(folder: &Folder, ends: [&str; 2], arguments: &[&str]) -> Printed {
    let ends = ["--imds-endpoint", ends[0], "--arm-endpoint", ends[1]];
    let arguments: Vec<String> = arguments.iter().chain(&ends).map(|word| (*word).to_owned()).collect();
    let printed = program::run(folder, &[], &arguments).expect("it ends");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stderr));
    printed
}

fn looped(turns: usize) -> String {
    format!(
        "cloud: public\nsteps:\n  - request: GET /subscriptions/s/resourceGroups/g{{{{ item }}}}?api-version=2021-04-01\n    \
         for_each: \"{{{{ range({turns}) | list }}}}\"\n    timeout: 30s\n    expect: 200\n"
    )
}

#[test]
fn as_many_requests_are_in_flight_as_there_are_jobs() {
    let folder = Folder::new().expect("a folder");
    folder.write("wide.yaml", looped(256).as_bytes()).expect("it is written");
    // Nobody is answered before all 256 have asked.
    let (address, seen) = serve(Some(Arc::new(Barrier::new(256))));
    let url = format!("http://{address}");
    run(&folder, [&url, &url], &["wide.yaml", "--jobs", "256"]);
    assert_eq!(seen.requests.load(Ordering::Relaxed), 256);
    assert_eq!(seen.tokens.load(Ordering::Relaxed), 1);
}

#[test]
fn playbooks_of_one_invocation_share_connections_and_tokens() {
    let folder = Folder::new().expect("a folder");
    let names: Vec<String> = (0..60).map(|number| format!("p{number}.yaml")).collect();
    for name in &names {
        folder.write(name, looped(2).as_bytes()).expect("it is written");
    }
    let (address, seen) = serve(None);
    let url = format!("http://{address}");
    let arguments: Vec<&str> = names.iter().map(String::as_str).chain(["--jobs", "2"]).collect();
    run(&folder, [&url, &url], &arguments);
    assert_eq!(seen.requests.load(Ordering::Relaxed), 120);
    assert_eq!(seen.tokens.load(Ordering::Relaxed), 1);
    // One for tokens and one for each job, unless connections overtake each other (see below).
    let connections = seen.connections.load(Ordering::Relaxed);
    assert!(connections < names.len(), "{connections}");
}

/// Serves Resource Manager over TLS, as HTTP/2 where that is offered and taken.
fn serve_tls(folder: &Folder, protocols: &[&[u8]]) -> (SocketAddr, Arc<Seen>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate is made");
    folder.write("ca.pem", made.cert.pem().as_bytes()).expect("it is written");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    let mut config = builder.with_single_cert(vec![made.cert.der().clone()], key).expect("they fit");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (address, seen) = (listener.local_addr().expect("it is bound"), Arc::new(Seen::default()));
    let known = Arc::clone(&seen);
    listener.set_nonblocking(true).expect("it can wait");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(tokio::task::LocalSet::new().run_until(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            known,
        )))
    });
    (address, seen)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, seen: Arc<Seen>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it is a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        seen.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let is_second = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let service = service_fn(move |request: Request<Incoming>| {
                let mut versions = seen.versions.lock().unwrap_or_else(PoisonError::into_inner);
                versions.insert(format!("{:?}", request.version()));
                let body = body(request.uri().path(), &seen, || ());
                async move { Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(body)))) }
            });
            // A client that goes away is no failure of the server.
            let _ = match is_second {
                true => http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await,
                false => http1::Builder::new().serve_connection(TokioIo::new(stream), service).await,
            };
        });
    }
}

#[test]
fn http_2_is_spoken_where_it_is_offered() {
    let (plain, tokens) = serve(None);
    // Of HTTP/2, as many connections as there are jobs may have begun before the first tells what it speaks. Of HTTP/1.1 there
    // may be more: a request that waits for its own connection takes one that comes back earlier, and then the next request
    // finds none at rest. There are never as many as requests.
    let (second, first) = ([&b"h2"[..], b"http/1.1"], [&b"http/1.1"[..]]);
    for (protocols, version, most) in [(&second[..], "HTTP/2.0", 8), (&first[..], "HTTP/1.1", 39)] {
        let folder = Folder::new().expect("a folder");
        folder.write("wide.yaml", looped(40).as_bytes()).expect("it is written");
        let (address, seen) = serve_tls(&folder, protocols);
        let ends = [format!("http://{plain}"), format!("https://{address}")];
        run(&folder, [&ends[0], &ends[1]], &["wide.yaml", "--ca-file", "ca.pem"]);
        let versions = seen.versions.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(*versions, HashSet::from([version.to_owned()]));
        assert_eq!(seen.requests.load(Ordering::Relaxed), 40);
        let connections = seen.connections.load(Ordering::Relaxed);
        assert!(connections <= most, "{version}: {connections}");
    }
    assert_eq!(tokens.tokens.load(Ordering::Relaxed), 2);
}
