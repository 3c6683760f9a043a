//! Deployments: a template is carried out, and its result is there to be followed and read.

use serde_json::{Map, Value, json};

use crate::emulator::arm::address::Address;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::arm::template::{self, Context, Planned};
use crate::emulator::arm::{Call, access, list, long_running, resources, version};
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::running::Effect;
use crate::emulator::store::tree::Resource;
use crate::rbac::Operation;

/// What a deployment that failed says, beside what failed in it.
const FAILED: &str = "At least one resource deployment operation failed. Please list deployment operations for details. \
    Please see https://aka.ms/arm-deployment-operations for usage details.";

/// Whether an address is about deployments.
pub(super) fn is_concerned(address: &Address<'_>) -> bool {
    address.begins("Microsoft.Resources", "deployments")
}

/// Answers a request to the deployments of a group or a subscription.
pub(super) fn answer(
    call: &Call<'_>,
    store: &mut Store,
    (caller, address): (&Caller, &Address<'_>),
) -> Result<Response, Refusal> {
    version::own(call)?;
    let rest: Vec<String> = address.rest.iter().skip(2).map(|segment| segment.to_ascii_lowercase()).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let one = address.without(rest.len());
    match (call.request.method.as_str(), rest.as_slice()) {
        ("GET", []) if address.rest.len() == 1 => {
            let base = address.path();
            let found = store.tree.below(&base).map(|(_, one)| one).filter(|one| one.kind.split('/').count() == 2);
            list::page(call, found.map(resources::body))
        }
        ("GET", []) => find(store, &one).map(|found| Response::json(200, &resources::body(found))),
        ("HEAD", []) => find(store, &one).map(|_| Response::empty(204)),
        ("PUT", []) => deploy(call, store, (caller, &one)),
        ("DELETE", []) => {
            find(store, &one)?;
            store.delete(&one.path());
            Ok(long_running::by_location(call, store, Effect::None))
        }
        ("POST", ["validate"]) => validate(call, store, &one),
        ("POST", ["cancel"]) => find(store, &one).map(|_| Response::empty(204)),
        ("GET", ["operations"]) => operations(call, store, &one),
        ("GET", ["operationstatuses", id]) => long_running::status(call, store, id),
        (method, _) => Err(Refusal::method_not_allowed(method)),
    }
}

fn find<'a>(store: &'a Store, address: &Address<'_>) -> Result<&'a Resource, Refusal> {
    store.tree.resource(&address.path()).ok_or_else(|| Refusal::deployment_not_found(address.last()))
}

/// What a request asks to be deployed: the plan, and what the deployment says of itself.
fn plan(call: &Call<'_>, store: &Store, one: &Address<'_>) -> Result<(Vec<Planned>, Map<String, Value>), Refusal> {
    let wanted = call.body()?;
    let asked = wanted.get("properties").cloned().unwrap_or_default();
    let mode = asked["mode"].as_str().unwrap_or("Incremental");
    if !mode.eq_ignore_ascii_case("Incremental") {
        return Err(Refusal::invalid_template("only the deployment mode 'Incremental' is emulated."));
    }
    if !asked["template"].is_object() {
        return Err(Refusal::invalid_template("the template is not there: 'templateLink' is not emulated."));
    }
    let context = context(call, store, one)?;
    let invalid = |why: String| Refusal::invalid_template(&why);
    let planned = template::expand(&asked["template"], &asked["parameters"], &context).map_err(invalid)?;
    let outputs = template::outputs(&asked["template"], &asked["parameters"], &context).map_err(invalid)?;
    let mut properties = Map::new();
    properties.insert("mode".to_owned(), "Incremental".into());
    properties.insert("parameters".to_owned(), asked.get("parameters").cloned().unwrap_or_else(|| json!({})));
    properties.insert("timestamp".to_owned(), call.request.now.to_string().into());
    properties.insert("duration".to_owned(), "PT1S".into());
    properties.insert("correlationId".to_owned(), call.state.draw_guid().into());
    properties.insert("outputs".to_owned(), Value::Object(outputs));
    Ok((planned, properties))
}

fn context(call: &Call<'_>, store: &Store, one: &Address<'_>) -> Result<Context, Refusal> {
    let place = call.subscription.as_ref().ok_or_else(Refusal::missing_subscription)?;
    let subscription = store.tree.subscription(&place.id).ok_or_else(Refusal::missing_subscription)?;
    let group = match one.base {
        [_, _, _, name] => subscription.group(name).map(|group| (group.name.clone(), group.location.clone())),
        _ => None,
    };
    Ok(Context {
        subscription: place.id.clone(),
        tenant: place.tenant.clone(),
        group,
        deployment: one.last().to_owned(),
    })
}

fn validate(call: &Call<'_>, store: &Store, one: &Address<'_>) -> Result<Response, Refusal> {
    let (_, mut properties) = plan(call, store, one)?;
    properties.insert("provisioningState".to_owned(), "Succeeded".into());
    Ok(Response::json(200, &json!({"id": one.path(), "name": one.last(), "properties": properties})))
}

/// Creates what the template wants, each resource with its own right, and begins the operation that tells how it went.
fn deploy(call: &Call<'_>, store: &mut Store, (caller, one): (&Caller, &Address<'_>)) -> Result<Response, Refusal> {
    let (planned, mut properties) = plan(call, store, one)?;
    let (mut made, mut failures) = (Vec::new(), Vec::new());
    for planned in planned {
        match create(call, store, (caller, one, planned)) {
            Ok(id) => made.push(json!({"id": id})),
            Err(refusal) => failures.push(refusal.detail()),
        }
    }
    properties.insert("outputResources".to_owned(), Value::Array(made));
    let failure =
        (!failures.is_empty()).then(|| json!({"code": "DeploymentFailed", "message": FAILED, "details": failures}));
    if let Some(failure) = &failure {
        properties.insert("error".to_owned(), failure.clone());
    }
    let body = Map::from_iter([("properties".to_owned(), Value::Object(properties))]);
    let status = resources::put(call, store, (one, body))?;
    let id = resources::find(store, one)?.id.clone();
    if let Some(deployment) = store.tree.resource_mut(&id) {
        deployment.body.entry("properties").or_insert_with(|| json!({}))["provisioningState"] = "Running".into();
    }
    let operation = call.state.draw_guid();
    match failure {
        None => store.running.begin(&operation, Effect::Settle(id.clone(), "Succeeded"), call.request.now),
        Some(failure) => {
            let effect = Effect::Settle(id.clone(), "Failed");
            store.running.begin_failing(&operation, effect, (failure, call.request.now));
        }
    }
    let follow = format!("{}{id}/operationStatuses/{operation}?api-version={}", call.request.origin, version::of(call));
    let body = resources::body(resources::find(store, one)?);
    Ok(Response::json(status, &body).with("Azure-AsyncOperation", follow).with("Retry-After", "1"))
}

