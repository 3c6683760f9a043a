//! The one way out of the engine: every event is redacted here, handed to the sinks, and folded into the record.

use std::cell::RefCell;

use serde_json::Value;

use super::order::Sequencer;
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
    /// Those that take events as they happen.
    live: RefCell<Vec<Box<dyn Sink>>>,
    /// Those that take the ends of steps in the order of the file.
    ordered: RefCell<Vec<Box<dyn Sink>>>,
    sequencer: RefCell<Sequencer>,
    /// What is kept; nothing when no report wants it, so that a long run needs no more memory than a short one.
    record: Option<RefCell<Record>>,
}

impl Outlet {
    /// A way out into sinks that take events as they happen, and into others that take the ends of steps in the order
    /// of the file. The record is kept only where it is wanted.
    pub fn new(live: Vec<Box<dyn Sink>>, ordered: Vec<Box<dyn Sink>>, kept: bool) -> Self {
        Self {
            redactor: RefCell::default(),
            live: RefCell::new(live),
            ordered: RefCell::new(ordered),
            sequencer: RefCell::default(),
            record: kept.then(RefCell::default),
        }
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
        self.live.borrow_mut().iter_mut().for_each(|sink| sink.take(&event));
        let tell = &mut |event: Event| {
            self.ordered.borrow_mut().iter_mut().for_each(|sink| sink.take(&event));
            self.record.iter().for_each(|record| record.borrow_mut().fold(event.clone()));
        };
        self.sequencer.borrow_mut().take(event, tell);
    }

    /// A text that goes another way, without what is never shown.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.borrow().text(text).into_owned()
    }

    /// The record of all that was sent, when it was kept.
    pub fn into_record(self) -> Option<Record> {
        let mut record = self.record?.into_inner();
        self.redactor.borrow().record(&mut record);
        Some(record)
    }
}
