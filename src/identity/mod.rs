//! Where tokens come from: which identity, which source, what the token says, and the cache all steps share.
//!
//! [`source::find`] says which source there is, [`acquire`] asks it. Each source has a file of its own, named as it is.

mod answer;
mod app_service;
mod arc;
mod azure_cli;
mod cache;
mod claims;
mod cloud_shell;
mod diagnosis;
mod directory;
mod environment;
pub mod imds;
mod machine_learning;
pub mod patience;
mod service_fabric;
pub mod source;
mod suspects;
mod words;
mod workload_identity;

use std::time::{Duration, SystemTime};

use serde_json::Value;
use zeroize::Zeroize as _;

use crate::http::{Fault, Request, Transport, encode};
use crate::secret::Secret;

pub use cache::{Cache, Kept};
pub use claims::claims;
pub use diagnosis::no_token;
pub use source::{Found, Machine, Source};
pub use suspects::suspects;
pub use words::{Words, words};

/// The largest answer that is taken for one of an identity endpoint, in bytes: tokens with hundreds of groups are smaller.
const LARGEST: usize = 256 * 1024;

/// How much is kept of a larger one.
const BEGINNING: usize = 4096;

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

impl Selector {
    /// As `--identity` names it; nothing for the system-assigned one, which is meant without a word.
    pub fn word(&self) -> Option<String> {
        match self {
            Selector::System => None,
            Selector::ClientId(id) => Some(format!("client_id={id}")),
            Selector::ObjectId(id) => Some(format!("object_id={id}")),
            Selector::ResourceId(id) => Some(format!("resource_id={id}")),
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

/// Whose token: an identity, and the source it comes from where that is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Whose<T = String> {
    /// The identity.
    pub selector: Selector<T>,
    /// The source; found out without it.
    pub source: Option<Source>,
}

impl<T> Whose<T> {
    /// The system-assigned identity, of whatever source there is.
    pub const SYSTEM: Whose<T> = Whose { selector: Selector::System, source: None };

    /// The same by another kind of value.
    ///
    /// # Errors
    /// What `map` refuses.
    pub fn try_map<U, E>(&self, map: impl FnOnce(&T) -> Result<U, E>) -> Result<Whose<U>, E> {
        Ok(Whose { selector: self.selector.try_map(map)?, source: self.source })
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
    /// From when on a newer one is better, if it is to be had.
    pub refresh_at: Option<SystemTime>,
    /// Where it came from: the word of the [`Source`].
    pub source: &'static str,
    /// The resource it was asked for.
    pub resource: String,
    /// How the asking went.
    pub exchange: Exchange,
}

/// The token stands in the answer too, as it came and as it was read.
impl Drop for Token {
    fn drop(&mut self) {
        wipe(&mut self.answer);
        if let Ok(mut body) = std::mem::take(&mut self.exchange.body).try_into_mut() {
            body.zeroize();
        }
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One request to an identity endpoint and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method of the request; `RUN` where a program was asked.
    pub method: &'static str,
    /// The URL asked, or the command that was run.
    pub url: String,
    /// The headers sent.
    pub request_headers: Vec<(String, String)>,
    /// What the assertion says that was sent, where one was: its claims.
    pub assertion: Value,
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
    /// Nothing was asked: something that the source needs is not there.
    Unmet {
        /// What, in words.
        why: String,
        /// What to do.
        help: String,
    },
    /// The token is of another identity than the one that was asked for.
    Stranger {
        /// How the asking went.
        exchange: Box<Exchange>,
        /// Of which, in words.
        why: String,
    },
    /// What came is not the answer of an identity endpoint.
    Foreign {
        /// How the asking went.
        exchange: Box<Exchange>,
        /// What is wrong with it.
        why: String,
    },
}

impl Refusal {
    /// How the asking went, where something was answered.
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Refusal::Silent { .. } | Refusal::Unmet { .. } => None,
            Refusal::Refused { exchange, .. }
            | Refusal::Foreign { exchange, .. }
            | Refusal::Stranger { exchange, .. } => Some(exchange),
        }
    }
}

/// What to ask for.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The resource, spelt exactly as it shall stand in the token.
    pub resource: &'a str,
    /// Which identity.
    pub selector: &'a Selector,
    /// How long the asking may take.
    pub timeout: Duration,
    /// The time now.
    pub now: SystemTime,
    /// Where the instance metadata service is, when somebody said so.
    pub imds_endpoint: Option<&'a str>,
    /// Where the cloud's directory is, without a slash at its end.
    pub authority: &'a str,
    /// This machine.
    pub machine: &'a Machine<'a>,
    /// Why a token that the endpoint keeps will not do, when that is so.
    pub renewal: Option<&'a Renewal>,
}

/// Why a token that the endpoint keeps will not do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The SHA-256 of the token that is not taken any more, in hexadecimal digits.
    pub rejected: Option<String>,
    /// What Azure wants to see in the new one: the claims of its challenge, as JSON.
    pub claims: Option<String>,
}

