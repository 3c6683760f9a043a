//! The hot paths inside of the program, each at two sizes: how long they take, by criterion, and how many instructions they
//! need, under valgrind.
//!
//! `cargo bench --bench paths` measures time, `cargo bench --bench paths -- redaction` that of one path.
//! `cargo bench --profile counts --bench paths -- --counts` counts instructions, and fails where one path needs a tenth more than
//! `benches/baseline.json` says, or more than in proportion to its size; with `UPDATE=1` it writes that file anew.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

#[path = "../work/mod.rs"]
#[allow(dead_code, reason = "the other benchmark asks more")]
mod work;

mod cases;
mod counts;
mod run;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use criterion::{BatchSize, Criterion};

/// What the benchmark, or a part of it, ends in.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [counts::ONCE, name, times] => cases::once(name, *times == "1"),
        words if words.contains(&"--counts") => cases::keep_records().and_then(|()| counts::compare()),
        _ => cases::keep_records().map(|()| times()),
    };
    done.inspect_err(|error| eprintln!("{error}")).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// Measures how long each path takes.
fn times() {
    let criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500));
    let mut criterion = criterion.measurement_time(Duration::from_secs(2)).configure_from_args();
    for case in cases::pairs().flatten() {
        criterion.bench_function(&case.name(), |bencher| {
            bencher.iter_batched(|| case.prepare(), |work| work(), BatchSize::PerIteration);
        });
    }
    criterion.final_summary();
}
