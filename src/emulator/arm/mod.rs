//! Resource Manager: the order in which a request is checked, and what every answer carries.

mod bearer;
mod discovery;
mod operation;
mod read;
mod refusal;

use crate::emulator::guid::is_guid;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::target::Target;
use crate::emulator::world::Subscription;
use crate::rbac::{Assignment, decide};

use bearer::Caller;
use operation::Operation;
use refusal::Refusal;

/// The namespaces that have resources without a subscription.
const TENANT_LEVEL: [&str; 5] = [
    "Microsoft.Authorization",
    "Microsoft.Billing",
    "Microsoft.Management",
    "Microsoft.ResourceGraph",
    "Microsoft.Resources",
];

/// A request on its way through the checks.
#[derive(Clone, Copy)]
struct Call<'a> {
    state: &'a State,
    request: &'a Request,
    target: &'a Target,
    /// The subscription that the path names.
    subscription: Option<&'a Subscription>,
}

/// Answers a request to Resource Manager.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    let target = Target::parse(&request.target);
    let response = route(state, request, &target).unwrap_or_else(Refusal::response);
    dress(state, request, response)
}

/// Takes a request through the checks, in Resource Manager's order.
fn route(state: &State, request: &Request, target: &Target) -> Result<Response, Refusal> {
    let version = target
        .parameter("api-version")
        .filter(|version| !version.is_empty())
        .ok_or_else(Refusal::missing_api_version)?;
    if target.is(&["metadata", "endpoints"]) {
        return discovery::answer(state, request, version);
    }
    let call = Call { state, request, target, subscription: subscription(state, target)? };
    let caller = bearer::verify(&call)?;
    if target.is(&["subscriptions"]) {
        return read::subscriptions(&call, &caller);
    }
    let operation =
        Operation::of(&request.method, &target.segments).ok_or_else(|| Refusal::method_not_allowed(&request.method))?;
    if let Some(subscription) = call.subscription
        && request.method == "GET"
        && target.is(&["subscriptions", &subscription.id, "resourceGroups"])
    {
        return read::groups(&call, &caller, &operation);
    }
    authorize(&caller, &operation)?;
    group_exists(&call)?;
    read::answer(&call, &caller)
}

/// The subscription that the path names, if it names one.
fn subscription<'a>(state: &'a State, target: &Target) -> Result<Option<&'a Subscription>, Refusal> {
    let segments: Vec<&str> = target.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => {
            if !is_guid(id) {
                return Err(Refusal::invalid_subscription(id));
            }
            let found = state.world.subscription(id);
            found.map(Some).ok_or_else(|| Refusal::subscription_not_found(id))
        }
        [only] if only.eq_ignore_ascii_case("subscriptions") => Ok(None),
        [first, namespace, ..]
            if first.eq_ignore_ascii_case("providers")
                && TENANT_LEVEL.iter().any(|known| known.eq_ignore_ascii_case(namespace)) =>
        {
            Ok(None)
        }
        _ => Err(Refusal::missing_subscription()),
    }
}

/// Access control: the roles of the caller must grant the operation.
fn authorize(caller: &Caller<'_>, operation: &Operation) -> Result<(), Refusal> {
    match decide(caller.assignments, &operation.action, &operation.scope).is_granted() {
        true => Ok(()),
        false => Err(Refusal::forbidden(caller, operation)),
    }
}

/// The group that the path names must exist, unless the request is to create it.
fn group_exists(call: &Call<'_>) -> Result<(), Refusal> {
    let segments = &call.target.segments;
    let name = match (segments.get(2), segments.get(3)) {
        (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("resourceGroups") => name,
        _ => return Ok(()),
    };
    let creates = call.request.method == "PUT" && segments.len() == 4;
    let exists = call.subscription.is_some_and(|subscription| subscription.group(name).is_some());
    match exists || creates {
        true => Ok(()),
        false => Err(Refusal::group_not_found(name)),
    }
}

/// Whether an assignment has anything to do with a subscription: it is made at it, above it or below it.
fn touches(assignment: &Assignment, subscription: &Subscription) -> bool {
    let scope = subscription.scope();
    assignment.scope.contains(&scope) || scope.contains(&assignment.scope)
}

/// Adds the headers that every answer of Resource Manager carries.
fn dress(state: &State, request: &Request, response: Response) -> Response {
    let id = state.draw_guid();
    let correlation = request
        .header("x-ms-correlation-request-id")
        .filter(|sent| !sent.is_empty())
        .map_or_else(|| state.draw_guid(), str::to_owned);
    let routing = format!(
        "{}:{}:{}",
        state.world.vm.location.to_uppercase(),
        request.now.strftime("%Y%m%dT%H%M%SZ"),
        state.draw_guid()
    );
    let counted = request.target.contains("/subscriptions/")
        && matches!(request.method.as_str(), "GET" | "HEAD")
        && (200..300).contains(&response.status);
    let mut response = response
        .with("Cache-Control", "no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("X-Content-Type-Options", "nosniff")
        .with("x-ms-request-id", id)
        .with("x-ms-correlation-request-id", correlation)
        .with("x-ms-routing-request-id", routing);
    if counted {
        response = response
            .with("x-ms-ratelimit-remaining-subscription-reads", "249")
            .with("x-ms-ratelimit-remaining-subscription-global-reads", "3749");
    }
    let wants_echo =
        request.header("x-ms-return-client-request-id").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match request.header("x-ms-client-request-id") {
        Some(sent) if wants_echo => response.with("x-ms-client-request-id", sent),
        _ => response,
    }
}

#[cfg(test)]
mod tests;
