//! What identity sources read of this machine; with the emulator inside, of the machine that it stands for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use mi_run::emulator::Emulator;
use mi_run::http::Transport;
use mi_run::http::client::Client;
use mi_run::identity::source::{ARC_KEYS, HIMDS, VARIABLES};
use mi_run::identity::{Machine, Source};
use mi_run::run::{Clock, World};
use serde_json::{Map, Value};

use super::args;
use super::files;
use super::run::{random, variables};

/// The one file that holds all certificates of the system, unless the environment names others. Systems that keep them
/// otherwise are asked.
pub(crate) fn bundle() -> Option<PathBuf> {
    let asked = cfg!(any(windows, target_os = "macos"));
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    if asked || named { None } else { openssl_probe::probe().cert_file }
}

/// The variables of the environment, or of the machine that the emulator stands for.
pub(crate) struct Environment {
    emulated: Option<HashMap<String, String>>,
    arc_keys: PathBuf,
    /// Whether playbooks may use nothing of this machine.
    closed: bool,
    /// Whether it is not a playbook but the command line that asks for the Azure CLI.
    asks_cli: bool,
}

impl Environment {
    pub(crate) fn of(emulator: Option<&Emulator>) -> Environment {
        let variables = |emulator: &Emulator| {
            emulator.ready().env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
        };
        let arc_keys = emulator.and_then(|emulator| emulator.ready().arc_keys.clone());
        Environment {
            emulated: emulator.map(variables),
            arc_keys: arc_keys.unwrap_or_else(|| PathBuf::from(ARC_KEYS)),
            closed: false,
            asks_cli: false,
        }
    }

    /// The same, as far as the command line lets playbooks use it.
    pub(crate) fn open_to(self, args: &args::Run) -> Environment {
        Environment { closed: args.root.no_files, asks_cli: args.who.source == Some(Source::AzureCli), ..self }
    }

    /// A client that trusts the emulator, where that speaks TLS: to it alone go the requests of such a run.
    pub(crate) fn client(emulator: Option<&Emulator>) -> Option<Client> {
        let ca_file = emulator.and_then(|emulator| emulator.ready().ca_file.clone())?;
        Client::new(Some(&ca_file), bundle).ok()
    }

    /// A variable that identity sources want to know.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let is_its = VARIABLES.contains(&name) || name == "AZURE_POD_IDENTITY_AUTHORITY_HOST";
        match self.emulated.as_ref().filter(|_| is_its) {
            Some(emulated) => emulated.get(name).cloned(),
            None => std::env::var(name).ok(),
        }
    }

    /// The machine, as identity sources see it.
    pub(crate) fn machine<'m>(&'m self, variable: &'m dyn Fn(&str) -> Option<String>) -> Machine<'m> {
        // What is installed here is none of the emulator's.
        let is_emulated = self.emulated.is_some();
        let himds = if is_emulated { "" } else { HIMDS };
        let azure_cli = if is_emulated || self.closed && !self.asks_cli { "" } else { "az" };
        Machine { variable, arc_keys: &self.arc_keys, himds: Path::new(himds), azure_cli }
    }

    /// The outside, as a run sees it.
    pub(crate) fn world<'w>(
        &'w self,
        (transport, clock): (&'w dyn Transport, &'w dyn Clock),
        variable: &'w dyn Fn(&str) -> Option<String>,
    ) -> World<'w> {
        let machine = self.machine(variable);
        let world = World { transport, clock, machine, variables: &variables, file: files::inside, random: &random };
        match self.closed {
            true => World { variables: &|| Value::Object(Map::new()), file: files::none, ..world },
            false => world,
        }
    }
}
