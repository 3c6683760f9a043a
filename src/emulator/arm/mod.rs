//! Resource Manager: the order in which a request is checked, and what every answer carries.

mod access;
mod address;
mod authorization;
mod bearer;
mod deployments;
mod discovery;
mod filter;
mod groups;
mod headers;
mod lenient;
mod list;
mod lists;
mod locks;
mod long_running;
mod providers;
mod refusal;
mod resources;
mod tags;
mod template;
mod tenants;
mod version;

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::emulator::guid::is_guid;
use crate::emulator::message::{Reason, Request, Response};
use crate::emulator::meter::{Kind, Left};
use crate::emulator::state::State;
use crate::emulator::store::Store;
use crate::emulator::store::tree::{Subscription, Tree};
use crate::emulator::target::Target;

use crate::rbac::Operation;
use address::Address;
use bearer::Caller;
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
    /// What is found out on the way, for headers and for those who watch.
    notes: &'a Notes,
}

impl Call<'_> {
    /// The body of the request, which is an object.
    fn body(&self) -> Result<Map<String, Value>, Refusal> {
        lenient::object(&self.request.body)
            .ok_or_else(|| Refusal::invalid_content("The request content was invalid and could not be deserialized."))
    }
}

impl Store {
    /// The subscription that the path of a request names, to change it.
    fn subscription_mut(&mut self, call: &Call<'_>) -> Result<&mut Subscription, Refusal> {
        let found = call.subscription.as_ref().and_then(|place| self.tree.subscription_mut(&place.id));
        found.ok_or_else(Refusal::missing_subscription)
    }
}

/// What is found out about a request whatever its answer is.
#[derive(Default)]
struct Notes {
    /// Who asked for what, and how access control decided.
    reason: Cell<Option<Reason>>,
    /// How many requests the caller has left.
    left: Cell<Option<Left>>,
}

/// The subscription that a path names.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    tenant: String,
}

/// Answers a request to Resource Manager.
pub(crate) fn answer(state: &State, request: &Request) -> Response {
    let mut target = Target::parse(&request.target);
    spell_out(&mut target.segments);
    let notes = Notes::default();
    let response = route(state, request, (&target, &notes)).unwrap_or_else(Refusal::response);
    let reason = notes.reason.take();
    let response = headers::dress(state, (request, reason.as_ref(), notes.left.get()), response);
    Response { reason: reason.map(Box::new), ..response }
}

/// Puts in the provider that the older paths of deployments leave out.
fn spell_out(segments: &mut Vec<String>) {
    let is =
        |at: usize, word: &str| segments.get(at).is_some_and(|segment: &String| segment.eq_ignore_ascii_case(word));
    let at = match is(0, "subscriptions") {
        true if is(2, "deployments") => 2,
        true if is(2, "resourceGroups") && is(4, "deployments") => 4,
        _ => return,
    };
    segments.splice(at..at, ["providers".to_owned(), "Microsoft.Resources".to_owned()]);
}

/// Takes a request through the checks, in Resource Manager's order.
fn route(state: &State, request: &Request, (target, notes): (&Target, &Notes)) -> Result<Response, Refusal> {
    let version = target
        .parameter("api-version")
        .filter(|version| !version.is_empty())
        .ok_or_else(Refusal::missing_api_version)?;
    if target.is(&["metadata", "endpoints"]) {
        return discovery::answer(state, request, version);
    }
    let mut store = state.store();
    let store = &mut *store;
    store.settle(request.now);
    let call = Call { state, request, target, subscription: subscription(&store.tree, target)?, notes };
    let caller = bearer::verify(&call)?;
    throttle(&call, &caller)?;
    if target.is(&["tenants"]) {
        return tenants::tenants(&call);
    }
    if target.is(&["subscriptions"]) {
        return tenants::subscriptions(&call, store, &caller);
    }
    let operation =
        Operation::of(&request.method, &target.segments).ok_or_else(|| Refusal::method_not_allowed(&request.method))?;
    access::watched(&call, (&caller, &operation));
    let address = Address::of(&target.segments);
    if let Some(address) = &address {
        providers::exists(address.namespace)?;
    }
    if request.method == "GET"
        && let Some(listed) = listed(&call, store, (&caller, &operation, address.as_ref()))
    {
        return listed;
    }
    access::authorize(&call, store, (&caller, &operation))?;
    access::authorize_linked(&call, store, (&caller, &operation))?;
    group_exists(&call, &store.tree)?;
    changes_are_possible(&call, store, (&operation, address.as_ref()))?;
    match address {
        Some(address) => of_provider(&call, store, (&caller, &address)),
        None => own(&call, store),
    }
}

/// Counts the request; refuses it when the caller has none left and the world says so.
fn throttle(call: &Call<'_>, caller: &Caller) -> Result<(), Refusal> {
    let kind = Kind::of(&call.request.method);
    let place = call.subscription.as_ref().map_or("", |place| place.id.as_str());
    let left = call.state.count((&caller.object_id, place), kind, call.request.now);
    call.notes.left.set(Some(left));
    match left.wait {
        Some(seconds) if call.state.world.throttling => {
            Err(Refusal::throttled(kind, (place, &caller.object_id), seconds))
        }
        _ => Ok(()),
    }
}

/// The refusal of a token that has expired, whatever the request bears.
pub(crate) fn expired(state: &State, request: &Request) -> Response {
    headers::dress(state, (request, None, None), bearer::expired(state, request).response())
}

