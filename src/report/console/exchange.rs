//! What goes over the wire, for `--show-http`.

use std::fmt::Write as _;

use crate::diagnostic::render::printable;
use crate::event::{Event, Headers};

/// What was sent and what came, when the event holds it: for `--show-http`.
pub fn exchange(event: &Event) -> Option<String> {
    let exchange = match event {
        Event::AsideAnswered(answered) => answered.exchange.as_deref()?,
        Event::AttemptFinished(finished) => finished.exchange.as_deref()?,
        _ => return None,
    };
    let mut text = String::new();
    let request = &exchange.request;
    let _ = writeln!(text, "> {} {}", request.method, printable(&request.url));
    side(&mut text, '>', &request.headers, exchange.request_body.as_deref());
    match &exchange.response {
        Some(response) => {
            let _ = writeln!(text, "< {}", response.status);
            side(&mut text, '<', &response.headers, exchange.response_body.as_deref());
        }
        None => text.push_str("< no answer\n"),
    }
    Some(text)
}

/// One side of an exchange: headers, then the body.
fn side(text: &mut String, arrow: char, headers: &Headers, body: Option<&str>) {
    for (name, value) in &headers.0 {
        let _ = writeln!(text, "{arrow} {}: {}", printable(name), printable(value));
    }
    for line in body.unwrap_or_default().lines() {
        let _ = writeln!(text, "{arrow} {}", printable(line));
    }
}
