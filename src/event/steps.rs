//! The steps of a run, kept as they end and read back one by one: however many there are, few of them are in memory.
//!
//! Each lies on a [`Spool`] behind those inside it, since it ends after them. What is known only by the steps around it, the way
//! to it and what these are called, is worked out as it is read.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::Range;
use std::rc::Rc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Spool, Step, Summary, Trail, Turn};

/// How many bytes tell how long a step is.
const PREFIX: usize = 4;

/// Steps beside each other, in the order of the file; each holds those inside it.
#[derive(Clone, Default)]
pub struct Steps {
    /// Nothing where there never was a step.
    kept: Option<Rc<Kept>>,
    range: Range<u64>,
    /// The steps around them, where that is known.
    around: Option<Rc<Around>>,
    /// By depth, from that of the outermost: where those begin that are not inside of one that ended, and the first of them.
    waiting: Vec<Option<(u64, Trail)>>,
    changes: Vec<Change>,
}

/// What the steps of a playbook share.
#[derive(Default)]
struct Kept {
    spool: Rc<RefCell<Spool>>,
    /// Of each step that holds others where these begin and where it lies itself. Of those that begin at the same place the
    /// outermost is first.
    holders: RefCell<BTreeSet<(u64, Reverse<u64>)>>,
    summary: RefCell<Summary>,
    failed: RefCell<Option<io::Error>>,
}

/// What is done to each step before that place, as it is read.
#[derive(Clone)]
struct Change {
    until: u64,
    make: Rc<dyn Fn(&mut Step)>,
}

/// The steps around a step.
#[derive(Default)]
struct Around {
    trail: Trail,
    titles: Vec<String>,
}

impl Steps {
    /// Steps that are put on this spool.
    pub(super) fn on(spool: Rc<RefCell<Spool>>) -> Self {
        let end = spool.borrow().end();
        let kept = Rc::new(Kept { spool, ..Kept::default() });
        Self { kept: Some(kept), range: end..end, around: Some(Rc::default()), ..Self::default() }
    }

    /// From now on tells of each step the ones around it.
    pub(super) fn restore(&mut self) {
        self.around = Some(Rc::default());
    }

    /// Takes a step that ended, behind those inside it: they come in this order.
    pub(super) fn push(&mut self, step: &Step) {
        let depth = step.trail.depth().saturating_sub(1);
        if self.waiting.len() <= depth + 1 {
            self.waiting.resize(depth + 2, None);
        }
        // Those of one whose end never came are nobody's.
        let is_inside = |(start, first): (u64, Trail)| first.0.starts_with(&step.trail.0).then_some(start);
        let inside = self.waiting.drain(depth + 1..).flatten().find_map(is_inside);
        let at = self.put(step, inside);
        self.waiting[depth].get_or_insert_with(|| (inside.unwrap_or(at), step.trail.clone()));
    }

    /// Takes a step with those inside it.
    fn take(&mut self, mut step: Step) {
        let inside = std::mem::take(&mut step.steps);
        let start = self.range.end;
        inside.iter().for_each(|inner| self.take(inner));
        let start = (self.range.end > start).then_some(start);
        self.put(&step, start);
    }

