//! Subscriptions with what is in them, management groups, the machine.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, json};

use super::{Resolver, Words};
use crate::emulator::guid::{derive, is_guid};
use crate::emulator::world::document::{self, Container, Thing};
use crate::emulator::world::{ManagementGroup, Resource, ResourceGroup, Subscription, Vm};
use crate::source::Span;
use crate::yaml::Named;

impl Resolver<'_> {
    pub(super) fn subscriptions(
        &mut self,
        named: Option<Named<Option<document::Subscription>>>,
        (tenant, fallback): (&str, &str),
    ) -> Vec<Subscription> {
        // All names first: what is in one subscription may name another.
        let mut known = Vec::new();
        for (name, one) in named.unwrap_or_default().0 {
            let one = one.unwrap_or_default();
            let id = self.id(one.id.as_ref(), &format!("subscription/{}", name.value));
            self.scopes.add_subscription(&name, &id);
            known.push((name, id, one));
        }
        let mut found = Vec::new();
        for (name, id, one) in known {
            // Several subscriptions may be of the same other tenant, so this id may come twice.
            if let Some(tenant) = one.tenant.as_ref().filter(|tenant| !is_guid(tenant)) {
                self.diagnostics.invalid_value(tenant.span, tenant, "the id of a tenant is a GUID");
            }
            let tenant = one.tenant.as_ref().map_or(tenant, |text| text.value.as_str()).to_owned();
            let mut groups = Vec::new();
            let mut names: HashSet<String> = HashSet::new();
            for (group, container) in one.resource_groups.unwrap_or_default().0 {
                if !names.insert(group.to_ascii_lowercase()) {
                    self.diagnostics.name_differs_by_case(group.span, &group, "resource group");
                }
                groups.push(self.resource_group(&id, &group, (container.unwrap_or_default(), fallback)));
            }
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

    pub(super) fn resource_group(
        &mut self,
        subscription: &str,
        name: &Words,
        (from, fallback): (Container, &str),
    ) -> ResourceGroup {
        self.scopes.add_group(subscription, name);
        let location = from.location.map_or_else(|| fallback.to_owned(), |text| text.value);
        let mut group = ResourceGroup {
            tags: tags(from.tags),
            managed_by: from.managed_by.map(|text| self.scopes.expanded(&text).unwrap_or(text.value)),
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

    pub(super) fn resource(&mut self, from: Thing, location: &str) -> Option<Resource> {
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
            body.extend(value.map(|mut value| {
                self.scopes.expand(&mut value.0);
                (key.to_owned(), value.0)
            }));
        }
        if from.tags.is_some() {
            body.insert("tags".to_owned(), json!(tags(from.tags)));
        }
        let mut properties = from.properties.map_or_else(|| json!({}), |value| value.0);
        self.scopes.expand(&mut properties);
        if let Some(members) = properties.as_object_mut() {
            members.entry("provisioningState").or_insert_with(|| "Succeeded".into());
        }
        body.insert("properties".to_owned(), properties);
        Some(Resource { kind: from.kind.value, name: from.name.value, body })
    }

    pub(super) fn management_groups(
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
    pub(super) fn no_circles(&mut self, groups: &[(Span, ManagementGroup)]) {
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
    pub(super) fn subscription(&mut self, wanted: &Words) -> Option<String> {
        let found = self.scopes.subscription(wanted).map(str::to_owned);
        if found.is_none() {
            self.diagnostics.unknown_reference(wanted.span, ("subscription", wanted), &self.scopes.subscriptions());
        }
        found
    }

    pub(super) fn machine(
        &mut self,
        from: Option<document::Machine>,
        subscriptions: &[Subscription],
        fallback: String,
    ) -> Vm {
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
}

fn tags(named: Option<Named<String>>) -> BTreeMap<String, String> {
    named.unwrap_or_default().0.into_iter().map(|(name, value)| (name.value, value)).collect()
}
