//! Discovery: the document in which Resource Manager describes its cloud, in the shape of each version.

use serde_json::{Value, json};

use crate::emulator::arm::refusal::Refusal;
use crate::emulator::cloud::Cloud;
use crate::emulator::message::{Request, Response};
use crate::emulator::state::State;

/// The versions that are served, newest first.
const VERSIONS: &str = "2022-09-01,2020-06-01,2019-05-01,2015-01-01";

/// Answers `GET /metadata/endpoints`; nobody has to sign in for it.
pub(super) fn answer(state: &State, request: &Request, version: &str) -> Result<Response, Refusal> {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Err(Refusal::method_not_allowed(&request.method));
    }
    let here = state.world.cloud;
    let describe = |cloud: Cloud| match cloud == here {
        true => entry(cloud, &Here::of(state, request)),
        false => entry(cloud, &Here::elsewhere(cloud)),
    };
    let body = match version {
        "2022-09-01" => describe(here),
        "2019-05-01" | "2020-06-01" | "latest" => Cloud::ALL.into_iter().map(describe).collect(),
        "2015-01-01" => short(here, &Here::of(state, request)),
        _ => return Err(Refusal::invalid_api_version(version, VERSIONS)),
    };
    Ok(Response::json(200, &body))
}

/// Where a cloud's Resource Manager and sign-in are.
struct Here {
    arm: String,
    login: String,
    /// Microsoft Graph, which shares the listener of the sign-in.
    graph: String,
}

impl Here {
    /// The emulator stands for both, as far as it serves them.
    fn of(state: &State, request: &Request) -> Here {
        let elsewhere = Here::elsewhere(state.world.cloud);
        let arm = format!("{}/", request.origin);
        match &state.authority {
            Some(url) => Here { arm, login: format!("{url}/"), graph: format!("{url}/") },
            None => Here { arm, ..elsewhere },
        }
    }

    fn elsewhere(cloud: Cloud) -> Here {
        let facts = cloud.facts();
        Here { arm: format!("{}/", facts.arm), login: format!("{}/", facts.login), graph: format!("{}/", facts.graph) }
    }
}

fn short(cloud: Cloud, here: &Here) -> Value {
    let facts = cloud.facts();
    json!({
        "galleryEndpoint": "",
        "graphEndpoint": format!("{}/", facts.old_graph),
        "portalEndpoint": facts.portal,
        "authentication": {
            "loginEndpoint": here.login,
            "audiences": [format!("{}/", facts.core), format!("{}/", facts.arm)],
        },
    })
}

fn entry(cloud: Cloud, here: &Here) -> Value {
    let facts = cloud.facts();
    // The public cloud writes its audiences with a slash, the others without.
    let slash = if cloud == Cloud::Public { "/" } else { "" };
    json!({
        "portal": facts.portal,
        "authentication": {
            "loginEndpoint": here.login,
            "audiences": [format!("{}{slash}", facts.core), format!("{}{slash}", facts.arm)],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": format!("{}/", facts.old_graph),
        "graph": format!("{}/", facts.old_graph),
        "name": facts.name,
        "suffixes": {
            "acrLoginServer": facts.registry,
            "sqlServerHostname": facts.sql,
            "keyVaultDns": facts.key_vault,
            "storage": facts.storage,
            "mhsmDns": facts.managed_hsm,
        },
        "batch": format!("{}/", facts.batch),
        "resourceManager": here.arm,
        "sqlManagement": format!("{}:8443/", facts.core),
        "microsoftGraphResourceId": here.graph,
        "logAnalyticsResourceId": facts.log_analytics,
    })
}
