//! What is wrong with a template, and where in its text.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

/// What sort of problem it is, for whoever gives it a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The text is not a template.
    Syntax,
    /// A filter, test, function or method that there is not.
    UnknownName,
    /// A name or an attribute without a value.
    Undefined,
    /// The template asks for more work than one may.
    TooMuchWork,
    /// An operation that cannot be done with its values.
    Failed,
}

/// One thing wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: Kind,
    /// What is wrong.
    pub title: String,
    /// What the place is.
    pub label: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    /// The bytes of the template's text that it is about.
    pub range: Range<usize>,
}

impl Problem {
    pub(super) fn new(kind: Kind, title: impl Into<String>, label: impl Into<String>, range: Range<usize>) -> Problem {
        Problem { kind, title: title.into(), label: label.into(), help: None, range }
    }

    pub(super) fn with_help(self, help: Option<String>) -> Problem {
        Problem { help, ..self }
    }
}

/// The problem that keeps `text` from being parsed; `base` is where in it the part stands that was handed in.
pub(super) fn of_parsing(error: &Error, text: &str, base: usize) -> Problem {
    let label = plain(error.detail().unwrap_or("this is not a template"));
    let range = error.range().map_or(0..text.len(), |range| range.start + base..range.end + base);
    let range = within(range, text);
    if !label.starts_with("unexpected end of input") {
        return Problem::new(Kind::Syntax, "syntax error in template", label, range);
    }
    match unclosed(text) {
        Some(at) => {
            let opener = &text[at..at + 2];
            let closer = match opener {
                "{{" => "}}",
                "{%" => "%}",
                _ => "#}",
            };
            Problem::new(
                Kind::Syntax,
                format!("`{opener}` is never closed"),
                format!("no `{closer}` follows"),
                at..at + 2,
            )
        }
        None => {
            let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
            let label = label.replacen("unexpected end of input", "the text ends here", 1);
            Problem::new(Kind::Syntax, "syntax error in template", label, last..text.len())
        }
    }
}

/// Where the last opening mark stands that no closing mark follows.
fn unclosed(text: &str) -> Option<usize> {
    let last = |marks: [&str; 3]| marks.iter().filter_map(|mark| text.rfind(mark)).max();
    let opener = last(["{{", "{%", "{#"])?;
    let closed = ["}}", "%}", "#}"].iter().any(|mark| text[opener + 2..].contains(mark));
    (!closed).then_some(opener)
}

/// The engine's message in the words an author knows.
fn plain(detail: &str) -> String {
    let mut detail = detail.to_owned();
    for (from, to) in [
        ("start of variable block", "`{{`"),
        ("end of variable block", "`}}`"),
        ("start of block", "`{%`"),
        ("end of block", "`%}`"),
        ("template-data", "text"),
        ("unexpected identifier", "unexpected word"),
        ("expected identifier", "expected a name"),
        ("expected expression", "expected an expression"),
        ("Too many", "too many"),
    ] {
        detail = detail.replace(from, to);
    }
    detail
}

/// The range cut to the text and to borders of characters; never empty where the text is not.
pub(super) fn within(range: Range<usize>, text: &str) -> Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = range.end.clamp(start, text.len());
    if end == start {
        end = (end + 1).min(text.len());
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The problem that ended the evaluation of `text`, of which the part at `base` was handed in.
pub(super) fn of_rendering(error: &Error, text: &str, base: usize) -> Problem {
    let range = within(error.range().map_or(0..text.len(), |range| range.start + base..range.end + base), text);
    let detail = error.detail().map(plain);
    match error.kind() {
        ErrorKind::OutOfFuel => {
            Problem::new(Kind::TooMuchWork, "template asks for too much work", "stopped here", range)
        }
        ErrorKind::UndefinedError => Problem::new(
            Kind::Undefined,
            "undefined value in template",
            detail.unwrap_or_else(|| "this has no value".to_owned()),
            range,
        ),
        kind => Problem::new(
            Kind::Failed,
            "template cannot be evaluated",
            detail.unwrap_or_else(|| kind.to_string()),
            range,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_inside_the_text() {
        let check = |range: Range<usize>, text: &str, expected: Range<usize>| assert_eq!(within(range, text), expected);
        check(0..3, "abc", 0..3);
        check(3..4, "abc", 3..3);
        check(9..12, "abc", 3..3);
        check(1..1, "abc", 1..2);
        check(1..2, "aé", 1..3);
        check(2..3, "aé", 1..3);
        check(0..0, "", 0..0);
    }
}
