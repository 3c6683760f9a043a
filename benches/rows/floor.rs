//! The floor: a program that does the requests of a row and nothing else, over bare sockets and rustls, on one thread. It
//! parses tokens and bodies and looks at the values that the others assert.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::{Outcome, rows, server, work};

/// What makes this program the floor.
pub(crate) const WORD: &str = "--floor";

/// Does the work: what to do, where the identity endpoint and Resource Manager are, how many times, and files to read.
pub(crate) fn run(work: &str, rest: &[&str]) -> Outcome {
    let [imds, arm, count, files @ ..] = rest else { return Err("too few words".into()) };
    let count: usize = count.parse()?;
    let mut near = Connection::open(imds, &[])?;
    let token = near.token()?;
    let mut far = if imds == arm { near } else { Connection::open(arm, files)? };
    match work {
        "reads" => (0..count).try_for_each(|number| far.read(&token, &format!("group-{number}"))),
        "files" => files.iter().enumerate().try_for_each(|(number, file)| {
            std::fs::read_to_string(file)?;
            far.read(&token, &format!("group-{number}"))
        }),
        "list" => far.list(&token),
        "burst" => burst(arm, &token, count),
        other => Err(format!("no work is called {other}").into()),
    }
}

/// Sends all requests before it reads the first answer.
fn burst(arm: &str, token: &str, count: usize) -> Outcome {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let mut connection = Connection::open(arm, &[])?;
        connection.ask(&work::target(&format!("slow-{number}")), &bearer(token))?;
        connections.push(connection);
    }
    connections.iter_mut().enumerate().try_for_each(|(number, one)| one.judge(&format!("slow-{number}")))
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// A connection, over TLS or not.
struct Connection(BufReader<Box<dyn Stream>>);

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

impl Connection {
    /// Connects to a URL, for which the certificates in the files are trusted.
    fn open(url: &str, authorities: &[&str]) -> Outcome<Connection> {
        let (scheme, address) = url.split_once("://").ok_or("no URL")?;
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match scheme {
            "https" => Box::new(StreamOwned::new(tls(authorities)?, stream)),
            _ => Box::new(stream),
        };
        Ok(Connection(BufReader::new(stream)))
    }

    fn ask(&mut self, target: &str, header: &str) -> io::Result<()> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes())
    }

    /// The body of an answer, which must be a 200.
    fn answer(&mut self) -> Outcome<Value> {
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(format!("answered {line}").into());
        }
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim_end().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }

    fn token(&mut self) -> Outcome<String> {
        self.ask(&rows::token_target(), "Metadata: true")?;
        Ok(self.answer()?["access_token"].as_str().ok_or("no token")?.to_owned())
    }

    fn read(&mut self, token: &str, group: &str) -> Outcome {
        self.ask(&work::target(group), &bearer(token))?;
        self.judge(group)
    }

    fn judge(&mut self, group: &str) -> Outcome {
        let body = self.answer()?;
        let holds = body["name"] == group && body["properties"]["provisioningState"] == "Succeeded";
        let location = body["location"].as_str().ok_or("no location")?.to_owned();
        if holds && !location.is_empty() { Ok(()) } else { Err("an assertion does not hold".into()) }
    }

    fn list(&mut self, token: &str) -> Outcome {
        self.ask(&rows::list_target(), &bearer(token))?;
        let body = self.answer()?;
        let list = body["value"].as_array().ok_or("no list")?;
        let last = format!("data{}", server::LISTED - 1);
        let found = list.iter().find(|item| item["name"] == last.as_str()).ok_or("not listed")?;
        let holds = list.len() == server::LISTED && found["location"] == "chinanorth";
        if holds { Ok(()) } else { Err("an assertion does not hold".into()) }
    }
}

fn tls(authorities: &[&str]) -> Outcome<ClientConnection> {
    let mut roots = RootCertStore::empty();
    for file in authorities {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)?.collect();
        roots.add_parsable_certificates(certificates?);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    Ok(ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?)
}