    fn put(&mut self, step: &Step, inside: Option<u64>) -> u64 {
        let kept = self.kept.get_or_insert_default();
        let mut bytes = vec![0; PREFIX];
        // Memory takes everything, and a step holds no map with keys that are not text, the one thing that JSON refuses.
        let _ = serde_json::to_writer(&mut bytes, step);
        let length = u32::try_from(bytes.len() - PREFIX).unwrap_or(u32::MAX);
        bytes[..PREFIX].copy_from_slice(&length.to_le_bytes());
        let mut spool = kept.spool.borrow_mut();
        let at = spool.end();
        spool.append(&bytes);
        self.range.end = spool.end();
        kept.summary.borrow_mut().count(step);
        if let Some(inside) = inside {
            kept.holders.borrow_mut().insert((inside, Reverse(at)));
        }
        at
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Counts of all steps of the playbook.
    pub fn summary(&self) -> Summary {
        self.kept.as_ref().map_or_else(Summary::default, |kept| *kept.summary.borrow())
    }

    /// The steps, in the order of the file.
    pub fn iter(&self) -> Iter {
        Iter { steps: Self { waiting: Vec::new(), ..self.clone() }, position: 0 }
    }

    /// The steps and all inside them, in the order in which they end: those inside before the one around them.
    pub fn ends(&self) -> Ends {
        Ends(vec![(self.iter(), None)])
    }

    /// Does something to each step there is, as it is read from now on.
    pub fn change(&mut self, make: impl Fn(&mut Step) + 'static) {
        self.change_until(u64::MAX, make);
    }

    /// The same to those alone that lie before that place of the spool.
    pub(super) fn change_until(&mut self, until: u64, make: impl Fn(&mut Step) + 'static) {
        self.changes.push(Change { until, make: Rc::new(make) });
    }

    /// Why steps are missing among those that were read, if they are.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.kept.as_ref()?.failed.borrow_mut().take()
    }
}

impl Kept {
    /// The step that lies there, and where the next does.
    fn read(&self, at: u64, changes: &[Change]) -> io::Result<(Step, u64)> {
        let mut spool = self.spool.borrow_mut();
        let mut length = [0; PREFIX];
        length.copy_from_slice(spool.read(at, PREFIX)?);
        let length = u32::from_le_bytes(length) as usize;
        let at = at + PREFIX as u64;
        let mut step: Step = serde_json::from_slice(spool.read(at, length)?)?;
        changes.iter().filter(|change| at < change.until).for_each(|change| (change.make)(&mut step));
        Ok((step, at + length as u64))
    }
}

/// Goes through steps beside each other.
pub struct Iter {
    steps: Steps,
    position: u32,
}

impl Iterator for Iter {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let Range { start, end } = self.steps.range;
        let kept = self.steps.kept.as_ref().filter(|_| start < end)?;
        let holder = kept.holders.borrow().range((start, Reverse(end - 1))..).next().copied();
        let own = holder.filter(|(inside, _)| *inside == start).map_or(start, |(_, Reverse(own))| own);
        let (mut step, next) = match kept.read(own, &self.steps.changes) {
            Ok(read) => read,
            Err(error) => {
                // The reports that lack it are told to be unfinished.
                kept.failed.borrow_mut().get_or_insert(error);
                self.steps.range.start = end;
                return None;
            }
        };
        self.steps.range.start = next;
        let mut inside = Steps { range: start..own, around: None, ..self.steps.clone() };
        if let Some(around) = &self.steps.around {
            step.within.clone_from(&around.titles);
            if step.trail.is_empty() {
                // Reports of other hands do not say it, and it only tells steps apart.
                step.trail = around.trail.then(Turn { step: self.position, iteration: None });
            }
            if !inside.is_empty() {
                let titles = around.titles.iter().cloned().chain([step.title()]).collect();
                inside.around = Some(Rc::new(Around { trail: step.trail.clone(), titles }));
            }
        }
        self.position += 1;
        if !inside.is_empty() {
            step.steps = inside;
        }
        Some(step)
    }
}

/// Goes through steps in the order in which they end.
pub struct Ends(Vec<(Iter, Option<Step>)>);

impl Iterator for Ends {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let (steps, _) = self.0.last_mut()?;
            match steps.next() {
                Some(step) if step.steps.is_empty() => return Some(step),
                Some(step) => self.0.push((step.steps.iter(), Some(step))),
                None => {
                    let (_, around) = self.0.pop()?;
                    if around.is_some() {
                        return around;
                    }
                }
            }
        }
    }
}

impl FromIterator<Step> for Steps {
    fn from_iter<I: IntoIterator<Item = Step>>(all: I) -> Self {
        let mut steps = Self::default();
        all.into_iter().for_each(|step| steps.take(step));
        steps
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Steps;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of steps")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Steps, A::Error> {
                let mut steps = Steps::default();
                while let Some(step) = all.next_element()? {
                    steps.take(step);
                }
                Ok(steps)
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

#[cfg(test)]
mod tests;
