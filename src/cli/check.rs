//! `mi-run check`: everything that can be known without the network.

use std::collections::HashSet;
use std::path::Path;
use std::time::SystemTime;

use mi_run::diagnostic::{Diagnostics, Severity};
use mi_run::lint;
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
    let mut warned = false;
    let mut told = HashSet::new();
    for path in &args.playbooks {
        let mut found = Diagnostics::new();
        let plan = plan(path, &args.root, &mut sources, &mut found);
        if let Some(plan) = plan.filter(|_| !found.has_errors()) {
            lint::lint(&plan, &mut sources, (SystemTime::now(), &mut found));
            let steps = counted(plan.steps_inside(), "step");
            let warnings = found.count();
            let verdict = if warnings == 0 { "no problems".to_owned() } else { counted(warnings, "warning") };
            good.push_str(&format!("{}: {steps}, {verdict}\n", path.display()));
        }
        let left_out = found.left_out();
        // What several playbooks include is told once.
        for diagnostic in found.sorted() {
            let place = diagnostic.primary().map(|span| (sources.get(span.source).name().to_owned(), span.range()));
            if place.is_none() || told.insert((place, diagnostic.title.clone())) {
                warned |= diagnostic.severity == Severity::Warning;
                diagnostics.push(diagnostic);
            }
        }
        diagnostics.leave_out(left_out);
    }
    if !args.quiet {
        print(&good);
    }
    let bad = diagnostics.has_errors() || args.strict && warned;
    diagnose_all(diagnostics, &sources, args.look.color);
    if bad { Exit::Invalid } else { Exit::Passed }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The plan of a playbook and of all that it includes.
pub(crate) fn plan(path: &Path, root: &args::Root, sources: &mut Sources, found: &mut Diagnostics) -> Option<Plan> {
    let id = open(path, sources, found)?;
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let includes = match root.no_files {
        true => Includes::None,
        false => Includes::In(files::root(root.folder.as_deref(), path)),
    };
    let documents = plan::gather((id, &file), sources, &includes, found)?;
    Some(plan::build(documents, sources, found))
}
