//! The document: what stands at the top of a playbook.

use schemars::{JsonSchema, Schema};
use serde_json::json;

use super::input::{Input, inputs};
use super::leaf::Period;
use super::reader::{Fields, Read, Reader};
use super::repeat::{Eventually, Retry};
use super::schema;
use super::step::Step;
use crate::azure::discovery::is_safe;
use crate::identity::Source;
use crate::source::Spanned;
use crate::template::{Text, Tree};
use crate::yaml::Named;
use crate::yaml::{Kind, Node};

/// A mi-run playbook: which identity, which requests, and what must hold.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Playbook {
    /// What the playbook is called in reports.
    pub name: Option<Text>,
    /// What the playbook is for, in a sentence or more.
    pub description: Option<Text>,
    /// The cloud the requests go to. Without it the VM's instance metadata is asked, once, when it is needed.
    pub cloud: Option<Spanned<Cloud>>,
    /// The identity every step uses unless it says otherwise. Without it the system-assigned one.
    pub identity: Option<Identity>,
    /// What the caller gives: `--var`, `--vars-file`, `MI_RUN_VAR_…`.
    #[schemars(transform = schema::variable_names)]
    pub inputs: Option<Named<Option<Input>>>,
    /// What the playbook itself derives; evaluated once, when first used.
    #[schemars(transform = schema::variable_names)]
    pub vars: Option<Named<Tree>>,
    /// What holds for every step that does not say otherwise.
    pub defaults: Option<Defaults>,
    /// The work.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
    /// Steps that run last, in order, whatever happened before, also after an interrupt.
    pub cleanup: Option<Vec<Step>>,
    /// What the playbook gives to its caller and to the report.
    #[schemars(transform = schema::variable_names)]
    pub outputs: Option<Named<Tree>>,
}

/// The cloud the requests go to.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum Cloud {
    /// A cloud known by name.
    Known(CloudName),
    /// A cloud described by its endpoints.
    Custom(Box<Endpoints>),
    /// A cloud that describes itself.
    Discovered(Discovery),
}

/// A cloud known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum CloudName {
    /// Whichever cloud the VM is in, by its instance metadata.
    Auto,
    /// Azure.
    Public,
    /// Azure in China, operated by 21Vianet.
    China,
    /// Azure for the US Government.
    #[schemars(rename = "usgov")]
    UsGov,
}

impl CloudName {
    /// The names and what they stand for.
    pub const WORDS: &[(&str, Self)] =
        &[("auto", Self::Auto), ("public", Self::Public), ("china", Self::China), ("usgov", Self::UsGov)];
}

/// A cloud that describes itself.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Discovery {
    /// Where its Resource Manager is, which is asked for `/metadata/endpoints` once, when it is needed:
    /// `https://management.example.net`.
    pub discover: Spanned<String>,
}

/// The endpoints of a cloud that is not known by name.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Endpoints {
    /// What the cloud is called in reports.
    pub name: Option<Spanned<String>>,
    /// Where Resource Manager is: `https://management.example.net`.
    pub arm: Spanned<String>,
    /// The resource to ask a token for; without it `arm` with a slash at its end.
    pub audience: Option<Spanned<String>>,
    /// Where users and applications sign in: `https://login.example.net`.
    pub authority: Option<Spanned<String>>,
    /// The resource of Microsoft Graph.
    pub graph: Option<Spanned<String>>,
    /// The resource of Key Vault.
    pub key_vault: Option<Spanned<String>>,
    /// The resource of Storage.
    pub storage: Option<Spanned<String>>,
}

/// A managed identity: `system`, or exactly one of the three names of a user-assigned one.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, transform = or_system)]
pub struct Identity {
    /// The client (application) id of a user-assigned identity.
    #[schemars(transform = schema::some_text)]
    pub client_id: Option<Text>,
    /// The object (principal) id of a user-assigned identity.
    #[schemars(transform = schema::some_text)]
    pub object_id: Option<Text>,
    /// The Resource Manager id of a user-assigned identity.
    #[schemars(transform = schema::some_text)]
    pub resource_id: Option<Text>,
    /// Where tokens come from, when it shall not be found out.
    pub source: Option<Spanned<IdentitySource>>,
}

fn or_system(schema: &mut Schema) {
    schema::at_most_one(schema, &["client_id", "object_id", "resource_id"]);
    schema::alternatives(schema, &[json!({"const": "system", "description": "The system-assigned identity."})]);
}

/// Where tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum IdentitySource {
    /// Found out from the environment.
    Auto,
    /// The instance metadata service of a VM, a scale set or a container instance.
    Imds,
    /// App Service, Functions and Container Apps.
    AppService,
    /// App Service before 2019.
    LegacyAppService,
    /// The agent of an Azure Arc-enabled server.
    Arc,
    /// Cloud Shell.
    CloudShell,
    /// Service Fabric.
    ServiceFabric,
    /// Azure Machine Learning.
    MachineLearning,
    /// The federated token of a workload in Kubernetes.
    WorkloadIdentity,
    /// The Azure CLI: the token of who signed in to it. For a developer's own machine; never found out.
    AzureCli,
    /// An application that signs in with a client secret or a certificate, as the `AZURE_…` variables say. For a developer's
    /// own machine; never found out.
    Environment,
}

impl IdentitySource {
    /// The words, and what they stand for.
    const WORDS: [(&str, IdentitySource); 11] = [
        ("auto", IdentitySource::Auto),
        ("imds", IdentitySource::Imds),
        ("app_service", IdentitySource::AppService),
        ("legacy_app_service", IdentitySource::LegacyAppService),
        ("arc", IdentitySource::Arc),
        ("cloud_shell", IdentitySource::CloudShell),
        ("service_fabric", IdentitySource::ServiceFabric),
        ("machine_learning", IdentitySource::MachineLearning),
        ("workload_identity", IdentitySource::WorkloadIdentity),
        ("azure_cli", IdentitySource::AzureCli),
        ("environment", IdentitySource::Environment),
    ];

