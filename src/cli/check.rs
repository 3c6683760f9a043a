//! `mi-run check`: everything that can be known without the network.

use std::path::Path;

use mi_run::diagnostic::Diagnostics;
use mi_run::plan::{self, Plan};
use mi_run::source::Sources;

use super::args;
use super::exit::Exit;
use super::files::{self, Includes, open};
use super::terminal::{diagnose_all, print};

/// Checks playbooks and prints every problem.
pub(crate) fn check(args: &args::Check) -> Exit {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let mut good = String::new();
    for path in &args.playbooks {
        let mut found = Diagnostics::new();
        if let Some(steps) = steps(path, args.root.folder.as_deref(), &mut sources, &mut found) {
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
fn steps(path: &Path, root: Option<&Path>, sources: &mut Sources, found: &mut Diagnostics) -> Option<usize> {
    let plan = plan(path, root, sources, found)?;
    (!found.has_errors()).then(|| plan.steps_inside())
}

/// The plan of a playbook and of all that it includes.
pub(crate) fn plan(path: &Path, root: Option<&Path>, sources: &mut Sources, found: &mut Diagnostics) -> Option<Plan> {
    let id = open(path, sources, found)?;
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let includes = Includes { root: files::root(root, path) };
    let documents = plan::gather((id, &file), sources, &includes, found)?;
    Some(plan::build(documents, sources, found))
}
