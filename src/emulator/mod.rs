//! The emulator: the offline twin of Azure's identity endpoints and of Resource Manager.
//!
//! [`service`] is pure, a function from a request and the state to a response; only `server` has sockets, files and delays.
//! It stands for someone else's server, so it knows nothing of playbooks and runs.
//!
//! # How to write a world
//!
//! A world is a YAML file, read by [`world::read`] with the care of a playbook: every problem at once, each with its place.
//! All keys may be left out. `subscriptions` has short names that stand for ids everywhere in the file; below them are
//! `resource_groups` with `resources`. `identities` are what the machine (`vm`, of the kind `host`) has; `assignments` give them
//! roles at scopes such as `/subscriptions/dev/resourceGroups/web`. `groups`, `roles`, `management_groups`,
//! `deny_assignments` and `locks` are what they are in Azure. `faults` is what goes wrong on purpose: a request meets the
//! first that concerns it and has not been met `times` times. `mi-run new --world` writes an example with comments.
//!
//! # The way of a request
//!
//! `server` takes it, `service` looks for a fault, and the door it came by answers: `imds` (with `hosts` for the machines
//! that are no VM), `arm`, `authority` (with `graph`). `arm` checks in Resource Manager's order: the version, the
//! subscription, the bearer, throttling, the provider, access, the group, registration, locks; then the file for the noun
//! answers from the `store`.

mod arm;
mod authority;
mod certificate;
mod clock;
mod cloud;
mod control;
mod fault;
mod graph;
mod guid;
mod hosts;
mod imds;
mod journal;
mod key;
mod message;
mod meter;
mod mischief;
mod server;
pub mod service;
mod state;
mod store;
mod target;
mod token;
pub mod world;

pub use clock::Clock;
pub use cloud::Cloud;
pub use fault::{Effect, Fault, When};
pub use journal::Exchange;
pub use message::{Door, Reason, Request, Response, Wire};
pub use server::{Emulator, Error, Options, Ready, Watcher};
pub use state::State;
pub use world::World;
