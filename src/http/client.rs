//! The transport over the network: reqwest, with rustls set up only when an https URL is met.

use std::error::Error as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::{load_certs_from_paths, load_native_certs};

use super::{Answer, Fault, FaultKind, LARGEST_BODY, Request, Response, Route, Transport};

/// How long connecting to a local endpoint may take: far less than the three seconds after which a person
/// wonders, far more than a busy hypervisor needs.
const LOCAL_CONNECT: Duration = Duration::from_secs(2);
/// How long connecting elsewhere may take.
const OUTSIDE_CONNECT: Duration = Duration::from_secs(15);

/// Finds the one file that holds all certificates of the system, where there is one.
pub type Bundle = fn() -> Option<PathBuf>;

/// By what words an error is one of TLS, and not of the connection below.
const TLS_WORDS: [&str; 8] = [
    "certificate",
    "TLS",
    "tls",
    "InvalidContentType",
    "corrupt message",
    "fatal alert",
    "peer is incompatible",
    "peer misbehaved",
];

/// Sends requests over the network and keeps connections for the next.
pub struct Client {
    /// Certificates that are trusted besides those of the system.
    own: Vec<CertificateDer<'static>>,
    bundle: Bundle,
    /// Whom to trust, once an https URL is met.
    roots: OnceLock<Arc<RootCertStore>>,
    /// By route, and whether TLS is set up.
    clients: [OnceLock<Result<reqwest::Client, String>>; 4],
    /// For endpoints that are known by their certificate: a process meets one.
    pinned: OnceLock<([u8; 20], Result<reqwest::Client, String>)>,
}

/// Why a file of certificates cannot be used.
#[derive(Debug)]
pub struct BadCertificates(pub String);

impl Client {
    /// A client that trusts those whom the system trusts, and the certificates in `ca_file`.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn new(ca_file: Option<&Path>, bundle: Bundle) -> Result<Self, BadCertificates> {
        let own = ca_file.map(certificates).transpose().map_err(BadCertificates)?.unwrap_or_default();
        Ok(Self { own, bundle, roots: OnceLock::new(), clients: Default::default(), pinned: OnceLock::new() })
    }

    /// Whom to trust: read once, and only where TLS is spoken.
    fn roots(&self) -> Arc<RootCertStore> {
        let read = || {
            let mut roots = RootCertStore::empty();
            // The folder beside the file holds the same again, each by itself.
            let bundle = (self.bundle)().map(|file| load_certs_from_paths(Some(&file), None).certs);
            let system = bundle.filter(|certificates| !certificates.is_empty());
            roots.add_parsable_certificates(system.unwrap_or_else(|| load_native_certs().certs));
            roots.add_parsable_certificates(self.own.iter().cloned());
            Arc::new(roots)
        };
        Arc::clone(self.roots.get_or_init(read))
    }

    fn client(&self, route: Route, tls: bool) -> Result<&reqwest::Client, Fault> {
        if let Route::Pinned(pin) = route {
            let (known, built) = self.pinned.get_or_init(|| (pin, self.build(route, true)));
            let refuse = |detail: String| fault(FaultKind::Tls, detail, Duration::ZERO);
            return match built {
                _ if *known != pin => Err(refuse("another certificate was expected before".to_owned())),
                built => built.as_ref().map_err(|detail| refuse(detail.clone())),
            };
        }
        let index = usize::from(route == Route::Outside) * 2 + usize::from(tls);
        let built = self.clients[index].get_or_init(|| self.build(route, tls));
        built.as_ref().map_err(|detail| fault(FaultKind::Tls, detail.clone(), Duration::ZERO))
    }

    fn build(&self, route: Route, tls: bool) -> Result<reqwest::Client, String> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls(route, tls)?)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("mi-run/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .tcp_nodelay(true);
        builder = builder.connect_timeout(connect_time(route));
        if route != Route::Outside {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| chain(&error))
    }

    /// The TLS of a client. One that only ever speaks http gets no trust at all, which costs nothing.
    fn tls(&self, route: Route, trusting: bool) -> Result<rustls::ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        if let Route::Pinned(pin) = route {
            return super::pin::config(provider, pin);
        }
        let roots = if trusting { self.roots() } else { Arc::new(RootCertStore::empty()) };
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = [&b"h2"[..], b"http/1.1"].map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    async fn exchange(&self, request: Request) -> Answer {
        let begun = Instant::now();
        let route = request.route;
        let refuse = |error: reqwest::Error| refused(&error, route, begun.elapsed());
        let Ok(url) = reqwest::Url::parse(&request.url) else {
            return Err(fault(FaultKind::InvalidUrl, "not an absolute URL".to_owned(), begun.elapsed()));
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(fault(FaultKind::InvalidUrl, "neither http nor https".to_owned(), begun.elapsed()));
        }
        // A proxy may be spoken to over TLS whatever the scheme of the URL.
        let tls = url.scheme() == "https" || request.route == Route::Outside;
        let client = self.client(request.route, tls)?;
        let Ok(method) = reqwest::Method::from_bytes(request.method.as_bytes()) else {
            return Err(fault(FaultKind::InvalidHeader, "not a method".to_owned(), begun.elapsed()));
        };
        let mut outgoing = client.request(method, url).timeout(request.timeout);
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        // Servers refuse these without a length, be it 0 (RFC 9110, section 8.6).
        let needs_length = matches!(request.method, "POST" | "PUT" | "PATCH");
        match request.body {
            Some(body) => outgoing = outgoing.body(body),
            None if needs_length => outgoing = outgoing.header("content-length", "0"),
            None => {}
        }
        let mut incoming = outgoing.send().await.map_err(refuse)?;
        let status = incoming.status().as_u16();
        let headers = incoming.headers().iter();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect();
        let first = incoming.chunk().await.map_err(refuse)?.unwrap_or_default();
        let body = match incoming.chunk().await.map_err(refuse)? {
            None => first,
            Some(second) => {
                // What a server says of its length is not believed beyond what is kept.
                let said = incoming.content_length().map_or(0, |length| length.min(LARGEST_BODY as u64) as usize);
                let mut all = Vec::with_capacity(said.max(first.len() + second.len()));
                all.extend_from_slice(&first);
                all.extend_from_slice(&second);
                while let Some(more) = incoming.chunk().await.map_err(refuse)? {
                    if all.len() + more.len() > LARGEST_BODY {
                        let detail = format!("more than {} MiB", LARGEST_BODY >> 20);
                        return Err(fault(FaultKind::TooLarge, detail, begun.elapsed()));
                    }
                    all.extend_from_slice(&more);
                }
                all.into()
            }
        };
        Ok(Response { status, headers, body, duration: begun.elapsed() })
    }
}

