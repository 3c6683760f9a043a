//! The tree of what exists: management groups, subscriptions, resource groups, resources.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::world::{self, Kind, LockLevel, ManagementGroup, World};
use crate::rbac::Scope;

/// Everything that exists, found by its id whatever its case.
#[derive(Debug)]
pub(crate) struct Tree {
    tenant: String,
    management_groups: BTreeMap<String, ManagementGroup>,
    subscriptions: BTreeMap<String, Subscription>,
    /// Keyed by the whole id in lower case, so that what lies below an id follows it.
    resources: BTreeMap<String, Resource>,
}

/// A subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) management_group: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tags: BTreeMap<String, String>,
    /// Keyed by the name in lower case.
    pub(crate) groups: BTreeMap<String, Group>,
}

/// A resource group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) provisioning_state: String,
    pub(crate) managed_by: Option<String>,
}

/// A resource of any provider, extension resources included.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// The id, in the spelling it was created with.
    pub(crate) id: String,
    /// The last segment of the id.
    pub(crate) name: String,
    /// The whole type.
    pub(crate) kind: String,
    /// What else it says; never `id`, `name` and `type`.
    pub(crate) body: Map<String, Value>,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
}

impl Tree {
    pub(crate) fn of(world: &World, now: Timestamp) -> Tree {
        let mut tree = Tree {
            tenant: world.tenant.clone(),
            management_groups: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            resources: BTreeMap::new(),
        };
        for group in &world.management_groups {
            tree.management_groups.insert(group.name.to_ascii_lowercase(), group.clone());
        }
        for subscription in &world.subscriptions {
            tree.plant(subscription, now);
        }
        tree.plant_identities(world, now);
        for lock in &world.locks {
            tree.insert(Resource::lock(lock, now));
        }
        tree
    }

    fn plant(&mut self, from: &world::Subscription, now: Timestamp) {
        let mut groups = BTreeMap::new();
        for group in &from.groups {
            let base = format!("/subscriptions/{}/resourceGroups/{}", from.id, group.name);
            for resource in &group.resources {
                self.insert(Resource::of(resource, &base, now));
            }
            groups.insert(group.name.to_ascii_lowercase(), Group::of(group));
        }
        let subscription = Subscription {
            name: from.name.clone(),
            id: from.id.clone(),
            tenant: from.tenant.clone(),
            management_group: from.management_group.clone(),
            enabled: from.enabled,
            tags: from.tags.clone(),
            groups,
        };
        self.subscriptions.insert(from.id.to_ascii_lowercase(), subscription);
    }

    /// Puts the host and the user-assigned identities among the resources, as far as their groups exist.
    fn plant_identities(&mut self, world: &World, now: Timestamp) {
        let location = world.vm.location.as_str();
        let mut add = |id: String, kind: &str, body: Value| {
            let id = id.replacen("/resourcegroups/", "/resourceGroups/", 1);
            let mut segments = id.split('/').skip(2).step_by(2);
            let (subscription, group) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
            let exists = self.subscription(subscription).is_some_and(|found| found.group(group).is_some());
            let body = body.as_object().cloned().filter(|_| exists && self.resource(&id).is_none());
            if let Some(body) = body {
                let name = id.rsplit('/').next().unwrap_or_default().to_owned();
                self.insert(Resource { id, name, kind: kind.to_owned(), body, created: now, changed: now });
            }
        };
        for identity in world.identities.iter().filter(|identity| identity.kind == Kind::User) {
            let properties = json!({
                "tenantId": world.tenant, "principalId": identity.object_id, "clientId": identity.client_id,
            });
            let body = json!({"location": location, "tags": {}, "properties": properties});
            add(world.resource_id(identity), "Microsoft.ManagedIdentity/userAssignedIdentities", body);
        }
        let body = json!({"location": location, "properties": {"provisioningState": "Succeeded", "vmId": world.vm.id}});
        add(world.host_id(), world.host.resource_type(), body);
    }