    /// The source; nothing where it is to be found out.
    pub fn source(self) -> Option<Source> {
        let (word, _) = Self::WORDS.iter().find(|(_, source)| *source == self)?;
        Source::named(word)
    }

    /// Reads one of the words.
    pub(super) fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<IdentitySource>> {
        reader.word(node, &Self::WORDS).map(|source| Spanned::new(source, node.span))
    }
}

/// What holds for every step that does not say otherwise.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Defaults {
    /// How long one attempt may take.
    pub timeout: Option<Spanned<Period>>,
    /// How passing faults are met.
    pub retry: Option<Retry>,
    /// Waiting for what comes about, for every step that sends a request.
    pub eventually: Option<Eventually>,
    /// Headers that every request carries.
    pub headers: Option<Named<Text>>,
    /// The `api-version` of requests to Resource Manager that name none.
    pub api_version: Option<Text>,
}

impl Playbook {
    /// Reads the document.
    pub(crate) fn from_node(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "a playbook")?;
        let playbook = Playbook {
            name: fields.get("name", reader),
            description: fields.get("description", reader),
            cloud: fields.get("cloud", reader),
            identity: fields.get("identity", reader),
            inputs: fields.node("inputs").and_then(|node| inputs(node, reader)),
            vars: fields.node("vars").and_then(|node| variables(node, reader)),
            defaults: fields.get("defaults", reader),
            steps: fields.required("steps", reader).unwrap_or_default(),
            cleanup: fields.get("cleanup", reader),
            outputs: fields.node("outputs").and_then(|node| variables(node, reader)),
        };
        if let Some(Node { kind: Kind::List(items), span }) = fields.node("steps")
            && items.is_empty()
        {
            reader.diagnostics.invalid_value(*span, "[]", "a playbook needs at least one step");
        }
        fields.finish(reader);
        Some(playbook)
    }
}

/// A map of variables: names that templates can use.
pub(crate) fn variables(node: &Node, reader: &mut Reader<'_>) -> Option<Named<Tree>> {
    let entries = reader.entries(node, "a map of variables")?;
    let pairs = entries.iter().filter_map(|entry| {
        let name = reader.name(entry);
        // A value that cannot be read still defines its name: one cause, one message.
        let value = reader.tree(&entry.value).unwrap_or(Tree::Value(serde_json::Value::Null));
        Some((name?, value))
    });
    Some(Named(pairs.collect()))
}

impl Read for Cloud {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            return reader.word(node, CloudName::WORDS).map(Cloud::Known);
        };
        if entries.iter().any(|entry| entry.key.text() == Some("discover")) {
            return Discovery::read(node, reader).map(Cloud::Discovered);
        }
        let mut fields = reader.fields(node, "a cloud")?;
        let endpoints = Endpoints {
            name: fields.get("name", reader),
            arm: endpoint(&mut fields, "arm", reader)?,
            audience: fields.get("audience", reader),
            authority: fields.get("authority", reader),
            graph: fields.get("graph", reader),
            key_vault: fields.get("key_vault", reader),
            storage: fields.get("storage", reader),
        };
        fields.finish(reader);
        Some(Cloud::Custom(Box::new(endpoints)))
    }
}

impl Read for Discovery {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "a discovered cloud")?;
        let discover = endpoint(&mut fields, "discover", reader)?;
        if !is_safe(&discover) {
            let why = "who tells where tokens go has to be asked over https; only loopback may be http";
            reader.diagnostics.invalid_value(discover.span, &discover, why);
        }
        fields.finish(reader);
        Some(Discovery { discover })
    }
}

fn endpoint(fields: &mut Fields<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    let url: Spanned<String> = fields.required(key, reader)?;
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some(url);
    }
    reader.diagnostics.invalid_value(url.span, &url, "an endpoint begins with `https://`");
    None
}

impl Read for Identity {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let system = Identity { client_id: None, object_id: None, resource_id: None, source: None };
        match node.text() {
            Some("system") => return Some(system),
            Some(word) => {
                let known = ["system", "{client_id: …}", "{object_id: …}", "{resource_id: …}"];
                reader.diagnostics.unknown_value(node.span, word, &known);
                return None;
            }
            None => {}
        }
        let mut fields = reader.fields(node, "an identity")?;
        let identity = Identity {
            client_id: fields.get("client_id", reader),
            object_id: fields.get("object_id", reader),
            resource_id: fields.get("resource_id", reader),
            source: fields.node("source").and_then(|node| IdentitySource::read(node, reader)),
        };
        let named = fields.present(&["client_id", "object_id", "resource_id"]);
        if let [first, second, ..] = named.as_slice() {
            reader.diagnostics.exclusive_keys(second.span, first.span, "an identity is named in one way");
        }
        for node in ["client_id", "object_id", "resource_id"].into_iter().filter_map(|key| fields.node(key)) {
            if node.text().is_some_and(|text| text.trim().is_empty()) {
                let why = "the id of an identity; for the system-assigned one write `identity: system`";
                reader.diagnostics.invalid_value(node.span, "", why);
            }
        }
        fields.finish(reader);
        Some(identity)
    }
}

impl Read for Defaults {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "the defaults")?;
        let defaults = Defaults {
            timeout: fields.get("timeout", reader),
            retry: fields.get("retry", reader),
            eventually: fields.get("eventually", reader),
            headers: fields.get("headers", reader),
            api_version: fields.get("api_version", reader),
        };
        fields.finish(reader);
        Some(defaults)
    }
}
