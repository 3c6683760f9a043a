//! The clouds a world can stand in, and the names each goes by.

/// An Azure cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// China, operated by 21Vianet.
    China,
    /// US Government.
    UsGov,
}

/// The names and endpoints of one cloud.
pub(crate) struct Facts {
    /// The name in the discovery document.
    pub(crate) name: &'static str,
    /// What instance metadata calls it.
    pub(crate) environment: &'static str,
    /// Resource Manager, without a slash at the end.
    pub(crate) arm: &'static str,
    /// The older audience of Resource Manager, without a slash at the end.
    pub(crate) core: &'static str,
    /// Where people and applications sign in.
    pub(crate) login: &'static str,
    /// What Resource Manager names in `authorization_uri`.
    pub(crate) challenge: &'static str,
    /// The host in the issuer of tokens.
    pub(crate) issuer: &'static str,
    pub(crate) portal: &'static str,
    pub(crate) graph: &'static str,
    pub(crate) old_graph: &'static str,
    pub(crate) key_vault: &'static str,
    pub(crate) managed_hsm: &'static str,
    pub(crate) storage: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) registry: &'static str,
    pub(crate) batch: &'static str,
    pub(crate) log_analytics: &'static str,
    /// Some of the regions.
    pub(crate) regions: &'static [&'static str],
}

/// The audience of storage, the same in all clouds.
const STORAGE: &str = "https://storage.azure.com";

impl Cloud {
    /// All clouds.
    pub const ALL: [Cloud; 3] = [Cloud::Public, Cloud::China, Cloud::UsGov];

    /// The word in worlds and playbooks.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Cloud::Public => "public",
            Cloud::China => "china",
            Cloud::UsGov => "usgov",
        }
    }

    /// The names and endpoints.
    pub(crate) fn facts(self) -> &'static Facts {
        match self {
            Cloud::Public => &PUBLIC,
            Cloud::China => &CHINA,
            Cloud::UsGov => &US_GOV,
        }
    }

    /// The audiences that Resource Manager takes, in the order in which it lists them.
    pub(crate) fn audiences(self) -> [String; 4] {
        let Facts { arm, core, .. } = self.facts();
        [format!("{core}/"), (*core).to_owned(), format!("{arm}/"), (*arm).to_owned()]
    }

    /// Whether tokens are issued for this resource: a known service, with or without a slash at the end.
    pub(crate) fn knows_resource(self, resource: &str) -> bool {
        let facts = self.facts();
        let known = [facts.arm, facts.core, facts.graph, facts.old_graph, facts.batch, facts.log_analytics, STORAGE];
        let suffixes = [facts.key_vault, facts.managed_hsm, facts.sql];
        let wanted = resource.strip_suffix('/').unwrap_or(resource);
        known.iter().any(|name| name.eq_ignore_ascii_case(wanted))
            || wanted
                .strip_prefix("https://")
                .is_some_and(|host| suffixes.iter().any(|name| name.eq_ignore_ascii_case(host)))
    }

    /// The issuer of a tenant's tokens.
    pub(crate) fn issuer(self, tenant: &str) -> String {
        format!("{}/{tenant}/", self.facts().issuer)
    }
}

const PUBLIC: Facts = Facts {
    name: "AzureCloud",
    environment: "AzurePublicCloud",
    arm: "https://management.azure.com",
    core: "https://management.core.windows.net",
    login: "https://login.microsoftonline.com",
    challenge: "https://login.windows.net",
    issuer: "https://sts.windows.net",
    portal: "https://portal.azure.com",
    graph: "https://graph.microsoft.com",
    old_graph: "https://graph.windows.net",
    key_vault: "vault.azure.net",
    managed_hsm: "managedhsm.azure.net",
    storage: "core.windows.net",
    sql: "database.windows.net",
    registry: "azurecr.io",
    batch: "https://batch.core.windows.net",
    log_analytics: "https://api.loganalytics.io",
    regions: &["eastus", "northeurope", "westeurope", "westus2"],
};

const CHINA: Facts = Facts {
    name: "AzureChinaCloud",
    environment: "AzureChinaCloud",
    arm: "https://management.chinacloudapi.cn",
    core: "https://management.core.chinacloudapi.cn",
    login: "https://login.partner.microsoftonline.cn",
    challenge: "https://login.chinacloudapi.cn",
    issuer: "https://sts.chinacloudapi.cn",
    portal: "https://portal.azure.cn",
    graph: "https://microsoftgraph.chinacloudapi.cn",
    old_graph: "https://graph.chinacloudapi.cn",
    key_vault: "vault.azure.cn",
    managed_hsm: "managedhsm.azure.cn",
    storage: "core.chinacloudapi.cn",
    sql: "database.chinacloudapi.cn",
    registry: "azurecr.cn",
    batch: "https://batch.chinacloudapi.cn",
    log_analytics: "https://api.loganalytics.azure.cn",
    regions: &["chinaeast", "chinaeast2", "chinanorth", "chinanorth3"],
};

const US_GOV: Facts = Facts {
    name: "AzureUSGovernment",
    environment: "AzureUSGovernmentCloud",
    arm: "https://management.usgovcloudapi.net",
    core: "https://management.core.usgovcloudapi.net",
    login: "https://login.microsoftonline.us",
    challenge: "https://login.microsoftonline.us",
    issuer: "https://sts.windows.net",
    portal: "https://portal.azure.us",
    graph: "https://graph.microsoft.us",
    old_graph: "https://graph.windows.net",
    key_vault: "vault.usgovcloudapi.net",
    managed_hsm: "managedhsm.usgovcloudapi.net",
    storage: "core.usgovcloudapi.net",
    sql: "database.usgovcloudapi.net",
    registry: "azurecr.us",
    batch: "https://batch.core.usgovcloudapi.net",
    log_analytics: "https://api.loganalytics.us",
    regions: &["usgovarizona", "usgovtexas", "usgovvirginia"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_resources_of_its_own_cloud() {
        #[track_caller]
        fn check(cloud: Cloud, resource: &str, expected: bool) {
            assert_eq!(cloud.knows_resource(resource), expected, "{cloud:?} `{resource}`");
        }
        check(Cloud::China, "https://management.chinacloudapi.cn", true);
        check(Cloud::China, "https://management.chinacloudapi.cn/", true);
        check(Cloud::China, "https://management.core.chinacloudapi.cn/", true);
        check(Cloud::China, "https://vault.azure.cn", true);
        check(Cloud::China, "https://storage.azure.com/", true);
        check(Cloud::China, "https://microsoftgraph.chinacloudapi.cn", true);
        check(Cloud::China, "https://database.chinacloudapi.cn/", true);
        check(Cloud::China, "https://management.azure.com/", false);
        check(Cloud::China, "https://management.chinacloudapi.cn//", false);
        check(Cloud::China, "https://management.chinacloudapi.cn/.default", false);
        check(Cloud::China, "vault.azure.cn", false);
        check(Cloud::China, "", false);
        check(Cloud::Public, "https://management.azure.com", true);
        check(Cloud::UsGov, "https://management.usgovcloudapi.net/", true);
    }
}
