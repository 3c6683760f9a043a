//! Identities, groups, roles, and who holds what.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Resolver, Words};
use crate::emulator::guid::is_guid;
use crate::emulator::world::{
    DenyAssignment, Group, Identity, Kind, Lock, PrincipalKind, RoleAssignment, Vm, document,
};
use crate::rbac::{Assignment, Pattern, Permission, Role, Scope, catalogue};
use crate::secret::Secret;
use crate::source::Span;
use crate::yaml::Named;

/// Who holds something: the object id, and what it is of.
type Holder = (String, PrincipalKind);

impl Resolver<'_> {
    /// The identities, and what each of them holds.
    pub(super) fn identities(
        &mut self,
        named: Option<Named<Option<document::Identity>>>,
        vm: &Vm,
    ) -> (Vec<Identity>, Vec<(Holder, document::Held)>) {
        let (mut found, mut held) = (Vec::new(), Vec::new());
        let mut system: Option<Span> = None;
        for (name, one) in named.unwrap_or_default().0 {
            let one = one.unwrap_or_default();
            let kind = one.kind.unwrap_or(if name.value == "system" { Kind::System } else { Kind::User });
            if kind == Kind::System
                && let Some(first) = system.replace(name.span)
            {
                self.diagnostics.exclusive_keys(name.span, first, "a machine has one system-assigned identity only");
            }
            let made = Identity::new(&name, kind);
            let client_id = one.client_id.as_ref().map(|given| self.id(Some(given), &name));
            let object_id = one.object_id.as_ref().map(|given| self.id(Some(given), &name));
            let own = one.subscription.is_some() || one.resource_group.is_some();
            let resource_id = (kind == Kind::User && own).then(|| {
                let subscription = one.subscription.as_ref().and_then(|wanted| self.subscription(wanted));
                let subscription = subscription.unwrap_or_else(|| vm.subscription.clone());
                let group = one.resource_group.as_ref().map_or(&vm.resource_group, |text| &text.value);
                if let Some(wanted) = &one.resource_group
                    && !self.scopes.has_group(&subscription, wanted)
                {
                    let known = self.scopes.groups(&subscription);
                    self.diagnostics.unknown_reference(wanted.span, ("resource group", wanted), &known);
                }
                let kind = ["providers", "Microsoft.ManagedIdentity", "userAssignedIdentities"];
                let start = ["subscriptions", &subscription, "resourceGroups", group];
                Scope::of(start.into_iter().chain(kind).chain([name.value.as_str()]))
            });
            let identity = Identity {
                attached: one.attached.unwrap_or(true),
                client_id: client_id.unwrap_or(made.client_id),
                object_id: object_id.unwrap_or(made.object_id),
                resource_id,
                subject: one.subject.map(|text| text.value),
                client_secret: one.client_secret.map(|text| Secret::new(text.value)),
                name: made.name,
                kind,
            };
            let holder = (identity.object_id.clone(), PrincipalKind::ServicePrincipal);
            held.extend(one.assignments.unwrap_or_default().into_iter().map(|one| (holder.clone(), one)));
            self.principals.insert(identity.name.clone(), holder);
            found.push(identity);
        }
        (found, held)
    }

    /// The groups of the directory, and what each of them holds.
    pub(super) fn groups(
        &mut self,
        named: Option<Named<Option<document::Group>>>,
    ) -> (Vec<Group>, Vec<(Holder, document::Held)>) {
        let (mut waiting, mut held) = (Vec::new(), Vec::new());
        for (name, one) in named.unwrap_or_default().0 {
            let one = one.unwrap_or_default();
            let id = self.id(one.id.as_ref(), &format!("group/{}", name.value));
            let holder = (id.clone(), PrincipalKind::Group);
            held.extend(one.assignments.unwrap_or_default().into_iter().map(|one| (holder.clone(), one)));
            if self.principals.insert(name.value.clone(), holder).is_some() {
                let why = "an identity has this name already, and members are told by name";
                self.diagnostics.invalid_value(name.span, &name, why);
            }
            let effective_after = one.effective_after.map(|period| period.0).unwrap_or_default();
            let group = Group { name: name.value, object_id: id, members: Vec::new(), effective_after };
            waiting.push((group, one.members));
        }
        let found = waiting.into_iter().map(|(group, members)| Group { members: self.members(members), ..group });
        (found.collect(), held)
    }

    /// The object ids of the identities and groups of these names.
    pub(super) fn members(&mut self, names: Option<Vec<Words>>) -> Vec<String> {
        let mut ids = Vec::new();
        for name in names.unwrap_or_default() {
            match self.principals.get(&name.value) {
                Some((id, _)) => ids.push(id.clone()),
                None if is_guid(&name) => ids.push(name.value),
                None => {
                    let mut known: Vec<&str> = self.principals.keys().map(String::as_str).collect();
                    known.sort_unstable();
                    self.diagnostics.unknown_reference(name.span, ("identity or group", &name), &known);
                }
            }
        }
        ids
    }

    pub(super) fn custom_roles(&mut self, from: Vec<document::Custom>, tenant: &str) -> Vec<Arc<Role>> {
        let mut found = Vec::new();
        let mut names: HashMap<String, Span> = HashMap::new();
        for one in from {
            if let Some(first) = names.insert(one.name.to_ascii_lowercase(), one.name.span) {
                self.diagnostics.exclusive_keys(one.name.span, first, "two roles have this name");
            }
            let id = self.id(one.id.as_ref(), &format!("role/{}", one.name.value));
            let scopes = one.assignable_scopes.unwrap_or_default();
            let mut assignable: Vec<String> =
                scopes.iter().filter_map(|text| self.scope(text)).map(|scope| scope.to_string()).collect();
            if assignable.is_empty() {
                assignable.push(format!("/providers/Microsoft.Management/managementGroups/{tenant}"));
            }
            let role = Arc::new(Role {
                id,
                name: one.name.value,
                description: one.description.map(|text| text.value).unwrap_or_default(),
                custom: true,
                assignable_scopes: assignable,
                permissions: vec![permission([one.actions, one.not_actions, one.data_actions, one.not_data_actions])],
            });
            for key in [&role.name, &role.id] {
                self.roles.insert(key.to_ascii_lowercase(), Arc::clone(&role));
            }
            found.push(role);
        }
        found
    }

    /// The role of this name or id: a custom one, else a built-in one.
    pub(super) fn role(&mut self, wanted: &Words) -> Option<Arc<Role>> {
        let key = wanted.trim().to_ascii_lowercase();
        if let Some(found) = self.roles.get(&key) {
            return Some(Arc::clone(found));
        }
        match Role::built_in(wanted) {
            Some(found) => {
                self.roles.insert(key, Arc::clone(&found));
                Some(found)
            }
            None => {
                let custom = self.roles.values().map(|role| role.name.as_str());
                let known: Vec<&str> = custom.chain(catalogue().iter().map(|role| role.name.as_str())).collect();
                self.diagnostics.unknown_role(wanted.span, wanted, &known);
                None
            }
        }
    }

    pub(super) fn assignment(
        &mut self,
        (principal, principal_kind): Holder,
        one: document::Held,
    ) -> Option<RoleAssignment> {
        let (role, scope) = (self.role(&one.role), self.scope(&one.scope));
        let (role, scope) = (role?, scope?);
        Some(RoleAssignment {
            condition: one.condition.map(|text| text.value),
            description: one.description.map(|text| text.value),
            effective_after: one.effective_after.map(|period| period.0).unwrap_or_default(),
            ..RoleAssignment::new((&principal, principal_kind), Assignment { role, scope })
        })
    }

    pub(super) fn denials(&mut self, from: Vec<document::Denial>) -> Vec<DenyAssignment> {
        let mut found = Vec::new();
        for one in from {
            let id = self.id(one.id.as_ref(), &format!("deny/{}", one.name.value));
            let (principals, excluded) = (self.members(one.principals), self.members(one.except));
            let Some(scope) = self.scope(&one.scope) else { continue };
            found.push(DenyAssignment {
                id,
                name: one.name.value,
                description: one.description.map(|text| text.value),
                permissions: vec![permission([one.actions, one.not_actions, one.data_actions, one.not_data_actions])],
                scope,
                own_scope_only: one.own_scope_only.unwrap_or_default(),
                principals,
                excluded,
            });
        }
        found
    }

    pub(super) fn locks(&mut self, from: Vec<document::Locked>) -> Vec<Lock> {
        let lock = |one: document::Locked| {
            let scope = self.scope(&one.scope)?;
            Some(Lock { name: one.name.value, level: one.level, scope, notes: one.notes.map(|text| text.value) })
        };
        from.into_iter().filter_map(lock).collect()
    }
}

/// A permission entry of its four lists, in their usual order.
fn permission(lists: [Option<Vec<Words>>; 4]) -> Permission {
    let patterns = |texts: Option<Vec<Words>>| -> Vec<Pattern> {
        texts.unwrap_or_default().iter().map(|text| Pattern::parse(text)).collect()
    };
    let [actions, not_actions, data_actions, not_data_actions] = lists.map(patterns);
    Permission { actions, not_actions, data_actions, not_data_actions, condition: None }
}
