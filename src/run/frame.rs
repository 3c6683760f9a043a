//! The names that templates see while a playbook runs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::Engine;
use super::reply::Reply;
use crate::template::Scope;

/// The names of one playbook: inputs, variables that have their value, captures, and those of every playbook.
pub struct Frame {
    values: RefCell<HashMap<String, Arc<Value>>>,
    now: SystemTime,
    seed: [u8; 16],
    drawn: std::cell::Cell<u64>,
}

impl Frame {
    pub(super) fn new(values: &HashMap<String, Value>, engine: &Engine<'_>) -> Self {
        let mut frame = Self::bare(engine);
        let values = values.iter().map(|(name, value)| (name.clone(), Arc::new(value.clone())));
        frame.values.get_mut().extend(values);
        frame
    }

    /// The names that are there before anything was given: `env` and `run`.
    pub fn bare(engine: &Engine<'_>) -> Self {
        let frame = Self {
            values: RefCell::default(),
            now: engine.world.clock.now(),
            seed: (engine.world.random)(),
            drawn: std::cell::Cell::new(0),
        };
        frame.put("run", engine.run_value());
        frame.put("env", (engine.world.variables)());
        frame
    }

    /// Gives a name its value.
    pub(super) fn put(&self, name: &str, value: Value) {
        self.values.borrow_mut().insert(name.to_owned(), Arc::new(value));
    }

    /// Whether a name has no value.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.values.borrow().contains_key(name)
    }

    /// These names and those of a result.
    pub(super) fn with_reply<'f>(&'f self, reply: &'f Reply) -> Inside<'f> {
        Inside { frame: self, reply }
    }
}

impl Scope for Frame {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        self.values.borrow().get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.values.borrow().keys().cloned().collect();
        names.sort();
        names
    }

    fn now(&self) -> SystemTime {
        self.now
    }

    fn random(&self) -> [u8; 16] {
        let drawn = self.drawn.get() + 1;
        self.drawn.set(drawn);
        let mut bytes = self.seed;
        bytes.iter_mut().zip(drawn.to_le_bytes()).for_each(|(byte, count)| *byte ^= count);
        bytes
    }
}

/// The names of a playbook, and those of a result before them.
pub(super) struct Inside<'f> {
    frame: &'f Frame,
    reply: &'f Reply,
}

impl Scope for Inside<'_> {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        let reply = self.reply;
        Some(match name {
            "status" => Arc::new(Value::from(reply.status)),
            "headers" => Arc::new(reply.headers_value()),
            "json" => Arc::clone(reply.json().as_ref().ok()?),
            "text" => Arc::new(Value::String(reply.text())),
            "claims" => Arc::clone(&reply.claims),
            "duration" => Arc::new(Value::from(reply.duration.as_secs_f64() * 1000.0)),
            other => return self.frame.get(other),
        })
    }

    fn names(&self) -> Vec<String> {
        let own = ["status", "headers", "json", "text", "claims", "duration"];
        self.frame.names().into_iter().chain(own.map(str::to_owned)).collect()
    }

    fn now(&self) -> SystemTime {
        self.frame.now()
    }

    fn random(&self) -> [u8; 16] {
        self.frame.random()
    }
}
