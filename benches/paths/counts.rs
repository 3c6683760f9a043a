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
use crate::cases::{self, STEP};

/// What makes this program carry out one case, or only make it ready.
pub(crate) const ONCE: &str = "--once";

/// How many times its count in the baseline a path may need.
const MOST: f64 = 1.1;

/// How many times the smaller size a path may need for the larger, of what would be in proportion.
const CROOKED: f64 = 1.1;

/// Whole processes: what stands before the first request, and a whole run with the emulator inside.
const PROCESSES: [(&str, &[&str]); 3] = [
    ("process: help", &["--help"]),
    ("process: check", &["check", "playbooks/quickstart.yaml"]),
    ("process: run", &["playbooks/quickstart.yaml", "--emulate"]),
];

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// The compiler that the counts are of.
    rustc: String,
    instructions: BTreeMap<String, u64>,
}

/// Counts everything, and compares.
pub(crate) fn compare() -> Outcome {
    let rustc = String::from_utf8(Command::new("rustc").arg("--version").output()?.stdout)?.trim().to_owned();
    let counted = Baseline { rustc, instructions: count()? };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&counted)? + "\n")?;
        println!("wrote {}", path.display());
    }
    let known: Baseline = serde_json::from_slice(&std::fs::read(&path)?)?;
    let mut faults: Vec<String> =
        counted.instructions.iter().filter_map(|(name, count)| grown(name, *count, &known)).collect();
    faults.extend(
        known
            .instructions
            .keys()
            .filter(|name| !counted.instructions.contains_key(*name))
            .map(|name| format!("{name} is in the baseline, and is not counted any more")),
    );
    faults.extend(crooked(&counted.instructions));
    if faults.is_empty() {
        return Ok(());
    }
    if known.rustc != counted.rustc {
        faults.push(format!(
            "the baseline is of {}, and this is {}: that alone changes counts",
            known.rustc, counted.rustc
        ));
    }
    let how = "what has to be so, is accepted by UPDATE=1 cargo bench --bench paths -- --counts; what is out of proportion, by nothing";
    Err(format!("{}\n{how}", faults.join("\n")).into())
}

/// Prints how a count compares with the baseline; what is wrong when it has grown too much.
fn grown(name: &str, count: u64, known: &Baseline) -> Option<String> {
    let Some(before) = known.instructions.get(name) else {
        println!("{name:<24}{count:>16}");
        return Some(format!("{name} is not in the baseline"));
    };
    let ratio = count as f64 / *before as f64;
    println!("{name:<24}{count:>16}{:>+8.1} %", (ratio - 1.0) * 100.0);
    (ratio > MOST).then(|| format!("{name} needs {count} instructions, {ratio:.2} times the {before} of the baseline"))
}

/// The paths whose cost grows faster than their size.
fn crooked(instructions: &BTreeMap<String, u64>) -> Vec<String> {
    let pairs = cases::all().collect::<Vec<_>>();
    let pairs = pairs.chunks_exact(2).filter_map(|pair| {
        let [small, large] = [&pair[0], &pair[1]].map(|case| instructions.get(&case.name()).copied());
        Some((pair[1].name(), large? as f64 / small? as f64))
    });
    let faster = pairs.filter(|(_, ratio)| *ratio > STEP as f64 * CROOKED);
    faster
        .map(|(name, ratio)| format!("{name} needs {ratio:.2} times a {STEP}th of its size: more than in proportion"))
        .collect()
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
fn count() -> Outcome<BTreeMap<String, u64>> {
    let mut counts: Vec<Count> = PROCESSES.into_iter().map(Count::of_process).collect();
    for case in cases::all() {
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
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    // It says `==123== I   refs:      14,857,684`, in some versions `I refs:`.
    let count = said.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim().replace(',', ""));
    let count = count.filter(|_| output.status.success()).and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("`{} {}` was not counted:\n{said}", program.display(), words.join(" ")))
}
