//! The `assert` action: expressions that must hold.

use super::playbook::Playbook;
use super::progress::Progress;
use crate::template::Text;

impl Playbook<'_, '_> {
    /// Judges each expression.
    pub(super) fn assert(&self, list: &[Text], progress: &mut Progress) {
        for expression in list {
            let judged = self.that(expression, &*self.frame);
            progress.judged(judged);
        }
        if list.is_empty() {
            progress.step.notes.push("nothing is asserted".to_owned());
        }
    }
}