    /// The subscription with this id.
    pub(crate) fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.get(&id.to_ascii_lowercase())
    }

    /// The subscription with this id, to change it.
    pub(crate) fn subscription_mut(&mut self, id: &str) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(&id.to_ascii_lowercase())
    }

    /// All subscriptions, by id.
    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values()
    }

    /// The management group with this name.
    pub(crate) fn management_group(&self, name: &str) -> Option<&ManagementGroup> {
        self.management_groups.get(&name.to_ascii_lowercase())
    }

    /// The resource with this id.
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.get(&id.to_ascii_lowercase())
    }

    /// The resource with this id, to change it.
    pub(crate) fn resource_mut(&mut self, id: &str) -> Option<&mut Resource> {
        self.resources.get_mut(&id.to_ascii_lowercase())
    }

    /// All management groups, by name.
    pub(crate) fn management_groups(&self) -> impl Iterator<Item = &ManagementGroup> {
        self.management_groups.values()
    }

    /// Puts a resource where its id says; what was there before is given back.
    pub(crate) fn insert(&mut self, resource: Resource) -> Option<Resource> {
        self.resources.insert(resource.id.to_ascii_lowercase(), resource)
    }

    /// Takes a resource away, with everything below it.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Resource> {
        let key = id.to_ascii_lowercase();
        let below: Vec<String> = self.below(&key).map(|(key, _)| key.clone()).collect();
        for key in below {
            self.resources.remove(&key);
        }
        self.resources.remove(&key)
    }

    /// The resources below an id, by id.
    pub(crate) fn below(&self, id: &str) -> Range<'_, String, Resource> {
        let base = id.to_ascii_lowercase();
        // The character after the slash ends the range of everything that begins with one.
        let (from, to) = (format!("{base}/"), format!("{base}0"));
        self.resources.range::<String, _>((Bound::Included(from), Bound::Excluded(to)))
    }

    /// A scope and all above it, management groups included, up to the root.
    pub(crate) fn chain(&self, scope: &Scope) -> Vec<Scope> {
        let mut chain = Vec::new();
        for scope in scope.chain() {
            if scope.segments().is_empty() {
                let lowest: Option<&Scope> = chain.last();
                let groups = lowest.map(|lowest| self.management_above(lowest)).unwrap_or_default();
                chain.extend(groups);
            }
            chain.push(scope);
        }
        chain
    }

    /// The management groups above a scope that has nothing but the root above it otherwise.
    fn management_above(&self, scope: &Scope) -> Vec<Scope> {
        let (mut next, own) = match scope.segments() {
            [kind, id, ..] if kind.eq_ignore_ascii_case("subscriptions") => {
                (self.subscription(id).and_then(|one| one.management_group.clone()), None)
            }
            [_, _, _, name, ..] if management_scope("x").contains_kind(scope) => {
                (self.management_group(name).and_then(|one| one.parent.clone()), Some(name.as_str()))
            }
            _ => return Vec::new(),
        };
        let mut above = Vec::new();
        while let Some(group) = next.as_deref().and_then(|name| self.management_group(name)) {
            // A circle in the data must not hold a request up.
            if above.len() > self.management_groups.len() {
                break;
            }
            above.push(management_scope(&group.name));
            next.clone_from(&group.parent);
        }
        if !own.is_some_and(|name| name.eq_ignore_ascii_case(&self.tenant)) {
            above.push(management_scope(&self.tenant));
        }
        above
    }
}

/// The scope of a management group.
pub(crate) fn management_scope(name: &str) -> Scope {
    Scope::of(["providers", "Microsoft.Management", "managementGroups", name])
}

impl Scope {
    /// Whether another scope is of the same kind as this management group, whatever its name.
    fn contains_kind(&self, other: &Scope) -> bool {
        self.segments().iter().zip(other.segments()).take(3).all(|(mine, theirs)| mine.eq_ignore_ascii_case(theirs))
    }
}

impl Subscription {
    /// The resource group with this name.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(&name.to_ascii_lowercase())
    }

    /// The scope of the subscription.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of(["subscriptions", self.id.as_str()])
    }

    /// The scope of one of its groups.
    pub(crate) fn scope_of(&self, group: &Group) -> Scope {
        Scope::of(["subscriptions", self.id.as_str(), "resourceGroups", group.name.as_str()])
    }
}

