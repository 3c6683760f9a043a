//! Access control of Resource Manager: whether the caller may do what the request wants.

use crate::emulator::arm::Call;
use crate::emulator::arm::bearer::Caller;
use crate::emulator::arm::operation::Operation;
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::store::Store;
use crate::emulator::store::access::Question;
use crate::emulator::store::tree::Subscription;
use crate::rbac::Scope;

/// Access control: the roles of the caller must grant the operation.
pub(super) fn authorize(
    call: &Call<'_>,
    store: &Store,
    (caller, operation): (&Caller, &Operation),
) -> Result<(), Refusal> {
    match is_granted(call, store, (caller, &operation.action, &operation.scope)) {
        true => Ok(()),
        false => Err(Refusal::forbidden(caller, operation)),
    }
}

/// Whether the caller may do an operation at a scope.
pub(super) fn is_granted(call: &Call<'_>, store: &Store, (caller, action, scope): (&Caller, &str, &Scope)) -> bool {
    let chain = store.tree.chain(scope);
    let question = Question { principal: &caller.object_id, action, chain: &chain, now: call.request.now };
    store.access.decide(&question).is_granted()
}

/// Whether the caller has any role that has to do with a subscription: one at it, above it or below it.
pub(super) fn touches(call: &Call<'_>, store: &Store, (caller, subscription): (&Caller, &Subscription)) -> bool {
    let scope = subscription.scope();
    let chain = store.tree.chain(&scope);
    store
        .access
        .everywhere(&caller.object_id, call.request.now)
        .iter()
        .map(|held| &held.assignment.grant.scope)
        .any(|held| scope.contains(held) || chain.contains(held))
}
