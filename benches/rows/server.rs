//! The loopback server: it answers the documented requests over http and https, keeps connections, and tells of slow groups
//! after 50 ms. One thread for each connection, so that it is never what others wait for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Outcome, rows, work};

/// How many resources the long list has, which makes it 2.2 MB.
pub(crate) const LISTED: usize = 8_000;

/// Where the server is, and whom to trust for it.
pub(crate) struct Server {
    pub(crate) http: String,
    pub(crate) https: String,
    /// The own authority.
    pub(crate) authority: PathBuf,
    /// The system's authorities, and the own one behind them.
    pub(crate) all_authorities: PathBuf,
    /// The system's authorities.
    pub(crate) system_authorities: PathBuf,
}

/// Starts the server, which runs until the benchmark ends.
pub(crate) fn start() -> Outcome<Server> {
    let (tls, authority_pem) = certificate()?;
    let tls = Arc::new(tls);
    let http = listen(|stream| converse(BufReader::new(stream)))?;
    let https = listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&tls)).map_err(io::Error::other)?;
        converse(BufReader::new(StreamOwned::new(connection, stream)))
    })?;
    let system = ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"].map(PathBuf::from);
    let system = system.into_iter().find(|path| path.is_file()).ok_or("the system has no bundle of certificates")?;
    let bundle = std::fs::read_to_string(&system)?;
    Ok(Server {
        http: format!("http://{http}"),
        https: format!("https://{https}"),
        authority: rows::file("authority.pem", &authority_pem)?,
        all_authorities: rows::file("authorities.pem", &format!("{bundle}\n{authority_pem}"))?,
        system_authorities: system,
    })
}

/// The TLS of the server, and the authority to trust for it, as PEM.
fn certificate() -> Outcome<(ServerConfig, String)> {
    // Of two certificates with one name OpenSSL takes each to have signed itself.
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(rcgen::DnType::CommonName, "the authority of a benchmark");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let key = rcgen::KeyPair::generate()?;
    let mut leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &rcgen::Issuer::new(authority, authority_key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key.into())?, authority_pem))
}

/// Listens on a free port, whose address it returns, and has every connection served by a thread of its own.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> io::Result<String> {
    let listener = listener()?;
    let address = listener.local_addr()?.to_string();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            // A client that hangs up has had enough.
            thread::spawn(move || stream.set_nodelay(true).and_then(|()| serve(stream)));
        }
    });
    Ok(address)
}

/// A listener that has room for all who come at once: those of the standard library hold 128, and whoever finds no room waits
/// for a second.
fn listener() -> io::Result<TcpListener> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        socket.listen(1024)?.into_std()
    })?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

/// Answers the requests of one connection, none of which has a body.
fn converse(mut stream: BufReader<impl Read + Write>) -> io::Result<()> {
    let (mut request, mut line) = (String::new(), String::new());
    loop {
        request.clear();
        if stream.read_line(&mut request)? == 0 {
            return Ok(());
        }
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line)?;
        }
        line.clear();
        let body = answer(request.split(' ').nth(1).unwrap_or_default());
        let mut whole =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        whole.push_str(&body);
        stream.get_mut().write_all(whole.as_bytes())?;
        stream.get_mut().flush()?;
    }
}

/// The body for a request target.
fn answer(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    match path.rsplit('/').next().unwrap_or_default() {
        "token" => work::token(),
        "resources" => LIST.clone(),
        group => {
            if group.starts_with("slow") {
                thread::sleep(Duration::from_millis(50));
            }
            work::group(path)
        }
    }
}

/// The long list.
static LIST: LazyLock<String> = LazyLock::new(|| work::list(LISTED));
