//! Events → text, one file per format. A report knows nothing of how the run came about.

pub mod console;
pub mod json;
pub mod junit;
pub mod matrix;

use serde_json::Value;

use crate::value::describe;

/// A value in a failure: its type and itself; what was not there at all is `nothing`.
pub(crate) fn shown(value: &Value, found: bool) -> String {
    if found { describe(value) } else { "nothing".to_owned() }
}

/// A duration in milliseconds as people read it: `12 ms`, `1.2 s`, `2 min 5 s`.
pub fn duration(millis: f64) -> String {
    match millis {
        ms if ms < 1.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1000.0),
        ms => format!("{} min {:.0} s", (ms / 60_000.0) as u64, (ms % 60_000.0) / 1000.0),
    }
}
