//! From the document to the world: names become ids, what is left out is made from names, and every reference must lead
//! somewhere.

mod people;
mod places;

use std::collections::HashMap;
use std::sync::Arc;

use super::document::Document;
use super::scopes::Scopes;
use super::{PrincipalKind, World, faults};
use crate::diagnostic::Diagnostics;
use crate::emulator::cloud::Cloud;
use crate::emulator::guid::{derive, is_guid};
use crate::rbac::{Role, Scope};
use crate::source::{Sources, Span, Spanned};

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
            propagation: document.propagation.map(|period| period.0).unwrap_or_default(),
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

    fn scope(&mut self, text: &Words) -> Option<Scope> {
        self.scopes.resolve(text, (self.sources, self.diagnostics))
    }
}