impl Transport for Client {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
        Box::pin(self.exchange(request))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(list) if list.is_empty() => Err(format!("`{shown}` holds no certificate in PEM form")),
        Ok(list) => Ok(list),
        Err(error) => Err(format!("`{shown}` is no PEM file: {error}")),
    }
}

fn fault(kind: FaultKind, detail: String, duration: Duration) -> Fault {
    Fault { kind, detail, duration }
}

/// The messages of an error and of all that caused it, without the URL.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

/// Sorts what reqwest says into a kind.
fn refused(error: &reqwest::Error, route: Route, duration: Duration) -> Fault {
    let kind = kind(error);
    if kind == FaultKind::ConnectTimeout {
        return fault(kind, format!("no connection within {} s", connect_time(route).as_secs()), duration);
    }
    let mut detail = error.source().map_or_else(|| error.to_string(), chain);
    for wrapping in ["client error (Connect): ", "client error (SendRequest): ", "tcp connect error: "] {
        detail = detail.replace(wrapping, "");
    }
    fault(kind, detail, duration)
}

fn connect_time(route: Route) -> Duration {
    match route {
        Route::Local | Route::Pinned(_) => LOCAL_CONNECT,
        Route::Outside => OUTSIDE_CONNECT,
    }
}

fn kind(error: &reqwest::Error) -> FaultKind {
    let io = io_kind(error);
    if error.is_builder() {
        return FaultKind::InvalidHeader;
    }
    if error.is_connect() {
        let text = chain(error);
        return match io {
            Some(std::io::ErrorKind::ConnectionRefused) => FaultKind::Refused,
            Some(std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable) => {
                FaultKind::Unreachable
            }
            _ if error.is_timeout() => FaultKind::ConnectTimeout,
            _ if text.contains("dns error") => FaultKind::Dns,
            // Who ends it in the middle has said nothing about trust.
            _ if text.contains("handshake eof") => FaultKind::Connect,
            _ if TLS_WORDS.iter().any(|word| text.contains(word)) => FaultKind::Tls,
            _ => FaultKind::Connect,
        };
    }
    if error.is_timeout() {
        return FaultKind::Timeout;
    }
    match io {
        Some(
            std::io::ErrorKind::UnexpectedEof
            | std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::BrokenPipe,
        ) => FaultKind::CutShort,
        _ => {
            let text = chain(error);
            if text.contains("message head is too large") {
                return FaultKind::TooLarge;
            }
            let cut = ["IncompleteMessage", "incomplete", "closed before", "end of file", "IncompleteBody"];
            if cut.iter().any(|word| text.contains(word)) { FaultKind::CutShort } else { FaultKind::NotHttp }
        }
    }
}

fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let mut next: Option<&dyn std::error::Error> = error.source();
    let mut found = None;
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            found = Some(io.kind());
        }
        next = error.source();
    }
    found
}
