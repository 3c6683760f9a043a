//! Finds secrets in a text, however they stand there: as they are or in base64, and either of them percent-encoded, escaped as
//! in JSON, broken over lines, or several of these one inside another.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memchr3_iter;
use memchr::memmem::{Finder, find};
use serde_json::Value;

use crate::http::encode;

/// What stands where a long value was cut.
const CUT: &str = "…";

/// How many bytes of a secret's beginning tell something of it.
const TELLING: usize = 4;

/// Shorter ones would blot out texts that only look alike in base64.
const SHORTEST: usize = 6;

/// How many encodings are seen through, one inside another.
const DEEPEST: usize = 4;

/// What is looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    needles: Vec<Finder<'static>>,
    /// Those that hold escapes themselves.
    escaped: Vec<Finder<'static>>,
    /// How long the shortest is.
    shortest: usize,
}

impl Search {
    /// Looks for this one too.
    pub(super) fn add(&mut self, secret: &str) {
        let add = |finders: &mut Vec<Finder<'static>>, needle: &str| {
            if !finders.iter().any(|known| known.needle() == needle.as_bytes()) {
                finders.push(Finder::new(needle).into_owned());
            }
        };
        needles(secret).iter().for_each(|needle| add(&mut self.needles, needle));
        escaped(secret).iter().filter(|form| *form != secret).for_each(|form| add(&mut self.escaped, form));
        self.shortest = self.needles.iter().map(|finder| finder.needle().len()).min().unwrap_or_default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Where secrets stand in a text, in order, and none over another.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let is_cut = find(text.as_bytes(), CUT.as_bytes()).is_some();
        let mut found = Vec::new();
        // What is decoded is shorter than before: no encoding hides a secret in a text that is too short for it.
        if self.needles.is_empty() || text.len() < self.shortest && !is_cut {
            return found;
        }
        let mut views: Vec<View> = Vec::new();
        loop {
            let bytes = views.last().map_or(text.as_bytes(), |view| &view.bytes);
            let mut tell = |range| found.push(views.iter().rev().fold(range, |range, view| view.back(range)));
            self.find_plain(bytes, is_cut, &mut tell);
            let Some(view) = Some(bytes).filter(|_| views.len() < DEEPEST).and_then(View::of) else { break };
            find_all(&self.escaped, bytes, &mut tell);
            views.push(view);
        }
        merged(found)
    }

    /// Tells where secrets stand in a text as it is.
    fn find_plain(&self, text: &[u8], is_cut: bool, tell: &mut dyn FnMut(Range<usize>)) {
        find_all(&self.needles, text, tell);
        if !is_cut {
            return;
        }
        for cut in memchr::memmem::find_iter(text, CUT) {
            let before = &text[..cut];
            let beginning = |finder: &Finder<'_>| {
                let longest = finder.needle().len().min(before.len());
                (TELLING..=longest).rev().find(|length| before.ends_with(&finder.needle()[..*length]))
            };
            if let Some(length) = self.needles.iter().filter_map(beginning).max() {
                tell(cut - length..cut);
            }
        }
    }
}

fn find_all(needles: &[Finder<'static>], text: &[u8], tell: &mut dyn FnMut(Range<usize>)) {
    for finder in needles {
        let length = finder.needle().len();
        finder.find_iter(text).for_each(|at| tell(at..at + length));
    }
}

/// The ranges in order, those that overlap as one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    merged
}

/// A secret as it stands in a decoded text: as it is, as a form writes its blanks, and in base64 at each of three offsets.
fn needles(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    if secret.contains(' ') {
        all.push(secret.replace(' ', "+"));
    }
    // What looks like an escape in the secret itself is taken off together with those around it.
    let view = View::of(secret.as_bytes()).and_then(|view| String::from_utf8(view.bytes).ok());
    all.extend(view.filter(|view| view.len() >= SHORTEST));
    if secret.len() < SHORTEST {
        return all;
    }
    for offset in 0..3 {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(secret.as_bytes());
        // The characters at both ends also hold bits of what stands beside the secret.
        let first = (offset * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            all.push(text[first..last].to_owned());
        }
    }
    all
}

