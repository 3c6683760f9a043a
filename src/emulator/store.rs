//! What requests change: the tree of resources, who may do what, what is under way.

pub(crate) mod access;
pub(crate) mod running;
pub(crate) mod tree;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::world::World;
use crate::rbac::Scope;
use access::Access;
use running::{Effect, Running};
use tree::Tree;

/// The part of the state that requests change.
#[derive(Debug)]
pub(crate) struct Store {
    /// Management groups, subscriptions, resource groups and resources.
    pub(crate) tree: Tree,
    /// Roles, role assignments and deny assignments.
    pub(crate) access: Access,
    /// Long-running operations.
    pub(crate) running: Running,
    /// The providers that subscriptions are not registered for: `<subscription>/<namespace>`, in lower case.
    pub(crate) unregistered: BTreeSet<String>,
}

impl Store {
    /// What is there at the start.
    pub(crate) fn of(world: &World, now: Timestamp) -> Store {
        Store {
            tree: Tree::of(world, now),
            access: Access::of(world, now),
            running: Running::default(),
            unregistered: BTreeSet::new(),
        }
    }

    /// Brings about what is due by now.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        if self.running.is_idle() {
            return;
        }
        for effect in self.running.due(now) {
            match effect {
                Effect::None => {}
                Effect::DeleteGroup(subscription, group) => self.delete_group(&subscription, &group),
                Effect::Settle(id, state) => {
                    if let Some(resource) = self.tree.resource_mut(&id) {
                        let properties =
                            resource.body.entry("properties").or_insert_with(|| Value::Object(Default::default()));
                        properties["provisioningState"] = state.into();
                    }
                }
            }
        }
    }

    fn delete_group(&mut self, subscription: &str, group: &str) {
        let scope = Scope::of(["subscriptions", subscription, "resourceGroups", group]);
        if let Some(found) = self.tree.subscription_mut(subscription) {
            found.groups.remove(group);
        }
        self.delete(&scope.to_string());
    }

    /// Deletes a resource with everything below it, and the role assignments that were made there.
    pub(crate) fn delete(&mut self, id: &str) -> Option<tree::Resource> {
        if let Ok(scope) = Scope::parse(id) {
            self.access.forget(&scope);
        }
        self.tree.remove(id)
    }
}
