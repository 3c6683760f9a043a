//! Role-based access control as Resource Manager evaluates it: action patterns, permission sets and their algebra, scopes,
//! roles, decisions.
//!
//! One operation is decided by [`decide`] or, asked often, by [`PermissionSet::decide`]; whole patterns and sets by
//! [`Algebra`], which shows a witness. A set is made of a role, of assignments, of an answer of the permissions API or of
//! what a playbook writes ([`PermissionSet::of_role`], [`PermissionSet::of_assignments`], [`PermissionSet::of`]); each of
//! its entries keeps its [`Origin`].
//!
//! | question | answer |
//! |---|---|
//! | `can P`, `can_data P` | [`Algebra::every`] is [`Verdict::Yes`] |
//! | `cannot P`, `cannot_data P` | [`Algebra::any`] is [`Verdict::No`] |
//! | `at_most S`, `at_least S`, `exactly S` | [`Algebra::included`] either way, [`Algebra::equal`] |
//! | what is gained and what is lost | [`Algebra::difference`] either way |
//! | the roles that would do, the narrowest first | [`Algebra::granting`] |
//! | the one or the few to assign for some operations | [`Algebra::covering`] |
//! | the operation of a request | [`Operation::of`] |
//! | is this operation misspelt | [`Operations::doubt`] |
//!
//! A [`Verdict::Maybe`] makes no claim hold. [`TooComplex`] is for crafted patterns: no role comes near the limits.

mod algebra;
mod automaton;
mod catalogue;
mod covering;
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
mod request;
mod role;
mod scope;
mod set;
mod token;

pub use algebra::{Algebra, Answer, Equality, Verdict, Witness};
pub use catalogue::{catalogue, provider_types};
pub use covering::Covering;
pub use decision::{Assignment, Decision, Plane, decide};
pub use difference::{Difference, Remainder};
pub use doubt::Doubt;
pub use granting::{Granting, built_in_sets};
pub use limits::TooComplex;
pub use operations::Operations;
pub use pattern::Pattern;
pub use permission::Permission;
pub use request::Operation;
pub use role::Role;
pub use scope::{Scope, ScopeError};
pub use set::{Entry, Origin, PermissionSet};
