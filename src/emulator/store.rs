//! What requests change: the tree of resources, and who may do what.

pub(crate) mod access;
pub(crate) mod tree;

use jiff::Timestamp;

use crate::emulator::world::World;
use access::Access;
use tree::Tree;

/// The part of the state that requests change.
#[derive(Debug)]
pub(crate) struct Store {
    /// Management groups, subscriptions, resource groups and resources.
    pub(crate) tree: Tree,
    /// Roles, role assignments and deny assignments.
    pub(crate) access: Access,
}

impl Store {
    /// What is there at the start.
    pub(crate) fn of(world: &World, now: Timestamp) -> Store {
        Store { tree: Tree::of(world, now), access: Access::of(world, now) }
    }
}
