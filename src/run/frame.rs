//! The names that templates see while a playbook runs.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::Engine;
use super::reply::Reply;
use crate::event::Outcome;
use crate::identity::source::SECRETS;
use crate::template::{Files, Scope};

/// The names of one playbook, or of one turn of a loop in it: inputs, variables that have their value, captures, and
/// those of every playbook.
pub struct Frame {
    /// The names around.
    around: Option<Rc<Frame>>,
    values: RefCell<HashMap<String, Arc<Value>>>,
    /// By the number of a step: how it came out.
    outcomes: RefCell<HashMap<usize, Outcome>>,
    dice: Rc<Dice>,
}

/// The clock, the dice and the files of `now()`, `uuid()` and `file()`.
struct Dice {
    files: Option<Files>,
    now: SystemTime,
    seed: [u8; 16],
    drawn: Cell<u64>,
}

impl Frame {
    pub(super) fn new(values: &HashMap<String, Value>, engine: &Engine<'_>, (root, folder): (&Path, &Path)) -> Self {
        let read = engine.world.file;
        let (root, folder) = (root.to_owned(), folder.to_owned());
        let files: Files = Arc::new(move |path| {
            let bytes = read(&root, &folder.join(path)).map_err(|error| error.to_string())?;
            String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
        });
        let mut frame = Self::with(engine, Some(files));
        let values = values.iter().map(|(name, value)| (name.clone(), Arc::new(value.clone())));
        frame.values.get_mut().extend(values);
        frame
    }

    /// The names that are there before anything was given: `env` and `run`.
    pub fn bare(engine: &Engine<'_>) -> Self {
        Self::with(engine, None)
    }

    /// With files to read.
    fn with(engine: &Engine<'_>, files: Option<Files>) -> Self {
        let dice = Dice { files, now: engine.world.clock.now(), seed: (engine.world.random)(), drawn: Cell::new(0) };
        let frame =
            Self { around: None, values: RefCell::default(), outcomes: RefCell::default(), dice: Rc::new(dice) };
        frame.put("run", engine.run_value());
        let variables = (engine.world.variables)();
        SECRETS.iter().filter_map(|name| variables.get(name)).for_each(|secret| engine.outlet.hide_value(secret));
        let of_machine = SECRETS.iter().filter_map(|name| engine.world.machine.get(name));
        of_machine.for_each(|secret| engine.outlet.hide(&secret));
        frame.put("env", variables);
        frame
    }

    /// A frame inside another: what it is given stays in it.
    pub(super) fn inside(around: &Rc<Frame>) -> Self {
        Self {
            around: Some(Rc::clone(around)),
            values: RefCell::default(),
            outcomes: RefCell::default(),
            dice: Rc::clone(&around.dice),
        }
    }

    /// Gives a name its value.
    pub(super) fn put(&self, name: &str, value: Value) {
        self.values.borrow_mut().insert(name.to_owned(), Arc::new(value));
    }

    /// Whether a name has no value.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.values.borrow().contains_key(name) && self.around.as_ref().is_none_or(|around| around.lacks(name))
    }

    /// The value that a name was given in this frame itself.
    pub(super) fn own(&self, name: &str) -> Option<Arc<Value>> {
        self.values.borrow().get(name).cloned()
    }

    /// Remembers how a step came out; of several turns the worst.
    pub(super) fn ended(&self, number: usize, outcome: Outcome) {
        let mut outcomes = self.outcomes.borrow_mut();
        let known = outcomes.entry(number).or_insert(outcome);
        *known = (*known).max(outcome);
    }

    /// How a step came out, when it has.
    pub(super) fn outcome(&self, number: usize) -> Option<Outcome> {
        let own = self.outcomes.borrow().get(&number).copied();
        own.or_else(|| self.around.as_ref()?.outcome(number))
    }

    /// Tells the frame around how the steps in this one came out.
    pub(super) fn hand_over(&self) {
        if let Some(around) = &self.around {
            self.outcomes.borrow().iter().for_each(|(number, outcome)| around.ended(*number, *outcome));
        }
    }

    /// These names and those of a result.
    pub(super) fn with_reply<'f>(&'f self, reply: &'f Reply) -> Inside<'f> {
        Inside { frame: self, reply }
    }
}

impl Scope for Frame {
    fn get(&self, name: &str) -> Option<Arc<Value>> {
        self.own(name).or_else(|| self.around.as_ref()?.get(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.around.as_ref().map(|around| around.names()).unwrap_or_default();
        names.extend(self.values.borrow().keys().cloned());
        names.sort();
        names
    }

    fn now(&self) -> SystemTime {
        self.dice.now
    }

    fn random(&self) -> [u8; 16] {
        let drawn = self.dice.drawn.get() + 1;
        self.dice.drawn.set(drawn);
        let mut bytes = self.dice.seed;
        bytes.iter_mut().zip(drawn.to_le_bytes()).for_each(|(byte, count)| *byte ^= count);
        bytes
    }

    fn files(&self) -> Option<Files> {
        self.dice.files.clone()
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

    fn files(&self) -> Option<Files> {
        self.frame.files()
    }
}
