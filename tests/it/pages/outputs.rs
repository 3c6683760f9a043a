//! What a command printed, as the lines a page holds.

use std::fs;
use std::io;
use std::path::Path;

use crate::program::Printed;

const STDERR: &str = "[stderr]";
const NO_NEWLINE: &str = "[no newline]";
const EXIT: &str = "[exit ";

/// The lines of both streams and of the exit code. Each stream goes through `replace` as a whole.
pub(super) fn lines(printed: &Printed, replace: impl Fn(&str) -> String) -> Vec<String> {
    let mut lines = stream(&printed.stdout, &replace);
    let stderr = stream(&printed.stderr, &replace);
    if !stderr.is_empty() {
        lines.push(STDERR.to_owned());
        lines.extend(stderr);
    }
    lines.push(format!("{EXIT}{}]", printed.exit));
    lines
}

/// The last line of a command's output.
pub(super) fn is_exit(line: &str) -> bool {
    line.starts_with(EXIT) && line.ends_with(']')
}

fn stream(bytes: &[u8], replace: impl Fn(&str) -> String) -> Vec<String> {
    let text = replace(&String::from_utf8_lossy(bytes));
    let mut lines: Vec<_> = text.split_terminator('\n').map(|line| escape(&visible(line))).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        lines.push(NO_NEWLINE.to_owned());
    }
    lines
}

/// Control characters as their pictures, except the tab.
fn visible(line: &str) -> String {
    let picture = |c: char| match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(c as u32 + 0x2400).unwrap_or(c),
        '\u{7f}' => '\u{2421}',
        _ => c,
    };
    line.chars().map(picture).collect()
}

fn escape(line: &str) -> String {
    let bare = line.trim_start_matches('\\');
    let is_mark = bare.starts_with("$ ") || bare == STDERR || bare == NO_NEWLINE || is_exit(bare);
    if is_mark { format!("\\{line}") } else { line.to_owned() }
}

/// The names in a folder, one a line, in order; folders end in a slash.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u8>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}\n", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names.concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_and_the_exit_code_are_told_apart() {
        #[track_caller]
        fn check(stdout: &str, stderr: &str, expected: &[&str]) {
            let printed = Printed { stdout: stdout.into(), stderr: stderr.into(), exit: "0".into() };
            assert_eq!(lines(&printed, str::to_owned), expected);
        }
        check("", "", &["[exit 0]"]);
        check("a\n\nb\n", "", &["a", "", "b", "[exit 0]"]);
        check("a", "b\n", &["a", "[no newline]", "[stderr]", "b", "[exit 0]"]);
        check("\u{1b}[1m\tx\r\n", "", &["␛[1m\tx␍", "[exit 0]"]);
        check("$ x\n[exit 1]\n\\[stderr]\n$.x\n", "", &["\\$ x", "\\[exit 1]", "\\\\[stderr]", "$.x", "[exit 0]"]);
    }
}
