//! The run as OpenTelemetry spans: the run, its playbooks, their steps, the attempts of each.
//!
//! Sources: OTLP 1.x (`opentelemetry/proto/trace/v1/trace.proto`); OpenTelemetry semantic conventions for HTTP client spans.

use std::time::UNIX_EPOCH;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

use super::cause::causes;
use super::console::title;
use super::timed;
use crate::event::trace::{span_id, trace_id};
use crate::event::{Attempt, Outcome, Playbook, Record, Step, Trail};
use crate::http::origin;
use crate::moment::Moment;

/// How many spans are sent at once: collectors refuse what is too large.
const SPANS: usize = 2_000;

/// The bodies of requests to a collector, as protobuf.
pub fn batches(record: &Record) -> impl Iterator<Item = Vec<u8>> {
    let trace = Trace {
        record,
        id: trace_id(&record.run.id, record.run.traceparent.as_ref()).to_vec(),
        began: Moment::parse(&record.run.started_at)
            .and_then(|start| start.to_system().duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)),
    };
    let mut spans = trace.spans();
    std::iter::from_fn(move || {
        let some: Vec<Span> = spans.by_ref().take(SPANS).collect();
        (!some.is_empty()).then(|| batch(record, some))
    })
}

fn batch(record: &Record, spans: Vec<Span>) -> Vec<u8> {
    let version = record.mi_run.to_string();
    let scope = InstrumentationScope { name: "mi-run".to_owned(), version: version.clone(), ..Default::default() };
    let resource = Resource {
        attributes: vec![text("service.name", "mi-run"), text("service.version", version)],
        ..Default::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..Default::default() }],
            ..Default::default()
        }],
    };
    request.encode_to_vec()
}

#[derive(Clone)]
struct Trace<'r> {
    record: &'r Record,
    id: Vec<u8>,
    /// Nanoseconds since 1970.
    began: u64,
}

impl<'r> Trace<'r> {
    /// All of them, the run first.
    fn spans(self) -> impl Iterator<Item = Span> + use<'r> {
        let playbooks = self.record.playbooks.iter().enumerate();
        std::iter::once(self.run()).chain(playbooks.flat_map(move |(index, playbook)| {
            let (own, of_steps) = (self.playbook(index, playbook), self.clone());
            std::iter::once(own).chain(playbook.steps.ends().flat_map(move |step| of_steps.step(index, &step)))
        }))
    }

    fn run(&self) -> Span {
        let record = self.record;
        let (run, summary) = (&record.run, &record.summary);
        let mut attributes = vec![
            text("mi_run.run.id", run.id.clone()),
            text("mi_run.outcome", record.outcome.word()),
            number("mi_run.steps", summary.steps.into()),
            number("mi_run.assertions", summary.assertions.into()),
        ];
        attributes.extend(run.cloud.clone().map(|cloud| text("mi_run.cloud", cloud)));
        let around = run.traceparent.map(|span| span.span.to_vec()).unwrap_or_default();
        let whole = self.span("mi-run".to_owned(), (self.root(), around), (0.0, run.duration_ms.0));
        Span { attributes, status: Some(status(record.outcome, "")), ..whole }
    }

    fn playbook(&self, index: usize, playbook: &Playbook) -> Span {
        let own = self.own(index, &Trail::default(), 0);
        let times = (playbook.started_ms.0, playbook.duration_ms.0);
        let span = self.span(playbook.name.clone(), (own, self.root()), times);
        let attributes = vec![text("code.file.path", &*playbook.path), text("mi_run.outcome", playbook.outcome.word())];
        Span { attributes, status: Some(status(playbook.outcome, "")), ..span }
    }

    /// A step and its attempts.
    fn step(&self, playbook: usize, step: &Step) -> Vec<Span> {
        let own = self.own(playbook, &step.trail, 0);
        let around = self.own(playbook, &step.trail.around(), 0);
        let times = (step.started_ms.0, step.duration_ms.0);
        let span = self.span(title(step), (own.clone(), around), times);
        let attributes = vec![
            text("mi_run.step.id", step.id.clone()),
            text("mi_run.action", &*step.action),
            text("mi_run.outcome", step.outcome.word()),
            text("code.file.path", &*step.place.path),
            number("code.line.number", step.place.line.into()),
        ];
        let why = causes(step).into_iter().next().map(|cause| cause.title).unwrap_or_default();
        let span = Span { attributes, status: Some(status(step.outcome, &why)), ..span };
        let attempts = timed(step).map(|attempt| self.attempt((playbook, step), attempt, &own));
        std::iter::once(span).chain(attempts).collect()
    }

    fn attempt(&self, (playbook, step): (usize, &Step), (began, attempt): (f64, &Attempt), around: &[u8]) -> Span {
        let own = self.own(playbook, &step.trail, attempt.number);
        let request = step.request.as_ref();
        let method = request.map_or("GET", |request| request.method.as_str());
        let mut attributes = vec![text("http.request.method", method)];
        if let Some(request) = request {
            attributes.push(text("url.full", request.url.clone()));
            if let Some((_, host, port)) = origin(&request.url) {
                attributes.push(text("server.address", host));
                attributes.push(number("server.port", port.into()));
            }
        }
        if attempt.number > 1 {
            attributes.push(number("http.request.resend_count", i64::from(attempt.number) - 1));
        }
        let kind = match (attempt.status, &attempt.error) {
            (Some(status), _) => {
                attributes.push(number("http.response.status_code", status.into()));
                (status >= 400).then(|| status.to_string())
            }
            (None, error) => error.is_some().then(|| "no_answer".to_owned()),
        };
        let named = [("azure.request_id", &attempt.request_id), ("azure.correlation_id", &attempt.correlation_id)];
        attributes.extend(named.into_iter().filter_map(|(name, id)| Some(text(name, id.clone()?))));
        let outcome = if kind.is_some() { Outcome::Errored } else { Outcome::Passed };
        attributes.extend(kind.map(|kind| text("error.type", kind)));
        let times = (began, attempt.duration_ms.0);
        let span = self.span(method.to_owned(), (own, around.to_vec()), times);
        let why = attempt.error.clone().unwrap_or_default();
        Span { kind: SpanKind::Client.into(), attributes, status: Some(status(outcome, &why)), ..span }
    }

    fn root(&self) -> Vec<u8> {
        self.own(usize::MAX, &Trail::default(), 0)
    }

    fn own(&self, playbook: usize, trail: &Trail, attempt: u32) -> Vec<u8> {
        span_id(&self.record.run.id, (playbook, trail), attempt).to_vec()
    }

    /// A span of which only this is known: its id and that of the one around it, when it began and how long it took.
    fn span(&self, name: String, (own, around): (Vec<u8>, Vec<u8>), (began, took): (f64, f64)) -> Span {
        let at = |millis: f64| self.began.saturating_add((millis.max(0.0) * 1_000_000.0) as u64);
        Span {
            trace_id: self.id.clone(),
            span_id: own,
            parent_span_id: around,
            name,
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: at(began),
            end_time_unix_nano: at(began + took.max(0.0)),
            ..Default::default()
        }
    }
}

fn status(outcome: Outcome, why: &str) -> Status {
    let code = match outcome {
        Outcome::Passed => StatusCode::Ok,
        Outcome::Skipped => StatusCode::Unset,
        Outcome::Failed | Outcome::Errored => StatusCode::Error,
    };
    let message = if code == StatusCode::Error { why.to_owned() } else { String::new() };
    Status { message, code: code.into() }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Any::StringValue(value.into()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Any::IntValue(value))
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}
