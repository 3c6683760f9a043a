//! The collector of traces: where it is, and what is sent to it (OTLP over HTTP, as protobuf).
//!
//! Source: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP" and the variables `OTEL_EXPORTER_OTLP_ENDPOINT` and
//! `OTEL_EXPORTER_OTLP_HEADERS`.

use std::time::Duration;

use mi_run::diagnostic::Diagnostic;
use mi_run::http::client::Client;
use mi_run::http::{Request, Route, Transport as _, is_header, origin};

/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The URL that traces are sent to: as it is when it has a path, else with the path that collectors have.
///
/// # Errors
/// With the diagnostic, when it is none.
pub(crate) fn url(written: &str) -> Result<String, Box<Diagnostic>> {
    let given = match written {
        "-" => std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_default(),
        written => written.to_owned(),
    };
    let refuse = |why: &str| {
        let title = format!("traces cannot be sent to `{given}`");
        let help = "give the collector: `--report otlp=http://127.0.0.1:4318`, or set `OTEL_EXPORTER_OTLP_ENDPOINT`";
        Err(Box::new(Diagnostic::error("invalid-option", title).note(why).help(help)))
    };
    match origin(&given) {
        None => return refuse("it is not an absolute URL"),
        Some((scheme, ..)) if scheme != "http" && scheme != "https" => return refuse("it is neither http nor https"),
        Some(_) => {}
    }
    let rest = given.split_once("://").map_or("", |(_, rest)| rest).trim_end_matches('/');
    Ok(if rest.contains('/') { given.clone() } else { format!("{}/v1/traces", given.trim_end_matches('/')) })
}

/// Sends traces, one body after the other.
///
/// # Errors
/// With the reason, when the collector does not take them.
pub(crate) async fn send(url: &str, bodies: impl Iterator<Item = Vec<u8>>) -> Result<(), String> {
    let mut headers = vec![("content-type".to_owned(), "application/x-protobuf".to_owned())];
    let more = std::env::var("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
    for (name, value) in more.split(',').filter_map(|pair| pair.split_once('=')) {
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if is_header(&name, &value) {
            headers.push((name, value));
        }
    }
    let client = Client::new(None, super::machine::bundle).map_err(|why| why.0)?;
    for body in bodies {
        let (url, headers, route) = (url.to_owned(), headers.clone(), Route::of(url));
        let request = Request { method: "POST", url, headers, body: Some(body), timeout: PATIENCE, route };
        match client.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => {}
            Ok(answer) => return Err(format!("it answers with status {}", answer.status)),
            Err(fault) => return Err(fault.detail),
        }
    }
    Ok(())
}
