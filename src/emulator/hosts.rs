//! The machines that have identities: the protocol that each one's endpoint speaks, and what its clients need to know.

mod app_service;
mod arc;
mod cloud_shell;
mod machine_learning;
pub(crate) mod service_fabric;
pub(crate) mod workload;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::emulator::message::{Request, Response};
use crate::emulator::state::{Order, State};
use crate::emulator::target::Target;
use crate::emulator::token::Issued;
use crate::emulator::world::{Host, Identity, Kind, World};

/// Where a started emulator can be reached, for those who tell clients about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The identity endpoint.
    pub(crate) imds: String,
    /// The token authority, if it is served.
    pub(crate) authority: Option<String>,
    /// The SHA-1 of the certificate, in hexadecimal digits.
    pub(crate) thumbprint: String,
    /// The file with the assertion of a workload.
    pub(crate) assertion: Option<PathBuf>,
}

/// Answers a request to an identity endpoint that is not that of a VM; `None` when the path belongs to a VM's.
pub(crate) fn answer(state: &State, request: &Request, target: &Target) -> Option<Response> {
    match state.world.host {
        Host::AppService | Host::ContainerApps if target.is(&["msi", "token"]) => {
            Some(app_service::answer(state, request, target))
        }
        Host::Arc if target.is(&["metadata", "identity", "oauth2", "token"]) => {
            Some(arc::answer(state, request, target))
        }
        Host::CloudShell if target.is(&["oauth2", "token"]) => Some(cloud_shell::answer(state, request)),
        Host::MachineLearning if target.is(&["msi", "auth"]) => Some(machine_learning::answer(state, request, target)),
        Host::Vm | Host::Aks | Host::ServiceFabric | Host::Arc => None,
        _ => Some(Response::empty(404)),
    }
}

/// What a client finds in the environment of the host: where its identity endpoint is, and how an application signs in.
pub(crate) fn environment(state: &State, places: &Places) -> BTreeMap<&'static str, String> {
    let mut variables = of_host(state, places);
    let application = state.world.identities.iter().find_map(|one| Some((one, one.client_secret.as_ref()?)));
    // In a cluster the variables are those of the workload.
    if let (Some((identity, secret)), Some(authority), true) =
        (application, &places.authority, state.world.host != Host::Aks)
    {
        variables.extend([
            ("AZURE_AUTHORITY_HOST", format!("{authority}/")),
            ("AZURE_TENANT_ID", state.world.tenant.clone()),
            ("AZURE_CLIENT_ID", identity.client_id.clone()),
            ("AZURE_CLIENT_SECRET", secret.reveal().to_owned()),
        ]);
    }
    variables
}

/// What the platform of the host sets.
fn of_host(state: &State, places: &Places) -> BTreeMap<&'static str, String> {
    let Places { imds, authority, thumbprint, assertion } = places;
    let secret = || state.secret.clone();
    match state.world.host {
        Host::Vm => BTreeMap::from([("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.clone())]),
        Host::AppService => {
            BTreeMap::from([("IDENTITY_ENDPOINT", format!("{imds}/msi/token")), ("IDENTITY_HEADER", secret())])
        }
        Host::ContainerApps => BTreeMap::from([
            ("IDENTITY_ENDPOINT", format!("{imds}/msi/token")),
            ("IDENTITY_HEADER", secret()),
            ("MSI_ENDPOINT", format!("{imds}/msi/token")),
        ]),
        Host::Arc => BTreeMap::from([
            ("IDENTITY_ENDPOINT", format!("{imds}/metadata/identity/oauth2/token")),
            ("IMDS_ENDPOINT", imds.clone()),
        ]),
        Host::CloudShell => BTreeMap::from([
            ("MSI_ENDPOINT", format!("{imds}/oauth2/token")),
            ("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0".to_owned()),
        ]),
        Host::MachineLearning => {
            let client = default_identity(&state.world).map_or("clientid", |identity| identity.client_id.as_str());
            BTreeMap::from([
                ("MSI_ENDPOINT", format!("{imds}/MSI/auth")),
                ("MSI_SECRET", secret()),
                ("DEFAULT_IDENTITY_CLIENT_ID", client.to_owned()),
            ])
        }
        Host::ServiceFabric => {
            let base = authority.as_deref().unwrap_or_default();
            BTreeMap::from([
                ("IDENTITY_ENDPOINT", format!("{base}/metadata/identity/oauth2/token")),
                ("IDENTITY_HEADER", secret()),
                ("IDENTITY_SERVER_THUMBPRINT", thumbprint.clone()),
                ("IDENTITY_API_VERSION", "2020-05-01".to_owned()),
            ])
        }
        Host::Aks => {
            let mut found = BTreeMap::from([
                ("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.clone()),
                ("AZURE_TENANT_ID", state.world.tenant.clone()),
                ("AZURE_AUTHORITY_HOST", format!("{}/", authority.as_deref().unwrap_or_default())),
            ]);
            if let Some(identity) = workload::identity(&state.world) {
                found.insert("AZURE_CLIENT_ID", identity.client_id.clone());
            }
            if let Some(path) = assertion {
                found.insert("AZURE_FEDERATED_TOKEN_FILE", path.display().to_string());
            }
            found
        }
    }
}

/// The identities that the host has.
fn attached(world: &World) -> impl Iterator<Item = &Identity> {
    world.identities.iter().filter(|identity| identity.attached)
}

/// The system-assigned identity of the host.
fn system(world: &World) -> Option<&Identity> {
    attached(world).find(|identity| identity.kind == Kind::System)
}

/// The identity that is meant when only one can be: the system-assigned one, else the first.
fn default_identity(world: &World) -> Option<&Identity> {
    system(world).or_else(|| attached(world).next())
}

/// The identity that a selector names.
pub(crate) fn selected<'a>(world: &'a World, selector: (&str, &str)) -> Option<&'a Identity> {
    let (name, wanted) = selector;
    attached(world).find(|identity| match name {
        "client_id" | "clientid" => identity.client_id.eq_ignore_ascii_case(wanted),
        "object_id" | "principal_id" | "principalid" => identity.object_id.eq_ignore_ascii_case(wanted),
        _ => identity.kind == Kind::User && world.resource_id(identity).eq_ignore_ascii_case(wanted),
    })
}

/// A token of an identity for a resource; `None` when the tenant does not know the resource.
fn token(state: &State, request: &Request, (identity, resource): (&Identity, &str)) -> Option<Issued> {
    let order = Order { identity, resource, fresh: false, person: false, now: request.now };
    state.knows_resource(resource).then(|| state.token(&order))
}

/// A token of the person who works at the host.
fn person_token(state: &State, request: &Request, resource: &str) -> Option<Issued> {
    let identity = default_identity(&state.world)?;
    let order = Order { identity, resource, fresh: false, person: true, now: request.now };
    state.knows_resource(resource).then(|| state.token(&order))
}

#[cfg(test)]
mod tests;
