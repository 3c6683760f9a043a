//! The clouds: where Resource Manager is, which resource to ask a token for, where one signs in.
//!
//! Sources: Azure CLI `azure/cli/core/cloud.py`; the audiences that Resource Manager itself lists in its
//! `InvalidAuthenticationTokenAudience` answer.

use serde_json::{Value, json};

use crate::http::origin;

/// A cloud's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `public`, `china`, `usgov`, or what the playbook calls it.
    pub name: String,
    /// Resource Manager, without a slash at its end.
    pub arm: String,
    /// The resource to ask a token for, to talk to Resource Manager.
    pub audience: String,
    /// Where one signs in, without a slash at its end.
    pub authority: String,
    /// The resource of Microsoft Graph.
    pub graph: String,
    /// The resource of Key Vault.
    pub key_vault: String,
    /// The resource of Storage.
    pub storage: String,
}

/// Which cloud, as it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that the VM is in, as its instance metadata says.
    Auto,
    /// This one.
    Known(Cloud),
    /// The one that the Resource Manager at this URL describes.
    Discovered(String),
}

impl Choice {
    /// The cloud, where it need not be found out.
    pub fn known(&self) -> Option<&Cloud> {
        match self {
            Choice::Known(cloud) => Some(cloud),
            Choice::Auto | Choice::Discovered(_) => None,
        }
    }
}

struct Known {
    name: &'static str,
    environment: &'static str,
    arm: &'static str,
    legacy_arm: &'static str,
    authority: &'static str,
    graph: &'static str,
    key_vault: &'static str,
    /// Suffixes of the hosts that a Key Vault and a Storage token belong to.
    key_vault_hosts: &'static str,
    storage_hosts: &'static str,
    /// Hosts of other resources whose name ends in a slash: Batch and SQL.
    slashed: [&'static str; 2],
}

const KNOWN: &[Known] = &[
    Known {
        name: "public",
        environment: "AzurePublicCloud",
        arm: "https://management.azure.com",
        legacy_arm: "https://management.core.windows.net",
        authority: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com/",
        key_vault: "https://vault.azure.net",
        key_vault_hosts: ".vault.azure.net",
        storage_hosts: ".core.windows.net",
        slashed: ["batch.core.windows.net", "database.windows.net"],
    },
    Known {
        name: "china",
        environment: "AzureChinaCloud",
        arm: "https://management.chinacloudapi.cn",
        legacy_arm: "https://management.core.chinacloudapi.cn",
        authority: "https://login.partner.microsoftonline.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        key_vault: "https://vault.azure.cn",
        key_vault_hosts: ".vault.azure.cn",
        storage_hosts: ".core.chinacloudapi.cn",
        slashed: ["batch.chinacloudapi.cn", "database.chinacloudapi.cn"],
    },
    Known {
        name: "usgov",
        environment: "AzureUSGovernmentCloud",
        arm: "https://management.usgovcloudapi.net",
        legacy_arm: "https://management.core.usgovcloudapi.net",
        authority: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us/",
        key_vault: "https://vault.usgovcloudapi.net",
        key_vault_hosts: ".vault.usgovcloudapi.net",
        storage_hosts: ".core.usgovcloudapi.net",
        slashed: ["batch.core.usgovcloudapi.net", "database.usgovcloudapi.net"],
    },
];

/// The short names of resources.
pub const SHORT_NAMES: &[&str] = &["arm", "graph", "key_vault", "storage"];

/// Whether a text can be a resource: a URL, a URN, or the id of an application.
pub fn is_resource(text: &str) -> bool {
    let is_guid = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    text.contains(':') && !text.contains(char::is_whitespace) || is_guid
}

/// The resource that a scope is of; what is no scope is a resource itself. Directories want scopes, identity endpoints want
/// resources (Microsoft identity platform, `v2-permissions-and-consent.md`, "The .default scope").
pub fn of_scope(text: &str) -> &str {
    text.strip_suffix("/.default").filter(|resource| is_resource(resource)).unwrap_or(text)
}

/// How a resource has to be written that lacks the slash at its end, where that is known. Resource Manager takes both by
/// now; the form with the slash is the one it took always and in all clouds. Batch and SQL take no other.
pub fn with_slash(resource: &str) -> Option<String> {
    let (scheme, host, _) = origin(resource)?;
    let is_bare = scheme == "https" && resource.len() == "https://".len() + host.len();
    let is_slashed = |known: &Known| {
        [known.arm, known.legacy_arm].iter().any(|url| same_resource(url, resource)) || known.slashed.contains(&&*host)
    };
    (is_bare && KNOWN.iter().any(is_slashed)).then(|| format!("{resource}/"))
}

impl Cloud {
    /// The known cloud that a URL or a resource is of, by its host; nothing where several share it.
    pub fn of_url(url: &str) -> Option<Self> {
        let (_, host, _) = origin(url)?;
        let is_own = |known: &&Known| {
            let urls = [known.arm, known.legacy_arm, known.authority, known.graph, known.key_vault];
            urls.iter().any(|url| origin(url).is_some_and(|(_, own, _)| own == host))
                || [known.key_vault_hosts, known.storage_hosts].iter().any(|suffix| host.ends_with(suffix))
                || known.slashed.contains(&&*host)
        };
        KNOWN.iter().find(is_own).map(Self::known)
    }

