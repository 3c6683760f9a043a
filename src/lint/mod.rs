//! What a playbook says that is allowed and hardly meant: warnings for `mi-run check`, each with a code and a way to switch
//! it off where it stands.
//!
//! A lint looks at the plan of one file and pushes to [`Diagnostics`]; it would rather miss something than cry wolf. A
//! comment `# mi-run: allow(code)` switches one off, as the file `allow.rs` says.

mod access;
mod allow;
mod clouds;
mod ids;
mod judging;
mod requests;
mod secrets;
mod unused;

use std::collections::HashSet;
use std::time::SystemTime;

use crate::diagnostic::Diagnostics;
use crate::plan::{Action, Include, Plan, Request, Step};
use crate::source::{SourceId, Sources};

/// The codes of all lints.
pub const CODES: &[&str] = &[
    "cloud-mismatch",
    "either-way",
    "hand-made-link",
    "id-by-letters",
    "judges-nothing",
    "never-used",
    "no-api-version",
    "no-slash",
    "open-path",
    "preview-api-version",
    "secret-in-file",
    "spelled-otherwise",
    "unknown-action",
    "unknown-api-version",
    "unproven-denial",
    "waits-in-vain",
];

/// Looks at a playbook and at all that it includes, each file once. Secrets that are written out are masked in `sources`,
/// so that no excerpt shows them. `now` tells which dates are yet to come.
pub fn lint(plan: &Plan, sources: &mut Sources, (now, diagnostics): (SystemTime, &mut Diagnostics)) {
    let mut done = HashSet::new();
    one(plan, (true, now), (sources, &mut done), diagnostics);
}

fn one(
    plan: &Plan,
    (is_root, now): (bool, SystemTime),
    (sources, done): (&mut Sources, &mut HashSet<SourceId>),
    diagnostics: &mut Diagnostics,
) {
    if !done.insert(plan.source) {
        return;
    }
    let mut found = Diagnostics::new();
    access::lint(plan, &mut found);
    clouds::lint(plan, &mut found);
    ids::lint(plan, &mut found);
    judging::lint(plan, is_root, &mut found);
    requests::lint(plan, now, &mut found);
    unused::lint(plan, &mut found);
    let allowed = allow::Allowed::read(plan.source, sources);
    secrets::lint(plan, sources, &mut found);
    allowed.filter(found, sources, diagnostics);
    plan.each_include(&mut |include: &Include| one(&include.plan, (false, now), (sources, done), diagnostics));
}

/// Each step of a plan, those inside groups behind their group; with it, the one around it.
fn each_step<'p>(steps: &'p [Step], around: Option<&'p Step>, visit: &mut dyn FnMut(&'p Step, Option<&'p Step>)) {
    for step in steps {
        visit(step, around);
        if let Action::Group(inner) = &step.action {
            each_step(inner, Some(step), visit);
        }
    }
}

/// The URL as it is written.
fn written(request: &Request) -> &str {
    request.url.template.text().get(request.prefix..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::explain;

    #[test]
    fn every_lint_is_explained() {
        assert!(CODES.is_sorted());
        for code in CODES {
            assert!(explain::paragraph(code).is_some_and(|text| text.contains("allow(")), "{code}");
        }
    }
}