impl Group {
    fn of(from: &world::ResourceGroup) -> Group {
        Group {
            name: from.name.clone(),
            location: from.location.clone(),
            tags: from.tags.clone(),
            provisioning_state: from.provisioning_state.clone(),
            managed_by: from.managed_by.clone(),
        }
    }
}

impl Resource {
    /// A resource of the world, below the id of its resource group.
    fn of(from: &world::Resource, base: &str, now: Timestamp) -> Resource {
        Resource {
            name: from.name.rsplit('/').next().unwrap_or_default().to_owned(),
            kind: from.kind.clone(),
            id: from.id_below(base),
            body: from.body.clone(),
            created: now,
            changed: now,
        }
    }
}

impl Resource {
    /// A lock of the world.
    fn lock(from: &world::Lock, now: Timestamp) -> Resource {
        let level = match from.level {
            LockLevel::CanNotDelete => "CanNotDelete",
            LockLevel::ReadOnly => "ReadOnly",
        };
        let mut properties = json!({"level": level});
        if let Some(notes) = &from.notes {
            properties["notes"] = notes.as_str().into();
        }
        let scope = from.scope.to_string();
        Resource {
            id: format!("{}/providers/Microsoft.Authorization/locks/{}", scope.trim_end_matches('/'), from.name),
            name: from.name.clone(),
            kind: "Microsoft.Authorization/locks".to_owned(),
            body: Map::from_iter([("properties".to_owned(), properties)]),
            created: now,
            changed: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::world::ResourceGroup;

    const S: &str = "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861";

    fn tree() -> Tree {
        let mut world = World::quickstart();
        let management = |name: &str, parent: Option<&str>| ManagementGroup {
            name: name.to_owned(),
            display_name: name.to_owned(),
            parent: parent.map(str::to_owned),
        };
        world.management_groups = vec![management("corp", None), management("Online", Some("corp"))];
        world.subscriptions[0].management_group = Some("online".to_owned());
        let resource =
            |kind: &str, name: &str| world::Resource { kind: kind.to_owned(), name: name.to_owned(), body: Map::new() };
        let mut group = ResourceGroup::new("Web", "chinanorth");
        group.resources = vec![
            resource("Microsoft.Compute/virtualMachines", "web-1"),
            resource("Microsoft.Compute/virtualMachines/extensions", "web-1/agent"),
            resource("Microsoft.Compute/virtualMachines", "web-10"),
        ];
        world.subscriptions[0].groups.push(group);
        Tree::of(&world, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn climbs_through_management_groups() {
        #[track_caller]
        fn check(scope: &str, expected: &[&str]) {
            let chain = tree().chain(&Scope::parse(scope).expect("a scope"));
            assert_eq!(chain.iter().map(Scope::to_string).collect::<Vec<_>>(), expected);
        }
        let mg = |name: &str| format!("/providers/Microsoft.Management/managementGroups/{name}");
        let root = mg("5b973f99-77df-4beb-b27d-aa0c70b8482c");
        check(
            &format!("{S}/resourceGroups/Web"),
            &[&format!("{S}/resourceGroups/Web"), S, &mg("Online"), &mg("corp"), &root, "/"],
        );
        check(&mg("online"), &[&mg("online"), &mg("corp"), &root, "/"]);
        check(&root, &[&root, "/"]);
        check("/", &["/"]);
    }

    #[test]
    fn finds_what_lies_below() {
        let mut tree = tree();
        let vms = format!("{S}/resourcegroups/web/providers/microsoft.compute/virtualMachines");
        let names = |tree: &Tree, id: &str| -> Vec<String> {
            tree.below(id).map(|(_, resource)| resource.name.clone()).collect()
        };
        assert_eq!(names(&tree, &format!("{S}/resourceGroups/Web")), ["web-1", "agent", "web-10"]);
        assert_eq!(names(&tree, &format!("{vms}/web-1")), ["agent"]);
        let removed = tree.remove(&format!("{vms}/WEB-1")).expect("a resource");
        assert_eq!(removed.id, format!("{S}/resourceGroups/Web/providers/Microsoft.Compute/virtualMachines/web-1"));
        // The other one is the host, in its own group.
        assert_eq!(names(&tree, S), ["web-1", "web-10"]);
    }
}
