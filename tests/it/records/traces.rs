//! Runs as traces: what a collector is sent, and what requests say of the trace they belong to.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;

use super::tour;
use crate::folder::Folder;
use crate::program::{Printed, run};
use crate::reports::{folder, read, report};

const AROUND: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

/// A request that came: its head in lower case, and its body.
type Came = (String, Vec<u8>);

/// A server that answers so many requests, and what it was sent.
fn server(requests: usize) -> (String, JoinHandle<Vec<Came>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let each = move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut came, mut buffer) = (Vec::new(), [0; 65_536]);
        loop {
            let length = stream.read(&mut buffer).expect("a request");
            came.extend_from_slice(&buffer[..length]);
            let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&came[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if came.len() >= end + 4 + length.unwrap_or(0) {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                stream.write_all(answer).expect("it is taken");
                return (head, came.split_off(end + 4));
            }
        }
    };
    (url, std::thread::spawn(move || std::iter::repeat_with(each).take(requests).collect()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn spans(body: &[u8]) -> Vec<Span> {
    let mut request = ExportTraceServiceRequest::decode(body).expect("protobuf");
    request.resource_spans.remove(0).scope_spans.remove(0).spans
}

#[track_caller]
fn passed(printed: &Printed) {
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stderr));
}

/// The trace of a run by what its JSON report says: that of the span around it, else its own.
fn trace(folder: &Folder) -> String {
    let report: Value = serde_json::from_str(&read(folder, "r.json")).expect("JSON");
    let around = report["run"]["traceparent"].as_str().and_then(|around| around.split('-').nth(1)).map(str::to_owned);
    around.unwrap_or_else(|| report["run"]["id"].as_str().expect("an id").replace('-', ""))
}

#[test]
fn a_request_belongs_to_the_trace_of_its_run() {
    for (around, sampled) in [("", "01"), ("00", "00"), ("01", "01"), ("what is none", "01")] {
        let (url, server) = server(1);
        let folder = folder();
        let playbook = format!("steps: [{{request: {{url: \"{url}/x\", auth: none}}}}]\n");
        folder.write("a.yaml", playbook.as_bytes()).expect("written");
        let arguments = ["a.yaml", "--traceparent", "--report", "json=r.json"].map(str::to_owned);
        let variable = ("TRACEPARENT".to_owned(), format!("{AROUND}-{around}"));
        passed(&run(&folder, &[variable], &arguments).expect("it runs"));
        let (head, _) = server.join().expect("it answered").remove(0);
        let header = head.lines().find_map(|line| line.strip_prefix("traceparent: ")).expect("the header");
        let trace = trace(&folder);
        assert_eq!(AROUND.contains(&trace), around.len() == 2, "{around}: {trace}");
        assert!(header.starts_with(&format!("00-{trace}-")) && header.ends_with(sampled), "{around}: {header}");
        assert!(!header.starts_with(AROUND), "it is a span of its own: {header}");
    }
}

#[test]
fn a_run_is_sent_to_a_collector_as_spans() {
    let (url, server) = server(1);
    let folder = folder();
    passed(&tour(&folder, &["--report", &format!("otlp={url}"), "--report", "json=r.json"]));
    let (head, body) = server.join().expect("it answered").remove(0);
    assert!(head.starts_with("post /v1/traces ") && head.contains("content-type: application/x-protobuf"), "{head}");
    let (spans, trace) = (spans(&body), trace(&folder));
    let ids: HashSet<&[u8]> = spans.iter().map(|span| span.span_id.as_slice()).collect();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    for span in &spans {
        assert_eq!(hex(&span.trace_id), trace, "{}", span.name);
        assert!(span.parent_span_id.is_empty() || ids.contains(span.parent_span_id.as_slice()), "{}", span.name);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{}", span.name);
    }
    let has = |span: &Span, key: &str| span.attributes.iter().any(|attribute| attribute.key == key);
    assert_eq!(spans.iter().filter(|span| span.parent_span_id.is_empty()).count(), 1);
    let requests = spans.iter().filter(|span| has(span, "http.request.method")).count();
    assert!(requests > 10 && spans.len() > 3 * requests / 2, "{requests} of {}", spans.len());
}

#[test]
fn a_long_run_is_sent_in_parts_and_below_the_span_around_it() {
    let (url, server) = server(2);
    let folder = folder();
    let playbook = b"steps: [{name: Turn, for_each: \"{{ range(2500) }}\", assert: [true]}]\n";
    folder.write("a.yaml", playbook).expect("written");
    let arguments =
        ["a.yaml", "--quiet", "--report", "json=r.json", "--report", &format!("otlp={url}")].map(str::to_owned);
    let variable = ("TRACEPARENT".to_owned(), format!("{AROUND}-01"));
    passed(&run(&folder, &[variable], &arguments).expect("it runs"));
    let parts: Vec<Vec<Span>> = server.join().expect("it answered").iter().map(|(_, body)| spans(body)).collect();
    let all: Vec<&Span> = parts.iter().flatten().collect();
    assert_eq!((parts.len(), all.len()), (2, 2502));
    assert!(all.iter().all(|span| AROUND.contains(&hex(&span.trace_id))));
    let roots: Vec<&&Span> = all.iter().filter(|span| AROUND.contains(&hex(&span.parent_span_id))).collect();
    assert!(roots.len() == 1 && roots[0].name == "mi-run", "{roots:?}");

    // Told again, by another hand and later, it is in the same trace.
    let (url, server) = self::server(2);
    let arguments = ["report", "r.json", "--report", &format!("otlp={url}")].map(str::to_owned);
    passed(&run(&folder, &[], &arguments).expect("it runs"));
    let again: Vec<Vec<Span>> = server.join().expect("it answered").iter().map(|(_, body)| spans(body)).collect();
    assert_eq!(again, parts);
}

#[test]
fn a_collector_that_is_not_there_is_told_and_hides_nothing() {
    let folder = folder();
    for (target, exit, part) in [
        ("otlp=http://127.0.0.1:1", "4", "no traces can be sent to `http://127.0.0.1:1/v1/traces`"),
        ("otlp=collector", "2", "it is not an absolute URL"),
        ("otlp", "2", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ] {
        let printed = report(&folder, &[target]);
        let told = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert_eq!(printed.exit, exit, "{told}");
        assert!(told.contains(part), "{told}");
    }
    folder.write("set.yaml", b"steps: [{assert: [1 > 2]}]\n").expect("written");
    assert_eq!(report(&folder, &["otlp=http://127.0.0.1:1"]).exit, "1");
}
