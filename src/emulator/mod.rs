//! The emulator: the offline twin of a VM's identity endpoint and of Resource Manager.
//!
//! [`service`] is pure, a function from a request and the state to a response; only `server` has sockets. It stands
//! for someone else's server, so it knows nothing of playbooks and runs.

mod arm;
mod authority;
mod certificate;
mod clock;
mod cloud;
mod fault;
mod graph;
mod guid;
mod imds;
mod message;
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
pub use message::{Door, Request, Response};
pub use server::{Emulator, Error, Options, Ready};
pub use state::State;
pub use world::World;
