//! The algebra of permission sets: exact answers to what a set grants and how two sets compare, each with a witness.
//!
//! Nothing is sampled. A pattern is an automaton, sets are boolean combinations of them, and a question is a search for the
//! shortest operation that decides it; where it ends empty-handed, there is none. What can be told without a search is.
//!
//! Conditions are not evaluated: whatever is said holds for every outcome of them ([`Verdict::Yes`], [`Verdict::No`]) or it
//! depends on them ([`Verdict::Maybe`]). Two conditions of the same text are met together.

use crate::rbac::limits::{Budget, TooComplex};
use crate::rbac::operations::{Operations, bits, first_beyond};
use crate::rbac::question::{Aim, Question, Weight};
use crate::rbac::set::{Entry, PermissionSet};
use crate::rbac::{Decision, Pattern, Plane};

/// An answer that conditions may leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// No, whatever the conditions say.
    No,
    /// It depends on conditions.
    Maybe,
    /// Yes, whatever the conditions say.
    Yes,
}

/// An operation that decides a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name.
    pub action: String,
    /// The plane it is of.
    pub plane: Plane,
    /// Whether it is one of the known operations, and not made up from the patterns.
    pub is_known: bool,
}

/// A verdict with what decides it.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// Whether it is so.
    pub verdict: Verdict,
    /// An operation that shows it: the shortest known one, or else the shortest that can be made up, with a verb added to it
    /// where it lacks one. Of a comparison that holds for all operations there is none.
    pub witness: Option<Witness>,
    /// The entries by which it is granted: the witness, or all that was asked for.
    pub grants: Vec<&'a Entry>,
}

impl Answer<'_> {
    /// By what it is granted, at most so many: of each entry the patterns that match the witness, with `between` between them,
    /// and the role and its scope where they are known.
    pub fn grounds(&self, most: usize, between: &str) -> Vec<String> {
        let action = self.witness.as_ref().map(|witness| witness.action.as_str());
        let mut told: Vec<String> = Vec::new();
        for entry in &self.grants {
            let own = entry.permission();
            let fits = |pattern: &&Pattern| action.is_none_or(|action| pattern.matches(action));
            let patterns = own.actions.iter().chain(&own.data_actions).filter(fits);
            let patterns: Vec<String> = patterns.take(most).map(|pattern| format!("`{pattern}`")).collect();
            let of = entry.origin().role.as_ref().map(|_| format!(" of {}", entry.origin())).unwrap_or_default();
            let one = patterns.join(between) + &of;
            if !one.is_empty() && !told.contains(&one) && told.len() < most {
                told.push(one);
            }
        }
        told
    }
}

/// Whether two sets are equal, from both sides.
#[derive(Clone, Debug)]
pub struct Equality<'a> {
    /// Whether the first is included in the second; its witness is what the first grants too much.
    pub included: Answer<'a>,
    /// Whether the first includes the second; its witness is what the first lacks.
    pub includes: Answer<'a>,
}

/// Decides questions about permission sets, preferring known operations as witnesses.
#[derive(Clone, Copy, Debug)]
pub struct Algebra<'o> {
    pub(super) operations: &'o Operations,
}

const PLANES: [Plane; 2] = [Plane::Control, Plane::Data];

impl Algebra<'static> {
    /// With the operations that built-in roles name.
    pub fn built_in() -> Algebra<'static> {
        Algebra { operations: Operations::built_in() }
    }
}

