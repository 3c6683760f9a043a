//! What an action came to: the material for assertions and captures.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::azure::error::ArmError;
use crate::event::redact::MARK;

/// What came. The body is parsed when something looks into it, and once.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) claims: Arc<Value>,
    pub(super) duration: Duration,
    /// The state in which a long-running operation ended that did not succeed.
    pub(super) ended: Option<String>,
    /// Whether messages tell nothing of the body.
    pub(super) veiled: bool,
    json: OnceCell<Result<Arc<Value>, String>>,
}

impl Reply {
    pub(super) fn new(status: u16, headers: Vec<(String, String)>, body: Bytes, duration: Duration) -> Self {
        Self { status, headers, body, duration, ..Self::default() }
    }

    /// The same, of a long-running operation that ended in this state and did not succeed.
    pub(super) fn ended(self, state: String) -> Self {
        Self { ended: Some(state), ..self }
    }

    /// The first value of a header, whose name is given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or why it is none.
    pub(super) fn json(&self) -> &Result<Arc<Value>, String> {
        self.json.get_or_init(|| {
            crate::http::json(&self.body).map(Arc::new).map_err(|why| match self.header("content-encoding") {
                Some(packed) if packed != "identity" => {
                    format!("`content-encoding` says `{packed}`, which was not asked for")
                }
                _ => why,
            })
        })
    }

    /// The body of a 200 as JSON.
    pub(super) fn document(&self) -> Option<&Value> {
        self.json().as_ref().ok().filter(|_| self.status == 200).map(|document| &**document)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error in the body, when there is one.
    pub(super) fn arm_error(&self) -> Option<ArmError> {
        if self.status < 400 && self.ended.is_none() {
            return None;
        }
        self.json().as_ref().ok().and_then(|json| ArmError::read(json))
    }

    /// How the body begins, on one line, for messages.
    pub(super) fn beginning(&self) -> String {
        if self.veiled { MARK.to_owned() } else { crate::http::beginning(&self.body) }
    }

    /// The headers as templates see them.
    pub(super) fn headers_value(&self) -> Value {
        let pairs = self.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        Value::Object(pairs.collect::<Map<_, _>>())
    }
}
