//! libFuzzer's bytes, given to `answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mi_run_fuzz::fuzz("answer", bytes));
