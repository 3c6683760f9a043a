//! What changed from one run to another: what fails now, what was fixed, what is slower, and what access was gained or lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cause::causes;
use super::console::title;
use super::{difference, duration, told};
use crate::diagnostic::render::printable;
use crate::event::{Outcome, Record, Step};
use crate::rbac::{Algebra, Origin, Permission, PermissionSet};

/// From this factor on a step is slower, if it is by so many milliseconds too.
const FACTOR: f64 = 2.0;
const MARGIN: f64 = 1000.0;

/// What changed.
#[derive(Debug, Default)]
pub struct Changes {
    failing: Vec<(String, String)>,
    fixed: Vec<String>,
    slower: Vec<(String, f64, f64)>,
    added: Vec<String>,
    gone: Vec<String>,
    access: Vec<Access>,
}

/// What changed about the access of an identity at a scope.
#[derive(Debug)]
struct Access {
    whose: String,
    gained: Part,
    lost: Part,
}

/// What was gained or lost.
#[derive(Debug, Default)]
struct Part {
    text: String,
    json: Vec<Value>,
}

/// Steps by what they are called.
type Steps = BTreeMap<String, Step>;

impl Changes {
    /// Compares a run with one before it.
    pub fn between(old: &Record, new: &Record) -> Changes {
        let (before, after) = (steps(old), steps(new));
        let mut changes = Changes::default();
        for (name, step) in &after {
            let was = before.get(name);
            let is_bad = |step: &Step| step.outcome > Outcome::Passed;
            match was {
                None if !is_bad(step) => changes.added.push(name.clone()),
                Some(was) if is_bad(was) && step.outcome == Outcome::Passed => changes.fixed.push(name.clone()),
                Some(was) if is_bad(was) => {}
                _ if is_bad(step) => {
                    let cause = causes(step).into_iter().next();
                    let why = cause.map(|cause| [cause.title, cause.reason].join(": ")).unwrap_or_default();
                    changes.failing.push((name.clone(), why.trim_end_matches(": ").to_owned()));
                }
                Some(was) => {
                    let (slow, quick) = (step.duration_ms.0, was.duration_ms.0);
                    if slow >= quick * FACTOR && slow - quick >= MARGIN {
                        changes.slower.push((name.clone(), quick, slow));
                    }
                }
                None => {}
            }
        }
        changes.gone = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        changes.access = access(old, new);
        changes
    }

    /// Whether something is worse than before: something fails that did not, or access is not what it was.
    pub fn is_worse(&self) -> bool {
        !self.failing.is_empty() || !self.access.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut part = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = write!(text, "{gap}{title}\n{}", lines.concat());
            }
        };
        let line = |name: &String| format!("  {}\n", one_line(name));
        let failing = |(name, why): &(String, String)| format!("{}        {}\n", line(name), one_line(why));
        part("newly failing", self.failing.iter().map(failing).collect());
        part("fixed", self.fixed.iter().map(line).collect());
        let slower = |(name, quick, slow): &(String, f64, f64)| {
            format!("  {}  {} → {}\n", one_line(name), duration(*quick), duration(*slow))
        };
        part("slower", self.slower.iter().map(slower).collect());
        for (word, of) in [("gained", true), ("lost", false)] {
            for access in &self.access {
                let told = if of { &access.gained } else { &access.lost };
                let lines = told.text.lines().map(|line| format!("  {}\n", printable(line))).collect();
                part(&format!("access {word}: {}", one_line(&access.whose)), lines);
            }
        }
        part("new", self.added.iter().map(line).collect());
        part("gone", self.gone.iter().map(line).collect());
        if text.is_empty() { "nothing changed\n".to_owned() } else { text }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let failing = |(name, why): &(String, String)| json!({"step": name, "reason": why});
        let slower = |(name, quick, slow): &(String, f64, f64)| json!({"step": name, "old_ms": quick, "new_ms": slow});
        let access =
            |access: &Access| json!({"of": access.whose, "gained": access.gained.json, "lost": access.lost.json});
        json!({
            "newly_failing": self.failing.iter().map(failing).collect::<Vec<_>>(),
            "fixed": self.fixed,
            "slower": self.slower.iter().map(slower).collect::<Vec<_>>(),
            "access": self.access.iter().map(access).collect::<Vec<_>>(),
            "new": self.added,
            "gone": self.gone,
        })
    }
}

