//! The world outside means harm: servers that lie, and places where tokens must not go.

mod depths;
mod follow;
mod identity;
mod peer;
mod proxies;
mod servers;
mod tls;
mod tokens;
