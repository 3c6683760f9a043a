//! The world: what exists in the emulated cloud, as plain data.

mod document;
mod faults;
mod leaf;
mod quickstart;
mod resolve;
mod scopes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::diagnostic::Diagnostics;
use crate::emulator::cloud::Cloud;
use crate::emulator::fault::Fault;
use crate::emulator::guid::derive;
use crate::rbac::{Assignment, Permission, Role, Scope};
use crate::secret::Secret;
use crate::source::{SourceId, Sources};
use crate::yaml::{self, Read, Reader};
use document::Document;

pub use document::schema;

/// The emulated cloud: one tenant, the host whose identities are asked for, subscriptions, who may do what.
#[derive(Clone, Debug)]
pub struct World {
    /// The cloud.
    pub cloud: Cloud,
    /// The id of the tenant the identities live in.
    pub tenant: String,
    /// What kind of machine the identity endpoint belongs to.
    pub host: Host,
    /// The machine.
    pub vm: Vm,
    /// The management groups below the tenant's root.
    pub management_groups: Vec<ManagementGroup>,
    /// The subscriptions that Resource Manager knows.
    pub subscriptions: Vec<Subscription>,
    /// The custom roles.
    pub roles: Vec<Arc<Role>>,
    /// The managed identities, and others who may be named in assignments.
    pub identities: Vec<Identity>,
    /// The groups of the directory.
    pub groups: Vec<Group>,
    /// Who holds which role where.
    pub assignments: Vec<RoleAssignment>,
    /// What is denied, whatever the roles say.
    pub deny_assignments: Vec<DenyAssignment>,
    /// What is locked against changes.
    pub locks: Vec<Lock>,
    /// How long it takes until a role assignment that a request makes or takes away is effective.
    pub propagation: Duration,
    /// Whether those who send too many requests are refused; the counters count in any case.
    pub throttling: bool,
    /// What goes wrong on purpose, in order.
    pub faults: Vec<Fault>,
}

/// The kinds of machines that have identity endpoints, each with a protocol of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// A virtual machine, a scale set, a container instance: the instance metadata service.
    #[default]
    Vm,
    /// App Service and Functions.
    AppService,
    /// Container Apps.
    ContainerApps,
    /// A server enabled for Azure Arc.
    Arc,
    /// Cloud Shell.
    CloudShell,
    /// A compute instance of Azure Machine Learning.
    MachineLearning,
    /// Service Fabric.
    ServiceFabric,
    /// A pod in Azure Kubernetes Service with workload identity.
    Aks,
}

/// The machine whose identity endpoint is emulated.
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

/// A management group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementGroup {
    /// The name, which its id ends in.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// The name of the group above; the tenant's root without one.
    pub parent: Option<String>,
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
    /// The name of the management group it is in; the tenant's root without one.
    pub management_group: Option<String>,
    /// Whether it is enabled; one that is not can only be read.
    pub enabled: bool,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The resource groups.
    pub groups: Vec<ResourceGroup>,
}

/// A resource group with its resources.
#[derive(Clone, Debug)]
pub struct ResourceGroup {
    /// The name, in the spelling it was created with.
    pub name: String,
    /// The region.
    pub location: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The provisioning state.
    pub provisioning_state: String,
    /// The id of the resource that manages it, if one does.
    pub managed_by: Option<String>,
    /// The resources in it.
    pub resources: Vec<Resource>,
}

/// A resource of any provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The whole type, such as `Microsoft.Compute/virtualMachines/extensions`.
    pub kind: String,
    /// The whole name, one segment for each segment of the type, such as `web-1/agent`.
    pub name: String,
    /// What else it says: `location`, `tags`, `sku`, `properties` and so on; never `id`, `name` and `type`.
    pub body: Map<String, Value>,
}

/// Somebody who can hold roles: a managed identity or another principal of the directory.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// System-assigned or user-assigned.
    pub kind: Kind,
    /// Whether the host has it, so that it can ask for tokens as this identity.
    pub attached: bool,
    /// The client (application) id.
    pub client_id: String,
    /// The object (principal) id, which role assignments name.
    pub object_id: String,
    /// The id of a user-assigned identity's own resource; `None` puts it beside the host.
    pub resource_id: Option<Scope>,
    /// Who a workload must be to become this identity, `system:serviceaccount:<namespace>:<name>`; for AKS only.
    pub subject: Option<String>,
    /// The secret with which it signs in at the directory.
    pub client_secret: Option<Secret>,
}

/// The kinds of managed identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lives and dies with the VM.
    System,
    /// A resource of its own.
    User,
}

/// A group of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The object id.
    pub object_id: String,
    /// The object ids of its members: identities and other groups.
    pub members: Vec<String>,
    /// How long after the start the tokens of its members know of it.
    pub effective_after: Duration,
}

/// The kinds of principals, as role assignments name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// An application or a managed identity.
    ServicePrincipal,
}

/// A role that a principal holds.
#[derive(Clone, Debug)]
pub struct RoleAssignment {
    /// The name, a GUID, which its id ends in.
    pub id: String,
    /// The object id of who holds it.
    pub principal: String,
    /// What the principal is.
    pub principal_kind: PrincipalKind,
    /// The role and the scope.
    pub grant: Assignment,
    /// The condition that narrows it, as written.
    pub condition: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// How long after the start, or after its creation, it begins to hold.
    pub effective_after: Duration,
}

