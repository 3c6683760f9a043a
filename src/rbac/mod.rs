//! Role-based access control as Resource Manager evaluates it: action patterns, permission sets, scopes, roles, decisions.

mod catalogue;
mod decision;
mod pattern;
mod permission;
mod role;
mod scope;

pub use catalogue::{catalogue, provider_types};
pub use decision::{Assignment, Decision, Plane, decide};
pub use pattern::Pattern;
pub use permission::Permission;
pub use role::Role;
pub use scope::{Scope, ScopeError};
