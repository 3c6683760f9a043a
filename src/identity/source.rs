//! The sources of tokens: what each is called, how it is found in the environment, and why it was chosen.
//!
//! Source: the detection of Microsoft's own libraries (MSAL for Python, Go, .NET and JavaScript; Azure Identity), which
//! agree but for the order. What is set by halves is an error here: they would silently ask another endpoint.

use std::path::Path;

use super::Refusal;

/// Where tokens come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The instance metadata service of a VM, a scale set or a container instance.
    Imds,
    /// App Service, Functions and Container Apps.
    AppService,
    /// App Service before 2019.
    LegacyAppService,
    /// The agent of an Azure Arc-enabled server.
    Arc,
    /// Cloud Shell: the token of the person who signed in.
    CloudShell,
    /// Service Fabric.
    ServiceFabric,
    /// Azure Machine Learning.
    MachineLearning,
    /// The federated token of a workload in Kubernetes.
    WorkloadIdentity,
    /// The Azure CLI: the token of who signed in to it. Never found out.
    AzureCli,
    /// An application that signs in with a secret or a certificate. Never found out.
    Environment,
}

/// What sources read of the machine. Variables that are empty count as not set.
#[derive(Clone, Copy)]
pub struct Machine<'m> {
    /// A variable of the environment.
    pub variable: &'m dyn Fn(&str) -> Option<String>,
    /// The folder in which the agent of Azure Arc puts its keys.
    pub arc_keys: &'m Path,
    /// The agent of Azure Arc.
    pub himds: &'m Path,
    /// The program of the Azure CLI; empty where there is none.
    pub azure_cli: &'m str,
}

/// Where the agent of Azure Arc puts its keys on Linux.
pub const ARC_KEYS: &str = "/var/opt/azcmagent/tokens";

/// The agent of Azure Arc on Linux.
pub const HIMDS: &str = "/opt/azcmagent/bin/himds";

/// The variables that tell which source there is.
pub const VARIABLES: [&str; 15] = [
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IDENTITY_API_VERSION",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_AUTHORITY_HOST",
    "WEBSITE_SITE_NAME",
];

/// Those of them that nobody may see.
pub const SECRETS: [&str; 3] = ["IDENTITY_HEADER", "MSI_SECRET", "AZURE_CLIENT_SECRET"];

impl Machine<'_> {
    /// A variable that is set to something.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// The source that was found, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The source.
    pub source: Source,
    /// Why it was chosen, in words.
    pub reason: String,
}

impl Source {
    /// All of them, as `source:` names them.
    pub const ALL: [Source; 10] = [
        Source::Imds,
        Source::AppService,
        Source::LegacyAppService,
        Source::Arc,
        Source::CloudShell,
        Source::ServiceFabric,
        Source::MachineLearning,
        Source::WorkloadIdentity,
        Source::AzureCli,
        Source::Environment,
    ];

    /// The word in playbooks and reports.
    pub fn word(self) -> &'static str {
        match self {
            Source::Imds => "imds",
            Source::AppService => "app_service",
            Source::LegacyAppService => "legacy_app_service",
            Source::Arc => "arc",
            Source::CloudShell => "cloud_shell",
            Source::ServiceFabric => "service_fabric",
            Source::MachineLearning => "machine_learning",
            Source::WorkloadIdentity => "workload_identity",
            Source::AzureCli => "azure_cli",
            Source::Environment => "environment",
        }
    }

    /// The source with a word.
    pub fn named(word: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.word() == word)
    }

    /// What messages call it.
    pub fn title(self) -> &'static str {
        match self {
            Source::Imds => "the instance metadata service",
            Source::AppService => "App Service",
            Source::LegacyAppService => "App Service, as it was before 2019,",
            Source::Arc => "the agent of Azure Arc",
            Source::CloudShell => "Cloud Shell",
            Source::ServiceFabric => "Service Fabric",
            Source::MachineLearning => "Azure Machine Learning",
            Source::WorkloadIdentity => "workload identity",
            Source::AzureCli => "the Azure CLI",
            Source::Environment => "the application that the environment names",
        }
    }

    /// The variables that it cannot do without.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Source::Imds | Source::Arc | Source::AzureCli => &[],
            Source::AppService => &["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
            Source::LegacyAppService | Source::MachineLearning => &["MSI_ENDPOINT", "MSI_SECRET"],
            Source::CloudShell => &["MSI_ENDPOINT"],
            Source::ServiceFabric => &["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"],
            Source::WorkloadIdentity => &["AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID"],
            Source::Environment => &["AZURE_TENANT_ID"],
        }
    }
}

