//! Standard output and error: colours, width, and a reader that went away.

use std::io::{ErrorKind, IsTerminal as _, Write};

use mi_run::diagnostic::render::{Style, render};
use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::source::Sources;

use super::args::Color;

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
    let _ = deliver(text);
}

/// Prints on standard output what must arrive whole. A reader that went away is no error: it has seen what it wanted.
///
/// # Errors
/// When it cannot be written: a full disk, for example.
pub(crate) fn deliver(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints on standard error, whose reader may go away as well.
pub(crate) fn complain(text: &str) {
    if !text.is_empty() {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Prints a diagnostic on standard error.
pub(crate) fn diagnose(diagnostic: &Diagnostic, sources: &Sources, color: Color) {
    complain(&render(diagnostic, sources, stderr_style(color)));
}

/// Prints all diagnostics on standard error, a blank line between each two.
pub(crate) fn diagnose_all(diagnostics: Diagnostics, sources: &Sources, color: Color) {
    let style = stderr_style(color);
    let texts: Vec<String> = diagnostics.sorted().iter().map(|diagnostic| render(diagnostic, sources, style)).collect();
    complain(&texts.join("\n"));
}
