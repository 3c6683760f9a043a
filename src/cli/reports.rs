//! Reports: where each goes, known before the run starts, written whole at its end or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mi_run::diagnostic::Diagnostic;
use mi_run::event::Record;
use mi_run::nearest::nearest;
use mi_run::report::{json, junit};

use super::terminal::print;

const FORMATS: &[&str] = &["console", "json", "junit"];

/// A form a report takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people, as it happens.
    Console,
    /// For programs.
    Json,
    /// For pipelines.
    Junit,
}

/// A report and where it goes; `None` is stdout.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) format: Format,
    pub(crate) file: Option<Pending>,
}

/// A file that will be there whole, or not at all: a temporary one beside it, renamed at the end.
#[derive(Debug)]
pub(crate) struct Pending {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    done: bool,
}

impl Pending {
    fn create(path: &Path) -> std::io::Result<Self> {
        if path.is_dir() {
            return Err(std::io::Error::other("it is a folder"));
        }
        let name = path.file_name().ok_or_else(|| std::io::Error::other("it names no file"))?;
        let temporary = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = File::create(&temporary)?;
        Ok(Self { path: path.to_owned(), temporary, file, done: false })
    }

    fn finish(mut self, text: &str) -> std::io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.flush()?;
        std::fs::rename(&self.temporary, &self.path)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Reads `--report FORMAT[=PATH]` and opens the files.
///
/// # Errors
/// With the diagnostic, when a format is not known or a file cannot be written.
pub(crate) fn open(reports: &[String]) -> Result<Vec<Target>, Box<Diagnostic>> {
    let mut targets: Vec<Target> = Vec::new();
    for report in reports {
        let (name, path) = report.split_once('=').map_or((report.as_str(), "-"), |(name, path)| (name, path));
        let format = match name {
            "console" => Format::Console,
            "json" => Format::Json,
            "junit" => Format::Junit,
            other => return Err(Box::new(unknown(other))),
        };
        let file = match path {
            "-" => None,
            path => Some(Pending::create(Path::new(path)).map_err(|error| Box::new(unwritable(path, &error)))?),
        };
        if file.is_none() && targets.iter().any(|target| target.file.is_none()) {
            let title = "two reports cannot both go to stdout";
            let help = format!("give one of them a file: `--report {name}=FILE`");
            return Err(Box::new(Diagnostic::error("invalid-option", title).help(help)));
        }
        targets.push(Target { format, file });
    }
    Ok(targets)
}

fn unknown(name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("invalid-option", format!("`{name}` is no format of reports"));
    match nearest(name, FORMATS.iter().copied()) {
        Some(near) => diagnostic.help(format!("a similar format exists: `{near}`")),
        None => diagnostic.note(format!("the formats are {}", FORMATS.join(", "))),
    }
}

fn unwritable(path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unwritable-report", format!("no report can be written to `{path}`")).note(error.to_string())
}

/// Writes all reports of a finished run.
///
/// # Errors
/// With a diagnostic for each that could not be written.
pub(crate) fn write(targets: Vec<Target>, record: &Record, console: &str) -> Result<(), Vec<Diagnostic>> {
    let mut failed = Vec::new();
    for target in targets {
        let text = match target.format {
            Format::Console => console.to_owned(),
            Format::Json => json::render(record),
            Format::Junit => junit::render(record),
        };
        match target.file {
            // The console on stdout was written as it happened.
            None if target.format == Format::Console => {}
            None => print(&text),
            Some(file) => {
                let path = file.path.display().to_string();
                if let Err(error) = file.finish(&text) {
                    failed.push(unwritable(&path, &error));
                }
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}
