//! The `mi-run` binary.
fn main() {}
