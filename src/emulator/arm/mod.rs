//! Resource Manager: the order in which a request is checked, and what every answer carries.

mod bearer;
mod discovery;
mod operation;
mod read;
mod refusal;

use crate::emulator::guid::is_guid;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::store::Store;
use crate::emulator::store::access::Question;
use crate::emulator::store::tree::{Subscription, Tree};
use crate::emulator::target::Target;
use crate::rbac::Scope;

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
struct Call<'a> {
    state: &'a State,
    request: &'a Request,
    target: &'a Target,
    /// The subscription that the path names.
    subscription: Option<Place>,
}

/// The subscription that a path names.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    tenant: String,
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
    let mut store = state.store();
    let store = &mut *store;
    let call = Call { state, request, target, subscription: subscription(&store.tree, target)? };
    let caller = bearer::verify(&call)?;
    if target.is(&["subscriptions"]) {
        return read::subscriptions(&call, store, &caller);
    }
    let operation =
        Operation::of(&request.method, &target.segments).ok_or_else(|| Refusal::method_not_allowed(&request.method))?;
    if let Some(place) = &call.subscription
        && request.method == "GET"
        && target.is(&["subscriptions", &place.id, "resourceGroups"])
    {
        return read::groups(&call, store, (&caller, &operation));
    }
    authorize(&call, store, (&caller, &operation))?;
    group_exists(&call, &store.tree)?;
    read::answer(&call, store, &caller)
}

/// The subscription that the path names, if it names one.
fn subscription(tree: &Tree, target: &Target) -> Result<Option<Place>, Refusal> {
    let segments: Vec<&str> = target.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => {
            if !is_guid(id) {
                return Err(Refusal::invalid_subscription(id));
            }
            let found = tree.subscription(id).ok_or_else(|| Refusal::subscription_not_found(id))?;
            Ok(Some(Place { id: found.id.clone(), tenant: found.tenant.clone() }))
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
fn authorize(call: &Call<'_>, store: &Store, (caller, operation): (&Caller, &Operation)) -> Result<(), Refusal> {
    match is_granted(call, store, (caller, &operation.action, &operation.scope)) {
        true => Ok(()),
        false => Err(Refusal::forbidden(caller, operation)),
    }
}

/// Whether the caller may do an operation at a scope.
fn is_granted(call: &Call<'_>, store: &Store, (caller, action, scope): (&Caller, &str, &Scope)) -> bool {
    let chain = store.tree.chain(scope);
    let question = Question { principal: &caller.object_id, action, chain: &chain, now: call.request.now };
    store.access.decide(&question).is_granted()
}

/// The group that the path names must exist, unless the request is to create it.
fn group_exists(call: &Call<'_>, tree: &Tree) -> Result<(), Refusal> {
    let segments = &call.target.segments;
    let name = match (segments.get(2), segments.get(3)) {
        (Some(kind), Some(name)) if kind.eq_ignore_ascii_case("resourceGroups") => name,
        _ => return Ok(()),
    };
    let creates = call.request.method == "PUT" && segments.len() == 4;
    let subscription = call.subscription.as_ref().and_then(|place| tree.subscription(&place.id));
    let exists = subscription.is_some_and(|subscription| subscription.group(name).is_some());
    match exists || creates {
        true => Ok(()),
        false => Err(Refusal::group_not_found(name)),
    }
}

/// Whether the caller has any role that has to do with a subscription: one at it, above it or below it.
fn touches(call: &Call<'_>, store: &Store, (caller, subscription): (&Caller, &Subscription)) -> bool {
    let scope = subscription.scope();
    let chain = store.tree.chain(&scope);
    store
        .access
        .everywhere(&caller.object_id, call.request.now)
        .iter()
        .map(|held| &held.assignment.grant.scope)
        .any(|held| scope.contains(held) || chain.contains(held))
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
