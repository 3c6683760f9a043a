//! Differences: what one permission set grants that another one does not, as patterns.

use crate::rbac::algebra::{Algebra, Witness};
use crate::rbac::automaton::{Mark, Search, Sight};
use crate::rbac::limits::{Budget, TooComplex};
use crate::rbac::question::{Aim, Question, Weight, complete};
use crate::rbac::relation::{Piece, includes, intersection, may_overlap};
use crate::rbac::set::{Entry, PermissionSet};
use crate::rbac::{Pattern, Plane};

/// How many known operations stand as examples of a remainder.
const EXAMPLES: usize = 3;

/// What one set grants that another does not.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// What is granted beyond the other set whatever conditions say.
    pub certain: Vec<Remainder<'a>>,
    /// What may be granted beyond the other set, where that depends on conditions; parts of it may be certain.
    pub possible: Vec<Remainder<'a>>,
}

/// A part of a difference: all operations that its pattern matches, less those that are taken out.
#[derive(Clone, Debug)]
pub struct Remainder<'a> {
    /// The plane it is of.
    pub plane: Plane,
    /// What every operation of it matches.
    pub pattern: Pattern,
    /// What every operation of it matches as well; empty unless patterns with several stars are in play.
    pub also: Vec<Pattern>,
    /// What no operation of it matches.
    pub less: Vec<Pattern>,
    /// The entry that grants it.
    pub grant: &'a Entry,
    /// How many known operations are in it.
    pub known: usize,
    /// Some of them, the shortest first; one that is made up if none is known.
    pub examples: Vec<Witness>,
}

/// A remainder in the making.
#[derive(Clone)]
struct Row {
    pattern: Pattern,
    also: Vec<Pattern>,
    less: Vec<Pattern>,
}

/// Two sets on one plane, and whether what is certain is wanted, or what is possible.
struct Making<'a, 'b> {
    one: &'a PermissionSet,
    other: &'b PermissionSet,
    plane: Plane,
    wanted: Weight,
    budget: Budget,
}

impl Algebra<'_> {
    /// What one set grants that another does not, as patterns that together match exactly that.
    pub fn difference<'a>(&self, one: &'a PermissionSet, other: &PermissionSet) -> Result<Difference<'a>, TooComplex> {
        one.check().and(other.check())?;
        let certain = self.remainders(one, other, Weight::Certain)?;
        let mut possible = Vec::new();
        if one.has_conditions() || other.has_conditions() {
            possible = self.remainders(one, other, Weight::Possible)?;
            possible.retain(|part| !certain.iter().any(|sure| sure.holds(part)));
        }
        Ok(Difference { certain, possible })
    }

    fn remainders<'a>(
        &self,
        one: &'a PermissionSet,
        other: &PermissionSet,
        wanted: Weight,
    ) -> Result<Vec<Remainder<'a>>, TooComplex> {
        let mut found: Vec<Remainder<'a>> = Vec::new();
        for plane in [Plane::Control, Plane::Data] {
            let mut making = Making { one, other, plane, wanted, budget: Budget::new() };
            for entry in one.entries().iter().filter(|one| wanted == Weight::Possible || one.condition().is_none()) {
                for pattern in entry.rules(plane).actions.all() {
                    for row in making.rows(entry, pattern)? {
                        found.extend(self.remainder((row, entry), &mut making)?);
                    }
                }
            }
        }
        let is_spare = |at: usize| {
            let holds = |(other, part): (usize, &Remainder<'_>)| {
                other != at && part.holds(&found[at]) && (other < at || !found[at].holds(part))
            };
            found.iter().enumerate().any(holds)
        };
        let spare: Vec<bool> = (0..found.len()).map(is_spare).collect();
        let mut spare = spare.into_iter();
        found.retain(|_| !spare.next().unwrap_or_default());
        Ok(found)
    }

    /// The remainder that a row is, unless nothing is in it.
    fn remainder<'a>(
        &self,
        (row, grant): (Row, &'a Entry),
        making: &mut Making<'_, '_>,
    ) -> Result<Option<Remainder<'a>>, TooComplex> {
        let plane = making.plane;
        if row.less.iter().any(|less| includes(less, &row.pattern) == Some(true)) {
            return Ok(None);
        }
        let known: Vec<&str> = self
            .operations
            .matching(&row.pattern, plane)
            .filter(|name| row.matches(&name.to_ascii_lowercase()))
            .collect();
        let mut examples: Vec<Witness> = known
            .iter()
            .take(EXAMPLES)
            .map(|name| Witness { action: (*name).to_owned(), plane, is_known: true })
            .collect();
        if known.is_empty() {
            let Some(action) = row.made_up(&mut making.budget)? else {
                return Ok(None);
            };
            examples.push(Witness { action: row.pattern.spell(&action), plane, is_known: false });
        }
        let Row { pattern, also, less } = row.tidied();
        Ok(Some(Remainder { plane, pattern, also, less, grant, known: known.len(), examples }))
    }
}

