//! Names that nothing uses: inputs, variables, captures.

use std::collections::HashSet;

use super::each_step;
use crate::diagnostic::Diagnostics;
use crate::plan::Plan;

pub(super) fn lint(plan: &Plan, diagnostics: &mut Diagnostics) {
    let mut used: HashSet<String> = HashSet::new();
    plan.each_text(&mut |text| used.extend(text.template.names().iter().map(|name| name.name.clone())));
    for input in plan.inputs.iter().filter(|input| !used.contains(input.name.as_str())) {
        diagnostics.never_used(input.span, "input", &input.name);
    }
    for var in plan.vars.iter().filter(|var| !used.contains(var.name.as_str())) {
        diagnostics.never_used(var.span, "variable", &var.name);
    }
    each_step(&plan.steps, None, &mut |step, _| {
        // What is captured as secret is captured so that it is not shown.
        let captures = step.captures.iter().filter(|capture| !capture.secret && !used.contains(capture.name.as_str()));
        captures.for_each(|capture| diagnostics.never_used(capture.span, "capture", &capture.name));
    });
}
