//! Scopes as a world writes them: short names of subscriptions become ids, and what a scope names must exist.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

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
    pub(super) fn add_subscription(&mut self, name: &str, id: &str) {
        self.names.push(name.to_owned());
        for key in [name, id] {
            self.subscriptions.insert(key.to_ascii_lowercase(), id.to_owned());
        }
    }

    pub(super) fn add_group(&mut self, subscription: &str, name: &str) {
        let groups = self.groups.entry(subscription.to_owned()).or_default();
        groups.insert(name.to_ascii_lowercase(), name.to_owned());
    }

    /// A text with the id in the place of a subscription's short name, if it is a path below one.
    pub(super) fn expanded(&self, text: &str) -> Option<String> {
        let rest = text.strip_prefix("/subscriptions/")?;
        let end = rest.find('/').unwrap_or(rest.len());
        let id = self.subscription(&rest[..end])?;
        Some(format!("/subscriptions/{id}{}", &rest[end..]))
    }

    /// Puts ids in the place of short names, in every text and every key of a value.
    pub(super) fn expand(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(expanded) = self.expanded(text) {
                    *text = expanded;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.expand(item)),
            Value::Object(members) => {
                for (name, mut value) in std::mem::take(members) {
                    self.expand(&mut value);
                    members.insert(self.expanded(&name).unwrap_or(name), value);
                }
            }
            _ => {}
        }
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
        sorted(self.groups.get(subscription).into_iter().flat_map(HashMap::values))
    }

    /// The scope that a text means. What is wrong with it stands in the diagnostics.
    pub(super) fn resolve(
        &self,
        text: &Spanned<String>,
        (sources, diagnostics): (&Sources, &mut Diagnostics),
    ) -> Option<Scope> {
        let found = Scope::parse(text).map_err(|why| Fault::Shape(why.to_string())).and_then(|scope| {
            let known = self.known(&scope)?;
            let is_there =
                known.segments().len() <= 4 || self.resources.contains(&known.to_string().to_ascii_lowercase());
            let last = scope.segments().len().saturating_sub(1);
            if is_there { Ok(known) } else { Err(Fault::Unknown("resource", last, Vec::new())) }
        });
        match found {
            Ok(scope) => Some(scope),
            Err(Fault::Shape(why)) => {
                diagnostics.invalid_value(text.span, text, &why);
                None
            }
            Err(Fault::Unknown(kind, at, known)) => {
                let (start, name) = segment(text, at);
                let span = yaml::locate(sources, text.span, text, start..start + name.len());
                diagnostics.unknown_reference(span, (kind, name), &known);
                None
            }
        }
    }

    /// A scope with its names replaced by ids, in the spelling of what exists.
    fn known(&self, scope: &Scope) -> Result<Scope, Fault<'_>> {
        const SHAPE: &str = "a scope is `/`, `/subscriptions/<name>`, below that `/resourceGroups/<name>`, below that \
                             `/providers/<provider>/<type>/<name>`, or \
                             `/providers/Microsoft.Management/managementGroups/<name>`";
        let shape = || Fault::Shape(SHAPE.to_owned());
        let segments = scope.segments();
        let is = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
        if segments.is_empty() {
            return Ok(Scope::root());
        }
        if is(0, "providers") && is(1, "Microsoft.Management") && is(2, "managementGroups") && segments.len() == 4 {
            let found = self.management_groups.get(&segments[3].to_ascii_lowercase());
            let name =
                found.ok_or_else(|| Fault::Unknown("management group", 3, sorted(self.management_groups.values())))?;
            return Ok(Scope::of(["providers", "Microsoft.Management", "managementGroups", name.as_str()]));
        }
        if !is(0, "subscriptions") || !segments.len().is_multiple_of(2) {
            return Err(shape());
        }
        let id = self.subscription(&segments[1]);
        let id = id.ok_or_else(|| Fault::Unknown("subscription", 1, self.subscriptions()))?;
        let mut known = segments.to_vec();
        id.clone_into(&mut known[1]);
        if is(2, "resourceGroups") {
            let name = self.groups.get(id).and_then(|groups| groups.get(&segments[3].to_ascii_lowercase()));
            let name = name.ok_or_else(|| Fault::Unknown("resource group", 3, self.groups(id)))?;
            "resourceGroups".clone_into(&mut known[2]);
            known[3].clone_from(name);
        } else if segments.len() > 2 && !is(2, "providers") {
            return Err(shape());
        }
        Ok(Scope::of(known))
    }
}

/// What is wrong with a scope.
enum Fault<'a> {
    /// It is not of the shape of one.
    Shape(String),
    /// It names something that does not exist: of what kind, which segment, and which there are.
    Unknown(&'static str, usize, Vec<&'a str>),
}

/// Where a segment of a path begins, and the segment.
fn segment(text: &str, at: usize) -> (usize, &str) {
    let start = text.match_indices('/').nth(at).map_or(0, |(slash, _)| slash + 1);
    (start, text[start..].split('/').next().unwrap_or_default().trim_end())
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "98f51385-2edc-4b79-bed9-7718de4cb861";

    #[test]
    fn short_names_become_ids_wherever_they_stand() {
        let mut scopes = Scopes::default();
        scopes.add_subscription("dev", ID);
        let mut value = json!({
            "/subscriptions/dev/resourceGroups/g": {"ids": ["/subscriptions/DEV", "/subscriptions/other", "dev"]},
            "n": 1,
        });
        scopes.expand(&mut value);
        let key = format!("/subscriptions/{ID}/resourceGroups/g");
        assert_eq!(
            value,
            json!({key: {"ids": [format!("/subscriptions/{ID}"), "/subscriptions/other", "dev"]}, "n": 1})
        );
    }

    #[test]
    fn segments_are_found_where_they_stand() {
        assert_eq!(segment("/subscriptions/dev/resourceGroups/g ", 1), (15, "dev"));
        assert_eq!(segment("/subscriptions/dev/resourceGroups/g ", 3), (34, "g"));
        assert_eq!(segment(" /a", 0), (2, "a"));
    }
}