/// A secret in its usual encodings: what stands beside it can make another escape with its ends, so that it is not there once
/// all are taken off.
fn escaped(secret: &str) -> [String; 6] {
    let json = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let (once, percent) = (json(secret), encode(secret));
    [json(&once), once.replace('/', "\\/"), once, encode(&percent), percent.replace("%20", "+"), percent]
}

/// A text with one layer of its encodings taken off.
struct View {
    bytes: Vec<u8>,
    /// What was taken off: where it stands in the bytes, and where it stood in the text before.
    escapes: Vec<(Range<usize>, Range<usize>)>,
}

impl View {
    /// The view of a text; nothing when nothing in it is encoded.
    fn of(text: &[u8]) -> Option<View> {
        let mut view = View { bytes: Vec::new(), escapes: Vec::new() };
        let mut done = 0;
        for at in memchr3_iter(b'%', b'\\', b'\n', text) {
            let Some((from, to, decoded)) = escape(text, at).filter(|(from, ..)| *from >= done) else { continue };
            view.bytes.extend_from_slice(&text[done..from]);
            let start = view.bytes.len();
            let mut buffer = [0; 4];
            view.bytes.extend_from_slice(match &decoded {
                Decoded::Nothing => &[],
                Decoded::Byte(byte) => std::slice::from_ref(byte),
                Decoded::Character(character) => character.encode_utf8(&mut buffer).as_bytes(),
            });
            view.escapes.push((start..view.bytes.len(), from..to));
            done = to;
        }
        if view.escapes.is_empty() {
            return None;
        }
        view.bytes.extend_from_slice(&text[done..]);
        Some(view)
    }

    /// A range of the view as the range of the text that it was made of.
    fn back(&self, range: Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let before = self.escapes.partition_point(|(decoded, _)| decoded.start <= at);
            let (decoded, written) = before.checked_sub(1).map_or((&(0..0), &(0..0)), |last| {
                let (decoded, written) = &self.escapes[last];
                (decoded, written)
            });
            match decoded.contains(&at) {
                true => written.clone(),
                false => {
                    let start = written.end + at - decoded.end;
                    start..start + 1
                }
            }
        };
        place(range.start).start..place(range.end - 1).end
    }
}

/// What an escape stands for.
enum Decoded {
    Nothing,
    Byte(u8),
    Character(char),
}

/// The escape that stands in a text: from where, to where, and for what.
fn escape(text: &[u8], at: usize) -> Option<(usize, usize, Decoded)> {
    let next = text.get(at + 1).copied();
    match (text[at], next) {
        (b'\n', _) => {
            let from = if at > 0 && text[at - 1] == b'\r' { at - 1 } else { at };
            Some((from, at + 1, Decoded::Nothing))
        }
        (b'%', _) => Some((at, at + 3, Decoded::Byte(u8::try_from(hex(text.get(at + 1..at + 3)?)?).ok()?))),
        (_, Some(b'u')) => {
            let unit = |at: usize| hex(text.get(at..at + 4)?);
            let first = unit(at + 2)?;
            if let Some(character) = char::from_u32(first) {
                return Some((at, at + 6, Decoded::Character(character)));
            }
            let second = unit(at + 8).filter(|_| text.get(at + 6..at + 8) == Some(b"\\u"))?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let character = char::decode_utf16(pair).next()?.ok()?;
            Some((at, at + 12, Decoded::Character(character)))
        }
        (_, next) => {
            let byte = match next? {
                byte @ (b'"' | b'\\' | b'/') => byte,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                _ => return None,
            };
            Some((at, at + 2, Decoded::Byte(byte)))
        }
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}
