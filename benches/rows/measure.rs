//! Measuring whole processes: time, processor and memory, as medians of rounds.
//!
//! A process is measured by another one, started for it alone: this very program. So what the system counts for ended children
//! is that of one command, and neither the server nor the making of playbooks is in it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::rows::{Program, Row};

/// What makes this program measure another.
pub(crate) const WORD: &str = "--measure";

/// What a process took: milliseconds from its start to its end, milliseconds of processor, megabytes at the most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) wall: f64,
    pub(crate) processor: f64,
    pub(crate) peak: f64,
}

/// The medians of a row, in the order of [`Row::programs`].
pub(crate) type Medians = [Option<Taken>; 3];

/// The version of Hurl, when it is on the `PATH`.
pub(crate) fn hurl() -> Option<String> {
    let said = Command::new("hurl").arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    Some(said.split_whitespace().nth(1)?.to_owned())
}

/// Measures the programs of a row, one after the other in each round.
pub(crate) fn row(row: &Row, with_hurl: bool) -> Outcome<Medians> {
    let programs: Vec<_> =
        row.programs().into_iter().map(|program| program.filter(|it| with_hurl || !it.is_hurl())).collect();
    let mut taken = [const { Vec::new() }; 3];
    programs.iter().flatten().try_for_each(|program| works(program))?;
    for _ in 0..row.rounds {
        for (program, taken) in programs.iter().zip(&mut taken) {
            if let Some(program) = program {
                taken.push(once(program)?);
            }
        }
    }
    Ok(taken.map(|taken| median(&taken)))
}

/// Sees that a command does its work, and shows what it says when it does not.
fn works(program: &Program) -> Outcome {
    let output = command(program.words[0].as_str(), &program.words[1..], program).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` ends with {}\n{said}", program.words.join(" "), output.status).into())
}

/// The command in an environment of its own, so that it is the same whoever measures.
fn command(name: &str, arguments: &[String], program: &Program) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("PATH", path).envs(program.variable.iter().cloned()).stdin(Stdio::null());
    command
}

/// Has the command measured by a process of its own.
fn once(program: &Program) -> Outcome<Taken> {
    let own = std::env::current_exe()?.display().to_string();
    let arguments = [&[WORD.to_owned()], program.words.as_slice()].concat();
    let output = command(&own, &arguments, program).stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Result<Vec<f64>, _> = said.split_whitespace().map(str::parse).collect();
    match numbers?.as_slice() {
        [wall, processor, peak] => Ok(Taken { wall: *wall, processor: *processor, peak: *peak }),
        _ => Err(format!("`{}` could not be measured", program.words.join(" ")).into()),
    }
}

/// Runs one command, and prints what it took.
pub(crate) fn alone(words: &[&str]) -> Outcome {
    let (program, arguments) = words.split_first().ok_or("no command to measure")?;
    let mut command = Command::new(Path::new(program));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed();
    if !status.success() {
        return Err(format!("it ends with {status}").into());
    }
    let (processor, peak) = used()?;
    println!("{} {} {}", millis(wall), millis(processor), peak as f64 / 1e6);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The medians of what a command took.
fn median(taken: &[Taken]) -> Option<Taken> {
    let middle = |of: fn(&Taken) -> f64| {
        let mut values: Vec<f64> = taken.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some(Taken { wall: middle(|it| it.wall)?, processor: middle(|it| it.processor)?, peak: middle(|it| it.peak)? })
}

/// The processor time of all ended children, and the largest memory, in bytes, that one of them had.
#[cfg(unix)]
fn used() -> io::Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    let time = Duration::new(time.tv_sec().unsigned_abs(), 1000 * time.tv_usec().unsigned_abs() as u32);
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok((time, usage.max_rss().unsigned_abs() * unit))
}

/// Elsewhere only the wall is measured.
#[cfg(not(unix))]
fn used() -> io::Result<(Duration, u64)> {
    Ok((Duration::ZERO, 0))
}
