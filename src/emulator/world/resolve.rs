//! From the document to the world: names become ids, what is left out is made from names, and every reference must lead
//! somewhere.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Map;

use super::document::{self, Container, Document, Thing};
use super::scopes::Scopes;
use super::{
    DenyAssignment, Group, Identity, Kind, Lock, ManagementGroup, PrincipalKind, Resource, ResourceGroup,
    RoleAssignment, Subscription, Vm, World, faults,
};
use crate::diagnostic::Diagnostics;
use crate::emulator::cloud::Cloud;
use crate::emulator::guid::{derive, is_guid};
use crate::rbac::{Assignment, Pattern, Permission, Role, Scope, catalogue};
use crate::source::{Sources, Span, Spanned};
use crate::yaml::Named;

type Words = Spanned<String>;

/// Makes the world of a document. What is wrong stands in the diagnostics.
pub(super) fn world(document: Document, sources: &Sources, diagnostics: &mut Diagnostics) -> World {
    let mut resolver = Resolver {
        sources,
        diagnostics,
        scopes: Scopes::default(),
        principals: HashMap::new(),
        roles: HashMap::new(),
        ids: HashMap::new(),
    };
    resolver.world(document)
}

struct Resolver<'a> {
    sources: &'a Sources,
    diagnostics: &'a mut Diagnostics,
    scopes: Scopes,
    /// Object ids and kinds by the names of identities and groups.
    principals: HashMap<String, (String, PrincipalKind)>,
    /// Roles that were looked up, by name or id in lower case.
    roles: HashMap<String, Arc<Role>>,
    /// Where each id was first given.
    ids: HashMap<String, Span>,
}

