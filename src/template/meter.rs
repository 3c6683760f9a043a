//! What a template may still do: values cost what they weigh, and the filters of the house pay for their work like those
//! of the engine.

use minijinja::{Error, ErrorKind, State};

use crate::value::Value;

/// How much work one evaluation may do: about as many operations, or 64 times as many bytes.
pub(super) const FUEL: u64 = 400_000;

/// How many bytes stand for one unit of fuel.
const BYTES: u64 = 64;

/// What a value weighs beside its text, and what the key of a map does.
const VALUE: u64 = 80;
const KEY: u64 = 64;

/// How many bytes may still be made.
pub(super) struct Meter {
    left: u64,
}

impl Meter {
    /// As much as a whole evaluation may make.
    pub(super) fn full() -> Meter {
        Meter { left: FUEL * BYTES }
    }

    /// As much as the evaluation has left.
    pub(super) fn of(state: &State<'_, '_>) -> Meter {
        Meter { left: state.fuel_levels().map_or(FUEL, |(_, left)| left) * BYTES }
    }

    /// How much is left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Takes off some bytes.
    pub(super) fn pay(&mut self, bytes: u64) -> Result<(), Error> {
        self.left = self.left.saturating_sub(bytes);
        if self.left == 0 { Err(Error::from(ErrorKind::OutOfFuel)) } else { Ok(()) }
    }

    /// Takes off what a value weighs without what is in it.
    pub(super) fn pay_one(&mut self) -> Result<(), Error> {
        self.pay(VALUE)
    }

    /// Takes off what a text weighs: its length as JSON, in which it may come to stand.
    pub(super) fn pay_text(&mut self, text: &str) -> Result<(), Error> {
        let controls = text.bytes().filter(|byte| *byte < b' ').count() as u64;
        self.pay(text.len() as u64 + 5 * controls)
    }

    /// Takes off what the key of a map weighs.
    pub(super) fn pay_key(&mut self, key: &str) -> Result<(), Error> {
        self.pay(KEY)?;
        self.pay_text(key)
    }

    /// Takes off what a copy of a value weighs.
    pub(super) fn pay_value(&mut self, value: &Value) -> Result<(), Error> {
        self.pay_one()?;
        match value {
            Value::String(text) => self.pay_text(text),
            Value::Array(items) => items.iter().try_for_each(|item| self.pay_value(item)),
            Value::Object(entries) => entries.iter().try_for_each(|(key, value)| {
                self.pay_key(key)?;
                self.pay_value(value)
            }),
            _ => Ok(()),
        }
    }

    /// Charges the evaluation for what was taken off since the meter was made of it.
    pub(super) fn charge(&self, state: &State<'_, '_>) -> Result<(), Error> {
        let before = Meter::of(state).left;
        state.consume_fuel(before.saturating_sub(self.left).div_ceil(BYTES))
    }
}

/// Charges an evaluation for some bytes of work.
pub(super) fn charge(state: &State<'_, '_>, bytes: u64) -> Result<(), Error> {
    state.consume_fuel(bytes.div_ceil(BYTES))
}