/// The source there is, or the one that is wished for.
///
/// # Errors
/// When the environment is set by halves: the diagnosis names what is missing.
pub fn find(machine: &Machine<'_>, wish: Option<Source>) -> Result<Found, Refusal> {
    if let Some(source) = wish {
        let missing: Vec<&str> = source.needs().iter().copied().filter(|name| !machine.has(name)).collect();
        return match missing.as_slice() {
            [] => Ok(Found { source, reason: "it was asked for by name".to_owned() }),
            missing => Err(half(&format!("`{}` was asked for by name", source.word()), missing)),
        };
    }
    let found = |source, reason: &str| Ok(Found { source, reason: reason.to_owned() });
    if machine.has("AZURE_FEDERATED_TOKEN_FILE") {
        let missing: Vec<&str> =
            ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"].into_iter().filter(|name| !machine.has(name)).collect();
        return match missing.as_slice() {
            [] => found(Source::WorkloadIdentity, "`AZURE_FEDERATED_TOKEN_FILE` is set"),
            missing => Err(half("`AZURE_FEDERATED_TOKEN_FILE` is set, as in a pod with workload identity", missing)),
        };
    }
    let has = |name: &str| machine.has(name);
    match (has("IDENTITY_ENDPOINT"), has("IDENTITY_HEADER")) {
        (true, true) if has("IDENTITY_SERVER_THUMBPRINT") => {
            return found(Source::ServiceFabric, "`IDENTITY_SERVER_THUMBPRINT` is set beside `IDENTITY_ENDPOINT`");
        }
        (true, true) => return found(Source::AppService, "`IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are set"),
        (true, false) if has("IMDS_ENDPOINT") => {
            return found(Source::Arc, "`IDENTITY_ENDPOINT` and `IMDS_ENDPOINT` are set");
        }
        (true, false) => {
            let missing = ["IDENTITY_HEADER"];
            return Err(half(
                "`IDENTITY_ENDPOINT` is set, as in App Service (with Azure Arc it is `IMDS_ENDPOINT`)",
                &missing,
            ));
        }
        (false, true) => return Err(half("`IDENTITY_HEADER` is set, as in App Service", &["IDENTITY_ENDPOINT"])),
        (false, false) => {}
    }
    match (has("MSI_ENDPOINT"), has("MSI_SECRET")) {
        (true, true) => {
            // Microsoft's libraries take the pair for Machine Learning; but this is what App Service says of itself.
            if has("WEBSITE_SITE_NAME") && !has("DEFAULT_IDENTITY_CLIENT_ID") {
                return found(Source::LegacyAppService, "`MSI_ENDPOINT` and `MSI_SECRET` are set in an App Service");
            }
            return found(Source::MachineLearning, "`MSI_ENDPOINT` and `MSI_SECRET` are set");
        }
        (true, false) => return found(Source::CloudShell, "`MSI_ENDPOINT` is set, and no secret with it"),
        (false, true) => return Err(half("`MSI_SECRET` is set", &["MSI_ENDPOINT"])),
        (false, false) => {}
    }
    if !has("AZURE_POD_IDENTITY_AUTHORITY_HOST") && machine.himds.is_file() {
        return found(Source::Arc, "the agent of Azure Arc is installed here");
    }
    found(Source::Imds, "nothing in the environment tells of another one")
}

