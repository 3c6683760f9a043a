//! The one way out of the engine: every event is redacted here, handed to the sinks, and folded into the record.

use std::cell::RefCell;

use serde_json::Value;

use super::redact::Redactor;
use super::{Event, Record};

/// Takes events, in the order they happen.
pub trait Sink {
    /// Takes one event.
    fn take(&mut self, event: &Event);
}

/// The way out. The engine tells it secrets as it learns them, before anything that could hold them is sent.
pub struct Outlet {
    redactor: RefCell<Redactor>,
    sinks: RefCell<Vec<Box<dyn Sink>>>,
    record: RefCell<Record>,
}

impl Outlet {
    /// A way out into these sinks.
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { redactor: RefCell::default(), sinks: RefCell::new(sinks), record: RefCell::default() }
    }

    /// Never shows this text from now on.
    pub fn hide(&self, secret: &str) {
        self.redactor.borrow_mut().hide(secret);
    }

    /// Hides every text and number inside a value.
    pub fn hide_value(&self, value: &Value) {
        self.redactor.borrow_mut().hide_value(value);
    }

    /// Sends an event out.
    pub fn send(&self, mut event: Event) {
        self.redactor.borrow().event(&mut event);
        for sink in self.sinks.borrow_mut().iter_mut() {
            sink.take(&event);
        }
        self.record.borrow_mut().fold(event);
    }

    /// A text that goes another way, without what is never shown.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.borrow().text(text).into_owned()
    }

    /// The record of all that was sent.
    pub fn into_record(self) -> Record {
        let mut record = self.record.into_inner();
        self.redactor.borrow().record(&mut record);
        record
    }
}
