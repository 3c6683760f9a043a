//! Standard output and error: colours, width, a reader that went away, and one that would take orders.
//!
//! Pipelines read what is printed and obey some of it. So there is no way past [`disarm`] but for [`command`], which prints
//! what is meant to be obeyed.

use std::io::{ErrorKind, IsTerminal as _, Write};

use mi_run::diagnostic::pipeline::{Escape, disarm};
use mi_run::diagnostic::render::{Style, render};
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::source::Sources;

use super::args::Color;

/// Where something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How to look on standard output.
pub(crate) fn stdout_style(color: Color) -> Style {
    style(color, std::io::stdout().is_terminal())
}

/// How to look on standard error.
pub(crate) fn stderr_style(color: Color) -> Style {
    style(color, std::io::stderr().is_terminal())
}

fn style(color: Color, terminal: bool) -> Style {
    let wanted = || {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        terminal && !refused && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
    };
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => wanted(),
    };
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Style { color, width: columns.filter(|width| *width >= 40).unwrap_or(Style::default().width) }
}

/// Prints on standard output as far as it goes.
pub(crate) fn print(text: &str) {
    let _ = deliver(text, Escape::Shown);
}

/// Prints on standard output what must arrive whole. A reader that went away is no error: it has seen what it wanted.
///
/// # Errors
/// When it cannot be written: a full disk, for example.
pub(crate) fn deliver(text: &str, escape: Escape) -> std::io::Result<()> {
    command(&disarm(text, escape), Stream::Stdout)
}

/// Prints commands for a pipeline.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn command(text: &str, to: Stream) -> std::io::Result<()> {
    let written = match to {
        Stream::Stdout => whole(std::io::stdout().lock(), text),
        Stream::Stderr => whole(std::io::stderr().lock(), text),
    };
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn whole(mut stream: impl Write, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}

/// Prints on standard error, whose reader may go away as well.
pub(crate) fn complain(text: &str) {
    if !text.is_empty() {
        let _ = command(&disarm(text, Escape::Shown), Stream::Stderr);
    }
}

/// Prints a diagnostic on standard error.
pub(crate) fn diagnose(diagnostic: &Diagnostic, sources: &Sources, color: Color) {
    complain(&render(diagnostic, sources, stderr_style(color)));
}

/// Prints all diagnostics on standard error, a blank line between each two.
pub(crate) fn diagnose_all(diagnostics: Diagnostics, sources: &Sources, color: Color) {
    let style = stderr_style(color);
    let left_out = diagnostics.left_out();
    let more = Diagnostic::error("too-many-problems", format!("there are {left_out} more problems"));
    let mut all = diagnostics.sorted();
    all.extend((left_out > 0).then_some(more));
    let texts: Vec<String> = all.iter().map(|diagnostic| render(diagnostic, sources, style)).collect();
    complain(&texts.join("\n"));
}
