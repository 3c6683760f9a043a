//! Which steps are run: those that a selection names, and what they need.

use std::collections::HashSet;

use super::{Action, Plan, Step};

/// What `--only` and `--skip` say: tags, ids and names, in which `*` stands for any text.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
    /// The ways to steps, by the ids of those around them and their own.
    ways: Option<Vec<Vec<String>>>,
}

/// Why a step is left out.
const NOT_SELECTED: &str = "not selected";

impl Selection {
    /// A selection by patterns.
    pub fn new(only: &[String], skip: &[String]) -> Self {
        Self { only: only.to_vec(), skip: skip.to_vec(), ways: None }
    }

    /// The steps at the ends of these ways: the ids of those around each, and its own. Inside an included playbook nothing is
    /// selected: all of it runs.
    pub fn at(ways: Vec<Vec<String>>) -> Self {
        Self { ways: Some(ways), ..Self::default() }
    }

    /// Those of its ways that lead nowhere in a plan.
    pub fn astray<'s>(&'s self, plan: &Plan) -> Vec<&'s [String]> {
        let leads = |way: &&Vec<String>| !point(&plan.steps, way, &mut HashSet::new());
        self.ways.iter().flatten().filter(leads).map(Vec::as_slice).collect()
    }

    /// Whether it selects at all.
    pub fn is_some(&self) -> bool {
        !self.only.is_empty() || !self.skip.is_empty() || self.ways.is_some()
    }

    /// Marks the steps that are left out; how many are left to run. The cleanup is never left out.
    pub fn apply(&self, plan: &mut Plan) -> usize {
        if !self.is_some() {
            return plan.steps.len();
        }
        let mut wanted = HashSet::new();
        match &self.ways {
            Some(ways) => ways.iter().for_each(|way| {
                point(&plan.steps, way, &mut wanted);
            }),
            None => self.select(&plan.steps, self.only.is_empty(), &mut wanted),
        }
        let count = wanted.len();
        // What a selected step needs comes along, and what that needs, even where `--skip` names it.
        loop {
            let before = wanted.len();
            come_along(&plan.steps, &mut wanted);
            if wanted.len() == before {
                break;
            }
        }
        leave_out(&mut plan.steps, &wanted);
        count
    }

    fn select(&self, steps: &[Step], chosen: bool, wanted: &mut HashSet<usize>) {
        for step in steps {
            let named = |patterns: &[String]| patterns.iter().any(|pattern| is_named(step, pattern));
            if named(&self.skip) {
                continue;
            }
            let chosen = chosen || named(&self.only);
            match &step.action {
                Action::Group(inner) => self.select(inner, chosen, wanted),
                _ if chosen => drop(wanted.insert(step.number)),
                _ => {}
            }
        }
    }
}

/// Adds the step at the end of a way; whether there is one.
fn point(steps: &[Step], way: &[String], wanted: &mut HashSet<usize>) -> bool {
    let Some((id, rest)) = way.split_first() else { return false };
    let Some(step) = steps.iter().find(|step| step.id == *id) else { return false };
    match &step.action {
        Action::Group(inner) if !rest.is_empty() => point(inner, rest, wanted),
        _ => {
            inside(step, wanted);
            true
        }
    }
}

/// Whether a pattern is a tag, the id or the name of a step.
fn is_named(step: &Step, pattern: &str) -> bool {
    let name = step.name.as_ref().map(|name| name.template.text());
    let words = step.tags.iter().map(String::as_str).chain([step.id.as_str()]).chain(name);
    words.into_iter().any(|word| fits(word.as_bytes(), pattern.as_bytes()))
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut within) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(within) {
            Some(b'*') => {
                back = Some((within, at));
                within += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[at]) => (at, within) = (at + 1, within + 1),
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (at, within) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern[within..].iter().all(|byte| *byte == b'*')
}

/// Adds what the wanted steps need.
fn come_along(steps: &[Step], wanted: &mut HashSet<usize>) {
    fn collect(steps: &[Step], around: &[&Step], wanted: &HashSet<usize>, needed: &mut Vec<usize>) {
        for step in steps {
            if let Action::Group(inner) = &step.action {
                let around: Vec<&Step> = around.iter().copied().chain([step]).collect();
                collect(inner, &around, wanted, needed);
            } else if wanted.contains(&step.number) {
                for one in around.iter().copied().chain([step]) {
                    let captures = one.uses.captures.iter().chain(one.each.iter().flat_map(|each| &each.uses.captures));
                    needed.extend(captures.map(|(number, _)| *number));
                    needed.extend(&one.needs);
                }
            }
        }
    }
    let mut needed = Vec::new();
    collect(steps, &[], wanted, &mut needed);
    let mut add = |step: &Step| {
        if needed.contains(&step.number) {
            inside(step, wanted);
        }
    };
    each(steps, &mut add);
}

/// A step, and every step inside.
fn inside(step: &Step, wanted: &mut HashSet<usize>) {
    match &step.action {
        Action::Group(steps) => steps.iter().for_each(|step| inside(step, wanted)),
        _ => drop(wanted.insert(step.number)),
    }
}

fn each(steps: &[Step], visit: &mut dyn FnMut(&Step)) {
    for step in steps {
        visit(step);
        if let Action::Group(inner) = &step.action {
            each(inner, visit);
        }
    }
}

/// Marks what is not wanted: a group when nothing inside is.
fn leave_out(steps: &mut [Step], wanted: &HashSet<usize>) {
    for step in steps {
        let left = match &mut step.action {
            Action::Group(inner) => {
                leave_out(inner, wanted);
                inner.iter().all(|step| step.left_out.is_some())
            }
            _ => !wanted.contains(&step.number),
        };
        step.left_out = left.then_some(NOT_SELECTED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        let check = |text: &str, pattern: &str, expected: bool| {
            assert_eq!(fits(text.as_bytes(), pattern.as_bytes()), expected, "{text} {pattern}");
        };
        check("Read the group", "read*", true);
        check("Read the group", "*group", true);
        check("Read the group", "*the*", true);
        check("Read the group", "Read the group", true);
        check("Read the group", "read", false);
        check("", "*", true);
        check("abcabd", "*abd", true);
        check("aaa", "a*b", false);
    }
}
