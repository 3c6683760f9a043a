//! The pipeline that a run is in: which it is, where it checked the repository out, and the files that it takes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mi_run::diagnostic::Diagnostic;
use mi_run::event::{Record, Traceparent};
use mi_run::report::azure_pipelines::{self, Attached};
use mi_run::report::checkout::Checkout;
use mi_run::report::{github, junit, markdown};

use super::pending::Pending;
use super::reports::unwritable;

/// A pipeline that takes commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipeline {
    /// GitHub Actions.
    Github,
    /// Azure Pipelines.
    Azure,
}

/// How a report is written.
type Report = fn(&Record, &mut dyn io::Write) -> io::Result<()>;

/// The pipeline around this process.
pub(crate) fn around() -> Option<Pipeline> {
    let says_so = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match () {
        () if says_so("GITHUB_ACTIONS") => Some(Pipeline::Github),
        () if says_so("TF_BUILD") => Some(Pipeline::Azure),
        () => None,
    }
}

/// Where the pipeline checked the repository out.
pub(crate) fn checkout() -> Checkout {
    let root = variable("GITHUB_WORKSPACE").or_else(|| variable("BUILD_SOURCESDIRECTORY"));
    Checkout::new(root.map(PathBuf::from), std::env::current_dir().unwrap_or_default())
}

/// The span that whoever started this process says it is in. What names none is passed over, as W3C Trace Context wants it.
pub(crate) fn traceparent() -> Option<Traceparent> {
    variable("TRACEPARENT")?.parse().ok()
}

/// The commands for a pipeline; writes the files that go with them, but no summary that a report wrote already.
pub(crate) fn render(
    pipeline: Pipeline,
    (record, summaries): (&Record, &[PathBuf]),
    failed: &mut Vec<Diagnostic>,
) -> String {
    let mut told = |path: &Path, error: &io::Error| failed.push(unwritable(&format!("`{}`", path.display()), error));
    match pipeline {
        Pipeline::Github => {
            if let Some(path) = variable("GITHUB_STEP_SUMMARY").map(PathBuf::from) {
                let place = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                if !summaries.contains(&place)
                    && let Err(error) = append(record, &path)
                {
                    told(&path, &error);
                }
            }
            github::render(record, &checkout())
        }
        Pipeline::Azure => {
            let folder = variable("AGENT_TEMPDIRECTORY").map_or_else(std::env::temp_dir, PathBuf::from);
            // The agent takes the files after the step, wherever that was.
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            // What a recorded run calls itself is anybody's text.
            let id: String =
                record.run.id.chars().filter(|mark| mark.is_ascii_alphanumeric() || *mark == '-').collect();
            let mut write = |kind: &str, write: Report| {
                let path = folder.join(format!("mi-run-{}.{kind}", id));
                let written = Pending::create(&path).and_then(|mut file| {
                    write(record, &mut file).and_then(|()| record.check())?;
                    file.finish()
                });
                written.map(|_| path.clone()).map_err(|error| told(&path, &error)).ok()
            };
            let summary = write("md", markdown::write);
            let results = write("xml", junit::write);
            azure_pipelines::render(record, &checkout(), &Attached { summary, results })
        }
    }
}

/// Adds to the summary of a job, which other tools write to as well.
fn append(record: &Record, path: &Path) -> io::Result<()> {
    let there = fs::metadata(path).map_or(0, |there| usize::try_from(there.len()).unwrap_or(usize::MAX));
    let text = github::render_summary(record, there);
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// A variable of the environment; set but empty, as pipelines do, is not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
