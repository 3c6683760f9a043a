//! `# mi-run: allow(code, code)`: switches lints off where it stands.
//!
//! Behind something on its line the comment is for that line; on a line of its own it is for the line below. With the line
//! goes all that stands deeper below it: before `- name: …` it is for the whole step.

use std::sync::LazyLock;

use regex::Regex;

use super::CODES;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::source::{Source, SourceId, Sources, Span};

static COMMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|[ \t])#[ \t]*mi-run:[ \t]*allow\(([^)\r\n]*)\)").ok());

/// A code that is allowed on some lines.
struct Allow {
    code: String,
    /// Where the code stands.
    span: Span,
    /// The lines, both ends included, counted from 1.
    lines: (usize, usize),
    used: bool,
}

/// All that the comments of a file allow.
pub(super) struct Allowed(SourceId, Vec<Allow>);

impl Allowed {
    /// Reads the comments of a file.
    pub(super) fn read(id: SourceId, sources: &Sources) -> Self {
        let source = sources.get(id);
        let mut allows = Vec::new();
        for found in COMMENT.iter().flat_map(|comment| comment.captures_iter(source.text())) {
            let (Some(whole), Some(codes)) = (found.get(0), found.get(1)) else { continue };
            let lines = extent(source, source.position(whole.end()).line as usize);
            let mut at = codes.start();
            for part in codes.as_str().split(',') {
                let start = at + (part.len() - part.trim_start().len());
                let code = part.trim().to_owned();
                let span = Span::new(id, start, start + code.len());
                allows.push(Allow { code, span, lines, used: false });
                at += part.len() + 1;
            }
        }
        Self(id, allows)
    }

    /// Passes on what is not allowed, and tells comments that allow nothing.
    pub(super) fn filter(mut self, found: Diagnostics, sources: &Sources, diagnostics: &mut Diagnostics) {
        let source = sources.get(self.0);
        for diagnostic in found.sorted() {
            let line = diagnostic.primary().map(|span| source.position(span.start as usize).line as usize);
            let mut allowed = false;
            for allow in self.1.iter_mut().filter(|allow| allow.code == diagnostic.code) {
                if line.is_some_and(|line| (allow.lines.0..=allow.lines.1).contains(&line)) {
                    (allow.used, allowed) = (true, true);
                }
            }
            if !allowed {
                diagnostics.push(diagnostic);
            }
        }
        for allow in self.1.iter().filter(|allow| !allow.used) {
            diagnostics.push(needless(allow));
        }
    }
}

fn needless(allow: &Allow) -> Diagnostic {
    if CODES.contains(&allow.code.as_str()) {
        let title = format!("nothing here needs `allow({})`", allow.code);
        return Diagnostic::warning("needless-allow", title)
            .at(allow.span, "switches nothing off")
            .help("leave it out");
    }
    let diagnostic = Diagnostic::warning("needless-allow", format!("there is no lint `{}`", allow.code));
    let diagnostic = diagnostic.at(allow.span, "not the code of a lint");
    match nearest(&allow.code, CODES.iter().copied()) {
        Some(near) => diagnostic.help(format!("a similar lint exists: `{near}`")),
        None => diagnostic.note(format!("the lints are {}", CODES.join(", "))),
    }
}

/// The lines that a comment on this line is for.
fn extent(source: &Source, comment: usize) -> (usize, usize) {
    let is_empty = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    let last = source.line_count();
    let Some(first) = (comment..=last).find(|line| !is_empty(source.line(*line))) else {
        return (comment, comment);
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_item = |line: &str| line.trim_start().starts_with("- ");
    let head = source.line(first);
    let inside = |line: &str| {
        // The items of a list may stand as far left as their key.
        is_empty(line) || indent(line) > indent(head) || indent(line) == indent(head) && is_item(line) && !is_item(head)
    };
    let end = (first + 1..=last).take_while(|line| inside(source.line(*line))).last().unwrap_or(first);
    (comment.min(first), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_for_its_line_or_the_next_and_all_below() {
        let text = "\
a: 1 # mi-run: allow(either-way)
steps:
  # mi-run: allow(never-used, open-path)
  # more words
  - name: x
    expect:
      status: 1
  - name: y
# mi-run:allow( )
";
        let mut sources = Sources::new();
        let id = sources.add(Source::new("a.yaml", text));
        let read = Allowed::read(id, &sources);
        let told: Vec<(&str, &str, (usize, usize))> =
            read.1.iter().map(|allow| (allow.code.as_str(), sources.text(allow.span), allow.lines)).collect();
        assert_eq!(
            told,
            [
                ("either-way", "either-way", (1, 1)),
                ("never-used", "never-used", (3, 7)),
                ("open-path", "open-path", (3, 7)),
                ("", "", (9, 9)),
            ]
        );
    }
}
