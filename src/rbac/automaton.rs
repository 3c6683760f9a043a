//! The automaton of several patterns at once, made on the fly: a state is the set of places in all of them, and only the
//! characters that some place waits for are told apart.

use std::collections::HashSet;
use std::rc::Rc;

use crate::rbac::Pattern;
use crate::rbac::limits::{Budget, TooComplex};
use crate::rbac::token::{self, Token};

/// What is known of a pattern in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Some continuation matches it.
    pub(super) is_alive: bool,
    /// It matches what was read.
    pub(super) matches: bool,
    /// It matches whatever comes.
    pub(super) is_settled: bool,
}

/// What a state is worth to who searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// What was read is what is looked for.
    Found,
    /// It is not, but a continuation may be.
    Open,
    /// No continuation is.
    Hopeless,
}

/// What to look for: the first of the patterns must match, all else is up to the judgement.
pub(super) struct Search<'a> {
    pub(super) patterns: Vec<&'a Pattern>,
    /// The longest name that is of interest.
    pub(super) longest: usize,
}

/// The patterns' instructions, one after the other.
struct Automaton {
    tokens: Vec<Vec<Token>>,
    /// The place before the first instruction of each pattern; a pattern has one place more than instructions.
    starts: Vec<usize>,
    /// To which pattern a place belongs.
    owners: Vec<usize>,
}

/// A state that was reached, with how.
struct Reached {
    places: Rc<[usize]>,
    from: usize,
    by: char,
    length: usize,
}

impl Search<'_> {
    /// The shortest name in lower case that the judgement finds, of equally short ones the first in the alphabet.
    pub(super) fn shortest(
        &self,
        judge: &mut dyn FnMut(&[Mark]) -> Sight,
        budget: &mut Budget,
    ) -> Result<Option<String>, TooComplex> {
        let automaton = Automaton::of(&self.patterns);
        let mut marks = vec![Mark::default(); self.patterns.len()];
        let mut seen: HashSet<Rc<[usize]>> = HashSet::new();
        let mut reached = vec![Reached { places: automaton.start(), from: 0, by: ' ', length: 0 }];
        let mut at = 0;
        while let Some(state) = reached.get(at) {
            let (places, length) = (Rc::clone(&state.places), state.length);
            budget.state()?;
            automaton.mark(&places, &mut marks);
            match judge(&marks) {
                Sight::Found => return Ok(Some(word(&reached, at))),
                Sight::Open if length < self.longest => {
                    for by in automaton.characters(&places) {
                        budget.places(places.len())?;
                        let next = automaton.next(&places, by);
                        let lives = next.first().is_some_and(|place| automaton.owners[*place] == 0);
                        if lives && seen.insert(Rc::clone(&next)) {
                            reached.push(Reached { places: next, from: at, by, length: length + 1 });
                        }
                    }
                }
                Sight::Open | Sight::Hopeless => {}
            }
            at += 1;
        }
        Ok(None)
    }
}

/// What was read on the way to a state.
fn word(reached: &[Reached], at: usize) -> String {
    let mut read = Vec::new();
    let mut at = at;
    while at > 0 {
        read.push(reached[at].by);
        at = reached[at].from;
    }
    read.iter().rev().collect()
}

impl Automaton {
    fn of(patterns: &[&Pattern]) -> Automaton {
        let tokens: Vec<Vec<Token>> = patterns.iter().map(|pattern| pattern.tokens()).collect();
        let mut owners = Vec::new();
        let mut starts = Vec::with_capacity(tokens.len());
        for (number, tokens) in tokens.iter().enumerate() {
            starts.push(owners.len());
            owners.resize(owners.len() + tokens.len() + 1, number);
        }
        Automaton { tokens, starts, owners }
    }

    /// The pattern that a place is in, and where in it.
    fn split(&self, place: usize) -> (usize, usize) {
        let owner = self.owners[place];
        (owner, place - self.starts[owner])
    }

    fn start(&self) -> Rc<[usize]> {
        let mut places = Vec::new();
        for (number, start) in self.starts.iter().enumerate() {
            token::enter(&self.tokens[number], 0, &mut |at| places.push(start + at));
        }
        self.settle(places)
    }

    fn next(&self, places: &[usize], by: char) -> Rc<[usize]> {
        let mut next = Vec::with_capacity(places.len() + 4);
        for place in places {
            let (owner, at) = self.split(*place);
            if let Some(reached) = token::step(&self.tokens[owner], at, by) {
                token::enter(&self.tokens[owner], reached, &mut |at| next.push(self.starts[owner] + at));
            }
        }
        self.settle(next)
    }

    /// Brings places into order, and leaves out those before a gap of the same pattern: whatever they lead to, the gap does.
    fn settle(&self, mut places: Vec<usize>) -> Rc<[usize]> {
        places.sort_unstable();
        places.dedup();
        let mut kept = Vec::with_capacity(places.len());
        let mut gap_of = usize::MAX;
        for place in places.iter().rev() {
            let (owner, at) = self.split(*place);
            if owner == gap_of {
                continue;
            }
            if self.tokens[owner].get(at) == Some(&Token::Any) {
                gap_of = owner;
            }
            kept.push(*place);
        }
        kept.reverse();
        kept.into()
    }

    fn mark(&self, places: &[usize], marks: &mut [Mark]) {
        marks.fill(Mark::default());
        for place in places {
            let (owner, at) = self.split(*place);
            let tokens = &self.tokens[owner];
            let mark = &mut marks[owner];
            mark.is_alive = true;
            mark.matches |= at == tokens.len();
            mark.is_settled |= at + 1 == tokens.len() && tokens[at] == Token::Any;
        }
    }

    /// The characters that lead to different states: those that places wait for, and one that stands for all others.
    fn characters(&self, places: &[usize]) -> Vec<char> {
        let mut awaited = Vec::new();
        let mut has_gap = false;
        for place in places {
            let (owner, at) = self.split(*place);
            match self.tokens[owner].get(at) {
                Some(Token::Character(character)) => awaited.push(*character),
                Some(Token::Below) => awaited.push('/'),
                Some(Token::Any) => has_gap = true,
                None => {}
            }
        }
        awaited.sort_unstable();
        awaited.dedup();
        if has_gap {
            let mut others = "xyz".chars().chain('a'..='w').chain('0'..='9').chain('\u{e0}'..);
            awaited.extend(others.find(|other| !awaited.contains(other)));
        }
        awaited
    }
}
