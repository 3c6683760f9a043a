//! `mi-run whoami` and `mi-run token`: which source, which identity, what its token says, and what machine this is.

use std::time::SystemTime;

use mi_run::azure::metadata;
use mi_run::diagnostic::pipeline::Escape;
use mi_run::identity::{self, Source, Words};
use mi_run::source::Sources;
use serde_json::{Value, json};

use super::args::{self, Output};
use super::errand::{Errand, carry_out, without_place};
use super::exit::Exit;
use super::roles::pretty;
use super::terminal::{complain, deliver, diagnose, print};

/// The members of the instance metadata that tell which machine it is.
const MACHINE: [&str; 7] =
    ["name", "vmId", "resourceGroupName", "subscriptionId", "location", "azEnvironment", "vmScaleSetName"];

/// Tells who one is.
pub(crate) fn whoami(args: &args::Whoami) -> Exit {
    let steps =
        json!([{"token": {"resource": "arm", "fresh": true}}, {"metadata": "compute", "retry": {"attempts": 1}}]);
    let errand = match carry_out(steps, &args.asking) {
        Ok(errand) => errand,
        Err(exit) => return exit,
    };
    let Errand { record, tokens, instance } = &errand;
    let Some(token) = tokens.first() else {
        return refused(&errand, args.asking.look.color);
    };
    let machine = instance.as_ref().map(|document| metadata::machine(document));
    let machine: Vec<(&str, String)> = MACHINE
        .into_iter()
        .filter_map(|name| Some((name, machine.as_ref()?.get(name)?.as_str()?.to_owned())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let source = Source::named(token.source).map_or("", Source::title).trim_end_matches(',');
    let reason = record.run.identity.as_ref().map(|identity| identity.reason.clone()).unwrap_or_default();
    let words = identity::words(&token.claims, SystemTime::now());
    print(&match args.format {
        Output::Text => {
            let mut text = format!("source     {source} (`{}`): {reason}\n", token.source);
            text.push_str(&format!("identity   {}\n", named(&token.claims)));
            text.push_str(&format!("asked for  {}\n", token.resource));
            text.push_str("\nclaims of the token, decoded and not verified\n");
            words.iter().for_each(|one| text.push_str(&line(one)));
            if words.is_empty() {
                text.push_str("  it is no JSON Web Token, and tells nothing\n");
            }
            text.push_str("\nmachine\n");
            machine.iter().for_each(|(name, value)| text.push_str(&format!("  {name:<18} {value}\n")));
            if machine.is_empty() {
                text.push_str("  no instance metadata here\n");
            }
            text
        }
        Output::Json => {
            let machine: serde_json::Map<String, Value> =
                machine.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            pretty(&json!({
                "source": token.source, "reason": reason, "identity": record.run.identity, "resource": token.resource,
                "claims": token.claims, "machine": machine,
            }))
        }
    });
    Exit::Passed
}

/// A claim, and what it means.
fn line(words: &Words) -> String {
    let Words { claim, value, meaning } = words;
    let meaning = if meaning.is_empty() { String::new() } else { format!("  ({meaning})") };
    format!("  {claim:<10} {value}{meaning}\n")
}

/// What people call the identity.
fn named(claims: &Value) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let kind = match text("xms_mirid") {
        _ if text("scp").is_some() => "a person, and no managed identity",
        Some(id) if id.to_ascii_lowercase().contains("/userassignedidentities/") => "user-assigned",
        Some(_) => "system-assigned",
        None => "of a kind that its token does not tell",
    };
    let name = text("xms_mirid").and_then(|id| id.rsplit('/').next()).or_else(|| text("oid")).unwrap_or("?");
    format!("{name}, {kind}")
}

/// Prints a token, which is asked for by name.
pub(crate) fn token(args: &args::Token) -> Exit {
    if args.resource.contains(['{', '}']) {
        complain("error: a resource holds no templates\n");
        return Exit::Usage;
    }
    let steps = json!([{"token": {"resource": args.resource, "fresh": true}}]);
    let errand = match carry_out(steps, &args.asking) {
        Ok(errand) => errand,
        Err(exit) => return exit,
    };
    let Some(token) = errand.tokens.first() else {
        return refused(&errand, args.asking.look.color);
    };
    let text = if args.json { pretty(&token.answer) } else { format!("{}\n", token.secret.reveal()) };
    match deliver(&text, Escape::Shown) {
        Ok(()) => Exit::Passed,
        Err(error) => {
            complain(&format!("error: the token cannot be written to stdout: {error}\n"));
            Exit::Errored
        }
    }
}

/// Says why there is no token.
fn refused(errand: &Errand, color: args::Color) -> Exit {
    let steps = errand.record.playbooks.iter().flat_map(|playbook| playbook.steps.iter());
    let problems = steps.filter(|step| step.action == "token").flat_map(|step| step.problems);
    problems.for_each(|problem| diagnose(&without_place(&problem), &Sources::new(), color));
    Exit::Errored
}
