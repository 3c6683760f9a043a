//! The server shell: listeners on loopback that take requests to the service and its responses back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::emulator::certificate::{self, CaFile, Certificate, CertificateError};
use crate::emulator::clock::Clock;
use crate::emulator::message::{Door, Request, Response};
use crate::emulator::service;
use crate::emulator::state::State;
use crate::emulator::world::World;

/// How long a client may take unless the options say otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How large the head of a request may be, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;
/// How large the body of a request may be, in bytes.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How many connections one listener holds at a time; more have to wait.
const CONNECTIONS: usize = 512;

/// How the emulator is served.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to serve https beside http. Without it there is no certificate and no token authority.
    pub tls: bool,
    /// The port of the identity endpoint; a free one by default.
    pub imds_port: Option<u16>,
    /// The port of Resource Manager over https; a free one by default.
    pub arm_port: Option<u16>,
    /// The port of Resource Manager over http; a free one by default.
    pub arm_http_port: Option<u16>,
    /// The port of the token authority; a free one by default.
    pub authority_port: Option<u16>,
    /// How long a client may take for a handshake, for the head of a request, or for its body, and how long a
    /// connection may stay idle; 30 seconds by default.
    pub patience: Option<Duration>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// Where a started emulator can be reached; what `mi-run emulate` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// The identity endpoint.
    pub imds: String,
    /// Resource Manager over https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Resource Manager over http.
    pub arm_http: String,
    /// The token authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The certificate to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What a client needs in its environment.
    pub env: BTreeMap<&'static str, String>,
}

/// Why the emulator did not start.
#[derive(Debug)]
pub enum Error {
    /// A port could not be taken.
    Bind {
        /// The port asked for; 0 is any free one.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system gives no random numbers.
    Random,
    /// No certificate could be made.
    Certificate(CertificateError),
    /// The certificate to trust could not be written.
    CaFile(std::io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Bind { port: 0, source } => write!(f, "cannot listen on loopback: {source}"),
            Error::Bind { port, source } => write!(f, "cannot listen on port {port}: {source}"),
            Error::Random => f.write_str("the system gives no random numbers"),
            Error::Certificate(CertificateError::Make(source)) => {
                write!(f, "cannot make a certificate: {source}")
            }
            Error::Certificate(CertificateError::Use(source)) => {
                write!(f, "cannot serve with the certificate: {source}")
            }
            Error::CaFile(source) => write!(f, "cannot write the certificate to trust: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Bind { source, .. } | Error::CaFile(source) => Some(source),
            Error::Random => None,
            Error::Certificate(CertificateError::Make(source)) => Some(source),
            Error::Certificate(CertificateError::Use(source)) => Some(source),
        }
    }
}

/// A running emulator. Dropping it closes its listeners and connections and removes its files.
#[derive(Debug)]
pub struct Emulator {
    ready: Ready,
    _listeners: JoinSet<()>,
    _ca_file: Option<CaFile>,
}

impl Emulator {
    /// Starts serving a world on loopback, on the current Tokio runtime.
    pub async fn start(world: World, options: Options) -> Result<Emulator, Error> {
        let mut seed = [0u8; 32];
        let random = SystemRandom::new();
        random.fill(&mut seed).map_err(|_| Error::Random)?;

        let imds = bind(options.imds_port).await?;
        let arm_http = bind(options.arm_http_port).await?;
        let secure = match options.tls {
            true => Some(Secure::prepare(&options, &random).await?),
            false => None,
        };
        let ready = Ready::of(&imds, &arm_http, secure.as_ref());
        let state = Arc::new(State::new(world, seed, options.clock.now()).with_authority(ready.authority.clone()));

        let mut listeners = JoinSet::new();
        let mut serve = |door, bound: Bound, tls: Option<TlsAcceptor>| {
            let site = Site {
                door,
                origin: bound.url(if tls.is_some() { "https" } else { "http" }),
                tls,
                state: Arc::clone(&state),
                patience: options.patience.unwrap_or(PATIENCE),
                clock: options.clock.clone(),
            };
            listeners.spawn(accept(bound.listener, Arc::new(site)));
        };
        serve(Door::Imds, imds, None);
        serve(Door::Arm, arm_http, None);
        let mut ca_file = None;
        if let Some(secure) = secure {
            serve(Door::Arm, secure.arm, Some(secure.acceptor.clone()));
            serve(Door::Authority, secure.authority, Some(secure.acceptor));
            ca_file = Some(secure.ca_file);
        }
        Ok(Emulator { ready, _listeners: listeners, _ca_file: ca_file })
    }

