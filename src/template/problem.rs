//! What is wrong with a template, and where in its text.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

use crate::nearest::nearest;

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
    let detail = plain(error.detail().unwrap_or("this is not a template"));
    let range = error.range().map_or(0..text.len(), |range| range.start + base..range.end + base);
    let range = within(range, text);
    let problem = |title: String, label: &str| Problem::new(Kind::Syntax, title, label, range.clone());
    if detail.starts_with("unexpected end of ") {
        return of_the_end(&detail, text);
    }
    if let Some(name) = detail.strip_prefix("unknown statement ") {
        return of_statement(name, range);
    }
    let (found, expected) = detail.split_once(", expected ").map_or((&*detail, None), |(a, b)| (a, Some(b)));
    if !["unexpected ", "unknown "].iter().any(|word| found.starts_with(word)) {
        return problem(detail, "this cannot be read");
    }
    let here = &text[range.clone()];
    let label = match expected {
        Some(expected) => format!("expected {expected}"),
        None if ["}}", "%}", "}", ")", "]", ","].contains(&here) => "a value is missing here".to_owned(),
        None => "not expected here".to_owned(),
    };
    let title = if here.trim().is_empty() { found.to_owned() } else { format!("unexpected `{here}`") };
    // The first `|` of two begins a filter, and only the second is one too many.
    let start = range.start - usize::from(here == "|" && text[..range.start].ends_with('|'));
    problem(title, &label).with_help(of_other_languages(&text[start..]))
}

/// What to write instead of the mark that `rest` begins with, which means something elsewhere.
fn of_other_languages(rest: &str) -> Option<String> {
    let help = match rest.as_bytes() {
        [b'&', b'&', ..] => "for both to hold write `a and b`",
        [b'|', b'|', ..] => "for one of them to hold write `a or b`",
        [b'!', ..] => "for the opposite write `not a`",
        [b'?', ..] => "to choose write `a if condition else b`",
        [b'=', ..] => "to compare write `a == b`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// Statements that begin a block.
const BLOCKS: &[&str] = &["if", "for", "set", "filter", "with"];

/// A `{% … %}` that begins with a word that begins none.
fn of_statement(name: &str, range: Range<usize>) -> Problem {
    let ended = name.strip_prefix("end").unwrap_or("if");
    if name.starts_with("end") && BLOCKS.contains(&ended) || ["else", "elif"].contains(&name) {
        let title = format!("`{{% {name} %}}` stands alone");
        return Problem::new(Kind::Syntax, title, format!("no `{{% {ended} … %}}` is open here"), range);
    }
    let help = nearest(name, BLOCKS.iter().copied()).map(|near| format!("a similar statement exists: `{near}`"));
    let title = format!("unknown statement `{name}`");
    Problem::new(Kind::Syntax, title, "there is no such statement", range).with_help(help)
}

/// A text that ends too soon: what is open is told, where that is known.
fn of_the_end(detail: &str, text: &str) -> Problem {
    if let Some(at) = unclosed(text).filter(|_| detail != "unexpected end of string") {
        let opener = &text[at..at + 2];
        let closer = match opener {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let title = format!("`{opener}` is never closed");
        return Problem::new(Kind::Syntax, title, format!("no `{closer}` follows"), at..at + 2);
    }
    if let Some((name, range)) = open_block(text) {
        let title = format!("`{{% {name} … %}}` is never ended");
        let help = format!("end it with `{{% end{name} %}}`");
        return Problem::new(Kind::Syntax, title, "begins here", range).with_help(Some(help));
    }
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    match detail {
        "unexpected end of string" => {
            Problem::new(Kind::Syntax, "a quote is never closed", "the text ends here", last..text.len())
        }
        _ => {
            let label = detail.split_once(", ").map_or("something is missing", |(_, expected)| expected);
            Problem::new(Kind::Syntax, "the template ends too soon", label, last..text.len())
        }
    }
}

/// The last statement that begins a block which nothing ends.
fn open_block(text: &str) -> Option<(&str, Range<usize>)> {
    let mut open = Vec::new();
    for (at, _) in text.match_indices("{%") {
        let inner = text[at + 2..].trim_start_matches(['-', '+']).trim_start();
        let word = &inner[..inner.find(|c: char| !c.is_alphanumeric()).unwrap_or(inner.len())];
        let inner = &inner[..inner.find("%}").unwrap_or(inner.len())];
        if word.starts_with("end") {
            open.pop();
        } else if BLOCKS.contains(&word) && !(word == "set" && inner.contains('=')) {
            open.push((word, at..at + 2));
        }
    }
    open.pop()
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
        ("expected statement", "expected a statement"),
        (", expected in", ", expected `in`"),
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
        ErrorKind::OutOfFuel => Problem::new(Kind::TooMuchWork, "it asks for too much work", "stopped here", range),
        ErrorKind::UndefinedError => {
            let title = detail.unwrap_or_else(|| "a value is undefined".to_owned());
            Problem::new(Kind::Undefined, title, "no such item, member or value", range)
        }
        kind => {
            let title = detail.unwrap_or_else(|| kind.to_string());
            Problem::new(Kind::Failed, title, "this cannot be evaluated", range)
        }
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