/// Lists of which everybody sees the part that they may read, so that they decide about access by themselves.
fn listed(
    call: &Call<'_>,
    store: &Store,
    (caller, operation, address): (&Caller, &Operation, Option<&Address<'_>>),
) -> Option<Result<Response, Refusal>> {
    if let Some(address) = address {
        if tenants::is_management_group(address) && !address.is_one() {
            return Some(tenants::management_groups(call, store, (caller, address)));
        }
        let has_its_own = authorization::is_concerned(address)
            || locks::is_concerned(address)
            || tags::is_concerned(address)
            || deployments::is_concerned(address)
            || is_operation(address);
        let exists = || group_exists(call, &store.tree).is_ok();
        return (!has_its_own && !address.is_one() && exists())
            .then(|| lists::of_type(call, store, (caller, operation, address)));
    }
    let segments: Vec<&str> = call.target.segments.iter().map(String::as_str).collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    match segments.as_slice() {
        [_, _, last] if is(last, "resourceGroups") => Some(groups::list(call, store, (caller, operation))),
        [_, _, last] if is(last, "resources") => Some(lists::of_all(call, store, (caller, operation))),
        [_, _, _, _, last] if is(last, "resources") && group_exists(call, &store.tree).is_ok() => {
            Some(lists::of_all(call, store, (caller, operation)))
        }
        _ => None,
    }
}

/// Whether an address is that of a long-running operation.
fn is_operation(address: &Address<'_>) -> bool {
    address.rest.len() == 4
        && address.rest[0].eq_ignore_ascii_case("locations")
        && ["operations", "operationResults"].iter().any(|word| address.rest[2].eq_ignore_ascii_case(word))
}

/// What stands in the way of a change after access control let it through: a provider that is not registered, a
/// disabled subscription, a lock.
fn changes_are_possible(
    call: &Call<'_>,
    store: &Store,
    (operation, address): (&Operation, Option<&Address<'_>>),
) -> Result<(), Refusal> {
    if matches!(call.request.method.as_str(), "GET" | "HEAD") {
        return Ok(());
    }
    if let Some(address) = address.filter(|address| !address.is_extension() && address.rest.len() > 1) {
        providers::is_registered(call, store, address.namespace)?;
    }
    let subscription = call.subscription.as_ref().and_then(|place| store.tree.subscription(&place.id));
    if let Some(subscription) = subscription.filter(|subscription| !subscription.enabled) {
        return Err(Refusal::disabled_subscription(&subscription.id));
    }
    locks::check(call, &store.tree, &operation.scope)
}

/// Answers a request to something of a provider, which passed all checks.
fn of_provider(
    call: &Call<'_>,
    store: &mut Store,
    (caller, address): (&Caller, &Address<'_>),
) -> Result<Response, Refusal> {
    if authorization::is_concerned(address) {
        return authorization::answer(call, store, (caller, address));
    }
    if locks::is_concerned(address) {
        return locks::answer(call, store, address);
    }
    if tags::is_concerned(address) {
        return tags::answer(call, store, address);
    }
    if deployments::is_concerned(address) {
        return deployments::answer(call, store, (caller, address));
    }
    if tenants::is_management_group(address) {
        return tenants::management_groups(call, store, (caller, address));
    }
    if is_operation(address) {
        return match address.rest[2].eq_ignore_ascii_case("operations") {
            true => long_running::status(call, store, address.last()),
            false => long_running::result(call, store, address.last()),
        };
    }
    if address.base.len() <= 2
        && call.request.method == "POST"
        && let [action] = address.rest
    {
        return providers::answer(call, store, &[address.namespace, action.as_str()]);
    }
    match (address.is_one(), call.request.method.as_str()) {
        (true, _) => resources::answer(call, store, address),
        (false, "POST") => resources::act(call, store, address),
        (false, method) => Err(Refusal::method_not_allowed(method)),
    }
}

/// Answers a request to what is Resource Manager's own, which passed all checks.
fn own(call: &Call<'_>, store: &mut Store) -> Result<Response, Refusal> {
    let words: Vec<String> = call.target.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let spelled = |at: usize| call.target.segments[at].as_str();
    match words.as_slice() {
        ["subscriptions", _] => tenants::subscription(call, store),
        ["subscriptions", _, "locations"] => tenants::locations(call, store),
        ["subscriptions", _, "tagnames"] => Ok(list::whole(Vec::new())),
        ["subscriptions", _, "providers"] | ["providers"] => providers::answer(call, store, &[]),
        ["subscriptions", _, "providers", _] => providers::answer(call, store, &[spelled(3)]),
        ["providers", _] => providers::answer(call, store, &[spelled(1)]),
        ["subscriptions", _, "operationresults", id] => long_running::result(call, store, id),
        ["subscriptions", _, "resourcegroups", _] => groups::answer(call, store, spelled(3)),
        _ if call.request.method == "GET" => {
            Err(Refusal::invalid_resource_type("Microsoft.Resources", version::of(call)))
        }
        _ => Err(Refusal::method_not_allowed(&call.request.method)),
    }
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
        [only] if ["subscriptions", "tenants", "providers"].iter().any(|word| only.eq_ignore_ascii_case(word)) => {
            Ok(None)
        }
        // What a provider is, can be asked of each; what it has, only of those that have something without a subscription.
        [first, _] if first.eq_ignore_ascii_case("providers") => Ok(None),
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
mod changes;
#[cfg(test)]
mod tests;
