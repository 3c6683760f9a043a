//! Long-running operations: how they are begun in both styles, and what is said to those who ask for them.

use serde_json::{Value, json};

use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::{Call, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::running::{Effect, Operation};

/// How long a client is to wait before it asks, in seconds. Not 0: clients take that for no answer.
const RETRY_AFTER: &str = "1";

/// Begins an operation that is followed by `Location`: 202 as long as it runs.
pub(super) fn by_location(call: &Call<'_>, store: &mut Store, effect: Effect) -> Response {
    let id = begin(call, store, effect);
    let url = url(call, &format!("operationresults/{id}"));
    Response::empty(202).with("Location", url).with("Retry-After", RETRY_AFTER)
}

/// Begins an operation of a provider that is followed by `Azure-AsyncOperation`: 200 with a status in its body.
pub(super) fn by_status(call: &Call<'_>, store: &mut Store, (namespace, effect): (&str, Effect)) -> Response {
    let id = begin(call, store, effect);
    let base = format!("providers/{namespace}/locations/{}", call.state.world.vm.location);
    Response::empty(202)
        .with("Azure-AsyncOperation", url(call, &format!("{base}/operations/{id}")))
        .with("Location", url(call, &format!("{base}/operationResults/{id}")))
        .with("Retry-After", RETRY_AFTER)
}

fn begin(call: &Call<'_>, store: &mut Store, effect: Effect) -> String {
    let id = call.state.draw_guid();
    store.running.begin(&id, effect, call.request.now);
    id
}

/// The whole URL of something below the subscription.
fn url(call: &Call<'_>, path: &str) -> String {
    let subscription = call.subscription.as_ref().map_or("", |place| place.id.as_str());
    format!("{}/subscriptions/{subscription}/{path}?api-version={}", call.request.origin, version::of(call))
}

/// Answers who follows `Location`.
pub(super) fn result(call: &Call<'_>, store: &mut Store, id: &str) -> Result<Response, Refusal> {
    let operation = ask(call, store, id)?;
    Ok(match (operation.ended, &operation.failure) {
        (None, _) => {
            let here = format!("{}{}", call.request.origin, call.request.target);
            Response::empty(202).with("Location", here).with("Retry-After", RETRY_AFTER)
        }
        (Some(_), None) => Response::empty(200),
        (Some(_), Some(failure)) => Response::json(409, &json!({"error": failure})),
    })
}

/// Answers who follows `Azure-AsyncOperation`.
pub(super) fn status(call: &Call<'_>, store: &mut Store, id: &str) -> Result<Response, Refusal> {
    let path = format!("/{}", call.target.segments.join("/"));
    let operation = ask(call, store, id)?;
    let response = Response::json(200, &body(&path, id, operation));
    Ok(match operation.ended {
        None => response.with("Retry-After", RETRY_AFTER),
        Some(_) => response,
    })
}

fn ask<'a>(call: &Call<'_>, store: &'a mut Store, id: &str) -> Result<&'a Operation, Refusal> {
    store.running.ask(id);
    store.settle(call.request.now);
    store.running.get(id).ok_or_else(|| Refusal::operation_not_found(id))
}

fn body(path: &str, id: &str, operation: &Operation) -> Value {
    let status = match (operation.ended, &operation.failure) {
        (None, _) => "InProgress",
        (Some(_), None) => "Succeeded",
        (Some(_), Some(_)) => "Failed",
    };
    let mut body = json!({
        "id": path, "name": id, "status": status, "startTime": operation.started.to_string(),
    });
    if let Some(ended) = operation.ended {
        body["endTime"] = ended.to_string().into();
        if let Some(failure) = &operation.failure {
            body["error"] = failure.clone();
        }
    }
    body
}