    /// Where it can be reached.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }
}

impl Ready {
    fn of(imds: &Bound, arm_http: &Bound, secure: Option<&Secure>) -> Ready {
        let arm = secure.map(|secure| secure.arm.url("https"));
        let arm_http = arm_http.url("http");
        let imds = imds.url("http");
        let ca_file = secure.map(|secure| secure.ca_file.path().to_owned());
        let mut env = BTreeMap::from([
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.clone()),
            ("MI_RUN_ARM_ENDPOINT", arm.clone().unwrap_or_else(|| arm_http.clone())),
        ]);
        if let Some(path) = &ca_file {
            let path = path.display().to_string();
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
                env.insert(name, path.clone());
            }
        }
        Ready { imds, arm, arm_http, authority: secure.map(|secure| secure.authority.url("https")), ca_file, env }
    }
}

/// A listener that has its port.
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }
}

async fn bind(port: Option<u16>) -> Result<Bound, Error> {
    let port = port.unwrap_or(0);
    let failed = |source| Error::Bind { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound { listener, address })
}

/// What is there only when https is served.
struct Secure {
    arm: Bound,
    authority: Bound,
    acceptor: TlsAcceptor,
    ca_file: CaFile,
}

impl Secure {
    async fn prepare(options: &Options, random: &SystemRandom) -> Result<Secure, Error> {
        let arm = bind(options.arm_port).await?;
        let authority = bind(options.authority_port).await?;
        let Certificate { server, ca_pem } = certificate::make(Clock::system().now()).map_err(Error::Certificate)?;
        let mut unique = [0u8; 8];
        random.fill(&mut unique).map_err(|_| Error::Random)?;
        Ok(Secure {
            arm,
            authority,
            acceptor: TlsAcceptor::from(server),
            ca_file: CaFile::write(&ca_pem, &unique).map_err(Error::CaFile)?,
        })
    }
}

/// What the connections of one listener share.
struct Site {
    door: Door,
    origin: String,
    tls: Option<TlsAcceptor>,
    state: Arc<State>,
    patience: Duration,
    clock: Clock,
}

/// Takes connections until it is dropped, which drops them too.
async fn accept(listener: TcpListener, site: Arc<Site>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(&site), place));
            }
            // Out of file descriptors, most likely: others have to close first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, site: Arc<Site>, _place: OwnedSemaphorePermit) {
    // Without it small answers may wait for the client's acknowledgement; it is no reason to refuse one.
    let _ = stream.set_nodelay(true);
    match site.tls.clone() {
        None => converse(stream, site).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(site.patience, acceptor.accept(stream)).await {
                converse(stream, site).await;
            }
        }
    }
}

async fn converse<S>(stream: S, site: Arc<Site>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let patience = site.patience;
    let service = service_fn(|request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(respond(&site, request).await) }
    });
    // A connection that breaks concerns its client only.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(site: &Site, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return convert(too_bad(413, "RequestContentTooLarge"));
    }
    let body = match timeout(site.patience, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return convert(too_bad(413, "RequestContentTooLarge"));
        }
        Ok(Err(_)) => return convert(too_bad(400, "InvalidRequestContent")),
        Err(_) => return convert(too_bad(408, "RequestTimeout")),
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let scheme = site.origin.split("://").next().unwrap_or("http");
    let origin = match head.headers.get(HOST) {
        Some(host) if !host.is_empty() => format!("{scheme}://{}", text(host)),
        _ => site.origin.clone(),
    };
    let request = Request {
        door: site.door,
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or_else(|| "/".to_owned(), |target| target.as_str().to_owned()),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
        origin,
        now: site.clock.now(),
    };
    convert(service::answer(&site.state, &request))
}

/// A refusal of the shell itself; the connection is of no more use.
fn too_bad(status: u16, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": "The request could not be read."}});
    Response::json(status, &body).with("Connection", "close")
}

fn convert(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut converted = hyper::Response::new(Full::new(Bytes::from(response.body)));
    *converted.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        // What a client sent may be echoed, and not all of it is fit for a header.
        let (Ok(name), Ok(value)) =
            (hyper::header::HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        else {
            continue;
        };
        converted.headers_mut().append(name, value);
    }
    converted
}

#[cfg(test)]
mod tests;
