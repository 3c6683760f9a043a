//! Reports: where each goes, known before the run starts, written whole at its end or not at all.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use mi_run::diagnostic::Diagnostic;
use mi_run::event::{Record, Sink};
use mi_run::nearest::nearest;
use mi_run::report::{curl, har, html, json, junit, markdown};

use super::lines::{Lines, Writer};
use super::pending::Pending;
use super::terminal::deliver;

const FORMATS: &[&str] = &["console", "curl", "har", "html", "json", "jsonl", "junit", "markdown"];

/// A form a report takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people, as it happens.
    Console,
    /// For a shell: the requests as lines.
    Curl,
    /// For debuggers of HTTP.
    Har,
    /// For people, in a browser.
    Html,
    /// For programs.
    Json,
    /// For programs, a line for each event, as it happens.
    Jsonl,
    /// For pipelines.
    Junit,
    /// For people, in the summary of a job.
    Markdown,
}

/// A report and where it goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) format: Format,
    /// The file that is written at the end.
    pub(crate) file: Option<Pending>,
    /// Whether it goes to stdout.
    pub(crate) is_printed: bool,
    /// Where the lines of one go that is written while the run goes on.
    pub(crate) lines: Option<Rc<RefCell<Lines>>>,
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
            "curl" => Format::Curl,
            "har" => Format::Har,
            "html" => Format::Html,
            "json" => Format::Json,
            "jsonl" => Format::Jsonl,
            "junit" => Format::Junit,
            "markdown" => Format::Markdown,
            other => return Err(Box::new(unknown(other))),
        };
        let file = match path {
            "" => {
                let diagnostic = Diagnostic::error("invalid-option", format!("`--report {report}` names no file"));
                return Err(Box::new(diagnostic.help(format!("give the file: `--report {name}=FILE`"))));
            }
            // Renamed over, the file that a shell redirects stdout to would lose what is in it.
            "-" | "/dev/stdout" => None,
            path => Some(
                Pending::create(Path::new(path)).map_err(|error| Box::new(unwritable(&format!("`{path}`"), &error)))?,
            ),
        };
        if file.is_none() && targets.iter().any(|target| target.is_printed) {
            let title = "two reports cannot both go to stdout";
            let help = format!("give one of them a file: `--report {name}=FILE`");
            return Err(Box::new(Diagnostic::error("invalid-option", title).help(help)));
        }
        if let Some(file) = &file
            && targets.iter().filter_map(|target| target.file.as_ref()).any(|other| other.place() == file.place())
        {
            let title = format!("two reports cannot both go to `{path}`");
            let diagnostic = Diagnostic::error("invalid-option", title);
            return Err(Box::new(diagnostic.help("give each a file of its own")));
        }
        let is_printed = file.is_none();
        targets.push(Target { format, file, is_printed, lines: None });
    }
    for target in targets.iter_mut().filter(|target| target.format == Format::Jsonl) {
        target.lines = Some(Lines::to(target.file.take()));
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

fn unwritable(place: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unwritable-report", format!("no report can be written to {place}")).note(error.to_string())
}

/// What takes the events of a run for the reports that are written while it goes on.
pub(crate) fn sinks(targets: &[Target]) -> impl Iterator<Item = Box<dyn Sink>> + '_ {
    let lines = targets.iter().filter_map(|target| target.lines.clone());
    lines.map(|lines| Box::new(Writer(lines)) as Box<dyn Sink>)
}

/// Writes all reports of a finished run: a diagnostic for each that could not be written.
///
/// Waits only for readers of pipes, once all else is written.
pub(crate) async fn write(targets: Vec<Target>, record: &Record, console: &str) -> Vec<Diagnostic> {
    let mut failed = Vec::new();
    let mut waiting = Vec::new();
    for target in targets {
        if let Some(lines) = target.lines.and_then(|lines| Rc::into_inner(lines)) {
            let (place, finished) = lines.into_inner().finish();
            match finished {
                Ok(written) => waiting.extend(written.map(|written| (place, written))),
                Err(error) => failed.push(unwritable(&place, &error)),
            }
            continue;
        }
        let text = match target.format {
            Format::Jsonl => continue,
            Format::Console => console.to_owned(),
            Format::Curl => curl::render(record),
            Format::Har => har::render(record),
            Format::Html => html::render(record),
            Format::Json => json::render(record),
            Format::Junit => junit::render(record),
            Format::Markdown => markdown::render(record),
        };
        match target.file {
            // The console on stdout was written as it happened.
            None if target.format == Format::Console => {}
            None => failed.extend(deliver(&text).err().map(|error| unwritable("stdout", &error))),
            Some(file) => {
                let path = format!("`{}`", file.path().display());
                match file.finish(text) {
                    Ok(None) => {}
                    Ok(Some(written)) => waiting.push((path, written)),
                    Err(error) => failed.push(unwritable(&path, &error)),
                }
            }
        }
    }
    for (path, written) in waiting {
        if let Ok(Err(error)) = written.await {
            failed.push(unwritable(&path, &error));
        }
    }
    failed
}
