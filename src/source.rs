//! Where text came from: sources, spans into them, and values that remember their span.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 32 * 1024 * 1024;

/// Names one source among [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The source the range is in.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of the bytes `start..end` of a source.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { source, start: bound(start), end: bound(end.max(start)) }
    }

    /// The span as a range of byte offsets.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of this span to the end of `last`.
    pub fn to(self, last: Span) -> Span {
        Span { end: last.end.max(self.end), ..self }
    }
}

/// A value with the place where the author wrote it.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Why bytes cannot be a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More than [`LARGEST`] bytes.
    TooLarge(usize),
    /// A NUL byte at this offset: a binary file.
    Binary(usize),
    /// It begins with the byte order mark of UTF-16.
    Utf16,
    /// Not UTF-8 from this offset on; the line it is on, counted from 1.
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
        /// The line of that byte.
        line: usize,
    },
}

/// A text and the name people know it by.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    text: String,
    lines: Vec<u32>,
    /// How many characters there are before each block of bytes: known once a long line is looked at.
    marks: OnceLock<Vec<u32>>,
}

/// How many bytes of a line are counted each time.
const BLOCK: usize = 4096;

impl Source {
    /// A source from text that is already known to be good.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { name: name.into(), text, lines, marks: OnceLock::new() }
    }

    /// A source from the bytes of a file.
    ///
    /// # Errors
    /// When the bytes are too many, binary, or not UTF-8.
    pub fn from_bytes(name: impl Into<Arc<str>>, bytes: Vec<u8>) -> Result<Self, Unreadable> {
        if bytes.len() > LARGEST {
            return Err(Unreadable::TooLarge(bytes.len()));
        }
        if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
            let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            return Err(if is_utf16 { Unreadable::Utf16 } else { Unreadable::Binary(offset) });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let line = 1 + error.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
                Err(Unreadable::NotUtf8 { offset, line })
            }
        }
    }

    /// The name, as shown to people: a path as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, to keep.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// The text, a byte order mark included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range; empty when the range is not one of this text.
    pub fn slice(&self, range: std::ops::Range<usize>) -> &str {
        self.text.get(range).unwrap_or("")
    }

    /// The position of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.line_start(line);
        let start = start.min(offset);
        let before = match offset - start {
            ..=BLOCK => count(&self.text.as_bytes()[start..offset]),
            _ => self.characters(offset) - self.characters(start),
        };
        Position { line: line as u32, column: before + 1 }
    }

    /// How many characters there are before an offset.
    fn characters(&self, offset: usize) -> u32 {
        let marks = self.marks.get_or_init(|| {
            let blocks = self.text.as_bytes().chunks(BLOCK);
            std::iter::once(0)
                .chain(blocks.scan(0, |before, block| {
                    *before += count(block);
                    Some(*before)
                }))
                .collect()
        });
        let block = offset / BLOCK;
        marks.get(block).copied().unwrap_or_default() + count(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// The byte offset of a position; the end of its line when the line is shorter.
    pub fn offset(&self, position: Position) -> usize {
        let line = (position.line as usize).clamp(1, self.lines.len());
        let start = self.line_start(line);
        let text = self.line(line);
        let skipped = (position.column as usize).saturating_sub(1);
        start + text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at)
    }

    /// The text of a line (counted from 1) without its line break.
    pub fn line(&self, line: usize) -> &str {
        let start = self.line_start(line);
        let end = self.lines.get(line).map_or(self.text.len(), |next| *next as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// How many lines there are.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// Offset of the first character of a line: behind the byte order mark on the first.
    fn line_start(&self, line: usize) -> usize {
        let start = self.lines.get(line.saturating_sub(1)).map_or(self.text.len(), |start| *start as usize);
        if start == 0 && self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start }
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// How many characters begin in these bytes of a text.
fn count(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| u32::from(*byte & 0xc0 != 0x80)).sum()
}

/// All sources of a run.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Arc<Source>>);

impl Sources {
    /// No sources yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source and names it.
    pub fn add(&mut self, source: Source) -> SourceId {
        self.share(Arc::new(source))
    }

    /// Adds a source that others hold too, and names it.
    pub fn share(&mut self, source: Arc<Source>) -> SourceId {
        self.0.push(source);
        SourceId(self.0.len() as u32 - 1)
    }

    /// The source that people know by this name, if it is here.
    pub fn named(&self, name: &str) -> Option<SourceId> {
        self.0.iter().position(|source| source.name() == name).map(|at| SourceId(at as u32))
    }

    /// The source of that id.
    ///
    /// # Panics
    /// When the id is of another collection: ids come from [`Sources::add`] only.
    pub fn get(&self, id: SourceId) -> &Arc<Source> {
        &self.0[id.0 as usize]
    }

    /// Masks what stands under a span, byte by byte, so that no excerpt shows it and all other places stay true.
    pub fn mask(&mut self, span: Span) {
        let source = self.get(span.source);
        let (Some(before), Some(secret), Some(after)) = (
            source.text.get(..span.start as usize),
            source.text.get(span.range()),
            source.text.get(span.end as usize..),
        ) else {
            return;
        };
        let stars = secret.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { '*' });
        let text = before.chars().chain(stars).chain(after.chars()).collect::<String>();
        self.0[span.source.0 as usize] = Arc::new(Source::new(source.name(), text));
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).slice(span.range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_skip_the_byte_order_mark() {
        let source = Source::new("x", "\u{feff}añb\r\nc");
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        assert_eq!(source.position(6), Position { line: 1, column: 3 });
        assert_eq!(source.position(9), Position { line: 2, column: 1 });
        assert_eq!(source.position(99), Position { line: 2, column: 2 });
        assert_eq!(source.line(1), "añb");
        assert_eq!(source.line(2), "c");
        for offset in [3, 4, 6, 9, 10] {
            assert_eq!(source.offset(source.position(offset)), offset);
        }
    }

    #[test]
    fn positions_on_long_lines_are_those_of_short_ones() {
        let text = "a: é\n".to_owned() + &"ö, b, ".repeat(4000) + "\n" + &"€".repeat(3000);
        let source = Source::new("a", text.clone());
        for (offset, _) in text.char_indices().step_by(7) {
            let before = &text[..offset];
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let expected = (before.matches('\n').count() + 1, text[start..offset].chars().count() + 1);
            let Position { line, column } = source.position(offset);
            assert_eq!((line as usize, column as usize), expected, "{offset}");
        }
    }

    #[test]
    fn what_is_masked_is_gone_and_nothing_moves() {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("x", "a: né\nxt\nb: 1"));
        sources.mask(Span::new(id, 3, 9));
        assert_eq!(sources.get(id).text(), "a: ***\n**\nb: 1");
        sources.mask(Span::new(id, 4, 999));
        assert_eq!(sources.get(id).text(), "a: ***\n**\nb: 1");
    }

    #[test]
    fn bytes_that_are_no_text_say_where() {
        assert_eq!(Source::from_bytes("x", b"a\0".to_vec()).err(), Some(Unreadable::Binary(1)));
        assert_eq!(Source::from_bytes("x", b"\xff\xfea\0".to_vec()).err(), Some(Unreadable::Utf16));
        let bad = Source::from_bytes("x", b"a\n\xff".to_vec()).err();
        assert_eq!(bad, Some(Unreadable::NotUtf8 { offset: 2, line: 2 }));
        let large = Source::from_bytes("x", vec![b'a'; LARGEST + 1]).err();
        assert_eq!(large, Some(Unreadable::TooLarge(LARGEST + 1)));
    }
}
