//! The `assert` action: expressions that must hold.

use serde_json::Value;

use super::playbook::{Playbook, Progress};
use crate::template::Text;

impl Playbook<'_, '_> {
    /// Judges each expression.
    pub(super) fn assert(&self, list: &[Text], progress: &mut Progress) {
        for expression in list {
            let judged = self.that("that", expression, &self.frame);
            progress.judged(judged);
        }
        if list.is_empty() {
            progress.step.notes.push("nothing is asserted".to_owned());
        }
    }
}

/// The text of an expression, as assertions show what was expected.
pub(super) fn expected(expression: &Text) -> Value {
    Value::String(expression.template.text().trim().to_owned())
}
