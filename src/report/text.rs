//! A report on its way: text that is handed on piece by piece, so that a long one is never held whole.

use std::io;
use std::ops::{Deref, DerefMut};

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

/// How much is handed on at once.
const PIECE: usize = 64 << 10;

/// Text that grows like any other, and is handed on now and then.
pub(crate) struct Text<'o> {
    piece: String,
    out: &'o mut dyn io::Write,
}

impl<'o> Text<'o> {
    pub(crate) fn to(out: &'o mut dyn io::Write) -> Self {
        Self { piece: String::new(), out }
    }

    /// Hands on what there is, when it is much.
    pub(crate) fn hand_on(&mut self) -> io::Result<()> {
        if self.piece.len() < PIECE { Ok(()) } else { self.end() }
    }

    /// Hands on what there is.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.out.write_all(self.piece.as_bytes())?;
        self.piece.clear();
        Ok(())
    }
}

impl Deref for Text<'_> {
    type Target = String;

    fn deref(&self) -> &String {
        &self.piece
    }
}

impl DerefMut for Text<'_> {
    fn deref_mut(&mut self) -> &mut String {
        &mut self.piece
    }
}

/// The whole of what is written, as a text.
pub fn whole(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    // Memory takes everything.
    let _ = write(&mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Writes JSON for people, with a line break at its end.
pub(crate) fn json(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    // No map in it has keys that are not text, the one thing that JSON refuses.
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A list in JSON whose entries are made one after the other as they are written.
pub(crate) struct List<F>(pub(crate) F);

impl<F, I> Serialize for List<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        self.0().try_for_each(|entry| list.serialize_element(&entry))?;
        list.end()
    }
}
