//! Limits: how much work a decision may be, so that no crafted pattern makes it hang.

use std::fmt;

use crate::rbac::Pattern;

/// The longest pattern that is compared with others; the longest of a built-in role has 139 characters.
const LENGTH: usize = 1_000;
/// The most stars of such a pattern; the patterns of built-in and custom roles have one.
const STARS: usize = 16;
/// How many states of the product of all automata are looked at for one answer.
const STATES: usize = 20_000;
/// How often a character is read from a place of the automata for one answer.
const PLACES: usize = 5_000_000;
/// How many pairs of patterns are looked at for one answer.
const PAIRS: usize = 30_000_000;
/// How many parts a difference may fall into.
const PARTS: usize = 20_000;

/// How many answers' work a search through all built-in roles may be.
const SHARES: usize = 8;

/// Why a question about patterns is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TooComplex {
    /// A pattern is longer than is looked at; how it begins.
    Length(String),
    /// A pattern has more stars than are looked at.
    Stars(String),
    /// The patterns together give too many cases to tell apart.
    States,
    /// There are too many patterns on either side.
    Pairs,
    /// A difference falls into too many parts.
    Parts,
}

impl fmt::Display for TooComplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooComplex::Length(begin) => {
                write!(f, "the action pattern `{begin}…` is longer than {LENGTH} characters")
            }
            TooComplex::Stars(pattern) => write!(f, "the action pattern `{pattern}` has more than {STARS} stars"),
            TooComplex::States => {
                write!(f, "the action patterns are too entangled: more than {STATES} cases to tell apart")
            }
            TooComplex::Pairs => write!(f, "there are too many action patterns: more than {PAIRS} pairs to compare"),
            TooComplex::Parts => write!(f, "the difference falls into more than {PARTS} parts"),
        }
    }
}

impl std::error::Error for TooComplex {}

/// What is left of the work that one answer may be.
#[derive(Debug)]
pub(super) struct Budget {
    states: usize,
    places: usize,
    pairs: usize,
    parts: usize,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { states: STATES, places: PLACES, pairs: PAIRS, parts: PARTS }
    }

    /// For a search through all built-in roles: of one pattern each takes a share of what one answer may take.
    pub(super) fn of_a_search() -> Budget {
        let Budget { states, places, pairs, parts } = Budget::new();
        Budget { states: SHARES * states, places: SHARES * places, pairs: SHARES * pairs, parts }
    }

    /// Spends a state.
    pub(super) fn state(&mut self) -> Result<(), TooComplex> {
        self.states = self.states.checked_sub(1).ok_or(TooComplex::States)?;
        Ok(())
    }

    /// Spends the places from which a character is read.
    pub(super) fn places(&mut self, places: usize) -> Result<(), TooComplex> {
        self.places = self.places.checked_sub(places).ok_or(TooComplex::States)?;
        Ok(())
    }

    /// Spends the pairs of a pattern with so many others.
    pub(super) fn pairs(&mut self, others: usize) -> Result<(), TooComplex> {
        self.pairs = self.pairs.checked_sub(others).ok_or(TooComplex::Pairs)?;
        Ok(())
    }

    /// Spends a part of a difference.
    pub(super) fn part(&mut self) -> Result<(), TooComplex> {
        self.parts = self.parts.checked_sub(1).ok_or(TooComplex::Parts)?;
        Ok(())
    }
}

/// Refuses patterns that no role has.
pub(super) fn check<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Result<(), TooComplex> {
    for pattern in patterns {
        let text = pattern.as_str();
        if text.len() > LENGTH {
            return Err(TooComplex::Length(text.chars().take(60).collect()));
        }
        if text.bytes().filter(|byte| *byte == b'*').count() > STARS {
            return Err(TooComplex::Stars(text.to_owned()));
        }
    }
    Ok(())
}