impl Making<'_, '_> {
    /// What a pattern of one of our entries matches beyond the other set.
    fn rows(&mut self, entry: &Entry, pattern: &Pattern) -> Result<Vec<Row>, TooComplex> {
        let Making { one, other, plane, wanted, .. } = *self;
        self.budget.pairs(one.size() + other.size())?;
        let own = entry.rules(plane).less.all().filter(|less| may_overlap(pattern, less)).cloned().collect();
        let mut rows = vec![Row { pattern: pattern.clone(), also: Vec::new(), less: own }];
        if pattern.is_literal() {
            let question = Question { ours: one, theirs: other, plane, aim: Aim::Beyond, wanted };
            let weight = question.weigh(pattern.folded());
            rows.retain(|row| row.matches(pattern.folded()) && weight >= wanted);
            return Ok(rows);
        }
        let is_certain = wanted == Weight::Certain;
        let met = |other: &Entry| other.condition().is_none() || other.condition() == entry.condition();
        for denial in one.denials().iter().filter(|denial| is_certain || met(denial)) {
            rows = self.without(rows, denial)?;
        }
        for grant in other.entries().iter().filter(|grant| is_certain || met(grant)) {
            let mut left = self.without(rows.clone(), grant)?;
            for denial in other.denials() {
                let counts = !is_certain || denial.condition().is_none() || denial.condition() == grant.condition();
                if counts {
                    left.extend(self.denied(&rows, denial)?);
                }
            }
            rows = left;
        }
        Ok(rows)
    }

    /// The part of rows that an entry does not cover.
    fn without(&mut self, rows: Vec<Row>, entry: &Entry) -> Result<Vec<Row>, TooComplex> {
        let rules = entry.rules(self.plane);
        let mut left = Vec::new();
        for row in rows {
            let covering: Vec<&Pattern> =
                rules.actions.all().filter(|action| may_overlap(&row.pattern, action)).collect();
            if covering.is_empty() {
                left.push(row);
                continue;
            }
            for less in rules.less.all() {
                left.extend(self.within(&row, less)?);
            }
            if !covering.iter().any(|action| includes(action, &row.pattern) == Some(true)) {
                let mut row = row;
                row.less.extend(covering.into_iter().cloned());
                left.push(row);
            }
        }
        Row::unite(&mut left);
        Ok(left)
    }

    /// The part of rows that a denial of the other set covers, unless its condition denies it to us as well.
    fn denied(&mut self, rows: &[Row], denial: &Entry) -> Result<Vec<Row>, TooComplex> {
        let rules = denial.rules(self.plane);
        let mut found = Vec::new();
        for row in rows {
            for action in rules.actions.all() {
                for mut piece in self.within(row, action)? {
                    piece.less.extend(rules.less.all().filter(|less| may_overlap(&piece.pattern, less)).cloned());
                    found.push(piece);
                }
            }
        }
        if denial.condition().is_some() {
            for ours in self.one.denials().iter().filter(|ours| ours.condition() == denial.condition()) {
                found = self.without(found, ours)?;
            }
        }
        Row::unite(&mut found);
        Ok(found)
    }

