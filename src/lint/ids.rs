//! Ids of Azure that are compared letter by letter. Azure itself does not: it writes `resourceGroups` in many ways, and in
//! the claims of tokens always `resourcegroups`.

use serde_json::Value;

use super::{each_step, written};
use crate::diagnostic::Diagnostics;
use crate::plan::{Action, Plan, Step, Subject};
use crate::predicate::Predicate;
use crate::source::Span;
use crate::template::Tree;

/// As Azure's reference spells it.
const SPELLED: &str = "resourceGroups";

pub(super) fn lint(plan: &Plan, diagnostics: &mut Diagnostics) {
    let mut each = |step: &Step, _: Option<&Step>| {
        let path = match &step.action {
            Action::Request(request) => Some((written(request), request.url.span)),
            Action::Access(access) => Some((access.scope.template.text(), access.scope.span)),
            _ => None,
        };
        if let Some((path, span)) = path {
            let found = path.split(['/', '?']).find(|part| part.eq_ignore_ascii_case(SPELLED) && *part != SPELLED);
            found.into_iter().for_each(|found| diagnostics.spelled_otherwise(span, found, SPELLED));
        }
        for assertion in &step.assertions {
            let predicate = match &assertion.subject {
                Subject::Json(_, predicate) | Subject::Claims(_, predicate) | Subject::Header(_, predicate) => {
                    predicate
                }
                _ => continue,
            };
            compared(predicate, assertion.span, diagnostics);
        }
    };
    each_step(&plan.steps, None, &mut each);
    each_step(&plan.cleanup, None, &mut each);
}

/// Finds ids in what is compared by its letters.
fn compared(predicate: &Predicate<Tree>, span: Span, diagnostics: &mut Diagnostics) {
    match predicate {
        Predicate::All(several) => several.iter().for_each(|one| compared(one, span, diagnostics)),
        Predicate::Not(inside) | Predicate::Every(inside) | Predicate::Any(inside) | Predicate::None(inside) => {
            compared(inside, span, diagnostics);
        }
        Predicate::Equals(tree)
        | Predicate::OneOf(tree)
        | Predicate::Contains(tree)
        | Predicate::StartsWith(tree)
        | Predicate::EndsWith(tree)
            if has_group(tree) =>
        {
            diagnostics.id_by_letters(span, predicate.name());
        }
        _ => {}
    }
}

/// Whether an id with a resource group in it stands in a value.
fn has_group(tree: &Tree) -> bool {
    let in_text = |text: &str| text.to_ascii_lowercase().contains("/resourcegroups/");
    fn in_value(value: &Value, in_text: &dyn Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => in_text(text),
            Value::Array(items) => items.iter().any(|item| in_value(item, in_text)),
            _ => false,
        }
    }
    match tree {
        Tree::Text(text) => in_text(text.template.text()),
        Tree::Value(value) => in_value(value, &in_text),
        Tree::List(items) => items.iter().any(has_group),
        Tree::Map(_) => false,
    }
}
