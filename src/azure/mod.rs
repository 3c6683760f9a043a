//! What Azure is like: its clouds and how they describe themselves, Resource Manager's errors and what they mean, pages of lists, long-running operations,
//! when to try again, instance metadata.

pub mod assignments;
pub mod challenge;
pub mod cloud;
pub mod cure;
pub mod discovery;
pub mod error;
mod link;
pub mod metadata;
pub mod operation;
pub mod pages;
pub mod patience;
pub mod permissions;
pub mod verdict;
