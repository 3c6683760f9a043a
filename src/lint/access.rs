//! Claims about actions that nobody knows: most likely they are misspelt, and then `cannot` holds for want of the thing.

use super::each_step;
use crate::diagnostic::Diagnostics;
use crate::plan::{Action, Plan, Says, Step};
use crate::rbac::{Doubt, Operations, Pattern};

pub(super) fn lint(plan: &Plan, diagnostics: &mut Diagnostics) {
    let mut each = |step: &Step, _: Option<&Step>| {
        let Action::Access(access) = &step.action else { return };
        for claim in &access.claims {
            let Says::Actions(text, plane, _) = &claim.says else { continue };
            let Some(written) = text.template.literal() else { continue };
            match Operations::built_in().doubt(&Pattern::parse(written), *plane) {
                Some(Doubt::OtherPlane) => diagnostics.action_of_other_plane(text.span, written, claim.key),
                Some(Doubt::Near(near)) => diagnostics.unknown_action(text.span, written, Some(&near)),
                Some(Doubt::Unknown) => diagnostics.unknown_action(text.span, written, None),
                None => {}
            }
        }
    };
    each_step(&plan.steps, None, &mut each);
    each_step(&plan.cleanup, None, &mut each);
}
