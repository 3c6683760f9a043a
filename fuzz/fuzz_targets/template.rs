//! libFuzzer's bytes, given to `template`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mi_run_fuzz::fuzz("template", bytes));
