//! `checkAccess`, as its preview version has it: decisions for any principal.

use serde_json::{Value, json};

use crate::emulator::arm::Call;
use crate::emulator::arm::authorization::{assignments, definitions};
use crate::emulator::arm::refusal::Refusal;
use crate::emulator::message::Response;
use crate::emulator::store::Store;
use crate::emulator::store::access::{Question, deny_id};
use crate::rbac::{Decision, Plane, Scope};

/// How many actions may be asked for at a time.
const LIMIT: usize = 200;

/// Decides each action that the request names.
pub(super) fn answer(call: &Call<'_>, store: &Store, scope: &Scope) -> Result<Response, Refusal> {
    let sent = Value::Object(call.body()?);
    let missing = |what: &str| Refusal::invalid_content(&format!("The access check has no '{what}'."));
    let principal = sent["Subject"]["Attributes"]["ObjectId"].as_str().ok_or_else(|| missing("ObjectId"))?;
    let actions = sent["Actions"].as_array().ok_or_else(|| missing("Actions"))?;
    if actions.len() > LIMIT {
        return Err(Refusal::invalid_content("An access check has up to 200 actions."));
    }
    let asked = sent["Resource"]["Id"].as_str().and_then(|id| Scope::parse(id).ok());
    let chain = store.tree.chain(asked.as_ref().unwrap_or(scope));
    let decisions: Vec<Value> = actions
        .iter()
        .map(|action| {
            let id = action["Id"].as_str().unwrap_or_default();
            let is_data = action["IsDataAction"].as_bool().unwrap_or_default();
            let question = Question { principal, action: id, chain: &chain, now: call.request.now };
            decision(store, &question, is_data)
        })
        .collect();
    Ok(Response::json(200, &Value::Array(decisions)))
}

fn decision(store: &Store, question: &Question<'_>, is_data: bool) -> Value {
    let plane = if is_data { Plane::Data } else { Plane::Control };
    let (word, assignment, denied) = match store.access.decide_on(question, plane) {
        Decision::Granted(held) | Decision::Conditional(held) => {
            let body = assignments::body(held, false);
            let role = definitions::id_at(&held.assignment.grant.scope, &held.assignment.grant.role.id);
            let assignment = json!({
                "id": body["id"], "roleDefinitionId": role, "principalId": held.assignment.principal,
                "scope": body["properties"]["scope"],
            });
            ("Allowed", assignment, Value::Null)
        }
        Decision::Denied(denied) => (
            "NotAllowed",
            Value::Null,
            json!({"id": deny_id(&denied.scope, &denied.id), "scope": denied.scope.to_string()}),
        ),
        Decision::Refused => ("NotAllowed", Value::Null, Value::Null),
    };
    json!({
        "accessDecision": word,
        "actionId": question.action,
        "isDataAction": is_data,
        "roleAssignment": assignment,
        "denyAssignment": denied,
        "timeToLiveInMs": 300_000,
    })
}
