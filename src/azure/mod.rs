//! What Azure is like: its clouds, Resource Manager's errors and what they mean, instance metadata.

pub mod cloud;
pub mod error;
pub mod metadata;
pub mod patience;
pub mod verdict;
