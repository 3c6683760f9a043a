//! libFuzzer's bytes, given to `shape`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mi_run_fuzz::fuzz("shape", bytes));