    /// The part of a row that a pattern matches.
    fn within(&mut self, row: &Row, pattern: &Pattern) -> Result<Vec<Row>, TooComplex> {
        self.budget.part()?;
        if row.less.iter().any(|less| includes(less, pattern) == Some(true)) {
            return Ok(Vec::new());
        }
        let Some(pieces) = intersection(&row.pattern, pattern) else {
            let mut row = row.clone();
            row.also.push(pattern.clone());
            return Ok(vec![row]);
        };
        let piece = |(pattern, extra): Piece| {
            let less = row.less.iter().filter(|less| may_overlap(&pattern, less)).cloned().chain(extra);
            let row = Row { less: less.collect(), also: row.also.clone(), pattern };
            let is_empty = row.less.iter().any(|less| includes(less, &row.pattern) == Some(true));
            (!is_empty && (!row.pattern.is_literal() || row.matches(row.pattern.folded()))).then_some(row)
        };
        Ok(pieces.into_iter().filter_map(piece).collect())
    }
}

impl Row {
    /// Drops rows that are there twice, and those that another one holds.
    fn unite(rows: &mut Vec<Row>) {
        for row in rows.iter_mut() {
            row.less.sort_by(|one, other| one.meaning().cmp(&other.meaning()));
            row.less.dedup_by(|one, other| one.meaning() == other.meaning());
        }
        let holds = |one: &Row, other: &Row| {
            one.also.iter().all(|also| other.also.iter().any(|their| their.meaning() == also.meaning()))
                && includes(&one.pattern, &other.pattern) == Some(true)
                && one.less.iter().all(|less| other.less.iter().any(|their| includes(their, less) == Some(true)))
        };
        let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
        for row in rows.drain(..) {
            if !kept.iter().any(|known| holds(known, &row)) {
                kept.retain(|known| !holds(&row, known));
                kept.push(row);
            }
        }
        *rows = kept;
    }

    fn matches(&self, action: &str) -> bool {
        let matches = |pattern: &Pattern| pattern.matches_folded(action);
        matches(&self.pattern) && self.also.iter().all(matches) && !self.less.iter().any(matches)
    }

    /// The shortest name in the row, with a verb added where it lacks one.
    fn made_up(&self, budget: &mut Budget) -> Result<Option<String>, TooComplex> {
        let also = 1 + self.also.len();
        let mut judge = |marks: &[Mark]| {
            let (wanted, unwanted) = marks.split_at(also);
            if wanted.iter().any(|mark| !mark.is_alive) || unwanted.iter().any(|mark| mark.is_settled) {
                return Sight::Hopeless;
            }
            let is_in = wanted.iter().all(|mark| mark.matches) && !unwanted.iter().any(|mark| mark.matches);
            if is_in { Sight::Found } else { Sight::Open }
        };
        let patterns = std::iter::once(&self.pattern).chain(&self.also).chain(&self.less).collect();
        let action = Search { patterns, longest: usize::MAX }.shortest(&mut judge, budget)?;
        Ok(action.map(|action| complete(action, |whole| self.matches(whole))))
    }

    /// The row without what is taken out twice.
    fn tidied(mut self) -> Row {
        let mut kept: Vec<Pattern> = Vec::new();
        for less in self.less.drain(..) {
            if kept.iter().any(|other| includes(other, &less) == Some(true)) {
                continue;
            }
            kept.retain(|other| includes(&less, other) != Some(true));
            kept.push(less);
        }
        self.less = kept;
        self
    }
}

impl Remainder<'_> {
    /// Whether an operation, in any case, is in it.
    pub fn contains(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let matches = |pattern: &Pattern| pattern.matches_folded(&action);
        matches(&self.pattern) && self.also.iter().all(matches) && !self.less.iter().any(matches)
    }

    /// Whether it is plain that another remainder is part of this one.
    fn holds(&self, other: &Remainder<'_>) -> bool {
        self.plane == other.plane
            && self.also.is_empty()
            && includes(&self.pattern, &other.pattern) == Some(true)
            && self.less.iter().all(|less| {
                !may_overlap(&other.pattern, less)
                    || other.less.iter().any(|theirs| includes(theirs, less) == Some(true))
            })
    }
}
