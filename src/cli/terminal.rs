//! Standard output and error: colours, width, a reader that went away, and one that would take orders.
//!
//! Pipelines read what is printed and obey some of it. So there is no way past [`disarm`] but for [`command`], which prints
//! what is meant to be obeyed.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::OnceLock;

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

/// Why something printed did not arrive, the first time that happened.
static LOST: OnceLock<String> = OnceLock::new();

/// Prints on standard output. That it cannot be written is told at the end, by [`lost`].
pub(crate) fn print(text: &str) {
    if let Err(error) = deliver(text, Escape::Shown) {
        LOST.get_or_init(|| error.to_string());
    }
}

/// Why not all of what was printed has arrived.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Prints on standard output what must arrive whole. A reader that went away is no error: it has seen what it wanted.
///
/// # Errors
/// When it cannot be written: a full disk, for example.
pub(crate) fn deliver(text: &str, escape: Escape) -> std::io::Result<()> {
    command(&disarm(text, escape), Stream::Stdout)
}

/// Prints the same piece by piece, as it is written.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn deliver_all(
    escape: Escape,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut lines = Disarmed::to(std::io::stdout().lock(), escape);
    match write(&mut lines).and_then(|()| lines.end()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes whole lines: in a part of one a command might not be seen.
struct Disarmed<W> {
    out: W,
    escape: Escape,
    /// What waits to be written, and where the last line break in it is behind.
    waiting: Vec<u8>,
    whole: usize,
    /// How many bytes may wait.
    many: usize,
}

impl<W: Write> Disarmed<W> {
    fn to(out: W, escape: Escape) -> Self {
        Self { out, escape, waiting: Vec::new(), whole: 0, many: 64 << 10 }
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.put(self.waiting.len())
    }

    fn put(&mut self, end: usize) -> std::io::Result<()> {
        let text = String::from_utf8_lossy(&self.waiting[..end]);
        whole(&mut self.out, &disarm(&text, self.escape))?;
        self.waiting.drain(..end);
        self.whole = 0;
        Ok(())
    }
}

impl<W: Write> Write for Disarmed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            self.whole = self.waiting.len() + at + 1;
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= self.many && self.whole > 0 {
            self.put(self.whole)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_in_pieces_is_disarmed_like_the_whole(
            pieces in prop::collection::vec("[:#\\[vso\n\r é\u{2028}]{0,9}", 0..30),
            many in 1..40_usize,
        ) {
            let mut lines = Disarmed { many, ..Disarmed::to(Vec::new(), Escape::Json) };
            pieces.iter().try_for_each(|piece| lines.write_all(piece.as_bytes())).and_then(|()| lines.end()).expect("it is taken");
            let text = pieces.concat();
            prop_assert_eq!(String::from_utf8(lines.out).expect("text"), disarm(&text, Escape::Json));
        }
    }
}