impl Resolver<'_> {
    fn world(&mut self, document: Document) -> World {
        let cloud = document.cloud.unwrap_or(Cloud::Public);
        let tenant = self.id(document.tenant.as_ref(), "tenant");
        let machine = document.vm;
        let location = machine.as_ref().and_then(|vm| vm.location.as_ref()).map(|text| text.value.clone());
        let fallback = location.unwrap_or_else(|| cloud.facts().regions[0].to_owned());
        let mut subscriptions = self.subscriptions(document.subscriptions, (&tenant, &fallback));
        let management_groups = self.management_groups(document.management_groups, &tenant, &mut subscriptions);
        let vm = self.machine(machine, &subscriptions, fallback);
        let mut assignments = Vec::new();
        let (identities, held) = self.identities(document.identities, &vm);
        let (groups, held_by_groups) = self.groups(document.groups);
        let host = document.host.unwrap_or_default();
        let mut world = World {
            cloud,
            tenant,
            host,
            vm,
            management_groups,
            subscriptions,
            roles: Vec::new(),
            identities,
            groups,
            assignments: Vec::new(),
            deny_assignments: Vec::new(),
            locks: Vec::new(),
            throttling: document.throttling.unwrap_or_default(),
            faults: faults::resolve(document.faults.unwrap_or_default(), self.diagnostics),
        };
        for identity in &world.identities {
            self.scopes.add_resource(&world.resource_id(identity));
        }
        self.scopes.add_resource(&world.host_id());
        world.roles = self.custom_roles(document.roles.unwrap_or_default(), &world.tenant);
        for (principal, one) in held.into_iter().chain(held_by_groups) {
            assignments.extend(self.assignment(principal, one));
        }
        world.assignments = assignments;
        world.deny_assignments = self.denials(document.deny_assignments.unwrap_or_default());
        world.locks = self.locks(document.locks.unwrap_or_default());
        world
    }

    /// An id that is given, else one that is made from a name.
    fn id(&mut self, given: Option<&Words>, name: &str) -> String {
        let Some(given) = given else {
            return derive(name.as_bytes());
        };
        if !is_guid(given) {
            self.diagnostics.invalid_value(
                given.span,
                given,
                "an id is a GUID, such as 98f51385-2edc-4b79-bed9-7718de4cb861",
            );
            return derive(name.as_bytes());
        }
        if let Some(first) = self.ids.insert(given.to_ascii_lowercase(), given.span) {
            self.diagnostics.id_taken(given.span, given, first);
        }
        given.value.clone()
    }

    fn subscriptions(
        &mut self,
        named: Option<Named<Option<document::Subscription>>>,
        (tenant, fallback): (&str, &str),
    ) -> Vec<Subscription> {
        let mut found = Vec::new();
        for (name, one) in named.unwrap_or_default().0 {
            let one = one.unwrap_or_default();
            let id = self.id(one.id.as_ref(), &format!("subscription/{}", name.value));
            // Several subscriptions may be of the same other tenant, so this id may come twice.
            let tenant = one.tenant.as_ref().map_or(tenant, |text| text.value.as_str()).to_owned();
            let mut groups = Vec::new();
            let mut names: HashSet<String> = HashSet::new();
            for (group, container) in one.resource_groups.unwrap_or_default().0 {
                if !names.insert(group.to_ascii_lowercase()) {
                    self.diagnostics.name_differs_by_case(group.span, &group, "resource group");
                }
                groups.push(self.resource_group(&id, &group, (container.unwrap_or_default(), fallback)));
            }
            self.scopes.add_subscription(&name, &id, groups.iter().map(|group| group.name.as_str()));
            found.push(Subscription {
                name: name.value,
                id,
                tenant,
                management_group: None,
                enabled: !one.disabled.unwrap_or_default(),
                tags: tags(one.tags),
                groups,
            });
        }
        found
    }

    fn resource_group(
        &mut self,
        subscription: &str,
        name: &Words,
        (from, fallback): (Container, &str),
    ) -> ResourceGroup {
        let location = from.location.map_or_else(|| fallback.to_owned(), |text| text.value);
        let mut group = ResourceGroup {
            tags: tags(from.tags),
            managed_by: from.managed_by.map(|text| text.value),
            ..ResourceGroup::new(name, &location)
        };
        let base = format!("/subscriptions/{subscription}/resourceGroups/{}", name.value);
        for thing in from.resources.unwrap_or_default() {
            let Some(resource) = self.resource(thing, &location) else { continue };
            if !self.scopes.add_resource(&resource.id_below(&base)) {
                let why = "this resource stands in its group already";
                self.diagnostics.invalid_value(name.span, &format!("{}/{}", resource.kind, resource.name), why);
            }
            group.resources.push(resource);
        }
        group
    }

    fn resource(&mut self, from: Thing, location: &str) -> Option<Resource> {
        let types = from.kind.split('/').count();
        if types < 2 || from.kind.split('/').any(str::is_empty) {
            let why = "a type is a provider and at least one word, such as `Microsoft.Compute/virtualMachines`";
            self.diagnostics.invalid_value(from.kind.span, &from.kind, why);
            return None;
        }
        if from.name.split('/').count() + 1 != types || from.name.split('/').any(str::is_empty) {
            let why = "a name has one segment for each word of the type behind the provider, such as `web-1/agent`";
            self.diagnostics.invalid_value(from.name.span, &from.name, why);
            return None;
        }
        let mut body = Map::new();
        let location = from.location.map_or_else(|| location.to_owned(), |text| text.value);
        body.insert("location".to_owned(), location.into());
        if let Some(variety) = from.variety {
            body.insert("kind".to_owned(), variety.value.into());
        }
        for (key, value) in [("sku", from.sku), ("identity", from.identity)] {
            body.extend(value.map(|value| (key.to_owned(), value.0)));
        }
        if from.tags.is_some() {
            body.insert("tags".to_owned(), serde_json::json!(tags(from.tags)));
        }
        let mut properties = from.properties.map_or_else(|| serde_json::json!({}), |value| value.0);
        if let Some(members) = properties.as_object_mut() {
            members.entry("provisioningState").or_insert_with(|| "Succeeded".into());
        }
        body.insert("properties".to_owned(), properties);
        Some(Resource { kind: from.kind.value, name: from.name.value, body })
    }

    fn management_groups(
        &mut self,
        named: Option<Named<Option<document::Management>>>,
        tenant: &str,
        subscriptions: &mut [Subscription],
    ) -> Vec<ManagementGroup> {
        let named = named.unwrap_or_default().0;
        let names: Vec<String> = named.iter().map(|(name, _)| name.value.clone()).collect();
        self.scopes.add_management_groups(names.iter().map(String::as_str).chain([tenant]));
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        for (name, one) in named {
            let one = one.unwrap_or_default();
            if let Some(parent) = &one.parent
                && !known.iter().any(|known| known.eq_ignore_ascii_case(parent))
            {
                self.diagnostics.unknown_reference(parent.span, ("management group", parent), &known);
            }
            for wanted in one.subscriptions.unwrap_or_default() {
                let Some(id) = self.subscription(&wanted) else { continue };
                let Some(subscription) = subscriptions.iter_mut().find(|one| one.id == id) else { continue };
                if subscription.management_group.replace(name.value.clone()).is_some() {
                    let why = "a subscription is in one management group only";
                    self.diagnostics.invalid_value(wanted.span, &wanted, why);
                }
            }
            found.push((
                name.span,
                ManagementGroup {
                    display_name: one.display_name.map_or_else(|| name.value.clone(), |text| text.value),
                    name: name.value,
                    parent: one.parent.map(|text| text.value),
                },
            ));
        }
        self.no_circles(&found);
        found.into_iter().map(|(_, group)| group).collect()
    }

    /// No management group may stand above itself.
    fn no_circles(&mut self, groups: &[(Span, ManagementGroup)]) {
        let parent = |name: &str| {
            let found = groups.iter().find(|(_, group)| group.name.eq_ignore_ascii_case(name));
            found.and_then(|(_, group)| group.parent.as_deref())
        };
        for (span, group) in groups {
            let above = std::iter::successors(parent(&group.name), |name| parent(name)).take(groups.len());
            if above.into_iter().any(|name| name.eq_ignore_ascii_case(&group.name)) {
                self.diagnostics.invalid_value(*span, &group.name, "a management group cannot stand above itself");
            }
        }
    }

    /// The id of the subscription that a short name or an id stands for.
    fn subscription(&mut self, wanted: &Words) -> Option<String> {
        let found = self.scopes.subscription(wanted).map(str::to_owned);
        if found.is_none() {
            self.diagnostics.unknown_reference(wanted.span, ("subscription", wanted), &self.scopes.subscriptions());
        }
        found
    }

    fn machine(&mut self, from: Option<document::Machine>, subscriptions: &[Subscription], fallback: String) -> Vm {
        let first = subscriptions.first().map_or_else(|| derive(b"subscription/dev"), |one| one.id.clone());
        let none = (None, None, None, None);
        let (name, wanted_group, wanted_subscription, location) =
            from.map_or(none, |from| (from.name, from.resource_group, from.subscription, from.location));
        let subscription = match &wanted_subscription {
            Some(wanted) => self.subscription(wanted).unwrap_or(first),
            None => first,
        };
        let groups = subscriptions.iter().find(|one| one.id == subscription).map_or(&[][..], |one| &one.groups);
        let group = match &wanted_group {
            None => groups.first(),
            Some(wanted) => {
                let found = groups.iter().find(|group| group.name.eq_ignore_ascii_case(wanted));
                if found.is_none() {
                    let known: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
                    self.diagnostics.unknown_reference(wanted.span, ("resource group", wanted), &known);
                }
                found
            }
        };
        let name = name.map_or_else(|| "vm-1".to_owned(), |text| text.value);
        Vm {
            id: derive(format!("vm/{name}").as_bytes()),
            name,
            subscription,
            resource_group: group.map_or_else(|| "rg".to_owned(), |group| group.name.clone()),
            location: location.map(|text| text.value).or(group.map(|group| group.location.clone())).unwrap_or(fallback),
        }
    }

    /// The identities, and what each of them holds.
    fn identities(
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
    fn groups(&mut self, named: Option<Named<Option<document::Group>>>) -> (Vec<Group>, Vec<(Holder, document::Held)>) {
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
            waiting.push((Group { name: name.value, object_id: id, members: Vec::new() }, one.members));
        }
        let found = waiting.into_iter().map(|(group, members)| Group { members: self.members(members), ..group });
        (found.collect(), held)
    }

    /// The object ids of the identities and groups of these names.
    fn members(&mut self, names: Option<Vec<Words>>) -> Vec<String> {
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

    fn custom_roles(&mut self, from: Vec<document::Custom>, tenant: &str) -> Vec<Arc<Role>> {
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
                permissions: vec![Permission {
                    actions: patterns(one.actions),
                    not_actions: patterns(one.not_actions),
                    data_actions: patterns(one.data_actions),
                    not_data_actions: patterns(one.not_data_actions),
                    condition: None,
                }],
            });
            for key in [&role.name, &role.id] {
                self.roles.insert(key.to_ascii_lowercase(), Arc::clone(&role));
            }
            found.push(role);
        }
        found
    }

    /// The role of this name or id: a custom one, else a built-in one.
    fn role(&mut self, wanted: &Words) -> Option<Arc<Role>> {
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

    fn scope(&mut self, text: &Words) -> Option<Scope> {
        self.scopes.resolve(text, (self.sources, self.diagnostics))
    }

    fn assignment(&mut self, (principal, principal_kind): Holder, one: document::Held) -> Option<RoleAssignment> {
        let (role, scope) = (self.role(&one.role), self.scope(&one.scope));
        let (role, scope) = (role?, scope?);
        Some(RoleAssignment {
            condition: one.condition.map(|text| text.value),
            description: one.description.map(|text| text.value),
            effective_after: one.effective_after.map(|period| period.0).unwrap_or_default(),
            ..RoleAssignment::new((&principal, principal_kind), Assignment { role, scope })
        })
    }

    fn denials(&mut self, from: Vec<document::Denial>) -> Vec<DenyAssignment> {
        let mut found = Vec::new();
        for one in from {
            let id = self.id(one.id.as_ref(), &format!("deny/{}", one.name.value));
            let (principals, excluded) = (self.members(one.principals), self.members(one.except));
            let Some(scope) = self.scope(&one.scope) else { continue };
            found.push(DenyAssignment {
                id,
                name: one.name.value,
                description: one.description.map(|text| text.value),
                permissions: vec![Permission {
                    actions: patterns(one.actions),
                    not_actions: patterns(one.not_actions),
                    data_actions: patterns(one.data_actions),
                    not_data_actions: patterns(one.not_data_actions),
                    condition: None,
                }],
                scope,
                own_scope_only: one.own_scope_only.unwrap_or_default(),
                principals,
                excluded,
            });
        }
        found
    }

    fn locks(&mut self, from: Vec<document::Locked>) -> Vec<Lock> {
        let lock = |one: document::Locked| {
            let scope = self.scope(&one.scope)?;
            Some(Lock { name: one.name.value, level: one.level, scope, notes: one.notes.map(|text| text.value) })
        };
        from.into_iter().filter_map(lock).collect()
    }
}

/// Who holds something: the object id, and what it is of.
type Holder = (String, PrincipalKind);

fn patterns(texts: Option<Vec<Words>>) -> Vec<Pattern> {
    texts.unwrap_or_default().iter().map(|text| Pattern::parse(text)).collect()
}

fn tags(named: Option<Named<String>>) -> BTreeMap<String, String> {
    named.unwrap_or_default().0.into_iter().map(|(name, value)| (name.value, value)).collect()
}
