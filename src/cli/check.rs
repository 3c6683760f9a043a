//! `mi-run check`: everything that can be known without the network.

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
        if let Some(id) = open(path, &mut sources, &mut found) {
            if let Some(document) = playbook::read(id, &sources, &mut found) {
                let plan = plan::build(id, document, &sources, &mut found);
                if !found.has_errors() {
                    let steps = plan.steps.len();
                    let word = if steps == 1 { "step" } else { "steps" };
                    good.push_str(&format!("{}: {steps} {word}, no problems\n", path.display()));
                }
            }
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
