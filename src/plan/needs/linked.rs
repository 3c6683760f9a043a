//! Rights that a request may take beside its own operation: those at resources it links to, and those to look after what it
//! began. Which of them it takes stands in its body or comes with the answer, so they are told and not guessed.

use crate::plan::{Body, Request};
use crate::template::Tree;

/// Operations with the right that they commonly take elsewhere, and what for.
const LINKED: &[(&str, &str)] = &[
    (
        "Microsoft.Compute/virtualMachines/write",
        "a network interface takes Microsoft.Network/networkInterfaces/join/action at that interface",
    ),
    (
        "Microsoft.Compute/virtualMachineScaleSets/write",
        "a subnet takes Microsoft.Network/virtualNetworks/subnets/join/action at that subnet",
    ),
    (
        "Microsoft.Network/networkInterfaces/write",
        "a subnet takes Microsoft.Network/virtualNetworks/subnets/join/action at that subnet",
    ),
    (
        "Microsoft.Resources/deployments/write",
        "every resource in the template takes its own write operation, which is not covered",
    ),
    (
        "Microsoft.Resources/deployments/validate/action",
        "every resource in the template takes its own write operation, which is not covered",
    ),
    (
        "Microsoft.Resources/deployments/whatIf/action",
        "every resource in the template takes its own write operation, which is not covered",
    ),
];

/// What to say of a request that performs an operation.
pub(super) fn notes(request: &Request, action: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let linked = LINKED.iter().filter(|(operation, _)| action.eq_ignore_ascii_case(operation));
    notes.extend(linked.map(|(_, text)| (*text).to_owned()));
    let may_assign = match &request.body {
        Body::Json(tree) => mentions(tree, "userAssignedIdentities"),
        Body::Text(text) => text.template.text().contains("userAssignedIdentities"),
        Body::File(_) | Body::Form(_) | Body::None => false,
    };
    if may_assign {
        let right = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        notes.push(format!("a user-assigned identity takes {right} at that identity"));
    }
    if request.poll.is_some() {
        let read = match action.strip_prefix("Microsoft.Resources/deployments/") {
            Some(_) => "Microsoft.Resources/deployments/operationStatuses/read".to_owned(),
            None => {
                let namespace = action.split('/').next().unwrap_or_default();
                format!(
                    "an operation of {namespace} that the answer names, such as {namespace}/locations/operations/read"
                )
            }
        };
        notes.push(format!("following the long-running operation may take another right: {read}"));
    }
    notes
}

/// Whether a tree has a text or a key that holds a word.
fn mentions(tree: &Tree, word: &str) -> bool {
    match tree {
        Tree::Text(text) => text.template.text().contains(word),
        Tree::Value(value) => value.to_string().contains(word),
        Tree::List(items) => items.iter().any(|item| mentions(item, word)),
        Tree::Map(entries) => entries.iter().any(|(key, tree)| key.contains(word) || mentions(tree, word)),
    }
}
