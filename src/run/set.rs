//! The `set` action: variables that are computed.

use serde_json::Value;

use super::playbook::Playbook;
use super::progress::Progress;
use crate::template::Tree;

impl Playbook<'_, '_> {
    /// Computes each variable. One that cannot be computed does not keep the others from being told.
    pub(super) fn set(&self, set: &[(String, Tree)], progress: &mut Progress) -> Vec<(String, Value)> {
        let mut values = Vec::with_capacity(set.len());
        for (name, tree) in set {
            match tree.render(&*self.frame) {
                Ok(value) => values.push((name.clone(), value)),
                Err(misfit) => progress.misfit(self, &misfit),
            }
        }
        values
    }
}
