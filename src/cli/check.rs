//! `mi-run check`: everything that can be known without the network.

use std::path::Path;

use mi_run::diagnostic::Diagnostics;
use mi_run::source::Sources;
use mi_run::{plan, playbook};

use super::args;
use super::exit::Exit;
use super::files::open;
use super::terminal::{diagnose_all, print};

/// Checks playbooks and prints every problem.
pub(crate) fn check(args: &args::Check) -> Exit {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let mut good = String::new();
    for path in &args.playbooks {
        let mut found = Diagnostics::new();
        if let Some(steps) = steps(path, &mut sources, &mut found) {
            let word = if steps == 1 { "step" } else { "steps" };
            good.push_str(&format!("{}: {steps} {word}, no problems\n", path.display()));
        }
        found.sorted().into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
    }
    if !args.quiet {
        print(&good);
    }
    let bad = diagnostics.has_errors();
    diagnose_all(diagnostics, &sources, args.look.color);
    if bad { Exit::Invalid } else { Exit::Passed }
}

/// How many steps a playbook has, when nothing is wrong with it.
fn steps(path: &Path, sources: &mut Sources, found: &mut Diagnostics) -> Option<usize> {
    let id = open(path, sources, found)?;
    let document = playbook::read(id, sources, found)?;
    let plan = plan::build(id, document, sources, found);
    (!found.has_errors()).then_some(plan.steps.len())
}