impl<'o> Algebra<'o> {
    /// With these operations.
    pub fn new(operations: &'o Operations) -> Algebra<'o> {
        Algebra { operations }
    }

    /// Whether every operation that a pattern matches is granted: what `can` claims.
    ///
    /// Of a yes the answer has the entry that grants it all, or those that do so together; else the witness is an operation
    /// that is not granted, or maybe.
    pub fn every<'a>(
        &self,
        set: &'a PermissionSet,
        (pattern, plane): (&Pattern, Plane),
    ) -> Result<Answer<'a>, TooComplex> {
        if pattern.is_literal() {
            set.check()?;
            return Ok(self.literal(set, (pattern, plane)));
        }
        let wanted = PermissionSet::of_pattern(pattern, plane);
        let mut budget = Budget::new();
        let (verdict, witness) = self.compare(&wanted, set, (Aim::Beyond, &mut budget))?;
        let grants = match (&witness, verdict) {
            (Some(witness), _) => grantor(set, witness),
            // The verdict stands, however much work it would be to say who has no part in it.
            (None, _) => self.cover(&wanted, set, &mut budget).unwrap_or_else(|_| set.entries().iter().collect()),
        };
        Ok(Answer { verdict, witness, grants })
    }

    /// Whether any operation that a pattern matches is granted: `cannot` claims that none is.
    ///
    /// Of a yes and a maybe the witness is granted, by the entry that the answer has.
    pub fn any<'a>(
        &self,
        set: &'a PermissionSet,
        (pattern, plane): (&Pattern, Plane),
    ) -> Result<Answer<'a>, TooComplex> {
        if pattern.is_literal() {
            set.check()?;
            return Ok(self.literal(set, (pattern, plane)));
        }
        let wanted = PermissionSet::of_pattern(pattern, plane);
        let (verdict, witness) = self.compare(&wanted, set, (Aim::Within, &mut Budget::new()))?;
        let grants = witness.as_ref().map(|witness| grantor(set, witness)).unwrap_or_default();
        Ok(Answer { verdict, witness, grants })
    }

    /// Whether one set is included in another: what `at_most` claims of the granted set, and `at_least` the other way round.
    ///
    /// Unless it is, the witness is an operation that the first grants beyond the second, by the entry that the answer has.
    pub fn included<'a>(&self, one: &'a PermissionSet, other: &PermissionSet) -> Result<Answer<'a>, TooComplex> {
        let (verdict, witness) = self.compare(one, other, (Aim::Beyond, &mut Budget::new()))?;
        let grants = witness.as_ref().map(|witness| grantor(one, witness)).unwrap_or_default();
        Ok(Answer { verdict, witness, grants })
    }

    /// Whether two sets grant the same: what `exactly` claims.
    pub fn equal<'a>(&self, one: &'a PermissionSet, other: &'a PermissionSet) -> Result<Equality<'a>, TooComplex> {
        Ok(Equality { included: self.included(one, other)?, includes: self.included(other, one)? })
    }

    /// Whether two sets grant something in common. The entries are of the first set, then of the second.
    pub fn overlap<'a>(&self, one: &'a PermissionSet, other: &'a PermissionSet) -> Result<Answer<'a>, TooComplex> {
        let (verdict, witness) = self.compare(one, other, (Aim::Within, &mut Budget::new()))?;
        let grants =
            witness.iter().flat_map(|witness| [grantor(one, witness), grantor(other, witness)].concat()).collect();
        Ok(Answer { verdict, witness, grants })
    }

    /// How many known operations a set grants or may grant: how wide it is.
    pub fn breadth(&self, set: &PermissionSet) -> usize {
        PLANES.iter().map(|plane| set.known(self.operations, *plane).count()).sum()
    }

    /// Whether one set is included in another, as a part of a larger answer.
    pub(super) fn is_included(
        &self,
        one: &PermissionSet,
        other: &PermissionSet,
        budget: &mut Budget,
    ) -> Result<Verdict, TooComplex> {
        Ok(self.compare(one, other, (Aim::Beyond, budget))?.0)
    }

    fn literal<'a>(&self, set: &'a PermissionSet, (pattern, plane): (&Pattern, Plane)) -> Answer<'a> {
        let action = pattern.as_str();
        let (verdict, grant) = match set.decide(action, plane) {
            Decision::Granted(entry) => (Verdict::Yes, Some(entry)),
            Decision::Conditional(entry) => (Verdict::Maybe, Some(entry)),
            Decision::Denied(_) | Decision::Refused => (Verdict::No, None),
        };
        let is_known = self.operations.knows(pattern, plane);
        let witness = Some(Witness { action: action.to_owned(), plane, is_known });
        Answer { verdict, witness, grants: grant.into_iter().collect() }
    }

    /// The verdict on two sets, with the operation that decides it if one does.
    fn compare(
        &self,
        ours: &PermissionSet,
        theirs: &PermissionSet,
        (aim, budget): (Aim, &mut Budget),
    ) -> Result<(Verdict, Option<Witness>), TooComplex> {
        ours.check().and(theirs.check())?;
        // A witness of an inclusion speaks against it, one of an overlap for it.
        let (found, none) = match aim {
            Aim::Beyond => (Verdict::No, Verdict::Yes),
            Aim::Within => (Verdict::Yes, Verdict::No),
        };
        for (wanted, verdict) in [(Weight::Certain, found), (Weight::Possible, Verdict::Maybe)] {
            if wanted == Weight::Possible && !ours.has_conditions() && !theirs.has_conditions() {
                break;
            }
            let questions = PLANES.map(|plane| Question { ours, theirs, plane, aim, wanted });
            if let Some(witness) = questions.iter().find_map(|question| self.known(question)) {
                return Ok((verdict, Some(witness)));
            }
            for question in &questions {
                if let Some(action) = question.answer(budget)? {
                    let witness = Witness { action, plane: question.plane, is_known: false };
                    return Ok((verdict, Some(witness)));
                }
            }
        }
        Ok((none, None))
    }

    /// The shortest known operation that answers a question.
    fn known(&self, question: &Question<'_>) -> Option<Witness> {
        let Question { ours, theirs, plane, aim, wanted } = *question;
        let is_empty = |set: &PermissionSet| set.entries().iter().all(|one| one.permission().on(plane).0.is_empty());
        if is_empty(ours) || (aim == Aim::Within && is_empty(theirs)) {
            return None;
        }
        let (ours, theirs) = (ours.known(self.operations, plane), theirs.known(self.operations, plane));
        let number = match (aim, wanted) {
            (Aim::Beyond, Weight::Certain) => first_beyond(&ours.certain, &theirs.possible),
            (Aim::Beyond, _) => self.first(question, ours.possible.iter().zip(&theirs.certain).map(|(a, b)| a & !b)),
            (Aim::Within, Weight::Certain) => {
                bits(&ours.certain.iter().zip(&theirs.certain).map(|(a, b)| a & b).collect::<Vec<_>>()).next()
            }
            (Aim::Within, _) => self.first(question, ours.possible.iter().zip(&theirs.possible).map(|(a, b)| a & b)),
        }?;
        let action = self.operations.name(number, plane)?.to_owned();
        Some(Witness { action, plane, is_known: true })
    }

    /// The first of these operations that answers a question: bits do not tell which conditions are the same.
    fn first(&self, question: &Question<'_>, words: impl Iterator<Item = u64>) -> Option<usize> {
        let words: Vec<u64> = words.collect();
        bits(&words).find(|number| {
            let name = self.operations.name(*number, question.plane);
            name.is_some_and(|name| question.weigh(&name.to_ascii_lowercase()) >= question.wanted)
        })
    }

    /// The entries that grant all that is wanted: one that does so alone, or else all that have a part in it.
    fn cover<'a>(
        &self,
        wanted: &PermissionSet,
        set: &'a PermissionSet,
        budget: &mut Budget,
    ) -> Result<Vec<&'a Entry>, TooComplex> {
        let mut parts = Vec::new();
        for entry in set.entries().iter().filter(|entry| entry.condition().is_none()) {
            let mut alone = PermissionSet::new();
            alone.grant(std::slice::from_ref(entry.permission()), entry.origin());
            if self.compare(wanted, &alone, (Aim::Beyond, budget))?.0 == Verdict::Yes {
                return Ok(vec![entry]);
            }
            if self.compare(wanted, &alone, (Aim::Within, budget))?.0 != Verdict::No {
                parts.push(entry);
            }
        }
        Ok(parts)
    }
}

impl Equality<'_> {
    /// Whether they are equal.
    pub fn verdict(&self) -> Verdict {
        self.included.verdict.min(self.includes.verdict)
    }
}

/// The entry that grants a witness, for certain or maybe.
fn grantor<'a>(set: &'a PermissionSet, witness: &Witness) -> Vec<&'a Entry> {
    match set.decide(&witness.action, witness.plane) {
        Decision::Granted(entry) | Decision::Conditional(entry) => vec![entry],
        Decision::Denied(_) | Decision::Refused => Vec::new(),
    }
}
