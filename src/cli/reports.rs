//! Reports: where each goes, known before the run starts, written whole at its end or not at all.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use mi_run::diagnostic::Diagnostic;
use mi_run::diagnostic::pipeline::Escape;
use mi_run::diagnostic::render::Style;
use mi_run::event::{Late, Record, Sink, Spool};
use mi_run::nearest::nearest;
use mi_run::report::console::{Console, Detail};
use mi_run::report::{curl, har, html, json, junit, markdown, otlp, sarif, tap};

use super::args::Ci;
use super::collector;
use super::lines::{Lines, Page, Writer};
use super::pending::{self, Pending};
use super::pipelines::{self, Pipeline};
use super::terminal::{Stream, command, deliver_all};

const FORMATS: &[(&str, Format)] = &[
    ("console", Format::Console),
    ("html", Format::Html),
    ("json", Format::Json),
    ("jsonl", Format::Jsonl),
    ("junit", Format::Junit),
    ("tap", Format::Tap),
    ("markdown", Format::Markdown),
    ("github", Format::Pipeline(Pipeline::Github)),
    ("azure-pipelines", Format::Pipeline(Pipeline::Azure)),
    ("sarif", Format::Sarif),
    ("har", Format::Har),
    ("curl", Format::Curl),
    ("otlp", Format::Otlp),
];

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
    /// For test harnesses.
    Tap,
    /// For people, in the summary of a job.
    Markdown,
    /// Commands for the pipeline that the run is in.
    Pipeline(Pipeline),
    /// For those who show what analyses of code found.
    Sarif,
    /// Spans, for a collector of traces.
    Otlp,
}

impl Format {
    /// How this form writes a character that would begin a command where it is printed.
    fn escape(self) -> Escape {
        match self {
            Format::Html | Format::Junit => Escape::Markup,
            Format::Har | Format::Jsonl => Escape::Json,
            // Text stands in quotes in TAP, or has no `#`.
            Format::Json | Format::Sarif | Format::Tap => Escape::Json,
            Format::Console | Format::Curl | Format::Markdown | Format::Otlp | Format::Pipeline(_) => Escape::Shown,
        }
    }
}

/// A report and where it goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) format: Format,
    /// The file that is written at the end.
    pub(crate) file: Option<Pending>,
    /// Whether it goes to stdout.
    pub(crate) is_printed: bool,
    /// Where traces are sent.
    pub(crate) collector: Option<String>,
    /// Where the lines of one go that is written while the run goes on.
    pub(crate) lines: Option<Rc<RefCell<Lines>>>,
}

impl Target {
    /// Whether it has stdout for itself. Commands for a pipeline go where the console goes.
    fn takes_stdout(&self) -> bool {
        self.is_printed && !matches!(self.format, Format::Console | Format::Pipeline(_))
    }

    /// Whether both cannot go to stdout.
    fn is_in_the_way_of(&self, other: Format) -> bool {
        let on_top = |format| matches!(format, Format::Pipeline(_));
        self.is_printed && (self.format == other || !(on_top(self.format) || on_top(other)))
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
        if format == Format::Otlp {
            let collector = Some(collector::url(path)?);
            targets.push(Target { format, file: None, is_printed: false, collector, lines: None });
            continue;
        }
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
        let is_printed = file.is_none();
        targets.push(Target { format, file, is_printed, collector: None, lines: None });
    }
    for target in &mut targets {
        // The console on stdout is the screen.
        if target.format == Format::Jsonl || target.format == Format::Console && !target.is_printed {
            target.lines = Some(Lines::to(target.file.take(), target.format == Format::Jsonl));
        }
    }
    if let Some(around) = pipelines::around().filter(|_| ci == Ci::Auto).map(Format::Pipeline)
        && !targets.iter().any(|target| target.format == around)
    {
        targets.push(Target { format: around, file: None, is_printed: true, collector: None, lines: None });
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
pub(super) fn unwritable(place: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error("unwritable-report", format!("no report can be written to {place}")).note(error.to_string())
}

/// Writes a report of a finished run. The files that go with the commands for a pipeline are written with it.
fn write_one(
    format: Format,
    (record, summaries): (&Record, &[PathBuf]),
    out: &mut dyn Write,
    failed: &mut Vec<Diagnostic>,
) -> io::Result<()> {
    match format {
        // What is sent, or was written while the run went on, is no text any more.
        Format::Otlp | Format::Jsonl | Format::Console => Ok(()),
        Format::Curl => curl::write(record, out),
        Format::Har => har::write(record, out),
        Format::Html => html::write(record, out),
        Format::Json => json::write(record, out),
        Format::Junit => junit::write(record, out),
        Format::Tap => tap::write(record, out),
        Format::Markdown => markdown::write(record, out),
        Format::Pipeline(pipeline) => {
            out.write_all(pipelines::render(pipeline, (record, summaries), failed).as_bytes())
        }
        Format::Sarif => sarif::write((record, &pipelines::checkout()), out),
    }?;
    record.check()
}

/// That traces could not be sent.
fn unsent(url: &str, why: &str) -> Diagnostic {
    Diagnostic::error("unwritable-report", format!("no traces can be sent to `{url}`")).note(why)
}

/// What takes the events of a run for the reports that are written while it goes on, as they happen.
pub(crate) fn sinks(targets: &[Target]) -> impl Iterator<Item = Box<dyn Sink>> + '_ {
    streamed(targets, Format::Jsonl).map(|lines| Box::new(Writer(lines)) as Box<dyn Sink>)
}

/// The same for those that take the ends of steps in the order of the file.
pub(crate) fn pages(targets: &[Target], (style, detail): (Style, Detail)) -> impl Iterator<Item = Box<dyn Sink>> + '_ {
    let page = move |lines| Box::new(Page { console: Console::new(style, detail), lines }) as Box<dyn Sink>;
    streamed(targets, Format::Console).map(page)
}

