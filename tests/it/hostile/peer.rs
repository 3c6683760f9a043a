//! Servers of the test's own: they keep every byte that they get, count what they send, and behave as they are told.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a server listens for what a client may still have to say.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server does with a connection.
type Conduct = dyn Fn(&mut Peer) -> io::Result<()> + Send + Sync;

/// A server on loopback; it ends when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    told: Arc<Told>,
    over: Arc<AtomicBool>,
}

/// What came, and how much went out.
#[derive(Default)]
pub(super) struct Told {
    got: Mutex<Vec<u8>>,
    connections: AtomicU64,
    sent: AtomicU64,
}

/// A client, as a server sees it.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    told: Arc<Told>,
}

impl Server {
    pub(super) fn start(conduct: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let (told, over): (Arc<Told>, Arc<AtomicBool>) = Default::default();
        let (kept, ends) = (Arc::clone(&told), Arc::clone(&over));
        let conduct: Arc<Conduct> = Arc::new(conduct);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                kept.connections.fetch_add(1, Ordering::Relaxed);
                let mut peer = Peer { stream, told: Arc::clone(&kept) };
                let conduct = Arc::clone(&conduct);
                thread::spawn(move || {
                    peer.stream.set_read_timeout(Some(PATIENCE))?;
                    peer.stream.set_write_timeout(Some(PATIENCE))?;
                    peer.stream.set_nodelay(true)?;
                    // A client that has enough is what is wanted.
                    conduct(&mut peer)
                });
            }
        });
        Server { address, told, over }
    }

    /// A server that gives everybody this answer, again and again.
    pub(super) fn answering(answer: impl Into<String>) -> Server {
        let answer = answer.into();
        Server::start(move |peer| {
            while peer.request()?.is_some() {
                peer.send(answer.as_bytes())?;
            }
            Ok(())
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every byte that came.
    pub(super) fn got(&self) -> String {
        String::from_utf8_lossy(&self.told.got.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// How many bytes went out.
    pub(super) fn sent(&self) -> u64 {
        self.told.sent.load(Ordering::Relaxed)
    }

    /// How many have called.
    pub(super) fn connections(&self) -> u64 {
        self.told.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Who waits for the next client looks at the mark.
        let _ = TcpStream::connect(self.address);
    }
}

impl Peer {
    /// The next request with its body; nothing when the client is gone.
    pub(super) fn request(&mut self) -> io::Result<Option<String>> {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => text.push(byte[0]),
                ended => {
                    self.keep(&text);
                    return ended.map(|_| None);
                }
            }
        }
        let head = String::from_utf8_lossy(&text).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        let read = self.stream.read_exact(&mut body);
        text.extend(body);
        self.keep(&text);
        read.map(|()| Some(String::from_utf8_lossy(&text).into_owned()))
    }

    /// Waits until a request comes, and leaves it where it is: a connection that ends so is reset.
    pub(super) fn await_request(&mut self) -> io::Result<()> {
        self.stream.peek(&mut [0]).map(drop)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.told.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Sends the same until the client has enough.
    pub(super) fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        let many = bytes.repeat(65_536_usize.div_ceil(bytes.len()));
        loop {
            self.send(&many)?;
        }
    }

    /// Sends one byte of the same after the other, in time for every patience but not for that of a whole answer.
    pub(super) fn trickle(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes.iter().cycle() {
            self.send(&[*byte])?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until the client goes away.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        while self.request()?.is_some() {}
        Ok(())
    }

    fn keep(&self, bytes: &[u8]) {
        self.told.got.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

/// An answer 200 with a body of JSON.
pub(super) fn good(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The answer of an identity endpoint.
pub(super) fn token(token: &str) -> String {
    good(&format!(r#"{{"access_token": "{token}", "expires_in": "86400", "token_type": "Bearer"}}"#))
}
