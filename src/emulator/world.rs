//! The world: what exists in the emulated cloud, as plain data.

use std::collections::BTreeMap;

use crate::emulator::cloud::Cloud;
use crate::emulator::guid::derive;
use crate::rbac::{Assignment, Role, Scope};

/// The emulated cloud: one tenant, one VM, subscriptions, identities.
#[derive(Clone, Debug)]
pub struct World {
    /// The cloud.
    pub cloud: Cloud,
    /// The id of the tenant the identities live in.
    pub tenant: String,
    /// The VM whose identity endpoint is emulated.
    pub vm: Vm,
    /// The subscriptions that Resource Manager knows.
    pub subscriptions: Vec<Subscription>,
    /// The identities assigned to the VM.
    pub identities: Vec<Identity>,
}

/// The VM.
#[derive(Clone, Debug)]
pub struct Vm {
    /// The name.
    pub name: String,
    /// The `vmId` of instance metadata.
    pub id: String,
    /// The id of the subscription it is in.
    pub subscription: String,
    /// The resource group it is in.
    pub resource_group: String,
    /// The region.
    pub location: String,
}

/// A subscription with its resource groups.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The display name.
    pub name: String,
    /// The id.
    pub id: String,
    /// The id of the tenant it belongs to.
    pub tenant: String,
    /// The resource groups.
    pub groups: Vec<Group>,
}

/// A resource group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name, in the spelling it was created with.
    pub name: String,
    /// The region.
    pub location: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The provisioning state.
    pub provisioning_state: String,
}

/// A managed identity that the VM has.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// System-assigned or user-assigned.
    pub kind: Kind,
    /// The client (application) id.
    pub client_id: String,
    /// The object (principal) id, which role assignments name.
    pub object_id: String,
    /// The roles it holds.
    pub assignments: Vec<Assignment>,
}

/// The kinds of managed identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lives and dies with the VM.
    System,
    /// A resource of its own.
    User,
}

impl World {
    /// The world of the quickstart: a VM in `DevTest` whose own identity may read that group and nothing else.
    pub fn quickstart() -> World {
        let subscription = "98f51385-2edc-4b79-bed9-7718de4cb861";
        let tenant = "5b973f99-77df-4beb-b27d-aa0c70b8482c";
        let location = "chinanorth";
        let mut system = Identity::new("system", Kind::System);
        system.assignments.extend(Role::built_in("Reader").map(|role| Assignment {
            role,
            scope: Scope::of(["subscriptions", subscription, "resourceGroups", "DevTest"]),
        }));
        let tags = BTreeMap::from([("env".to_owned(), "dev".to_owned())]);
        World {
            cloud: Cloud::China,
            tenant: tenant.to_owned(),
            vm: Vm {
                name: "web-1".to_owned(),
                id: derive(b"vm/web-1"),
                subscription: subscription.to_owned(),
                resource_group: "DevTest".to_owned(),
                location: location.to_owned(),
            },
            subscriptions: vec![Subscription {
                name: "dev".to_owned(),
                id: subscription.to_owned(),
                tenant: tenant.to_owned(),
                groups: vec![Group { tags, ..Group::new("DevTest", location) }, Group::new("Prod", location)],
            }],
            identities: vec![system],
        }
    }

    /// The subscription with this id.
    pub fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id.eq_ignore_ascii_case(id))
    }

    /// The resource id of an identity as tokens spell it: the VM's own for the system-assigned one.
    pub fn resource_id(&self, identity: &Identity) -> String {
        let Vm { name, subscription, resource_group, .. } = &self.vm;
        let resource = match identity.kind {
            Kind::System => format!("Microsoft.Compute/virtualMachines/{name}"),
            Kind::User => format!("Microsoft.ManagedIdentity/userAssignedIdentities/{}", identity.name),
        };
        format!("/subscriptions/{subscription}/resourcegroups/{resource_group}/providers/{resource}")
    }
}

impl Subscription {
    /// The resource group with this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// The scope of the subscription.
    pub fn scope(&self) -> Scope {
        Scope::of(["subscriptions", self.id.as_str()])
    }

    /// The scope of one of its groups.
    pub fn scope_of(&self, group: &Group) -> Scope {
        let id = self.id.as_str();
        Scope::of(["subscriptions", id, "resourceGroups", group.name.as_str()])
    }
}

impl Group {
    /// A group that is ready and has no tags.
    pub fn new(name: &str, location: &str) -> Group {
        Group {
            name: name.to_owned(),
            location: location.to_owned(),
            tags: BTreeMap::new(),
            provisioning_state: "Succeeded".to_owned(),
        }
    }
}

impl Identity {
    /// An identity without roles, whose ids derive from its name.
    pub fn new(name: &str, kind: Kind) -> Identity {
        Identity {
            name: name.to_owned(),
            kind,
            client_id: derive(format!("identity/{name}/client").as_bytes()),
            object_id: derive(format!("identity/{name}/object").as_bytes()),
            assignments: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickstart_grants_reader_on_one_group() {
        let world = World::quickstart();
        let subscription = world.subscription(&world.vm.subscription).expect("its own");
        let system = &world.identities[0];
        let granted = |name: &str| {
            let group = subscription.group(name).expect("a group");
            let scope = subscription.scope_of(group);
            crate::rbac::decide(&system.assignments, "a/read", &scope).is_granted()
        };
        assert!(granted("devtest"));
        assert!(!granted("Prod"));
        assert_eq!(
            world.resource_id(system),
            "/subscriptions/98f51385-2edc-4b79-bed9-7718de4cb861/resourcegroups/DevTest\
             /providers/Microsoft.Compute/virtualMachines/web-1"
        );
        assert_ne!(system.client_id, system.object_id);
    }
}
