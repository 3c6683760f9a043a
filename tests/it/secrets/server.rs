//! A server that gives a token, sends secrets back in every encoding, and keeps the traces it is sent.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SECRET, dotnet, form, json, percent, percent_lower, token, wrapped};

pub(super) struct Server {
    pub(super) url: String,
    traces: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    /// Answers everybody.
    pub(super) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let traces = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&traces);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    let mut buffer = vec![0; 1 << 20];
                    while let Ok(length @ 1..) = stream.read(&mut buffer) {
                        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                        if request.starts_with("POST /v1/traces") {
                            kept.lock().expect("nobody panics").extend_from_slice(&buffer[..length]);
                        }
                        if stream.write_all(answer(&request).as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Server { url, traces }
    }

    /// What a collector of traces would get.
    pub(super) fn traces(&self) -> Vec<u8> {
        self.traces.lock().expect("nobody panics").clone()
    }
}

fn answer(request: &str) -> String {
    if request.contains("/metadata/identity/") {
        let body = format!(r#"{{"access_token":"{}","expires_in":"86400","token_type":"Bearer"}}"#, token());
        return format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
    }
    let base64 = STANDARD.encode(format!("some bytes before, so that lines break inside: {SECRET}"));
    let whole = [SECRET.to_owned(), percent(SECRET), percent_lower(SECRET), form(SECRET), percent(&percent(SECRET))];
    let whole = [whole.join(" "), STANDARD.encode(SECRET), wrapped(&base64, "\r\n"), token(), dotnet(SECRET)].join(" ");
    let words = serde_json::json!(whole);
    // As other serializers write it, for whoever shows the body as it came.
    let (twice, escaped) = (json(&json(SECRET)), dotnet(SECRET));
    let slashed = json(SECRET).replace('/', "\\/");
    let body = format!(
        "{{\"error\":{{\"code\":\"AuthorizationFailed\",\"message\":{words}}},{words}:{words},\"1\":\"{twice}\",\n \
         \"dotnet\":\"{escaped}\",\"slashed\":\"{slashed}\",\"token\":\"{}\",\n\"b64\":\"{}\",\"mail\":\"{}\"}}\n{}\n",
        dotnet(&token()),
        STANDARD.encode(format!("xy{SECRET}")),
        wrapped(&base64, "\\r\\n"),
        " ".repeat(3),
    );
    format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nx-ms-request-id: {}\r\nx-echo: {} {}\r\n\
         x-lower: {}\r\nWWW-Authenticate: Bearer error=\"{}\"\r\nContent-Length: {}\r\n\r\n{body}",
        percent(SECRET),
        percent(SECRET),
        token(),
        percent_lower(SECRET),
        form(SECRET),
        body.len()
    )
}