fn half(what: &str, missing: &[&str]) -> Refusal {
    Refusal::Unmet {
        why: format!("{what}, and {} {} not set", listed(missing), if missing.len() == 1 { "is" } else { "are" }),
        help: "set what is missing, or say where tokens come from: `identity: {source: imds}`".to_owned(),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: &[&str], agent: bool, wish: Option<Source>, expected: Result<Source, &str>) {
        let variable = |name: &str| {
            set.iter().find_map(|one| match one.split_once('=') {
                Some((own, value)) if own == name => Some(value.to_owned()),
                None if *one == name => Some("x".to_owned()),
                _ => None,
            })
        };
        let folder = std::env::temp_dir();
        let file = std::env::current_exe().expect("a program");
        let himds = if agent { file.as_path() } else { folder.as_path() };
        let machine = Machine { variable: &variable, arc_keys: &folder, himds, azure_cli: "" };
        match (find(&machine, wish), expected) {
            (Ok(found), Ok(source)) => assert_eq!(found.source, source, "{set:?}: {}", found.reason),
            (Err(Refusal::Unmet { why, .. }), Err(part)) => assert!(why.contains(part), "{set:?}: {why}"),
            (found, expected) => panic!("{set:?}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn each_environment_has_its_source() {
        let check = |set: &[&str], expected: Result<Source, &str>| check(set, false, None, expected);
        check(&[], Ok(Source::Imds));
        check(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER"], Ok(Source::AppService));
        check(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT"], Ok(Source::AppService));
        check(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"], Ok(Source::ServiceFabric));
        check(&["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"], Ok(Source::Arc));
        check(&["MSI_ENDPOINT"], Ok(Source::CloudShell));
        check(&["MSI_ENDPOINT", "MSI_SECRET"], Ok(Source::MachineLearning));
        check(&["MSI_ENDPOINT=http://127.0.0.1:1/MSI/auth", "MSI_SECRET"], Ok(Source::MachineLearning));
        check(&["MSI_ENDPOINT=http://127.0.0.1:1/MSI/token/", "MSI_SECRET"], Ok(Source::MachineLearning));
        let learning = ["MSI_ENDPOINT", "MSI_SECRET", "WEBSITE_SITE_NAME", "DEFAULT_IDENTITY_CLIENT_ID"];
        check(&learning, Ok(Source::MachineLearning));
        check(&["MSI_ENDPOINT", "MSI_SECRET", "WEBSITE_SITE_NAME"], Ok(Source::LegacyAppService));
        let workload = ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "IDENTITY_ENDPOINT"];
        check(&workload, Ok(Source::WorkloadIdentity));
        check(&["AZURE_TENANT_ID", "AZURE_CLIENT_ID"], Ok(Source::Imds));
        check(&["IDENTITY_ENDPOINT="], Ok(Source::Imds));
    }

    #[test]
    fn what_is_set_by_halves_is_told() {
        let check = |set: &[&str], part: &str| check(set, false, None, Err(part));
        check(&["IDENTITY_ENDPOINT"], "and `IDENTITY_HEADER` is not");
        check(&["IDENTITY_HEADER"], "and `IDENTITY_ENDPOINT` is not");
        check(&["MSI_SECRET"], "and `MSI_ENDPOINT` is not");
        check(&["AZURE_FEDERATED_TOKEN_FILE"], "and `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` are not set");
    }

    #[test]
    fn the_agent_of_arc_is_found_by_its_file_unless_the_endpoint_is_said() {
        check(&[], true, None, Ok(Source::Arc));
        check(&["AZURE_POD_IDENTITY_AUTHORITY_HOST"], true, None, Ok(Source::Imds));
        check(&["MSI_ENDPOINT"], true, None, Ok(Source::CloudShell));
    }

    #[test]
    fn a_wish_comes_before_everything_and_needs_what_it_needs() {
        check(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER"], true, Some(Source::Imds), Ok(Source::Imds));
        check(&[], false, Some(Source::Arc), Ok(Source::Arc));
        check(&[], false, Some(Source::CloudShell), Err("`MSI_ENDPOINT`"));
        for source in Source::ALL {
            assert_eq!(Source::named(source.word()), Some(source));
        }
    }
}
