//! Whole processes on the same requests to the same loopback server: mi-run, Hurl where it is installed, and the floor, which
//! is the least that the work can cost. Prints the table of `docs/performance.md`.
//!
//! `cargo bench --bench rows` measures all rows, `cargo bench --bench rows -- TLS` those with this word in their name. Each
//! round runs every program once, so that whatever else the machine does meets all of them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

#[path = "../work/mod.rs"]
mod work;

mod floor;
mod measure;
mod rows;
mod server;
mod table;

use std::error::Error;
use std::process::ExitCode;

/// What the benchmark, or a part of it, ends in.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [measure::WORD, command @ ..] => measure::alone(command),
        [floor::WORD, work, rest @ ..] => floor::run(work, rest),
        // Cargo adds `--bench`.
        words => compare(words.iter().copied().find(|word| !word.starts_with("--")).unwrap_or_default()),
    };
    done.inspect_err(|error| eprintln!("{error}")).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// Measures the rows that have a word in their name.
fn compare(word: &str) -> Outcome {
    let server = server::start()?;
    let hurl = measure::hurl();
    println!("{}", table::head(hurl.as_deref()));
    for row in rows::all(&server)?.iter().filter(|row| row.name.contains(word)) {
        let medians = measure::row(row, hurl.is_some())?;
        println!("{}", table::line(row, &medians));
    }
    Ok(())
}
