//! Reports: where each goes, known before the run starts, written whole at its end or not at all.

use std::path::{Path, PathBuf};

use mi_run::diagnostic::Diagnostic;
use mi_run::diagnostic::pipeline::Escape;
use mi_run::event::Record;
use mi_run::nearest::nearest;
use mi_run::report::{html, json, junit, markdown, sarif, tap};

use super::args::Ci;
use super::pending::Pending;
use super::pipelines::{self, Pipeline};
use super::terminal::{Stream, command, deliver};

const FORMATS: &[(&str, Format)] = &[
    ("console", Format::Console),
    ("html", Format::Html),
    ("json", Format::Json),
    ("junit", Format::Junit),
    ("tap", Format::Tap),
    ("markdown", Format::Markdown),
    ("github", Format::Pipeline(Pipeline::Github)),
    ("azure-pipelines", Format::Pipeline(Pipeline::Azure)),
    ("sarif", Format::Sarif),
];

/// A form a report takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people, as it happens.
    Console,
    /// For people, in a browser.
    Html,
    /// For programs.
    Json,
    /// For pipelines.
    Junit,
    /// For test harnesses.
    Tap,
    /// For people, in the summary of a job.
    Markdown,
    /// Commands for the pipeline that the run is in.
    Pipeline(Pipeline),
    /// For those who show what analyses of code found.
    Sarif,
}

impl Format {
    /// How this form writes a character that would begin a command where it is printed.
    fn escape(self) -> Escape {
        match self {
            Format::Html | Format::Junit => Escape::Markup,
            // Text stands in quotes in TAP, or has no `#`.
            Format::Json | Format::Sarif | Format::Tap => Escape::Json,
            Format::Console | Format::Markdown | Format::Pipeline(_) => Escape::Shown,
        }
    }
}

/// A report and where it goes; `None` is stdout.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) format: Format,
    pub(crate) file: Option<Pending>,
}

impl Target {
    /// Whether it has stdout for itself. Commands for a pipeline go where the console goes.
    fn takes_stdout(&self) -> bool {
        self.file.is_none() && !matches!(self.format, Format::Console | Format::Pipeline(_))
    }

    /// Whether both cannot go to stdout.
    fn is_in_the_way_of(&self, other: Format) -> bool {
        let on_top = |format| matches!(format, Format::Pipeline(_));
        self.file.is_none() && (self.format == other || !(on_top(self.format) || on_top(other)))
    }
}

/// Where the console goes, and commands with it: to stdout, unless another report does; then it is progress.
pub(crate) fn stream(targets: &[Target]) -> Stream {
    if targets.iter().any(Target::takes_stdout) { Stream::Stderr } else { Stream::Stdout }
}

/// Reads `--report FORMAT[=PATH]`, opens the files, and adds what the pipeline around the run wants.
///
/// # Errors
/// With the diagnostic, when a format is not known or a file cannot be written.
pub(crate) fn open(reports: &[String], ci: Ci) -> Result<Vec<Target>, Box<Diagnostic>> {
    let mut targets: Vec<Target> = Vec::new();
    for report in reports {
        let (name, path) = report.split_once('=').map_or((report.as_str(), "-"), |(name, path)| (name, path));
        let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name).copied() else {
            return Err(Box::new(unknown(name)));
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
        if file.is_none() && targets.iter().any(|target| target.is_in_the_way_of(format)) {
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
        targets.push(Target { format, file });
    }
    if let Some(around) = pipelines::around().filter(|_| ci == Ci::Auto).map(Format::Pipeline)
        && !targets.iter().any(|target| target.format == around)
    {
        targets.push(Target { format: around, file: None });
    }
    Ok(targets)
}

fn unknown(name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("invalid-option", format!("`{name}` is no format of reports"));
    let formats: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
    match nearest(name, formats.iter().copied()) {
        Some(near) => diagnostic.help(format!("a similar format exists: `{near}`")),
        None => diagnostic.note(format!("the formats are {}", formats.join(", "))),
    }
}

/// That a report could not be written.
pub(super) fn unwritable(place: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("unwritable-report", format!("no report can be written to {place}")).note(error.to_string())
}

/// Writes all reports of a finished run: a diagnostic for each that could not be written.
///
/// Waits only for readers of pipes, once all else is written.
pub(crate) async fn write(targets: Vec<Target>, record: &Record, console: &str) -> Vec<Diagnostic> {
    let mut failed = Vec::new();
    let mut waiting = Vec::new();
    let to = stream(&targets);
    let summary = targets.iter().filter(|target| target.format == Format::Markdown);
    let summaries: Vec<PathBuf> = summary.filter_map(|target| Some(target.file.as_ref()?.place().to_owned())).collect();
    for target in targets {
        let format = target.format;
        let text = match target.format {
            Format::Console => console.to_owned(),
            Format::Html => html::render(record),
            Format::Json => json::render(record),
            Format::Junit => junit::render(record),
            Format::Tap => tap::render(record),
            Format::Markdown => markdown::render(record),
            Format::Pipeline(pipeline) => pipelines::render(pipeline, (record, &summaries), &mut failed),
            Format::Sarif => sarif::render(record, &pipelines::checkout()),
        };
        match target.file {
            // The console on stdout was written as it happened.
            None if target.format == Format::Console => {}
            None => {
                let written = match format {
                    Format::Pipeline(_) => command(&text, to),
                    _ => deliver(&text, format.escape()),
                };
                failed.extend(written.err().map(|error| unwritable("stdout", &error)));
            }
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
