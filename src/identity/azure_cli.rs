//! The Azure CLI, which gives the token of whoever signed in to it.
//!
//! Never found out, only by name. Source: `az account get-access-token --help`; `AzureCliCredential` of the Azure Identity
//! libraries.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use super::{Ask, Exchange, Refusal, Selector, Source, Token, answer, cannot_select, unmet};

/// The program takes its time to start, and may ask the directory.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what it says is told.
const SHOWN: usize = 400;

/// Asks the program.
pub(super) async fn acquire(ask: &Ask<'_>) -> Result<Token, Refusal> {
    if *ask.selector != Selector::System {
        return Err(cannot_select(Source::AzureCli, "it knows only who signed in to it: `identity: system`"));
    }
    if ask.machine.azure_cli.is_empty() {
        let why =
            "no Azure CLI can be asked here: an emulated machine has none, and `--no-files` runs none for a playbook";
        return Err(unmet(
            why.to_owned(),
            "take another source, or no emulator, or say so yourself: `--source azure_cli`",
        ));
    }
    let mut command = Command::new(ask.machine.azure_cli);
    command.args(["account", "get-access-token", "--output", "json", "--resource", ask.resource]);
    if let Some(tenant) = ask.machine.get("AZURE_TENANT_ID") {
        command.args(["--tenant", &tenant]);
    }
    command.env("AZURE_CORE_NO_COLOR", "true").stdin(Stdio::null()).kill_on_drop(true);
    let begun = Instant::now();
    let output = match tokio::time::timeout(PATIENCE.min(ask.timeout.max(Duration::from_secs(10))), command.output())
        .await
    {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            let help = "install it, or say where tokens come from: `--source environment`";
            return Err(unmet("the Azure CLI is not installed: there is no `az` in `PATH`".to_owned(), help));
        }
        Ok(Err(error)) => return Err(unmet(format!("`az` cannot be run: {error}"), "is it the Azure CLI?")),
        Err(_) => return Err(unmet("`az` did not end in time".to_owned(), "does `az account get-access-token` work?")),
    };
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    let exchange = Exchange {
        method: "RUN",
        url: format!("az account get-access-token --resource {}", ask.resource),
        request_headers: Vec::new(),
        assertion: Value::Null,
        status: 200,
        headers: Vec::new(),
        body: output.stdout.into(),
        duration: begun.elapsed(),
    };
    answer::read(ask, Source::AzureCli, exchange)
}

/// What the program says of its failure.
fn failed(said: &str) -> Refusal {
    let text = said.trim().trim_start_matches("ERROR: ");
    let short: String = text.chars().take(SHOWN).collect();
    let lower = text.to_ascii_lowercase();
    let help = if lower.contains("az login") || lower.contains("aadsts") {
        "sign in: `az login`"
    } else {
        "does `az account get-access-token` work by hand, and is `az cloud show` the right cloud?"
    };
    unmet(format!("`az account get-access-token` says: {short}"), help)
}
