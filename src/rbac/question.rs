//! The one question that all comparisons come down to: is there an operation that one set grants and another one does not, or
//! does as well?

use std::ops::Range;

use crate::rbac::automaton::{Mark, Search, Sight};
use crate::rbac::limits::{Budget, TooComplex};
use crate::rbac::operations::VERBS;
use crate::rbac::relation::{includes, may_overlap};
use crate::rbac::set::{Entry, Matcher, PermissionSet, Standing};
use crate::rbac::{Pattern, Plane};

/// Which operations of the one set are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Those that the other set does not grant.
    Beyond,
    /// Those that the other set grants too.
    Within,
}

/// Whether an operation is one of those looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// For no outcome of the conditions.
    Nothing,
    /// For some outcome of the conditions.
    Possible,
    /// For every outcome.
    Certain,
}

/// A question about two sets on one plane.
pub(super) struct Question<'a> {
    pub(super) ours: &'a PermissionSet,
    pub(super) theirs: &'a PermissionSet,
    pub(super) plane: Plane,
    pub(super) aim: Aim,
    /// The least that an operation must weigh to be an answer.
    pub(super) wanted: Weight,
}

/// The best answer so far, which is the shortest.
#[derive(Default)]
struct Best {
    action: Option<String>,
}

/// Weighs an operation by how it stands with both sets. All conditions are independent of each other, but for those of the
/// same text, which are met together.
pub(super) fn weigh(aim: Aim, ours: &Standing<'_>, theirs: &Standing<'_>) -> Weight {
    if !ours.is_possible() {
        return Weight::Nothing;
    }
    let is_certain = match aim {
        Aim::Beyond => ours.is_certain() && !theirs.is_possible(),
        Aim::Within => ours.is_certain() && theirs.is_certain(),
    };
    if is_certain {
        return Weight::Certain;
    }
    let open = |condition: &&&str| !ours.denied_under.contains(condition);
    let is_possible = match aim {
        Aim::Beyond => {
            let is_free = ours.is_granted
                || ours.granted_under.iter().filter(open).any(|condition| !theirs.granted_under.contains(condition));
            theirs.is_denied || theirs.denied_under.iter().any(|one| open(&one)) || (!theirs.is_granted && is_free)
        }
        Aim::Within => {
            let undenied = |condition: &&&str| open(condition) && !theirs.denied_under.contains(condition);
            let grants = |one: &Standing<'_>| one.is_granted || one.granted_under.iter().any(|text| undenied(&text));
            !theirs.is_denied && grants(ours) && grants(theirs)
        }
    };
    if is_possible { Weight::Possible } else { Weight::Nothing }
}

impl Question<'_> {
    /// How much an operation weighs, given in lower case.
    pub(super) fn weigh(&self, action: &str) -> Weight {
        let (ours, theirs) = (self.ours.standing(action, self.plane), self.theirs.standing(action, self.plane));
        weigh(self.aim, &ours, &theirs)
    }

    /// The shortest answer, in the letter case of the pattern that gave it, with a verb added where it lacks one.
    pub(super) fn answer(&self, budget: &mut Budget) -> Result<Option<String>, TooComplex> {
        let mut best = Best::default();
        for entry in self.ours.entries() {
            if self.wanted == Weight::Certain && entry.condition().is_some() {
                continue;
            }
            for subject in entry.rules(self.plane).actions.all() {
                budget.pairs(if subject.is_literal() { self.theirs.entries().len() } else { self.theirs.size() })?;
                if subject.is_literal() {
                    if self.weigh(subject.folded()) >= self.wanted {
                        best.offer(subject.folded().to_owned(), subject);
                    }
                } else if !self.is_settled(entry, subject, 0) {
                    self.search(entry, subject, (&mut best, budget))?;
                }
            }
        }
        Ok(best.action.map(|action| complete(action, |whole| self.weigh(whole) >= self.wanted)))
    }

    /// Whether it is plain without a search that a pattern of one of our entries gives no answer.
    fn is_settled(&self, entry: &Entry, subject: &Pattern, depth: usize) -> bool {
        let plane = self.plane;
        let concerns = |rules: &Matcher| rules.all().any(|pattern| may_overlap(subject, pattern));
        if self.aim == Aim::Within {
            return !self.theirs.entries().iter().any(|one| self.matters(one) && concerns(&one.rules(plane).actions));
        }
        if self.theirs.denials().iter().any(|one| concerns(&one.rules(plane).actions)) {
            return false;
        }
        let own = &entry.rules(plane).less;
        let counts = |one: &&Entry| self.counts(entry, one);
        self.theirs.entries().iter().filter(counts).any(|one| {
            let rules = one.rules(plane);
            rules.actions.gaps().iter().any(|pattern| includes(pattern, subject) == Some(true))
                && rules.less.all().filter(|less| may_overlap(subject, less)).all(|less| {
                    if less.is_literal() {
                        return own.matches(less.folded()) || self.weigh(less.folded()) < self.wanted;
                    }
                    own.gaps().iter().any(|pattern| includes(pattern, less) == Some(true))
                        || (depth < 4
                            && includes(subject, less) == Some(true)
                            && self.is_settled(entry, less, depth + 1))
                })
        })
    }

    /// Whether what one of their entries grants is no answer, given that one of ours grants it.
    fn counts(&self, ours: &Entry, theirs: &Entry) -> bool {
        self.wanted == Weight::Certain || theirs.condition().is_none() || theirs.condition() == ours.condition()
    }

    /// Whether one of their entries has a say: what they grant under a condition is never in common for certain.
    fn matters(&self, theirs: &Entry) -> bool {
        self.aim == Aim::Beyond || self.wanted == Weight::Possible || theirs.condition().is_none()
    }

    /// Looks for a shorter answer than the best among what a pattern of one of our entries matches.
    fn search(
        &self,
        entry: &Entry,
        subject: &Pattern,
        (best, budget): (&mut Best, &mut Budget),
    ) -> Result<(), TooComplex> {
        let longest = match &best.action {
            Some(action) => action.chars().count().checked_sub(1),
            None => Some(usize::MAX),
        };
        let (Some(longest), case) = (longest, Case::of(self, entry, subject)) else {
            return Ok(());
        };
        let search = Search { patterns: case.patterns.clone(), longest };
        if let Some(action) = search.shortest(&mut |marks| case.judge(marks), budget)? {
            best.offer(action, subject);
        }
        Ok(())
    }
}

