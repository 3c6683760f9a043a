//! The functions of templates that look outside: `now()` at the clock, `uuid()` at the dice, `file()` at files.

use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::Value as Engine;
use minijinja::{Error, State};
use ring::digest;

use super::Scope;
use super::bridge::failed;
use super::meter::charge;
use crate::moment::Moment;

/// The function of this name as it behaves within one evaluation, if it is one that asks the scope.
pub(super) fn bind(name: &str, scope: &dyn Scope) -> Option<Engine> {
    match name {
        "now" => {
            let now = Moment::at(scope.now()).map(|moment| moment.to_string());
            Some(Engine::from_function(move || {
                now.clone().ok_or_else(|| failed("the clock shows a time outside the calendar"))
            }))
        }
        "uuid" => {
            let seed = scope.random();
            let count = AtomicU64::new(0);
            Some(Engine::from_function(move || uuid(seed, count.fetch_add(1, Ordering::Relaxed))))
        }
        "file" => {
            let read = scope.files();
            Some(Engine::from_function(move |state: &State<'_, '_>, path: &str| -> Result<String, Error> {
                let read = read.as_ref().ok_or_else(|| failed("no files can be read here"))?;
                let text = read(path).map_err(|why| failed(format!("the file `{path}` cannot be read: {why}")))?;
                charge(state, text.len() as u64)?;
                Ok(text)
            }))
        }
        _ => None,
    }
}

/// A random UUID (version 4), another one for each `count`.
fn uuid(seed: [u8; 16], count: u64) -> String {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(&seed);
    hashed.update(&count.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hashed.finish().as_ref()[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
