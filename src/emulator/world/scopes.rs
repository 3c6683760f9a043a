//! Scopes as a world writes them: short names of subscriptions become ids, and what a scope names must exist.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostics;
use crate::rbac::Scope;
use crate::source::{Sources, Spanned};
use crate::yaml;

/// What scopes can name.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    /// Ids of subscriptions by short name and by id, in lower case.
    subscriptions: HashMap<String, String>,
    /// The short names, in their order.
    names: Vec<String>,
    /// The resource groups of each subscription's id, by name in lower case.
    groups: HashMap<String, HashMap<String, String>>,
    /// Management groups by name in lower case.
    management_groups: HashMap<String, String>,
    /// The ids of resources, in lower case.
    resources: HashSet<String>,
}

impl Scopes {
    pub(super) fn add_subscription<'n>(&mut self, name: &str, id: &str, groups: impl Iterator<Item = &'n str>) {
        self.names.push(name.to_owned());
        for key in [name, id] {
            self.subscriptions.insert(key.to_ascii_lowercase(), id.to_owned());
        }
        let groups = groups.map(|name| (name.to_ascii_lowercase(), name.to_owned())).collect();
        self.groups.insert(id.to_owned(), groups);
    }

    pub(super) fn add_management_groups<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.management_groups.extend(names.map(|name| (name.to_ascii_lowercase(), name.to_owned())));
    }

    /// Adds a resource; whether it was not there before.
    pub(super) fn add_resource(&mut self, id: &str) -> bool {
        self.resources.insert(id.to_ascii_lowercase())
    }

    /// The id of the subscription that a short name or an id stands for.
    pub(super) fn subscription(&self, wanted: &str) -> Option<&str> {
        self.subscriptions.get(&wanted.to_ascii_lowercase()).map(String::as_str)
    }

    /// The short names of the subscriptions.
    pub(super) fn subscriptions(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Whether a subscription has a resource group.
    pub(super) fn has_group(&self, subscription: &str, name: &str) -> bool {
        self.groups.get(subscription).is_some_and(|groups| groups.contains_key(&name.to_ascii_lowercase()))
    }

    /// The names of the resource groups of a subscription.
    pub(super) fn groups(&self, subscription: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.groups.get(subscription).into_iter().flat_map(HashMap::values).map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The scope that a text means. What is wrong with it stands in the diagnostics.
    pub(super) fn resolve(
        &self,
        text: &Spanned<String>,
        (sources, diagnostics): (&Sources, &mut Diagnostics),
    ) -> Option<Scope> {
        let scope = match Scope::parse(text) {
            Ok(scope) => scope,
            Err(why) => {
                diagnostics.invalid_value(text.span, text, &why.to_string());
                return None;
            }
        };
        let segments = scope.segments();
        // The place of a segment inside the text.
        let place = |at: usize| {
            let start = text.len() - text.trim_start().len()
                + segments[..at].iter().map(|one| one.len() + 1).sum::<usize>()
                + 1;
            yaml::locate(sources, text.span, text, start..start + segments[at].len())
        };
        let is = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
        if segments.is_empty() {
            return Some(scope);
        }
        if is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups") && segments.len() == 4 {
            let Some(name) = self.management_groups.get(&segments[3].to_ascii_lowercase()) else {
                let mut known: Vec<&str> = self.management_groups.values().map(String::as_str).collect();
                known.sort_unstable();
                diagnostics.unknown_reference(place(3), ("management group", &segments[3]), &known);
                return None;
            };
            return Some(Scope::of(["providers", "Microsoft.Management", "managementGroups", name.as_str()]));
        }
        let shape = "a scope is `/`, `/subscriptions/<name>`, below that `/resourceGroups/<name>`, below that \
                     `/providers/<provider>/<type>/<name>`, or \
                     `/providers/Microsoft.Management/managementGroups/<name>`";
        if !is(0, "subscriptions") || segments.len() < 2 || !segments.len().is_multiple_of(2) {
            diagnostics.invalid_value(text.span, text, shape);
            return None;
        }
        let Some(id) = self.subscription(&segments[1]) else {
            diagnostics.unknown_reference(place(1), ("subscription", &segments[1]), &self.subscriptions());
            return None;
        };
        let mut resolved = segments.to_vec();
        id.clone_into(&mut resolved[1]);
        if is(2, "resourceGroups") {
            let groups = self.groups.get(id);
            let Some(name) = groups.and_then(|groups| groups.get(&segments[3].to_ascii_lowercase())) else {
                diagnostics.unknown_reference(place(3), ("resource group", &segments[3]), &self.groups(id));
                return None;
            };
            "resourceGroups".clone_into(&mut resolved[2]);
            resolved[3].clone_from(name);
        } else if segments.len() > 2 && !is(2, "providers") {
            diagnostics.invalid_value(text.span, text, shape);
            return None;
        }
        let scope = Scope::of(resolved);
        if segments.len() > 4 && !self.resources.contains(&scope.to_string().to_ascii_lowercase()) {
            diagnostics.unknown_reference(place(segments.len() - 1), ("resource", &segments[segments.len() - 1]), &[]);
            return None;
        }
        Some(scope)
    }
}
