//! libFuzzer's bytes, given to `world`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mi_run_fuzz::fuzz("world", bytes));
