//! What to type where YAML was read otherwise than it was meant: nearly always, what to quote.

use std::ops::Range;

use crate::source::{Position, Source};

/// What to type, and the place it is about when that is not where the reader stopped.
pub(super) struct Advice {
    pub(super) help: String,
    pub(super) place: Option<Range<usize>>,
}

impl From<String> for Advice {
    fn from(help: String) -> Self {
        Self { help, place: None }
    }
}

/// The advice on the parser's `message` about what stands at `offset`.
pub(super) fn find(source: &Source, offset: usize, message: &str) -> Option<Advice> {
    let line = Line::of(source, offset);
    let says = |words: &str| message.contains(words);
    let plain = |help: &str| Some(Advice::from(help.to_owned()));
    if (says("flow") || says("anchor or alias"))
        && let Some(query) = line.query()
    {
        let help = format!("quote the query: `{}`", quoted(&line.text[query.clone()]));
        return Some(Advice { help, place: Some(line.start + query.start..line.start + query.end) });
    }
    if says("flow sequence")
        && let Some(item) = line.item()
    {
        let help = format!("quote the item: `{}`", quoted(&line.text[item.clone()]));
        return Some(Advice { help, place: Some(line.start + item.start..line.start + item.end) });
    }
    if says("anchor") && line.rest().starts_with('*') {
        let end = line.rest().find([' ', ',', ']', '}']).unwrap_or(line.rest().len());
        let text = quoted(&line.rest()[..end]);
        return Some(format!("outside quotes `*` begins an alias; for text write `{text}`").into());
    }
    if says("mapping values are not allowed") {
        return line.colon();
    }
    if says("invalid trailing content after") {
        let value = line.value().filter(|value| line.text[value.clone()].starts_with(['"', '\'']));
        return Some(match value {
            Some(value) => format!("quote the whole: `{}`", quoted(&line.text[value])).into(),
            None => "quote the whole, with the other kind of quotes inside".to_owned().into(),
        });
    }
    if says("unknown escape") {
        return plain("in double quotes a backslash begins an escape; in single quotes it is itself");
    }
    if says("unexpected character") {
        return plain("quote it: text outside quotes cannot begin so");
    }
    if says("tabs") {
        return plain("indent with blanks");
    }
    if says("did not find expected key") || says("expected '-' indicator") {
        return plain("all keys of a map begin in the same column");
    }
    None
}

/// The line where the reader stopped.
struct Line<'s> {
    text: &'s str,
    /// Where it begins in the file.
    start: usize,
    /// Where on it the reader stopped.
    at: usize,
    above: &'s str,
}

impl<'s> Line<'s> {
    fn of(source: &'s Source, offset: usize) -> Self {
        let number = source.position(offset).line;
        let text = source.line(number as usize);
        let start = source.offset(Position { line: number, column: 1 });
        let above = (1..number as usize).rev().map(|line| source.line(line)).find(|line| !line.trim().is_empty());
        Self { text, start, at: offset.saturating_sub(start).min(text.len()), above: above.unwrap_or("") }
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Where its content begins, behind blanks and the marks of lists.
    fn content(&self) -> usize {
        let mut at = 0;
        loop {
            let rest = &self.text[at..];
            at += rest.len() - rest.trim_start().len();
            match self.text[at..].strip_prefix("- ") {
                Some(_) => at += 2,
                None => return at,
            }
        }
    }

    /// Where its content ends: before a comment.
    fn end(&self) -> usize {
        let end = self.text.find(" #").unwrap_or(self.text.len());
        self.text[..end].trim_end().len()
    }

    /// The value of `key: value`, or of `- value`.
    fn value(&self) -> Option<Range<usize>> {
        let (start, end) = (self.content(), self.end());
        let content = self.text.get(start..end)?;
        if content.starts_with(['"', '\'']) {
            return Some(start..end);
        }
        let value = start + content.find(": ")? + 2;
        let rest = self.text.get(value..end)?;
        Some(value + rest.len() - rest.trim_start().len()..end)
    }

    /// A second `: ` on the line: in the query that is the key, or in the value.
    fn colon(&self) -> Option<Advice> {
        let (start, end) = (self.content(), self.end());
        if self.text[start..].starts_with('$') {
            let content = self.text.get(start..end)?;
            let key = &content[..content.rfind(": ").unwrap_or(content.trim_end_matches(':').len())];
            return Some(format!("quote the query: `{}`", quoted(key)).into());
        }
        match self.value() {
            Some(value) if value.start < self.at => {
                let text = &self.text[value.clone()];
                let help = format!("quote the value, since it has a `:` in it: `{}`", quoted(text));
                Some(Advice { help, place: Some(self.start + value.start..self.start + value.end) })
            }
            _ => {
                let deeper = start > self.above.len() - self.above.trim_start().len();
                let help = "the line above has its value already; is this one indented too far?".to_owned();
                (deeper && !self.above.trim_end().ends_with(':')).then(|| help.into())
            }
        }
    }

    /// The item of a `[…]` in which the reader stopped, when it is not quoted.
    fn item(&self) -> Option<Range<usize>> {
        let before = self.text.get(..self.at)?;
        let start = before.rfind(['[', ','])? + 1;
        let start = start + self.text[start..].len() - self.text[start..].trim_start().len();
        if self.text[start..].starts_with(['"', '\'']) || start >= self.at {
            return None;
        }
        let end = balanced(&self.text[start..], &[',', ']', '}'])?;
        Some(start..start + self.text[start..start + end].trim_end().len())
    }

    /// The JSONPath query before the place where the reader stopped, when it is not quoted.
    fn query(&self) -> Option<Range<usize>> {
        let begins = |at: &usize| {
            let before = self.text[..*at].trim_end();
            before.ends_with(['{', ',', '[', ':'])
        };
        let until = (self.at + 1).min(self.text.len());
        let mut starts = self.text.match_indices('$').map(|(at, _)| at).filter(|at| *at < until).filter(begins);
        let start = starts.next_back()?;
        let length = balanced(&self.text[start..], &[',', '}', ']', ':'])?;
        Some(start..start + length)
    }
}

/// How much stands before one of `ends`, brackets in between being closed again.
fn balanced(text: &str, ends: &[char]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' if depth > 0 => depth -= 1,
            end if depth == 0 && ends.contains(&end) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The text in quotes that it does not hold itself.
fn quoted(text: &str) -> String {
    let text = text.trim_end();
    if !text.contains(['"', '\\']) { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGES: [&str; 6] = [
        "while parsing a flow mapping",
        "alias references unknown anchor",
        "mapping values are not allowed in this context",
        "invalid trailing content after double-quoted scalar",
        "did not find expected key",
        "anything else",
    ];

    proptest! {
        #[test]
        fn any_text_is_advised_on(text in "[-#$*:{}'\"\\[\\], aé\r\n]{0,24}", offset in 0..30_usize, message in 0..6_usize) {
            let source = Source::new("x", &text);
            let found = find(&source, offset, MESSAGES[message]);
            if let Some(place) = found.and_then(|advice| advice.place) {
                prop_assert!(text.get(place).is_some());
            }
        }
    }
}