/// The steps of a run that are told; those of the same name in the same playbook are numbered.
fn steps(record: &Record) -> Steps {
    let mut found = Steps::new();
    for playbook in &record.playbooks {
        for step in told(&playbook.steps) {
            let name = format!("{} › {}", playbook.path, title(&step));
            let mut own = name.clone();
            let mut count = 1;
            while found.contains_key(&own) {
                count += 1;
                own = format!("{name} ({count})");
            }
            found.insert(own, step);
        }
    }
    found
}

/// What is known of access, by identity and scope: permissions, and single actions that were tried.
#[derive(Default)]
struct Known {
    set: Option<PermissionSet>,
    tried: BTreeMap<String, bool>,
}

fn access(old: &Record, new: &Record) -> Vec<Access> {
    let (before, after) = (known(old), known(new));
    let mut changes = Vec::new();
    for (whose, now) in &after {
        let Some(was) = before.get(whose) else { continue };
        let (mut gained, mut lost) = (Part::default(), Part::default());
        if let (Some(was), Some(now)) = (&was.set, &now.set) {
            gained = part(now, was);
            lost = part(was, now);
        }
        for (action, is_allowed) in &now.tried {
            let part = match was.tried.get(action) {
                Some(was) if was != is_allowed => {
                    if *is_allowed {
                        &mut gained
                    } else {
                        &mut lost
                    }
                }
                _ => continue,
            };
            let _ = writeln!(part.text, "{action}");
            part.json.push(json!({"pattern": action}));
        }
        if !gained.text.is_empty() || !lost.text.is_empty() {
            changes.push(Access { whose: whose.clone(), gained, lost });
        }
    }
    changes
}

/// What one set grants beyond another. What is too much to compare is told as such.
fn part(more: &PermissionSet, less: &PermissionSet) -> Part {
    match Algebra::built_in().difference(more, less) {
        Ok(found) if difference::is_empty(&found) => Part::default(),
        Ok(found) => Part {
            text: difference::text(&found),
            json: difference::json(&found).as_array().cloned().unwrap_or_default(),
        },
        Err(_) => Part { text: "too much to compare\n".to_owned(), json: Vec::new() },
    }
}

fn known(record: &Record) -> BTreeMap<String, Known> {
    let mut found: BTreeMap<String, Known> = BTreeMap::new();
    for step in record.playbooks.iter().flat_map(|playbook| told(&playbook.steps)) {
        let Some(access) = &step.access else { continue };
        let text = |pointer: &str| access.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = [text("/identity/name"), text("/identity/principal_id")].into_iter().find(|name| !name.is_empty());
        let whose = format!("{} at {}", name.unwrap_or("the identity"), text("/scope"));
        let known = found.entry(whose).or_default();
        if let Some(permissions) = read::<Vec<Permission>>(access.get("permissions")) {
            let mut set = PermissionSet::of(&permissions);
            for denial in access.get("deny_assignments").and_then(Value::as_array).into_iter().flatten() {
                let condition = denial.get("perhaps").and_then(Value::as_str).map(str::to_owned);
                let denied: Vec<Permission> = read(denial.get("permissions")).unwrap_or_default();
                set.deny(&denied, &Origin { condition, ..Origin::default() });
            }
            known.set = Some(set);
        }
        let verdict = step.assertions.iter().find(|one| matches!(&*one.subject, "allowed" | "denied"));
        let verdict = verdict.and_then(|verdict| verdict.actual.as_str());
        if let (Some(action), Some(verdict)) = (access.get("action").and_then(Value::as_str), verdict) {
            known.tried.insert(action.to_owned(), verdict == "allowed");
        }
    }
    found
}

fn read<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Option<T> {
    serde_json::from_value(value?.clone()).ok()
}

fn one_line(text: &str) -> String {
    printable(&text.lines().collect::<Vec<_>>().join(" "))
}
