//! Why a token is not to be had, for people: what is known of each error, what it means, what to do.

use serde_json::Value;

use super::{Exchange, Refusal, Selector, Source};
use crate::diagnostic::Diagnostic;
use crate::http::{Fault, FaultKind, beginning};

/// No token of an identity for a resource.
pub fn no_token(refusal: &Refusal, (source, selector, resource): (Source, &Selector, &str), given: bool) -> Diagnostic {
    match refusal {
        Refusal::Silent { endpoint, fault } => silent(endpoint, fault, (source, given)),
        Refusal::Refused { exchange, code, description } => {
            refused((source, exchange), code, description, selector).note(format!("asked for: `{resource}`"))
        }
        Refusal::Unmet { why, help } => {
            Diagnostic::error("no-identity-source", "no token can be asked for").note(why.clone()).help(help.clone())
        }
        Refusal::Stranger { why, .. } => {
            Diagnostic::error("other-identity", "the token that came is of another identity")
                .note(why.clone())
                .note(format!("given by {}", source.title()))
                .help("is the id right, and is that identity assigned to this machine?")
        }
        Refusal::Foreign { exchange, why } => {
            let server = exchange.headers.iter().find(|(name, _)| name == "server").map(|(_, value)| value.as_str());
            let title = "what answers is not an identity endpoint";
            Diagnostic::error("not-an-identity-endpoint", title)
                .note(format!("{why} (status {}, server `{}`)", exchange.status, server.unwrap_or("unnamed")))
                .note(match beginning(&exchange.body) {
                    nothing if nothing.is_empty() => "the body is empty".to_owned(),
                    begins => format!("the body begins: {begins}"),
                })
                .help("a proxy or another cloud's metadata service may have answered; try `NO_PROXY=169.254.169.254`")
        }
    }
}

/// The identity endpoint is silent. `given` tells whether somebody said where it is.
fn silent(endpoint: &str, fault: &Fault, (source, given): (Source, bool)) -> Diagnostic {
    let diagnostic = Diagnostic::error("no-identity-endpoint", format!("no identity endpoint answers at `{endpoint}`"));
    let cause = match fault.kind {
        FaultKind::Refused => "nothing listens there",
        FaultKind::Unreachable => "the network has no way to it",
        FaultKind::ConnectTimeout => "nothing accepts the connection",
        FaultKind::Timeout => "something accepts the connection and does not answer",
        FaultKind::CutShort => "the connection ended before the answer",
        FaultKind::NotHttp | FaultKind::TooLarge => "what answers there cannot be read",
        _ => "the request came to nothing",
    };
    let diagnostic = diagnostic.note(format!("{cause}: {}", fault.detail));
    if source != Source::Imds {
        let what = source.title().trim_end_matches(',');
        return diagnostic
            .note(format!("the environment says that it is that of {what}"))
            .help("is it up, and is this its machine?");
    }
    if given {
        return diagnostic
            .help("is the endpoint given by `--imds-endpoint` or `AZURE_POD_IDENTITY_AUTHORITY_HOST` right, and up?");
    }
    diagnostic
        .note("this machine is not an Azure VM, or a firewall, a proxy or a container's network blocks the endpoint")
        .help("run it on an Azure VM that has a managed identity, or offline: add `--emulate`")
}

fn refused((source, exchange): (Source, &Exchange), code: &str, description: &str, selector: &Selector) -> Diagnostic {
    let title = match (source, selector) {
        (Source::Environment, Selector::System) => format!("the directory gives no token for {}", source.title()),
        (Source::WorkloadIdentity, Selector::System) => {
            "the directory gives no token for the identity that `AZURE_CLIENT_ID` names".to_owned()
        }
        (Source::Environment | Source::WorkloadIdentity, _) => format!("the directory gives no token for {selector}"),
        _ => format!("the identity endpoint gives no token for {selector}"),
    };
    let diagnostic = Diagnostic::error("identity-refused", title)
        .note(format!("status {}, `{code}`: {description}", exchange.status));
    let diagnostic = match source {
        Source::Imds | Source::Environment => diagnostic,
        other => diagnostic.note(format!("asked was {}", other.title().trim_end_matches(','))),
    };
    let diagnostic = match said_of_itself(exchange).filter(|_| description.contains("AADSTS7002")) {
        Some(said) => diagnostic.note(said),
        None => diagnostic,
    };
    let found = format!("status {} {code} {description}", exchange.status).to_ascii_lowercase();
    let of_source = |row: &&Known| row.0.is_empty() || row.0.contains(&source);
    match KNOWN.iter().filter(of_source).find(|row| found.contains(&row.1.to_ascii_lowercase())) {
        Some((_, IDENTITY_NOT_FOUND, note, help)) if *selector == Selector::System => {
            diagnostic.note(*note).help(help.replace(ASSIGN_IT, TURN_IT_ON))
        }
        Some((_, _, "", help)) => diagnostic.help(*help),
        Some((_, _, note, help)) => diagnostic.note(*note).help(*help),
        None => diagnostic,
    }
}

