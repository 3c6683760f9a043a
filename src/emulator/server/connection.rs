//! Connections: taken, read, answered, and given up when others need the place.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Watcher;
use super::files::Files;
use super::flow::Flow;
use crate::emulator::journal::Exchange;
use crate::emulator::message::{Door, Request, Response, Wire};
use crate::emulator::service;
use crate::emulator::state::State;

/// How large the head of a request may be, in bytes.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;
/// How large the body of a request may be, in bytes.
pub(super) const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How many connections one listener holds at a time. For one more, the one that is idle longest has to go; all
/// listeners together stay below what a process may usually open.
pub(super) const SEATS: usize = 180;

/// What the connections of one listener share.
pub(super) struct Site {
    pub(super) door: Door,
    pub(super) origin: String,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) state: Arc<State>,
    /// Gone when the emulator is dropped, however long a connection lasts.
    pub(super) files: Weak<Files>,
    pub(super) patience: Duration,
    pub(super) watcher: Option<Watcher>,
}

/// A connection that is open.
struct Seat {
    task: AbortHandle,
    /// Since when it is idle, in microseconds after the listener's start; 0 while a request is being answered.
    idle: Arc<AtomicU64>,
}

/// Takes connections until it is dropped, which drops them too.
pub(super) async fn accept(listener: TcpListener, site: Arc<Site>) {
    let start = Instant::now();
    let mut connections = JoinSet::new();
    let mut seats: Vec<Seat> = Vec::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                while connections.try_join_next().is_some() {}
                make_room(&mut seats);
                let idle = Arc::new(AtomicU64::new(since(start)));
                let task = connections.spawn(connection(stream, Arc::clone(&site), (start, Arc::clone(&idle))));
                seats.push(Seat { task, idle });
            }
            // Out of file descriptors, most likely: others have to close first.
            Err(_) => {
                make_room(&mut seats);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
}

/// Forgets what is closed; when all seats are taken, closes the connection that is idle longest.
fn make_room(seats: &mut Vec<Seat>) {
    if seats.len() < SEATS {
        return;
    }
    seats.retain(|seat| !seat.task.is_finished());
    if seats.len() < SEATS {
        return;
    }
    let idle = |seat: &Seat| Some(seat.idle.load(Ordering::Relaxed)).filter(|since| *since > 0);
    let longest = (0..seats.len()).filter_map(|at| Some((idle(&seats[at])?, at))).min();
    // When everybody is busy, the one that has been there longest has had its time.
    let (_, at) = longest.unwrap_or((0, 0));
    seats.remove(at).task.abort();
}

async fn connection(stream: TcpStream, site: Arc<Site>, seat: (Instant, Arc<AtomicU64>)) {
    // Without it small answers may wait for the client's acknowledgement; it is no reason to refuse one.
    let _ = stream.set_nodelay(true);
    match site.tls.clone() {
        None => converse(stream, site, seat).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(site.patience, acceptor.accept(stream)).await {
                converse(stream, site, seat).await;
            }
        }
    }
}

async fn converse<S>(stream: S, site: Arc<Site>, (start, idle): (Instant, Arc<AtomicU64>))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let patience = site.patience;
    let service = service_fn(|request| {
        let (site, idle) = (Arc::clone(&site), Arc::clone(&idle));
        async move {
            idle.store(0, Ordering::Relaxed);
            let response = respond(&site, request).await;
            idle.store(since(start), Ordering::Relaxed);
            response
        }
    });
    // A connection that breaks concerns its client only.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Answers a request; an error closes the connection without an answer.
async fn respond(site: &Site, request: hyper::Request<Incoming>) -> io::Result<hyper::Response<Flow>> {
    let (head, body) = request.into_parts();
    let body = match read(site, body).await {
        Ok(body) => body,
        Err(refusal) => return Ok(convert(refusal)),
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let origin = match head.headers.get(HOST) {
        Some(host) if !host.is_empty() => {
            let scheme = site.origin.split("://").next().unwrap_or("http");
            format!("{scheme}://{}", text(host))
        }
        _ => site.origin.clone(),
    };
    let request = Request {
        door: site.door,
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or_else(|| "/".to_owned(), |target| target.as_str().to_owned()),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
        origin,
        now: site.state.clock.now(),
    };
    let mut response = service::answer(&site.state, &request);
    if let Some(watcher) = &site.watcher {
        watcher(&Exchange::of(&request, &response));
    }
    if let Some(delay) = response.wire.delay {
        tokio::time::sleep(delay).await;
    }
    if let (Some(file), Some(files)) = (response.file.take(), site.files.upgrade())
        && files.replace(&file.0, &file.1).is_err()
    {
        response = too_bad(500, "FileNotWritten");
    }
    match response.wire.close {
        true => Err(io::Error::other("closed as the world wants it")),
        false => Ok(convert(response)),
    }
}

/// The body of a request, read within the limits.
async fn read(site: &Site, body: Incoming) -> Result<Vec<u8>, Response> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(too_bad(413, "RequestContentTooLarge"));
    }
    match timeout(site.patience, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_bad(413, "RequestContentTooLarge")),
        Ok(Err(_)) => Err(too_bad(400, "InvalidRequestContent")),
        Err(_) => Err(too_bad(408, "RequestTimeout")),
    }
}

/// A refusal of the shell itself; the connection is of no more use.
fn too_bad(status: u16, code: &str) -> Response {
    let body = json!({"error": {"code": code, "message": "The request could not be read."}});
    Response::json(status, &body).with("Connection", "close")
}

fn convert(response: Response) -> hyper::Response<Flow> {
    // HEAD and 204 have no body, whatever the wire is told.
    let wire = if response.body.is_empty() { Wire::default() } else { response.wire };
    let mut converted = hyper::Response::new(Flow::new(response.body, wire));
    *converted.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = converted.headers_mut();
    let mut add = |name: &str, value: String| {
        // What a client sent may be echoed, and not all of it is fit for a header.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    };
    response.headers.into_iter().for_each(|(name, value)| add(&name, value));
    converted
}
