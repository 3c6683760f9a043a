//! The emulator: the offline twin of a VM's identity endpoint and of Resource Manager.
//!
//! [`service`] is pure, a function from a request and the state to a response; only `server` has sockets. It stands
//! for someone else's server, so it knows nothing of playbooks and runs.

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