    /// A cloud known by its name: `public`, `china` or `usgov`.
    pub fn named(name: &str) -> Option<Self> {
        KNOWN.iter().find(|known| known.name == name).map(Self::known)
    }

    /// All clouds that are known by name.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(Self::known)
    }

    /// The cloud that instance metadata names in `azEnvironment`, in the spelling of IMDS or of the Azure CLI.
    pub fn of_environment(environment: &str) -> Option<Self> {
        let fold = |text: &str| text.to_ascii_lowercase().replace("azurepubliccloud", "azurecloud");
        let strip = |text: String| text.trim_end_matches("cloud").to_owned();
        let wanted = strip(fold(environment));
        KNOWN.iter().find(|known| strip(fold(known.environment)) == wanted).map(Self::known)
    }

    fn known(known: &Known) -> Self {
        Self {
            name: known.name.to_owned(),
            arm: known.arm.to_owned(),
            audience: format!("{}/", known.arm),
            authority: known.authority.to_owned(),
            graph: known.graph.to_owned(),
            key_vault: known.key_vault.to_owned(),
            storage: "https://storage.azure.com/".to_owned(),
        }
    }

    /// The resource behind a short name, or the name itself when it is none.
    pub fn resource<'a>(&'a self, name: &'a str) -> &'a str {
        match name {
            "arm" => &self.audience,
            "graph" => &self.graph,
            "key_vault" => &self.key_vault,
            "storage" => &self.storage,
            other => other,
        }
    }

    /// Whether a URL is on this cloud's Resource Manager endpoint.
    pub fn is_arm(&self, url: &str) -> bool {
        let here = origin(url);
        here.is_some() && here == origin(&self.arm)
    }

    /// Whether a token for `resource` may be sent to `url`: the host of the audience, a host below it, or
    /// one of the hosts that the audience stands for.
    pub fn belongs(&self, resource: &str, url: &str) -> bool {
        let Some((_, host, _)) = origin(url) else {
            return false;
        };
        let Some((_, audience, _)) = origin(resource) else {
            return false;
        };
        let known = KNOWN.iter().find(|known| known.name == self.name);
        let is_management = same_resource(resource, &self.audience)
            || same_resource(resource, &self.arm)
            || known
                .is_some_and(|known| same_resource(resource, known.legacy_arm) || same_resource(resource, known.arm));
        if is_management {
            return self.is_arm(url)
                || known.is_some_and(|known| origin(known.legacy_arm).is_some_and(|(_, legacy, _)| legacy == host));
        }
        let suffix = known.and_then(|known| {
            if same_resource(resource, &self.key_vault) {
                Some(known.key_vault_hosts)
            } else if same_resource(resource, &self.storage) {
                Some(known.storage_hosts)
            } else {
                None
            }
        });
        host == audience
            || host.ends_with(&format!(".{audience}"))
            || suffix.is_some_and(|suffix| host.ends_with(suffix))
    }

    /// What templates see as `cloud`.
    pub fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "arm": self.arm,
            "audience": self.audience,
            "authority": self.authority,
            "graph": self.graph,
            "key_vault": self.key_vault,
            "storage": self.storage,
        })
    }
}

/// The members of [`Cloud::to_value`].
pub const MEMBERS: &[&str] = &["name", "arm", "audience", "authority", "graph", "key_vault", "storage"];

fn same_resource(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_are_found_by_what_instance_metadata_says() {
        let check = |environment: &str, expected: Option<&str>| {
            assert_eq!(
                Cloud::of_environment(environment).map(|cloud| cloud.name).as_deref(),
                expected,
                "{environment}"
            );
        };
        check("AzurePublicCloud", Some("public"));
        check("AZUREPUBLICCLOUD", Some("public"));
        check("AzureCloud", Some("public"));
        check("AzureChinaCloud", Some("china"));
        check("AzureUSGovernmentCloud", Some("usgov"));
        check("AzureUSGovernment", Some("usgov"));
        check("AzureGermanCloud", None);
        check("", None);
    }

    #[test]
    fn a_token_belongs_to_the_hosts_of_its_audience() {
        let cloud = Cloud::named("public").expect("known");
        let check = |resource: &str, url: &str, expected: bool| {
            assert_eq!(cloud.belongs(resource, url), expected, "{resource} → {url}");
        };
        check("https://management.azure.com/", "https://management.azure.com/subscriptions", true);
        check("https://management.core.windows.net/", "https://management.azure.com/subscriptions", true);
        check("https://management.azure.com", "https://management.azure.com.evil.example/", false);
        check("https://management.azure.com", "https://evil.example/management.azure.com", false);
        check("https://management.azure.com", "https://management.azure.com@evil.example/", false);
        check("https://vault.azure.net", "https://kv1.vault.azure.net/secrets", true);
        check("https://vault.azure.net", "https://vault.azure.net.evil.example/", false);
        check("https://storage.azure.com/", "https://acct.blob.core.windows.net/c", true);
        check("https://storage.azure.com/", "https://management.azure.com/", false);
        check("https://graph.microsoft.com/", "https://graph.microsoft.com/v1.0/me", true);
        check("api://own", "https://own.example/", false);
    }
}