/// Who the workload said it was: what its federated credential must match to the letter.
fn said_of_itself(exchange: &Exchange) -> Option<String> {
    let claim = |name: &str| match exchange.assertion.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        _ => None,
    };
    let (issuer, subject, audience) = (claim("iss")?, claim("sub")?, claim("aud")?);
    Some(format!("the federated token says: issuer `{issuer}`, subject `{subject}`, audience `{audience}`"))
}

/// Sources (all where none is named), what is found in the status, the code or the words, what it means, what to do.
type Known = (&'static [Source], &'static str, &'static str, &'static str);

const APPS: &[Source] = &[Source::AppService, Source::LegacyAppService];
const DIRECTORY: &[Source] = &[Source::WorkloadIdentity, Source::Environment];
const IDENTITY_NOT_FOUND: &str = "Identity not found";
const ASSIGN_IT: &str =
    "assign it to this VM, and check the id: `az vm identity show --name VM --resource-group GROUP`";
const TURN_IT_ON: &str = "turn it on: `az vm identity assign --name VM --resource-group GROUP`";

/// What is known of the errors that identity endpoints tell; the first that fits.
const KNOWN: &[Known] = &[
    (
        APPS,
        "Unable to load",
        "the app has no system-assigned identity, and a single user-assigned one does not stand in for it here",
        "name the identity: `identity: {client_id: …}`",
    ),
    (
        APPS,
        "Managed Identity found for specified",
        "the id is of an identity that this app (or this slot of it) does not have, or of an app registration",
        "assign it: `az webapp identity assign --identities ID --name APP --resource-group GROUP`",
    ),
    (
        APPS,
        "status 500",
        "App Service says so of a resource that it does not know, as well as of troubles of its own",
        "the resource must match exactly, and must not end in `/.default`",
    ),
    (
        APPS,
        "status 401",
        "the platform renews `IDENTITY_HEADER`, and this process has an old one",
        "start the process again",
    ),
    (
        &[Source::WorkloadIdentity],
        "AADSTS7002",
        "no federated credential of the identity has this issuer, subject and audience",
        "compare them: `az identity federated-credential list --identity-name NAME --resource-group GROUP`",
    ),
    (
        &[Source::Environment],
        "AADSTS7000215",
        "the secret is not one of the application's",
        "is `AZURE_CLIENT_SECRET` the value of the secret, and not its id?",
    ),
    (
        &[Source::Environment],
        "AADSTS7000222",
        "the secret of the application is no longer good",
        "make a new one: `az ad app credential reset --id \"$AZURE_CLIENT_ID\"`",
    ),
    (
        &[Source::Environment],
        "AADSTS700027",
        "the certificate is not one of the application's, or the key is not that of the certificate",
        "compare it: `az ad app credential list --cert --id \"$AZURE_CLIENT_ID\"`",
    ),
    (
        DIRECTORY,
        "AADSTS90002",
        "there is no such directory in this cloud",
        "are `AZURE_TENANT_ID` and `AZURE_AUTHORITY_HOST` right?",
    ),
    (
        DIRECTORY,
        "AADSTS700016",
        "the directory does not know the client",
        "are `AZURE_CLIENT_ID` and `AZURE_TENANT_ID` of the same directory?",
    ),
    (
        &[Source::WorkloadIdentity],
        "AADSTS700024",
        "the token of the service account is no longer good",
        "is the file renewed, and is the time right here?",
    ),
    (
        &[Source::ServiceFabric],
        "ManagedIdentityNotFound",
        "the application has no managed identity",
        "give it one in the application manifest",
    ),
    (
        &[Source::CloudShell],
        "AudienceNotSupported",
        "Cloud Shell gives tokens for a fixed list of resources",
        "the message lists them; look at the trailing slash",
    ),
    (&[], IDENTITY_NOT_FOUND, "this VM has no such identity, or got it only a moment ago", ASSIGN_IT),
    (&[], "Multiple user assigned identities", "", "name one: `identity: {client_id: …}`"),
    (&[], "AADSTS500011", "", "the resource must match exactly, trailing slash included; is it one of this cloud?"),
    (&[], "invalid_resource", "", "the resource must match exactly, trailing slash included; is it one of this cloud?"),
    (&[], "status 429", "", "the endpoint is asked too often from this VM; try again in a moment"),
];