fn streamed(targets: &[Target], format: Format) -> impl Iterator<Item = Rc<RefCell<Lines>>> + '_ {
    targets.iter().filter(move |target| target.format == format).filter_map(|target| target.lines.clone())
}

/// Where the steps of a run are kept, when a report wants them at its end.
pub(crate) fn spool(targets: &[Target]) -> Option<Spool> {
    let wanted = targets.iter().any(|target| !matches!(target.format, Format::Console | Format::Jsonl));
    let files = targets.iter().filter_map(|target| target.file.as_ref()).filter(|file| file.is_file());
    let folders = files.filter_map(|file| file.place().parent()).map(Path::to_owned).collect();
    wanted.then(|| pending::spool(folders))
}

/// Writes all reports of a finished run: a diagnostic for each that could not be written.
///
/// Waits only for readers of pipes, once all else is written.
pub(crate) async fn write(targets: Vec<Target>, record: &Record, late: Option<&Late>) -> Vec<Diagnostic> {
    let mut failed = Vec::new();
    let mut waiting = Vec::new();
    let to = stream(&targets);
    let summary = targets.iter().filter(|target| target.format == Format::Markdown);
    let summaries: Vec<PathBuf> = summary.filter_map(|target| Some(target.file.as_ref()?.place().to_owned())).collect();
    for target in targets {
        let format = target.format;
        if let Some(lines) = target.lines.and_then(Rc::into_inner) {
            let (place, finished) = lines.into_inner().finish(late);
            match finished {
                Ok(written) => waiting.extend(written.map(|written| (place, written))),
                Err(error) => failed.push(unwritable(&place, &error)),
            }
            continue;
        }
        if let Some(url) = target.collector {
            let sent = collector::send(&url, otlp::batches(record)).await;
            let sent = sent.and_then(|()| record.check().map_err(|error| error.to_string()));
            failed.extend(sent.err().map(|why| unsent(&url, &why)));
            continue;
        }
        let told = (record, summaries.as_slice());
        let (place, written) = match target.file {
            // The console on stdout was written as it happened.
            None if format == Format::Console => continue,
            None => {
                let mut write = |out: &mut dyn Write| write_one(format, told, out, &mut failed);
                let mut commands = Vec::new();
                let written = match format {
                    Format::Pipeline(_) => {
                        write(&mut commands).and_then(|()| command(&String::from_utf8_lossy(&commands), to))
                    }
                    _ => deliver_all(format.escape(), write),
                };
                ("stdout".to_owned(), written.map(|()| None))
            }
            Some(mut file) => {
                let written = write_one(format, told, &mut file, &mut failed);
                (format!("`{}`", file.path().display()), written.and_then(|()| file.finish()))
            }
        };
        match written {
            Ok(written) => waiting.extend(written.map(|written| (place, written))),
            Err(error) => failed.push(unwritable(&place, &error)),
        }
    }
    for (path, written) in waiting {
        if let Ok(Err(error)) = written.await {
            failed.push(unwritable(&path, &error));
        }
    }
    failed
}
