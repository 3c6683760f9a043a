//! Resource Manager: the order in which a request is checked, and what every answer carries.

mod access;
mod authorization;
mod bearer;
mod discovery;
mod headers;
mod operation;
mod read;
mod refusal;

use crate::emulator::guid::is_guid;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;
use crate::emulator::store::Store;
use crate::emulator::store::tree::Tree;
use crate::emulator::target::Target;

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
    headers::dress(state, request, response)
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
    access::authorize(&call, store, (&caller, &operation))?;
    group_exists(&call, &store.tree)?;
    if authorization::is_concerned(target) {
        return authorization::answer(&call, store, &caller);
    }
    read::answer(&call, store)
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

#[cfg(test)]
mod tests;