/// What some principals may not do, whatever their roles say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyAssignment {
    /// The name of its resource, a GUID.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What is denied; each entry alone, as in roles.
    pub permissions: Vec<Permission>,
    /// Where.
    pub scope: Scope,
    /// Whether it holds at the scope only and not below.
    pub own_scope_only: bool,
    /// The object ids of those it denies; empty for everyone.
    pub principals: Vec<String>,
    /// The object ids of those it does not deny after all.
    pub excluded: Vec<String>,
}

/// A lock: what it covers cannot be deleted or changed, by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The name.
    pub name: String,
    /// What it forbids.
    pub level: LockLevel,
    /// Where it holds, with all that is below.
    pub scope: Scope,
    /// What it is for.
    pub notes: Option<String>,
}

/// What a lock forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockLevel {
    /// To delete.
    CanNotDelete,
    /// To delete and to change.
    ReadOnly,
}

/// Reads the world in a source. What cannot be understood stands in the diagnostics; `None` when nothing usable is left.
pub fn read(id: SourceId, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<World> {
    let node = yaml::parse(id, sources, diagnostics)?;
    if let yaml::Kind::Map(entries) = &node.kind
        && let Some(steps) = entries.iter().find(|entry| entry.key.text() == Some("steps"))
    {
        diagnostics.playbook_for_world(steps.key.span);
        return None;
    }
    let document = Document::read(&node, &mut Reader { sources, diagnostics })?;
    Some(resolve::world(document, sources, diagnostics))
}

impl World {
    /// The subscription with this id.
    pub fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id.eq_ignore_ascii_case(id))
    }

    /// A role assignment to the identity at this place of the list.
    pub fn grant(&self, identity: usize, role: Arc<Role>, scope: Scope) -> RoleAssignment {
        let principal = self.identities[identity].object_id.as_str();
        RoleAssignment::new((principal, PrincipalKind::ServicePrincipal), Assignment { role, scope })
    }

    /// The resource id of the host.
    pub fn host_id(&self) -> String {
        let Vm { name, subscription, resource_group, .. } = &self.vm;
        let kind = self.host.resource_type();
        format!("/subscriptions/{subscription}/resourcegroups/{resource_group}/providers/{kind}/{name}")
    }

    /// The resource id of an identity as tokens spell it: the host's own for the system-assigned one.
    pub fn resource_id(&self, identity: &Identity) -> String {
        match (&identity.resource_id, identity.kind) {
            (Some(id), _) => id.to_string().replacen("/resourceGroups/", "/resourcegroups/", 1),
            (None, Kind::System) => self.host_id(),
            (None, Kind::User) => {
                let Vm { subscription, resource_group, .. } = &self.vm;
                let kind = "Microsoft.ManagedIdentity/userAssignedIdentities";
                let name = &identity.name;
                format!("/subscriptions/{subscription}/resourcegroups/{resource_group}/providers/{kind}/{name}")
            }
        }
    }
}

impl RoleAssignment {
    /// An assignment that holds from the start; its id is made from what it says.
    pub fn new((principal, principal_kind): (&str, PrincipalKind), grant: Assignment) -> RoleAssignment {
        let scope = grant.scope.to_string().to_ascii_lowercase();
        RoleAssignment {
            id: derive(format!("assignment/{principal}/{}/{scope}", grant.role.id).as_bytes()),
            principal: principal.to_owned(),
            principal_kind,
            grant,
            condition: None,
            description: None,
            effective_after: Duration::ZERO,
        }
    }
}

impl Resource {
    /// The id of the resource below that of its resource group.
    pub(crate) fn id_below(&self, group: &str) -> String {
        let mut types = self.kind.split('/');
        let mut id = format!("{group}/providers/{}", types.next().unwrap_or_default());
        for (kind, name) in types.zip(self.name.split('/')) {
            id.extend(["/", kind, "/", name]);
        }
        id
    }
}

impl Host {
    /// The type of the resource that the host is.
    pub fn resource_type(self) -> &'static str {
        match self {
            Host::Vm | Host::CloudShell | Host::ServiceFabric | Host::Aks => "Microsoft.Compute/virtualMachines",
            Host::AppService => "Microsoft.Web/sites",
            Host::ContainerApps => "Microsoft.App/containerApps",
            Host::Arc => "Microsoft.HybridCompute/machines",
            Host::MachineLearning => "Microsoft.MachineLearningServices/workspaces",
        }
    }
}

impl ResourceGroup {
    /// A group that is ready, empty and without tags.
    pub fn new(name: &str, location: &str) -> ResourceGroup {
        ResourceGroup {
            name: name.to_owned(),
            location: location.to_owned(),
            tags: BTreeMap::new(),
            provisioning_state: "Succeeded".to_owned(),
            managed_by: None,
            resources: Vec::new(),
        }
    }
}

impl Identity {
    /// An identity of the host, whose ids derive from its name.
    pub fn new(name: &str, kind: Kind) -> Identity {
        Identity {
            name: name.to_owned(),
            kind,
            attached: true,
            client_id: derive(format!("identity/{name}/client").as_bytes()),
            object_id: derive(format!("identity/{name}/object").as_bytes()),
            resource_id: None,
            subject: None,
            client_secret: None,
        }
    }
}