/// Creates one resource of a template, if the caller may.
fn create(
    call: &Call<'_>,
    store: &mut Store,
    (caller, one, planned): (&Caller, &Address<'_>, Planned),
) -> Result<String, Refusal> {
    let (namespace, types) = planned.kind.split_once('/').unwrap_or((&planned.kind, ""));
    let pairs = types.split('/').zip(planned.name.split('/')).flat_map(|(kind, name)| [kind, name]);
    let segments: Vec<String> =
        one.base.iter().map(String::as_str).chain(["providers", namespace]).chain(pairs).map(str::to_owned).collect();
    let address = Address::of(&segments).ok_or_else(|| Refusal::invalid_template("a resource has no type."))?;
    let operation = Operation::of("PUT", &segments).ok_or_else(|| Refusal::method_not_allowed("PUT"))?;
    access::authorize(call, store, (caller, &operation))?;
    resources::put(call, store, (&address, planned.body))?;
    Ok(resources::find(store, &address)?.id.clone())
}

/// What was done in a deployment, step by step.
fn operations(call: &Call<'_>, store: &Store, one: &Address<'_>) -> Result<Response, Refusal> {
    let deployment = find(store, one)?;
    let properties = deployment.body.get("properties").cloned().unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let step = |state: &str, (name, value): (&str, &Value)| {
        let mut properties = json!({"provisioningOperation": "Create", "provisioningState": state});
        properties[name] = value.clone();
        properties
    };
    let made = list(&properties["outputResources"]);
    let failed = list(&properties["error"]["details"]);
    let made = made.iter().map(|target| step("Succeeded", ("targetResource", target)));
    let failed = failed.iter().map(|error| step("Failed", ("statusMessage", error)));
    let steps = made.chain(failed).enumerate().map(|(at, properties)| {
        let number = format!("{:016X}", at + 1);
        json!({"id": format!("{}/operations/{number}", deployment.id), "operationId": number, "properties": properties})
    });
    list::page(call, steps)
}
