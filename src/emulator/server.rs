//! The server shell: listeners on loopback that take requests to the service and its responses back.

mod connection;
mod files;
mod flow;
mod ready;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::emulator::certificate::{self, Certificate, CertificateError};
use crate::emulator::clock::Clock;
use crate::emulator::hosts::workload;
use crate::emulator::journal::Exchange;
use crate::emulator::message::Door;
use crate::emulator::state::State;
use crate::emulator::world::{Host, World};

use connection::Site;
use files::Files;
pub use ready::Ready;

/// How long a client may take unless the options say otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who is told of each request when it is answered.
pub type Watcher = Arc<dyn Fn(&Exchange) + Send + Sync>;

/// How the emulator is served.
#[derive(Clone, Default)]
pub struct Options {
    /// Whether to serve https beside http, and the control endpoint. Without it there is no certificate and no token
    /// authority.
    pub tls: bool,
    /// The port of the identity endpoint; a free one by default.
    pub imds_port: Option<u16>,
    /// The port of Resource Manager over https; a free one by default.
    pub arm_port: Option<u16>,
    /// The port of Resource Manager over http; a free one by default.
    pub arm_http_port: Option<u16>,
    /// The port of the token authority; a free one by default.
    pub authority_port: Option<u16>,
    /// The port of the control endpoint; a free one by default.
    pub control_port: Option<u16>,
    /// How long a client may take for a handshake, for the head of a request, or for its body, and how long a
    /// connection may stay idle; 30 seconds by default.
    pub patience: Option<Duration>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Who is told of each request.
    pub watcher: Option<Watcher>,
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
    /// A file that clients need could not be written.
    File(std::io::Error),
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
            Error::File(source) => write!(f, "cannot write a file that clients need: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Bind { source, .. } | Error::File(source) => Some(source),
            Error::Random => None,
            Error::Certificate(CertificateError::Make(source)) => Some(source),
            Error::Certificate(CertificateError::Use(source)) => Some(source),
        }
    }
}

/// A running emulator. Dropping it closes its listeners and connections and removes its files.
pub struct Emulator {
    ready: Ready,
    state: Arc<State>,
    _listeners: JoinSet<()>,
    _files: Option<Arc<Files>>,
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
            true => Some(Secure::prepare(&options).await?),
            false => None,
        };
        let host = world.host;
        let mut state = State::new(world, seed, options.clock.now()).with_clock(options.clock.clone());
        let authority = secure.as_ref().map(|secure| secure.authority.url("https"));
        let arm = secure.iter().map(|secure| secure.arm.url("https")).chain([arm_http.url("http")]);
        state = state.served_at(authority.clone(), arm.collect());

        let mut files = None;
        if secure.is_some() || host == Host::Arc {
            let made = Files::prepare(&random, host).map_err(Error::File)?;
            if let Some(secure) = &secure {
                made.write(&made.ca(), secure.certificate.ca_pem.as_bytes()).map_err(Error::File)?;
            }
            if let Some(folder) = made.arc() {
                state = state.with_arc_folder(folder.to_owned());
            }
            let assertion = authority.as_deref().filter(|_| host == Host::Aks);
            let assertion = assertion.and_then(|url| workload::assertion(&state, url, options.clock.now()));
            if let Some(assertion) = assertion {
                made.write(&made.assertion(), assertion.as_bytes()).map_err(Error::File)?;
            }
            files = Some(Arc::new(made));
        }
        let ready = Ready::of((&imds, &arm_http, secure.as_ref()), &state, files.as_deref());
        let state = Arc::new(state);
        let mut listeners = JoinSet::new();
        let mut serve = |door, bound: Bound, tls: Option<TlsAcceptor>| {
            let site = Site {
                door,
                origin: bound.url(if tls.is_some() { "https" } else { "http" }),
                tls,
                state: Arc::clone(&state),
                files: files.as_ref().map(Arc::downgrade).unwrap_or_default(),
                patience: options.patience.unwrap_or(PATIENCE),
                watcher: options.watcher.clone(),
            };
            listeners.spawn(connection::accept(bound.listener, Arc::new(site)));
        };
        serve(Door::Imds, imds, None);
        serve(Door::Arm, arm_http, None);
        if let Some(secure) = secure {
            let acceptor = TlsAcceptor::from(secure.certificate.server);
            serve(Door::Arm, secure.arm, Some(acceptor.clone()));
            serve(Door::Authority, secure.authority, Some(acceptor));
            serve(Door::Control, secure.control, None);
        }
        Ok(Emulator { ready, state, _listeners: listeners, _files: files })
    }

    /// Where it can be reached.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The last so many requests, the oldest first.
    pub fn recent(&self, count: usize) -> Vec<Exchange> {
        self.state.recent(count)
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
    control: Bound,
    certificate: Certificate,
}

impl Secure {
    async fn prepare(options: &Options) -> Result<Secure, Error> {
        Ok(Secure {
            arm: bind(options.arm_port).await?,
            authority: bind(options.authority_port).await?,
            control: bind(options.control_port).await?,
            certificate: certificate::make(Clock::system().now()).map_err(Error::Certificate)?,
        })
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod weather;