impl Best {
    fn offer(&mut self, action: String, subject: &Pattern) {
        let length = |action: &str| action.chars().count();
        if self.action.as_ref().is_none_or(|best| length(&action) < length(best)) {
            self.action = Some(subject.spell(&action));
        }
    }
}

/// A name that ends as operations do: the given one, or else with a verb added, if it is still what is looked for.
pub(super) fn complete(action: String, is_wanted: impl Fn(&str) -> bool) -> String {
    if VERBS.iter().any(|verb| action.to_ascii_lowercase().ends_with(verb)) {
        // Every name begins with a provider.
        let named = action.starts_with('/').then(|| format!("x{action}"));
        return named.filter(|named| is_wanted(&named.to_ascii_lowercase())).unwrap_or(action);
    }
    let stem = action.strip_suffix('/').unwrap_or(&action);
    let stem = if stem.is_empty() { "x" } else { stem };
    let whole = VERBS.iter().map(|verb| format!("{stem}{verb}")).find(|whole| is_wanted(&whole.to_ascii_lowercase()));
    whole.unwrap_or(action)
}

/// What is to be judged about one pattern of one of our entries: all patterns that may have to do with it, by number.
struct Case<'a> {
    question: &'a Question<'a>,
    patterns: Vec<&'a Pattern>,
    own: Part<'a>,
    our_denials: Vec<Part<'a>>,
    their_entries: Vec<Part<'a>>,
    their_denials: Vec<Part<'a>>,
}

/// The patterns of an entry, by number.
struct Part<'a> {
    entry: &'a Entry,
    actions: Range<usize>,
    less: Range<usize>,
}

impl<'a> Case<'a> {
    fn of(question: &'a Question<'a>, entry: &'a Entry, subject: &'a Pattern) -> Case<'a> {
        let plane = question.plane;
        let mut patterns = vec![subject];
        let mut add = |rules: &'a Matcher| {
            let start = patterns.len();
            patterns.extend(rules.all().filter(|pattern| may_overlap(subject, pattern)));
            start..patterns.len()
        };
        let own = Part { entry, actions: 0..1, less: add(&entry.rules(plane).less) };
        let mut parts = |entries: &'a [Entry]| -> Vec<Part<'a>> {
            let parts = entries.iter().filter_map(|entry| {
                let rules = entry.rules(plane);
                let actions = add(&rules.actions);
                (!actions.is_empty()).then(|| Part { entry, actions, less: add(&rules.less) })
            });
            parts.collect()
        };
        let our_denials = parts(question.ours.denials());
        let mut their_entries = parts(question.theirs.entries());
        their_entries.retain(|part| question.matters(part.entry));
        let their_denials = parts(question.theirs.denials());
        Case { question, patterns, own, our_denials, their_entries, their_denials }
    }

    fn judge(&self, marks: &[Mark]) -> Sight {
        if self.is_hopeless(marks) {
            return Sight::Hopeless;
        }
        if !self.own.covers(marks) {
            return Sight::Open;
        }
        let (mut ours, mut theirs) = (Standing::default(), Standing::default());
        ours.grant(self.own.entry);
        self.our_denials.iter().filter(|part| part.covers(marks)).for_each(|part| ours.deny(part.entry));
        self.their_entries.iter().filter(|part| part.covers(marks)).for_each(|part| theirs.grant(part.entry));
        self.their_denials.iter().filter(|part| part.covers(marks)).for_each(|part| theirs.deny(part.entry));
        let weight = weigh(self.question.aim, &ours, &theirs);
        if weight >= self.question.wanted { Sight::Found } else { Sight::Open }
    }

    fn is_hopeless(&self, marks: &[Mark]) -> bool {
        let is_taken = marks[self.own.less.clone()].iter().any(|mark| mark.is_settled)
            || self.our_denials.iter().any(|part| part.entry.condition().is_none() && part.is_settled(marks));
        is_taken
            || match self.question.aim {
                Aim::Beyond => {
                    let counts = |part: &&Part<'_>| self.question.counts(self.own.entry, part.entry);
                    !self.their_denials.iter().any(|part| part.is_alive(marks))
                        && self.their_entries.iter().filter(counts).any(|part| part.is_settled(marks))
                }
                Aim::Within => !self.their_entries.iter().any(|part| part.is_alive(marks)),
            }
    }
}

impl Part<'_> {
    fn covers(&self, marks: &[Mark]) -> bool {
        let any = |range: &Range<usize>| marks[range.clone()].iter().any(|mark| mark.matches);
        any(&self.actions) && !any(&self.less)
    }

    /// Whether it covers whatever comes.
    fn is_settled(&self, marks: &[Mark]) -> bool {
        marks[self.actions.clone()].iter().any(|mark| mark.is_settled)
            && !marks[self.less.clone()].iter().any(|mark| mark.is_alive)
    }

    fn is_alive(&self, marks: &[Mark]) -> bool {
        marks[self.actions.clone()].iter().any(|mark| mark.is_alive)
    }
}
