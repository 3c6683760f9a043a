//! The sets that `at_most`, `at_least` and `exactly` compare with, and the roles they name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Asker;
use crate::azure::permissions;
use crate::diagnostic::Diagnostic;
use crate::nearest::nearest;
use crate::plan::{Bound, Claim};
use crate::rbac::{Origin, Pattern, Permission, PermissionSet, Role, catalogue};
use crate::run::mishap;
use crate::run::playbook::Playbook;
use crate::run::progress::Progress;

impl Playbook<'_, '_> {
    /// The set that is compared with, and how it is told.
    pub(super) async fn bound(
        &self,
        asker: &Asker<'_>,
        bound: &Bound,
        claim: &Claim,
        progress: &mut Progress,
    ) -> Option<(Value, PermissionSet)> {
        match bound {
            Bound::Roles(names) => {
                let (mut shown, mut set) = (Vec::new(), PermissionSet::new());
                for name in names {
                    let name = self.rendered(name, progress)?;
                    let role = self.role(asker, &name, claim, progress).await?;
                    set.grant(&role.permissions, &Origin { role: Some(Arc::clone(&role)), ..Origin::default() });
                    shown.push(Value::from(role.name.clone()));
                }
                Some((if shown.len() == 1 { shown.remove(0) } else { Value::Array(shown) }, set))
            }
            Bound::Set(lists) => {
                let mut patterns = Vec::with_capacity(4);
                for list in lists {
                    let mut own = Vec::with_capacity(list.len());
                    for text in list {
                        let named = self.patterns(text, progress)?;
                        own.extend(named.iter().map(|pattern| Pattern::parse(pattern)));
                    }
                    patterns.push(own);
                }
                let mut next = patterns.into_iter();
                let mut take = || next.next().unwrap_or_default();
                let permission = Permission {
                    actions: take(),
                    not_actions: take(),
                    data_actions: take(),
                    not_data_actions: take(),
                    condition: None,
                };
                Some((json!(permission), PermissionSet::of(&[permission])))
            }
        }
    }

    /// A role by its name or id: a built-in one, else one that the scope knows.
    async fn role(&self, asker: &Asker<'_>, name: &str, claim: &Claim, progress: &mut Progress) -> Option<Arc<Role>> {
        if let Some(role) = Role::built_in(name) {
            return Some(role);
        }
        let reply = self.ask(asker, &permissions::definitions(name), progress).await?;
        if let Some(role) = reply.document().and_then(permissions::role) {
            return Some(Arc::new(role));
        }
        let near = nearest(name, catalogue().iter().map(|role| role.name.as_str()));
        let title = format!("there is no role `{}` at this scope", name.escape_debug());
        let diagnostic = Diagnostic::error("unknown-role", title).at(claim.span, "compared with here");
        let said = (reply.status != 200).then(|| format!("custom roles cannot be read: status {}", reply.status));
        let diagnostic = said.into_iter().chain(mishap::azure_says(&reply)).fold(diagnostic, Diagnostic::note);
        let help = near.map(|near| format!("a built-in role has a similar name: `{near}`"));
        progress.errored(self, diagnostic.maybe_help(help));
        None
    }
}
