//! The one way out of the engine: every event is redacted here, handed to the sinks, and folded into the record.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::Value;

use super::order::Sequencer;
use super::redact::Redactor;
use super::{Event, Record, Spool};

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
    /// What is kept; nothing when no report wants it.
    record: Option<RefCell<Record>>,
    /// How many events were sent.
    sent: Cell<usize>,
    /// How many had been, and how much was kept, when the last secret became known.
    learned: Cell<(usize, u64)>,
}

/// What became known to be secret when events had been sent already: for those who wrote of them at once.
pub struct Late {
    redactor: Rc<Redactor>,
    /// How many events were sent before the last secret was known.
    pub events: usize,
}

impl Late {
    /// The event without what is secret.
    pub fn event(&self, mut event: Event) -> Event {
        self.redactor.event(&mut event);
        event
    }

    /// The text without what is secret.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.redactor.text(text)
    }
}

impl Outlet {
    /// A way out into sinks that take events as they happen, and into others that take the ends of steps in the order
    /// of the file. The record is kept only where there is a spool for it.
    pub fn new(live: Vec<Box<dyn Sink>>, ordered: Vec<Box<dyn Sink>>, spool: Option<Spool>) -> Self {
        Self {
            redactor: RefCell::default(),
            live: RefCell::new(live),
            ordered: RefCell::new(ordered),
            sequencer: RefCell::default(),
            record: spool.map(|spool| RefCell::new(Record::on(spool))),
            sent: Cell::default(),
            learned: Cell::default(),
        }
    }

    /// Never shows this text from now on.
    pub fn hide(&self, secret: &str) {
        self.learn(|redactor| redactor.hide(secret));
    }

    /// Hides every text and number inside a value.
    pub fn hide_value(&self, value: &Value) {
        self.learn(|redactor| redactor.hide_value(value));
    }

    fn learn(&self, hide: impl FnOnce(&mut Redactor)) {
        let mut redactor = self.redactor.borrow_mut();
        let known = redactor.known();
        hide(&mut redactor);
        if redactor.known() > known {
            let kept = self.record.as_ref().map_or(0, |record| record.borrow().end());
            self.learned.set((self.sent.get(), kept));
        }
    }

    /// Sends an event out.
    pub fn send(&self, mut event: Event) {
        let redactor = self.redactor.borrow();
        redactor.event(&mut event);
        self.sent.set(self.sent.get() + 1);
        self.live.borrow_mut().iter_mut().for_each(|sink| sink.take(&event));
        let tell = &mut |known: usize, mut event: Event| {
            // While it waited for those before it a secret became known.
            if known < redactor.known() {
                redactor.event(&mut event);
            }
            self.ordered.borrow_mut().iter_mut().for_each(|sink| sink.take(&event));
            self.record.iter().for_each(|record| record.borrow_mut().fold(&event));
        };
        self.sequencer.borrow_mut().take((redactor.known(), event), tell);
    }

    /// A text that goes another way, without what is never shown.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.borrow().text(text).into_owned()
    }

    /// The record of all that was sent, when it was kept.
    pub fn into_record(self) -> Option<Record> {
        self.end().0
    }

    /// The same, and what became known to be secret too late for some events.
    pub fn end(self) -> (Option<Record>, Late) {
        let redactor = Rc::new(self.redactor.into_inner());
        let (events, kept) = self.learned.get();
        let mut record = self.record.map(RefCell::into_inner);
        record.iter_mut().for_each(|record| redactor.record(record, kept));
        (record, Late { redactor, events })
    }
}
