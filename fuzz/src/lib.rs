//! What is fuzzed: a function for each part that reads what others wrote. Whatever bytes it is given, it returns; what it
//! asserts are laws of that part.
//!
//! `fuzz/run` gives them what libFuzzer makes up; `tests/it/fuzz.rs` gives them the seeds, and what was found before.

mod answer;
mod permission;
mod playbook;
mod predicate;
mod query;
mod record;
mod redaction;
mod shape;
mod template;
mod url;
mod world;

/// A part that is fuzzed.
pub type Target = fn(&[u8]);

/// All of them, by the name of the program in `fuzz_targets` and of the folder in `seeds`.
pub const TARGETS: [(&str, Target); 11] = [
    ("answer", answer::fuzz),
    ("permission", permission::fuzz),
    ("playbook", playbook::fuzz),
    ("predicate", predicate::fuzz),
    ("query", query::fuzz),
    ("record", record::fuzz),
    ("redaction", redaction::fuzz),
    ("shape", shape::fuzz),
    ("template", template::fuzz),
    ("url", url::fuzz),
    ("world", world::fuzz),
];

/// Gives the bytes to the part with this name.
pub fn fuzz(name: &str, bytes: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(own, _)| *own == name) {
        target(bytes);
    }
}

/// The bytes as text, cut where the first line ends: two inputs in one.
fn halves(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.split_once('\n').unwrap_or((text, "")))
}
