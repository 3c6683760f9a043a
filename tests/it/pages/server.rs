//! A scripted HTTP server on loopback. Its block on a page holds answers, each of them:
//!
//! ```text
//! GET /subscriptions/s/resourceGroups/g
//! 200 cut 10
//! Content-Type: application/json
//!
//! {"name": "g"}
//! ```
//!
//! with a line `---` between two of them. A target without `?` stands for every query. Answers to the same request are
//! given in order, the last one again and again; anything else gets 404. After the status may come what goes wrong:
//! `cut N` (the connection ends after N bytes of the body) and `hang N` (nothing comes after N bytes of it until the
//! client goes away). `close` instead of a status ends the connection without an answer, `hang` leaves it open.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// One scripted answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    method: String,
    target: String,
    /// None closes the connection.
    status: Option<u16>,
    cut: Option<usize>,
    /// Leaves the connection open after what was sent.
    hangs: bool,
    headers: Vec<String>,
    body: String,
}

impl Answer {
    /// The answers of a block.
    pub(super) fn parse(text: &str) -> Result<Vec<Answer>, String> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        text.split("\n---\n").map(Answer::one).collect()
    }

    fn one(text: &str) -> Result<Answer, String> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let request = lines.next().unwrap_or_default();
        let (method, target) = request.split_once(' ').ok_or_else(|| format!("`{request}` is not METHOD /path"))?;
        let mut answer = Answer { method: method.to_owned(), target: target.to_owned(), ..Answer::default() };
        answer.outcome(lines.next().unwrap_or_default())?;
        for line in lines {
            line.split_once(": ").ok_or_else(|| format!("`{line}` is not a header"))?;
            answer.headers.push(line.to_owned());
        }
        answer.body = body.strip_suffix('\n').unwrap_or(body).to_owned();
        Ok(answer)
    }

    /// Reads `200`, `200 cut 10`, `200 hang 10`, `close` or `hang`.
    fn outcome(&mut self, line: &str) -> Result<(), String> {
        let wrong = || format!("`{line}` is not: STATUS [cut N | hang N], close or hang");
        let number = |count: &str| count.parse().map_err(|_| wrong());
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["close"] => {}
            ["hang"] => self.hangs = true,
            [status] => self.status = Some(status.parse().map_err(|_| wrong())?),
            [status, fault @ ("cut" | "hang"), count] => {
                self.status = Some(status.parse().map_err(|_| wrong())?);
                self.cut = Some(number(count)?);
                self.hangs = *fault == "hang";
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// The answer with the page's variables in place.
    pub(super) fn fill(&self, fill: impl Fn(&str) -> String) -> Answer {
        let headers = self.headers.iter().map(|header| fill(header)).collect();
        Answer { headers, body: fill(&self.body), ..self.clone() }
    }

    fn is_for(&self, request: &Request) -> bool {
        let path = request.target.split('?').next();
        self.method == request.method && (self.target == request.target || Some(self.target.as_str()) == path)
    }

    /// Sends the answer. True when the connection may go on.
    fn send(&self, request: &Request, stream: &mut TcpStream) -> io::Result<bool> {
        let Some(status) = self.status else {
            return self.wait(stream);
        };
        let mut head = format!("HTTP/1.1 {status} -\r\n");
        self.headers.iter().for_each(|header| head.push_str(&format!("{header}\r\n")));
        let has = |name: &str| self.headers.iter().any(|header| header.to_lowercase().starts_with(name));
        if !has("content-length:") && !has("transfer-encoding:") && !matches!(status, 100..200 | 204 | 304) {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let body = if request.method == "HEAD" { &[] } else { self.body.as_bytes() };
        let body = &body[..body.len().min(self.cut.unwrap_or(usize::MAX))];
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
        if self.cut.is_some() {
            return self.wait(stream);
        }
        Ok(!has("connection: close"))
    }

    /// Where it hangs, waits until the client goes away.
    fn wait(&self, stream: &mut TcpStream) -> io::Result<bool> {
        if self.hangs {
            io::copy(stream, &mut io::sink())?;
        }
        Ok(false)
    }
}

/// A request as it came.
struct Request {
    method: String,
    target: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    /// The next request of a connection, or None at its end.
    fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut first = lines.first().map_or("", String::as_str).split(' ').map(str::to_owned);
        let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let mut headers: Vec<_> = lines.drain(..).skip(1).collect();
        headers.sort_by_key(|header| header.to_lowercase());
        let length = |header: &String| header.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
        let mut body = vec![0; headers.iter().find_map(length).unwrap_or(0)];
        stream.read_exact(&mut body)?;
        Ok(Some(Request { method, target, headers, body }))
    }

    /// The request without what says nothing about it: where it went and who sent it.
    fn show(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.target);
        for header in &self.headers {
            let name = header.split(':').next().unwrap_or_default().to_lowercase();
            if !matches!(name.as_str(), "host" | "user-agent" | "connection") {
                text.push_str(&format!("{name}{}\n", &header[name.len()..]));
            }
        }
        if !self.body.is_empty() {
            text.push_str(&format!("\n{}\n", String::from_utf8_lossy(&self.body)));
        }
        text
    }
}

