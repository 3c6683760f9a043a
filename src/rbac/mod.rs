//! Role-based access control as Resource Manager evaluates it: action patterns, permission sets and their algebra, scopes,
//! roles, decisions.
//!
//! One operation is decided by [`decide`] or, asked often, by [`PermissionSet::decide`]; whole patterns and sets by
//! [`Algebra`], which says so with a witness. [`Algebra::difference`] says what one set grants that another does not,
//! [`Algebra::granting`] which built-in roles grant something, and [`Operations::doubt`] that an operation is most likely
//! misspelt.

mod algebra;
mod automaton;
mod catalogue;
mod decision;
mod difference;
mod doubt;
mod granting;
mod limits;
mod operations;
mod pattern;
mod permission;
mod question;
mod relation;
mod role;
mod scope;
mod set;
mod token;

pub use algebra::{Algebra, Answer, Equality, Verdict, Witness};
pub use catalogue::{catalogue, provider_types};
pub use decision::{Assignment, Decision, Plane, decide};
pub use difference::{Difference, Remainder};
pub use doubt::Doubt;
pub use granting::{Granting, built_in_sets};
pub use limits::TooComplex;
pub use operations::Operations;
pub use pattern::Pattern;
pub use permission::Permission;
pub use role::Role;
pub use scope::{Scope, ScopeError};
pub use set::{Entry, Origin, PermissionSet};