/// Asks a source for a token.
///
/// # Errors
/// When the source does not answer, refuses, answers with what is no token or with that of another identity, or when
/// something is missing that it needs.
pub async fn acquire(source: Source, ask: &Ask<'_>, transport: &dyn Transport) -> Result<Token, Refusal> {
    let request = match source {
        Source::Imds => imds::request(ask),
        Source::AppService => app_service::request(ask)?,
        Source::LegacyAppService => app_service::legacy_request(ask)?,
        Source::Arc => return arc::acquire(ask, transport).await,
        Source::CloudShell => cloud_shell::request(ask)?,
        Source::ServiceFabric => service_fabric::request(ask)?,
        Source::MachineLearning => machine_learning::request(ask)?,
        Source::WorkloadIdentity => workload_identity::request(ask)?,
        Source::AzureCli => return azure_cli::acquire(ask).await,
        Source::Environment => environment::request(ask)?,
    };
    let exchange = send(request, transport).await?;
    let token = answer::read(ask, source, exchange)?;
    match source {
        Source::MachineLearning => machine_learning::checked(token),
        _ => Ok(token),
    }
}

/// Sends a request, and keeps how it went. What is secret in its headers is not shown where it is told.
async fn send(request: Request, transport: &dyn Transport) -> Result<Exchange, Refusal> {
    let (method, url, request_headers) = (request.method, request.url.clone(), request.headers.clone());
    let assertion = request.body.as_deref().map(directory::assertion).unwrap_or_default();
    let endpoint = url.split('?').next().unwrap_or_default().to_owned();
    let response = transport.send(request).await.map_err(|fault| Refusal::Silent { endpoint, fault })?;
    let crate::http::Response { status, headers, body, duration } = response;
    let exchange = Exchange { method, url, request_headers, assertion, status, headers, body, duration };
    match exchange.body.len() {
        length if length > LARGEST => {
            let why = format!("the answer is larger than any token, {length} bytes");
            let body = exchange.body.slice(..BEGINNING);
            Err(Refusal::Foreign { exchange: Box::new(Exchange { body, ..exchange }), why })
        }
        _ => Ok(exchange),
    }
}

/// Something that the source needs is not there.
fn unmet(why: String, help: &str) -> Refusal {
    Refusal::Unmet { why, help: help.to_owned() }
}

/// A variable that the source cannot do without.
fn needed(ask: &Ask<'_>, name: &str) -> Result<String, Refusal> {
    let help = "the platform sets it where this source exists: is this the right machine?";
    ask.machine.get(name).ok_or_else(|| unmet(format!("`{name}` is not set"), help))
}

/// A URL with more parameters, values encoded.
fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let mut whole = url.to_owned();
    for (name, value) in parameters {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(&format!("{name}={}", encode(value)));
    }
    whole
}

/// A source that cannot be asked for the identity that is wished.
fn cannot_select(source: Source, kinds: &str) -> Refusal {
    unmet(format!("{} gives no token for an identity that is named so", source.title()), kinds)
}

#[cfg(test)]
mod tests;
