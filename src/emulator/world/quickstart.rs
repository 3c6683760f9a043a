//! The world of the quickstart, which is there without a file.

use std::collections::BTreeMap;

use super::{Host, Identity, Kind, ResourceGroup, Subscription, Vm, World};
use crate::emulator::cloud::Cloud;
use crate::emulator::guid::derive;
use crate::rbac::{Role, Scope};

impl World {
    /// The world of the quickstart: a VM in `DevTest` whose own identity may read that group and nothing else.
    pub fn quickstart() -> World {
        let subscription = "98f51385-2edc-4b79-bed9-7718de4cb861";
        let tenant = "5b973f99-77df-4beb-b27d-aa0c70b8482c";
        let location = "chinanorth";
        let tags = BTreeMap::from([("env".to_owned(), "dev".to_owned())]);
        let mut world = World {
            cloud: Cloud::China,
            tenant: tenant.to_owned(),
            host: Host::Vm,
            vm: Vm {
                name: "web-1".to_owned(),
                id: derive(b"vm/web-1"),
                subscription: subscription.to_owned(),
                resource_group: "DevTest".to_owned(),
                location: location.to_owned(),
            },
            management_groups: Vec::new(),
            subscriptions: vec![Subscription {
                name: "dev".to_owned(),
                id: subscription.to_owned(),
                tenant: tenant.to_owned(),
                management_group: None,
                enabled: true,
                tags: BTreeMap::new(),
                groups: vec![
                    ResourceGroup { tags, ..ResourceGroup::new("DevTest", location) },
                    ResourceGroup::new("Prod", location),
                ],
            }],
            roles: Vec::new(),
            identities: vec![Identity::new("system", Kind::System)],
            groups: Vec::new(),
            assignments: Vec::new(),
            deny_assignments: Vec::new(),
            locks: Vec::new(),
            propagation: std::time::Duration::ZERO,
            throttling: false,
            faults: Vec::new(),
        };
        let group = Scope::of(["subscriptions", subscription, "resourceGroups", "DevTest"]);
        let reader = Role::built_in("Reader").map(|role| world.grant(0, role, group));
        world.assignments.extend(reader);
        world
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickstart_grants_reader_on_one_group() {
        let world = World::quickstart();
        let system = &world.identities[0];
        let held = &world.assignments[0].grant;
        let granted = |group: &str| {
            let scope = Scope::of(["subscriptions", &world.vm.subscription, "resourceGroups", group]);
            held.scope.contains(&scope) && held.role.grants("a/read")
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
