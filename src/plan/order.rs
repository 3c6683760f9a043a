//! What waits for what, among the steps of one block: by data, by `needs`, and by what may change.

use std::cmp::Ordering;
use std::ops::Range;

use super::{Action, Step, Subject, Uses, Wait, Why};
use crate::azure::verdict::Access;
use crate::diagnostic::Diagnostics;

/// How many steps a refusal waits for by itself. Of more, the first refusal that waits for them stands for them, or
/// many refusals behind many other steps would wait for each of those.
const WITNESSES: usize = 64;

/// Finds out what each step of a block waits for. Circles are told, and broken.
pub(super) fn arrange(steps: &mut [Step], diagnostics: &mut Diagnostics) {
    let ranges: Vec<Range<usize>> = steps.iter().map(|step| step.number..step.end).collect();
    let beside = |number: usize| ranges.binary_search_by(|range| side(range, number)).ok();
    let mut changed: Option<usize> = None;
    let mut readers: Vec<usize> = Vec::new();
    let mut witnesses: Vec<usize> = Vec::new();
    let mut waits: Vec<Vec<Wait>> = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        let mut own: Vec<Wait> = Vec::new();
        let mut wait = |other: usize, why: Why| own.push(Wait { step: other, why });
        wanted(step, &mut |number, why| {
            if let Some(other) = beside(number).filter(|other| *other != at) {
                wait(other, why);
            }
        });
        if is_denied(step) {
            witnesses.iter().for_each(|other| wait(*other, Why::Evidence));
            if witnesses.len() > WITNESSES {
                witnesses = vec![at];
            }
        }
        changed.iter().for_each(|other| wait(*other, Why::Change));
        if step.changes {
            readers.iter().for_each(|other| wait(*other, Why::Change));
            readers.clear();
            // Who waits for this one waits for all before it.
            witnesses.clear();
            changed = Some(at);
        }
        readers.push(at);
        if shows(step) {
            witnesses.push(at);
        }
        // Of several reasons the earliest counts.
        own.sort_unstable_by_key(|wait| (wait.step, wait.why));
        own.dedup_by_key(|wait| wait.step);
        waits.push(own);
    }
    while let Some(chain) = circle(&waits) {
        let names: Vec<String> = chain.iter().map(|step| called(&steps[*step])).collect();
        diagnostics.step_cycle(steps[chain[0]].span, &names);
        waits[chain[0]].clear();
    }
    steps.iter_mut().zip(waits).for_each(|(step, waits)| step.waits = waits);
}

/// On which side of a number a range of numbers lies.
fn side(range: &Range<usize>, number: usize) -> Ordering {
    match (range.end <= number, range.start > number) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// Lets each step wait for the one before it.
pub(super) fn line_up(steps: &mut [Step]) {
    for (at, step) in steps.iter_mut().enumerate() {
        step.waits = at.checked_sub(1).map(|before| Wait { step: before, why: Why::Change }).into_iter().collect();
    }
}

/// What messages call a step before anything runs.
pub(super) fn called(step: &Step) -> String {
    step.name.as_ref().map_or_else(|| step.id.clone(), |name| name.template.text().to_owned())
}

/// The numbers of the steps that one wants the results of, and those that its steps want.
fn wanted(step: &Step, visit: &mut dyn FnMut(usize, Why)) {
    let mut used = |uses: &Uses| uses.captures.iter().for_each(|(number, _)| visit(*number, Why::Captures));
    used(&step.uses);
    step.each.iter().for_each(|each| used(&each.uses));
    step.needs.iter().for_each(|number| visit(*number, Why::Needs));
    if let Action::Group(inner) = &step.action {
        inner.iter().for_each(|step| wanted(step, visit));
    }
}

/// Whether a step, or one inside, expects a refusal.
pub(super) fn is_denied(step: &Step) -> bool {
    let denied = |subject: &Subject| matches!(subject, Subject::Denied(_) | Subject::Access(Access::Denied));
    match &step.action {
        Action::Group(inner) => inner.iter().any(is_denied),
        _ => step.assertions.iter().any(|assertion| denied(&assertion.subject)),
    }
}

/// Whether a step, or one inside, may show that something exists.
fn shows(step: &Step) -> bool {
    match &step.action {
        Action::Group(inner) => inner.iter().any(shows),
        Action::Request(_) => !is_denied(step),
        _ => false,
    }
}

/// The way from the first step of a circle back to itself, when there is a circle.
fn circle(waits: &[Vec<Wait>]) -> Option<Vec<usize>> {
    // Only a step that waits for a later one, by its `needs`, can close a circle.
    if !waits.iter().enumerate().any(|(at, waits)| waits.iter().any(|wait| wait.step >= at)) {
        return None;
    }
    let mut left: Vec<usize> = waits.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); waits.len()];
    for (at, waits) in waits.iter().enumerate() {
        waits.iter().for_each(|wait| followers[wait.step].push(at));
    }
    let mut ready: Vec<usize> = (0..waits.len()).filter(|at| left[*at] == 0).collect();
    while let Some(done) = ready.pop() {
        for follower in &followers[done] {
            left[*follower] -= 1;
            if left[*follower] == 0 {
                ready.push(*follower);
            }
        }
    }
    // What is left waits for something that is left too: following that leads round.
    let mut path = vec![(0..waits.len()).find(|at| left[*at] > 0)?];
    loop {
        let last = path[path.len() - 1];
        let next = waits[last].iter().find(|wait| left[wait.step] > 0)?.step;
        if let Some(at) = path.iter().position(|step| *step == next) {
            path.push(next);
            let mut chain = path.split_off(at);
            // Told from its first step in the file on.
            chain.pop();
            let first = chain.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(at, _)| at);
            chain.rotate_left(first);
            chain.push(chain[0]);
            return Some(chain);
        }
        path.push(next);
    }
}