/// A running server. It stops when dropped.
pub(super) struct Server {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
}

/// The answers, how often each was given, and what was asked.
struct Script {
    answers: Vec<(Answer, usize)>,
    received: Vec<String>,
    is_over: bool,
}

impl Script {
    fn answer(&mut self, request: &Request) -> Answer {
        self.received.push(request.show());
        let mut matching: Vec<_> = self.answers.iter_mut().filter(|(answer, _)| answer.is_for(request)).collect();
        let place = matching.iter().position(|(_, count)| *count == 0).unwrap_or(matching.len().saturating_sub(1));
        let Some((answer, count)) = matching.get_mut(place) else {
            let body = format!("nothing is written for {} {}", request.method, request.target);
            return Answer { status: Some(404), body, ..Answer::default() };
        };
        *count += 1;
        answer.clone()
    }
}

impl Server {
    /// Answers what comes to the listener.
    pub(super) fn serve(listener: TcpListener, address: SocketAddr, answers: Vec<Answer>) -> Server {
        let answers = answers.into_iter().map(|answer| (answer, 0)).collect();
        let script = Arc::new(Mutex::new(Script { answers, received: Vec::new(), is_over: false }));
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                if lock(&script).is_over {
                    break;
                }
                // A client that goes away in the middle ends its connection and nothing else.
                thread::spawn(move || converse(stream, &script));
            }
        });
        Server { script, address }
    }

    /// The requests since the last call, with a blank line between two of them.
    pub(super) fn received(&self) -> String {
        std::mem::take(&mut lock(&self.script).received).join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        lock(&self.script).is_over = true;
        // The accepting thread looks at the mark when somebody connects.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection until either side has enough.
fn converse(mut stream: TcpStream, script: &Mutex<Script>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = Request::read(&mut reader)? {
        let answer = lock(script).answer(&request);
        if !answer.send(&request, &mut stream)? {
            break;
        }
    }
    Ok(())
}

/// A URL on loopback where nothing listens for as long as this lives: its port is taken by the near end of a
/// connection, so that nothing else can get it.
pub(super) struct Closed {
    pub(super) url: String,
    _ends: (TcpStream, TcpListener),
}

impl Closed {
    pub(super) fn new() -> io::Result<Closed> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        Ok(Closed { url: format!("http://{}", stream.local_addr()?), _ends: (stream, listener) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(script: &str) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        Server::serve(listener, address, Answer::parse(script).unwrap())
    }

    /// Sends the request and reads until the server closes.
    fn ask(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn answers_come_in_order_over_one_connection() {
        let server = serve("GET /a\n429\nRetry-After: 1\n---\nGET /a\n200\n\n{}\n");
        let text = ask(&server, &"GET /a?x=1 HTTP/1.1\r\n\r\n".repeat(3));
        let last = "HTTP/1.1 200 -\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(text, format!("HTTP/1.1 429 -\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n{last}{last}"));
    }

    #[test]
    fn faults_are_as_written() {
        #[track_caller]
        fn check(script: &str, request: &str, expected: &str) {
            assert_eq!(ask(&serve(script), &format!("{request} HTTP/1.1\r\n\r\n")), expected);
        }
        check("GET /a\nclose\n", "GET /a", "");
        check("GET /a\n200 cut 2\n\nabcd\n", "GET /a", "HTTP/1.1 200 -\r\nContent-Length: 4\r\n\r\nab");
        check("HEAD /a\n200\n\nabcd", "HEAD /a", "HTTP/1.1 200 -\r\nContent-Length: 4\r\n\r\n");
        check("GET /a\n204\n", "GET /a", "HTTP/1.1 204 -\r\n\r\n");
        let missing = "HTTP/1.1 404 -\r\nContent-Length: 31\r\n\r\nnothing is written for GET /b?c";
        check("GET /a\n200\n", "GET /b?c", missing);
        check("GET /b?d\n200\n", "GET /b?c", missing);
    }

    #[test]
    fn requests_are_remembered_once() {
        let server = serve("");
        ask(&server, "POST /a HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(server.received(), "POST /a\ncontent-length: 2\nmetadata: true\n\nhi\n");
        assert_eq!(server.received(), "");
    }

    #[test]
    fn a_block_that_is_no_script_says_why() {
        #[track_caller]
        fn check(script: &str, expected: &str) {
            assert_eq!(Answer::parse(script).unwrap_err(), expected);
        }
        check("GET\n200", "`GET` is not METHOD /path");
        check("GET /\nok", "`ok` is not: STATUS [cut N | hang N], close or hang");
        check("GET /\n200 cut", "`200 cut` is not: STATUS [cut N | hang N], close or hang");
        check("GET /\n200\nno header", "`no header` is not a header");
    }

    #[test]
    fn nothing_listens_at_a_closed_url() {
        let closed = Closed::new().unwrap();
        let address = closed.url.trim_start_matches("http://");
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
