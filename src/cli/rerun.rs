//! What of a run did not pass, run again.

use std::path::PathBuf;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::event::{Outcome, Playbook, Record, Steps};
use mi_run::plan::{Plan, Selection};

use super::exit::Exit;
use super::terminal::complain;

/// The playbooks in which something did not pass.
pub(crate) fn playbooks(before: &Record) -> Vec<PathBuf> {
    before.playbooks.iter().filter(|playbook| is_bad(playbook)).map(|playbook| PathBuf::from(&*playbook.path)).collect()
}

/// Says that nothing is left to run.
pub(crate) fn nothing() -> Exit {
    complain("all of it passed then: there is nothing to run again\n");
    Exit::Passed
}

/// Leaves only what did not pass then, and what that needs.
pub(crate) fn select(before: &Record, plans: &mut Vec<(Plan, PathBuf)>, usage: &mut Diagnostics) {
    plans.retain_mut(|(plan, path)| {
        let shown = path.display().to_string();
        let own: Vec<&Playbook> = before.playbooks.iter().filter(|playbook| *playbook.path == *shown).collect();
        if own.is_empty() {
            let title = format!("`{shown}` is not in the report");
            usage.push(Diagnostic::warning("not-in-report", title).help("all of it is run"));
            return true;
        }
        let bad: Vec<&Playbook> = own.into_iter().filter(|playbook| is_bad(playbook)).collect();
        let mut ways = Vec::new();
        bad.iter().for_each(|playbook| unmet(&playbook.steps, &[], &mut ways));
        ways.dedup();
        if ways.is_empty() {
            // What it gives to its caller went wrong: that takes all of it.
            return !bad.is_empty();
        }
        let selection = Selection::at(ways);
        for way in selection.astray(plan) {
            let title = format!("the step `{}` of the report is not in `{shown}` any more", way.join(" › "));
            usage.push(Diagnostic::warning("not-in-report", title));
        }
        selection.apply(plan);
        true
    });
}

fn is_bad(playbook: &Playbook) -> bool {
    let mut ways = Vec::new();
    unmet(&playbook.steps, &[], &mut ways);
    playbook.outcome > Outcome::Passed || !ways.is_empty()
}

/// The ways to the steps that did not pass. One that was skipped for want of another is one of them.
fn unmet(steps: &Steps, around: &[String], ways: &mut Vec<Vec<String>>) {
    for step in steps.iter().filter(|step| step.phase != "cleanup") {
        let way: Vec<String> = around.iter().cloned().chain([step.id.clone()]).collect();
        match step.outcome {
            Outcome::Passed => {}
            Outcome::Skipped if step.was_left_out() => {}
            _ if step.steps.is_empty() => ways.push(way),
            _ => unmet(&step.steps, &way, ways),
        }
    }
}
