//! Where tokens come from: which identity, which source, what the token says, and the cache all steps share.

mod cache;
mod claims;
pub mod imds;
mod suspects;

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::http::Fault;
use crate::secret::Secret;

pub use cache::Cache;
pub use claims::claims;
pub use suspects::suspects;

/// Which managed identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector<T = String> {
    /// The system-assigned one.
    System,
    /// The user-assigned one with this client (application) id.
    ClientId(T),
    /// The user-assigned one with this object (principal) id.
    ObjectId(T),
    /// The user-assigned one with this Resource Manager id.
    ResourceId(T),
}

impl<T> Selector<T> {
    /// The same way of naming, by another kind of value.
    ///
    /// # Errors
    /// What `map` refuses.
    pub fn try_map<U, E>(&self, map: impl FnOnce(&T) -> Result<U, E>) -> Result<Selector<U>, E> {
        Ok(match self {
            Selector::System => Selector::System,
            Selector::ClientId(id) => Selector::ClientId(map(id)?),
            Selector::ObjectId(id) => Selector::ObjectId(map(id)?),
            Selector::ResourceId(id) => Selector::ResourceId(map(id)?),
        })
    }

    /// The id that names it.
    pub fn id(&self) -> Option<&T> {
        match self {
            Selector::System => None,
            Selector::ClientId(id) | Selector::ObjectId(id) | Selector::ResourceId(id) => Some(id),
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Selector::System => formatter.write_str("the system-assigned identity"),
            Selector::ClientId(id) => write!(formatter, "the identity with client id {id}"),
            Selector::ObjectId(id) => write!(formatter, "the identity with object id {id}"),
            Selector::ResourceId(id) => write!(formatter, "the identity {id}"),
        }
    }
}

/// An access token and what came with it.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// What it says, decoded without verifying; null when it is no JWT.
    pub claims: Value,
    /// The endpoint's whole answer, the token included: for captures only.
    pub answer: Value,
    /// Until when it is good, by the clock of the answer.
    pub expires_at: SystemTime,
    /// Where it came from: `imds`.
    pub source: &'static str,
    /// The resource it was asked for.
    pub resource: String,
    /// How the asking went.
    pub exchange: Exchange,
}

/// One request to an identity endpoint and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The URL asked.
    pub url: String,
    /// The headers sent.
    pub request_headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// The headers of the answer.
    pub headers: Vec<(String, String)>,
    /// The body of the answer.
    pub body: bytes::Bytes,
    /// How long it took.
    pub duration: Duration,
}

/// Why there is no token.
#[derive(Debug)]
pub enum Refusal {
    /// The endpoint gave no answer.
    Silent {
        /// The endpoint's URL, without the query.
        endpoint: String,
        /// What went wrong.
        fault: Fault,
    },
    /// The endpoint refused.
    Refused {
        /// How the asking went.
        exchange: Box<Exchange>,
        /// Its error code.
        code: String,
        /// Its description.
        description: String,
    },
    /// What came is not the answer of an identity endpoint.
    Foreign {
        /// How the asking went.
        exchange: Box<Exchange>,
        /// What is wrong with it.
        why: String,
    },
}
