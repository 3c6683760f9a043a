//! The journal: the last requests, who asked for what, and how it was decided.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::emulator::message::{Door, Reason, Request, Response};

/// How many requests are kept.
const KEPT: usize = 1000;
/// How much of a path and its query is kept, in bytes.
const TARGET_LIMIT: usize = 2000;

/// A request with its answer, as the journal keeps it. No header and no body is kept, so no secret is.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// When it came in.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The server it came to.
    pub door: Door,
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The status; 0 when the connection was closed without an answer.
    pub status: u16,
    /// The code of the error in the answer, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who asked for what, and how it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<Reason>>,
    /// Whether a fault of the world had a hand in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fault: bool,
}

fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

impl Exchange {
    /// What the journal keeps of a request and its answer.
    pub(crate) fn of(request: &Request, response: &Response) -> Exchange {
        let mut end = request.target.len().min(TARGET_LIMIT);
        while !request.target.is_char_boundary(end) {
            end -= 1;
        }
        let code = || {
            let body: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
            let code = body["error"]["code"].as_str().or_else(|| body["error"].as_str())?;
            Some(code.to_owned())
        };
        Exchange {
            at: request.now,
            door: request.door,
            method: request.method.clone(),
            target: request.target[..end].to_owned(),
            status: if response.wire.close { 0 } else { response.status },
            code: if response.status >= 400 { code() } else { None },
            reason: response.reason.clone(),
            fault: response.fault,
        }
    }
}

/// One line: the request, the answer, who asked for what, the decision.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.method, self.target)?;
        match self.status {
            0 => f.write_str("closed")?,
            status => write!(f, "{status}")?,
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if self.fault {
            f.write_str(" (a fault of the world)")?;
        }
        match &self.reason {
            Some(reason) => write!(f, " · {} · {} · {}", reason.caller, reason.operation, reason.decision),
            None => Ok(()),
        }
    }
}

/// The last requests, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    exchanges: VecDeque<Exchange>,
}

impl Journal {
    pub(crate) fn add(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= KEPT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// The last so many, the oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<Exchange> {
        let skipped = self.exchanges.len().saturating_sub(count);
        self.exchanges.iter().skip(skipped).cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.exchanges.clear();
    }
}
