//! The guard: instructions of every path, counted by valgrind and compared with the baseline.
//!
//! A path is carried out in a process of its own, and the same process is run once more without it; what both differ by is the
//! cost of the path alone. Time does not come into it, so that a busy machine counts the same.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::cases::{self, Case, STEP};

/// What makes this program carry out one case, or only make it ready.
pub(crate) const ONCE: &str = "--once";

/// How many times its count in the baseline a path may need.
const MOST: f64 = 1.1;

/// How many times what would be in proportion a path may need for the larger of its sizes.
const CROOKED: f64 = 1.1;

/// Whole processes: what stands before the first request, and a whole run with the emulator inside.
const PROCESSES: [(&str, &[&str]); 3] = [
    ("`mi-run --help`", &["--help"]),
    ("`mi-run check`", &["check", "playbooks/quickstart.yaml"]),
    ("`mi-run --emulate`", &["playbooks/quickstart.yaml", "--emulate"]),
];

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// The compiler that the counts are of.
    rustc: String,
    instructions: Counts,
}

/// Counts everything, and compares.
pub(crate) fn compare() -> Outcome {
    let rustc = String::from_utf8(Command::new("rustc").arg("--version").output()?.stdout)?.trim().to_owned();
    let counted = Baseline { rustc, instructions: count()? };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&counted)? + "\n")?;
    }
    let known: Baseline = serde_json::from_slice(&std::fs::read(&path)?)?;
    print!("{}", table(&counted.instructions, &known.instructions));
    let mut faults = changed(&counted.instructions, &known.instructions);
    if !faults.is_empty() && known.rustc != counted.rustc {
        faults.push(format!(
            "the baseline is of {}, and this is {}: that alone shifts counts",
            known.rustc, counted.rustc
        ));
    }
    faults.extend(crooked(&counted.instructions));
    if faults.is_empty() { Ok(()) } else { Err(format!("{}\n{HOW}", faults.join("\n")).into()) }
}

/// What to do when it fails.
const HOW: &str = "What has to be so is accepted by `UPDATE=1 cargo bench --profile counts --bench paths -- --counts`; what is out of \
    proportion, by nothing.";

/// How many instructions, by name.
type Counts = BTreeMap<String, u64>;

/// The table of `docs/performance.md`.
fn table(counted: &Counts, known: &Counts) -> String {
    let mut table = format!(
        "| path | sizes | instructions for each item | {STEP} times the size costs | against the baseline |\n|---|---|---|---|---|\n"
    );
    let against = |name: &str| {
        let ratio = counted.get(name).zip(known.get(name)).map(|(count, before)| *count as f64 / *before as f64);
        ratio.map_or_else(|| "new".to_owned(), |ratio| format!("{:+.1} %", (ratio - 1.0) * 100.0))
    };
    for (name, _) in PROCESSES {
        let count = counted.get(name).copied().unwrap_or_default();
        table += &format!("| {name} | | {} | | {} |\n", grouped(count), against(name));
    }
    for [small, large] in cases::pairs() {
        let [few, many] = [&small, &large].map(|case| counted.get(&case.name()).copied().unwrap_or_default());
        table += &format!(
            "| {} | {}, {} | {}, {} | {:.2} times | {}, {} |\n",
            small.path,
            small.size,
            large.size,
            grouped(few / small.size as u64),
            grouped(many / large.size as u64),
            many as f64 / few as f64,
            against(&small.name()),
            against(&large.name()),
        );
    }
    table
}

/// A number as people read it: `14,906,136`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.char_indices().flat_map(|(at, digit)| comma(at).then_some(',').into_iter().chain([digit])).collect()
}

/// What is wrong with counts beside those of the baseline.
fn changed(counted: &Counts, known: &Counts) -> Vec<String> {
    let grown = |(name, count): (&String, &u64)| match known.get(name) {
        None => Some(format!("{name} is not in the baseline")),
        Some(before) => {
            let ratio = *count as f64 / *before as f64;
            (ratio > MOST)
                .then(|| format!("{name} needs {count} instructions, {ratio:.2} times the {before} of the baseline"))
        }
    };
    let gone = known.keys().filter(|name| !counted.contains_key(*name));
    let gone = gone.map(|name| format!("{name} is in the baseline, and is not counted any more"));
    counted.iter().filter_map(grown).chain(gone).collect()
}

/// The paths whose cost grows faster than their size.
fn crooked(counted: &Counts) -> Vec<String> {
    let ratio = |[small, large]: [Case; 2]| {
        let [few, many] = [&small, &large].map(|case| counted.get(&case.name()).copied().unwrap_or_default() as f64);
        (many > STEP as f64 * CROOKED * few).then(|| (large.name(), many / few))
    };
    let told = |(name, ratio): (String, f64)| {
        format!("{name} needs {ratio:.2} times as many for {STEP} times the size: more than in proportion")
    };
    cases::pairs().filter_map(ratio).map(told).collect()
}

/// What is counted: a command, and the same without what is of interest.
struct Count {
    name: String,
    program: PathBuf,
    with: Vec<String>,
    without: Option<Vec<String>>,
}

impl Count {
    fn of_process((name, words): (&str, &[&str])) -> Count {
        let with = words.iter().map(|word| (*word).to_owned()).collect();
        Count { name: name.to_owned(), program: env!("CARGO_BIN_EXE_mi-run").into(), with, without: None }
    }

    fn of_case(name: String) -> io::Result<Count> {
        let words = |times: &str| [ONCE, &name, times].map(str::to_owned).to_vec();
        let (with, without) = (words("1"), Some(words("0")));
        Ok(Count { program: std::env::current_exe()?, with, without, name })
    }

    fn count(&self) -> Result<u64, String> {
        let with = instructions(&self.program, &self.with)?;
        let without = self.without.as_ref().map_or(Ok(0), |words| instructions(&self.program, words))?;
        Ok(with.saturating_sub(without))
    }
}

/// The instructions of every process and case, as many at a time as there are processors.
fn count() -> Outcome<Counts> {
    let mut counts: Vec<Count> = PROCESSES.into_iter().map(Count::of_process).collect();
    for case in cases::pairs().flatten() {
        counts.push(Count::of_case(case.name())?);
    }
    let workers = thread::available_parallelism()?.get();
    let every = |first: usize| -> Result<Vec<_>, String> {
        let own = counts.iter().skip(first).step_by(workers);
        own.map(|count| Ok((count.name.clone(), count.count()?))).collect()
    };
    let every = &every;
    let counted: Result<Vec<_>, String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|first| scope.spawn(move || every(first))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a count broke off".to_owned())))
            .collect()
    });
    Ok(counted?.into_iter().flatten().collect())
}

/// The instructions of a process, in an environment that is the same everywhere.
fn instructions(program: &Path, words: &[String]) -> Result<u64, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(program).args(words);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // Else the allocator puts off joining what was freed while things were made ready, and does it on the time of the path.
    command.env("GLIBC_TUNABLES", "glibc.malloc.mxfast=0");
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    // It says `==123== I   refs:      14,857,684`, in some versions `I refs:`.
    let count = said.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim().replace(',', ""));
    let count = count.filter(|_| output.status.success()).and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("`{} {}` was not counted:\n{said}", program.display(), words.join(" ")))
}
