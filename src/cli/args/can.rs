//! Which Azure, who one is there, and what one would like to know.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mi_run::azure::cloud::{Choice, Cloud};
use mi_run::identity::{Selector, Source};

use super::{Look, Output};

/// Which Azure: the real one, the emulator, or another one.
#[derive(Debug, Args)]
pub(crate) struct Azure {
    /// Start the emulator inside and run against it; without WORLD the one of the quickstart
    #[arg(long, value_name = "WORLD", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) emulate: Option<String>,
    /// Where Resource Manager is
    #[arg(long, value_name = "URL", env = "MI_RUN_ARM_ENDPOINT")]
    pub(crate) arm_endpoint: Option<String>,
    /// Where the instance metadata service is
    #[arg(long, value_name = "URL", env = "AZURE_POD_IDENTITY_AUTHORITY_HOST")]
    pub(crate) imds_endpoint: Option<String>,
    /// Trust the certificates in this file too
    #[arg(long, value_name = "PEM", env = "MI_RUN_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// Who one is. What is not said is as the playbook says, else the machine's own.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The identity of all that names none of its own: system, client_id=ID, object_id=ID or resource_id=ID
    #[arg(long, value_name = "IDENTITY", env = "MI_RUN_IDENTITY", value_parser = identity)]
    pub(crate) identity: Option<Selector>,
    /// Where tokens come from; as the playbook says without it, else found out from the environment
    #[arg(long, value_name = "SOURCE", env = "MI_RUN_SOURCE", value_parser = source)]
    pub(crate) source: Option<Source>,
    /// The cloud; as the playbook says without it, else found out from the VM's metadata
    #[arg(long, value_name = "NAME", env = "MI_RUN_CLOUD", value_enum)]
    pub(crate) cloud: Option<CloudName>,
}

impl Who {
    /// The cloud, when it was said.
    pub(crate) fn choice(&self) -> Option<Choice> {
        self.cloud.map(|name| Cloud::named(name.word()).map_or(Choice::Auto, Choice::Known))
    }
}

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloudName {
    /// The one that the VM is in
    Auto,
    /// Azure
    Public,
    /// Azure operated by 21Vianet
    China,
    /// Azure Government
    Usgov,
}

impl CloudName {
    /// The word in a playbook.
    pub(crate) fn word(self) -> &'static str {
        match self {
            CloudName::Auto => "auto",
            CloudName::Public => "public",
            CloudName::China => "china",
            CloudName::Usgov => "usgov",
        }
    }
}

/// Who asks which Azure.
#[derive(Debug, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) azure: Azure,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// Who one is, and where; for `whoami` and `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Whoami {
    /// How to write it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text)]
    pub(crate) format: Output,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// Which token.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// For what: arm, graph, key_vault, storage, or a resource URL
    #[arg(value_name = "RESOURCE", default_value = "arm")]
    pub(crate) resource: String,
    /// Print the endpoint's whole answer
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// What one would like to know.
#[derive(Debug, Args)]
pub(crate) struct Can {
    /// The action, or a pattern of which every action is asked for: Microsoft.Compute/virtualMachines/read
    #[arg(value_name = "ACTION", required_unless_present = "all")]
    pub(crate) action: Option<String>,
    /// Where: the id of a subscription, a resource group, a resource or a management group
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: String,
    /// It is a data action
    #[arg(long)]
    pub(crate) data: bool,
    /// Say everything that the identity may do
    #[arg(long, conflicts_with_all = ["action", "data"])]
    pub(crate) all: bool,
    /// Keep what it may do in this file
    #[arg(long, value_name = "FILE", conflicts_with = "action")]
    pub(crate) save: Option<PathBuf>,
    /// Say what it gained and lost since that file was saved; exit 1 when there is anything
    #[arg(long, value_name = "FILE", conflicts_with = "action")]
    pub(crate) against: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text)]
    pub(crate) format: Output,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// A source by its word.
pub(super) fn source(text: &str) -> Result<Source, String> {
    let words: Vec<&str> = Source::ALL.iter().map(|source| source.word()).collect();
    Source::named(text).ok_or_else(|| format!("the sources are {}", words.join(", ")))
}

fn identity(text: &str) -> Result<Selector, String> {
    let parts = text.split_once('=').map(|(key, id)| (key, id.trim()));
    match parts {
        None if text == "system" => Ok(Selector::System),
        Some((_, "")) => Err("the id is empty".to_owned()),
        Some(("client_id", id)) => Ok(Selector::ClientId(id.to_owned())),
        Some(("object_id", id)) => Ok(Selector::ObjectId(id.to_owned())),
        Some(("resource_id", id)) => Ok(Selector::ResourceId(id.to_owned())),
        _ => Err("it is `system`, `client_id=ID`, `object_id=ID` or `resource_id=ID`".to_owned()),
    }
}
