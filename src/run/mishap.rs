//! The messages about what can go wrong in a run: one function each.

use crate::azure::error::ArmError;
use crate::diagnostic::Diagnostic;
use crate::http::{Fault, FaultKind};
use crate::identity::{Exchange, Refusal, Selector};

/// No answer to a request.
pub fn fault(fault: &Fault, url: &str) -> Diagnostic {
    let place = crate::http::origin(url).map_or_else(|| url.to_owned(), |(_, host, port)| format!("{host}:{port}"));
    let (code, title) = match fault.kind {
        FaultKind::InvalidUrl => ("invalid-url", format!("`{url}` is no URL that a request can go to")),
        FaultKind::InvalidHeader => ("invalid-header", "a header of the request cannot be sent".to_owned()),
        FaultKind::Dns => ("connection-failed", format!("the name of `{place}` is not known")),
        FaultKind::Refused => ("connection-failed", format!("`{place}` refuses connections")),
        FaultKind::Unreachable => ("connection-failed", format!("`{place}` cannot be reached from here")),
        FaultKind::ConnectTimeout => ("connection-failed", format!("`{place}` does not accept a connection in time")),
        FaultKind::Connect => ("connection-failed", format!("no connection to `{place}`")),
        FaultKind::Tls => ("tls-failed", format!("no trusted connection to `{place}`")),
        FaultKind::Timeout => ("timed-out", format!("no whole answer from `{place}` in time")),
        FaultKind::CutShort => ("body-cut-short", format!("`{place}` ended the connection before its answer")),
        FaultKind::TooLarge => ("body-too-large", format!("the answer of `{place}` is larger than what is kept")),
        FaultKind::NotHttp => ("not-http", format!("what `{place}` answers is not HTTP")),
    };
    let help = match fault.kind {
        FaultKind::Refused | FaultKind::Unreachable | FaultKind::ConnectTimeout | FaultKind::Connect => {
            Some("is the endpoint right, and does a firewall or a proxy stand in between?")
        }
        FaultKind::Dns => Some("is the host spelt right, and does a name server answer here?"),
        FaultKind::Tls => {
            Some("trust the server's authority with `--ca-file FILE`, or is something reading the traffic?")
        }
        FaultKind::Timeout => Some("give the step more time with `timeout:`"),
        _ => None,
    };
    let diagnostic = Diagnostic::error(code, title).maybe_help(help);
    if fault.detail.is_empty() { diagnostic } else { diagnostic.note(fault.detail.clone()) }
}

/// No token.
pub fn no_token(refusal: &Refusal, selector: &Selector, given: bool) -> Diagnostic {
    match refusal {
        Refusal::Silent { endpoint, fault } => silent(endpoint, fault, given),
        Refusal::Refused { exchange, code, description } => refused(exchange, code, description, selector),
        Refusal::Foreign { exchange, why } => {
            let server = exchange.headers.iter().find(|(name, _)| name == "server").map(|(_, value)| value.as_str());
            let title = "what answers is not an identity endpoint";
            Diagnostic::error("not-an-identity-endpoint", title)
                .note(format!("{why} (status {}, server `{}`)", exchange.status, server.unwrap_or("unnamed")))
                .note(format!("the body begins: {}", beginning(&exchange.body)))
                .help("a proxy or another cloud's metadata service may have answered; try `NO_PROXY=169.254.169.254`")
        }
    }
}

/// No token, since an earlier step has found no identity endpoint.
pub fn still_no_token(step: &str) -> Diagnostic {
    Diagnostic::error("no-identity-endpoint", "there is no token to send")
        .note(format!("step `{step}` has found that no identity endpoint answers"))
}

/// The identity endpoint is silent. `given` tells whether somebody said where it is.
fn silent(endpoint: &str, fault: &Fault, given: bool) -> Diagnostic {
    let diagnostic = Diagnostic::error("no-identity-endpoint", format!("no identity endpoint answers at `{endpoint}`"));
    let cause = match fault.kind {
        FaultKind::Refused => "nothing listens there",
        FaultKind::Unreachable => "the network has no way to it",
        FaultKind::ConnectTimeout | FaultKind::Timeout => "nothing answers in time",
        FaultKind::CutShort => "the connection ended before the answer",
        _ => "the request came to nothing",
    };
    let diagnostic = diagnostic.note(format!("{cause}: {}", fault.detail));
    if given {
        return diagnostic
            .help("is the endpoint given by `--imds-endpoint` or `AZURE_POD_IDENTITY_AUTHORITY_HOST` right, and up?");
    }
    diagnostic
        .note("this machine is not an Azure VM, or a firewall, a proxy or a container's network blocks the endpoint")
        .help("run it on an Azure VM that has a managed identity, or offline: add `--emulate`")
}

fn refused(exchange: &Exchange, code: &str, description: &str, selector: &Selector) -> Diagnostic {
    let title = format!("the identity endpoint gives no token for {selector}");
    let diagnostic = Diagnostic::error("identity-refused", title)
        .note(format!("status {}, `{code}`: {description}", exchange.status));
    let is = |text: &str| description.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    if is("Identity not found") {
        let help = match selector {
            Selector::System => "turn it on: `az vm identity assign --name VM --resource-group GROUP`",
            _ => "assign it to this VM, and check the id: `az vm identity show --name VM --resource-group GROUP`",
        };
        return diagnostic.note("this VM has no such identity, or got it only a moment ago").help(help);
    }
    if is("Multiple user assigned identities") {
        return diagnostic.help("name one: `identity: {client_id: …}`");
    }
    if is("AADSTS500011") || code == "invalid_resource" {
        return diagnostic.help("the resource must match exactly, trailing slash included; is it one of this cloud?");
    }
    if exchange.status == 429 {
        return diagnostic.help("the endpoint is asked too often from this VM; try again in a moment");
    }
    diagnostic
}

/// A body that is not JSON where JSON is asked for.
pub fn not_json(body: &[u8], content_type: Option<&str>, why: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("not-json", "the body is not JSON").note(format!(
        "`content-type` says {}",
        content_type.map_or_else(|| "nothing".to_owned(), |kind| format!("`{kind}`"))
    ));
    if body.is_empty() {
        return diagnostic.note("the body is empty");
    }
    diagnostic.note(why.to_owned()).note(format!("the body begins: {}", beginning(body)))
}

/// The first characters of a body, on one line.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(120).collect();
    if cut.is_empty() { "(nothing)".to_owned() } else { cut }
}

/// A capture that found nothing.
pub fn capture_failed(name: &str, looked: &str, actual: Option<String>) -> Diagnostic {
    let diagnostic = Diagnostic::error("capture-failed", format!("nothing to capture as `{name}`"))
        .note(format!("{looked} finds nothing"))
        .help("give it a `default:` when it may be missing");
    match actual {
        Some(actual) => diagnostic.note(actual),
        None => diagnostic,
    }
}

/// A token that would have gone where it does not belong.
pub fn token_withheld(url: &str, resource: &str) -> Diagnostic {
    let host =
        crate::http::origin(url).map_or_else(|| url.to_owned(), |(scheme, host, _)| format!("{scheme}://{host}"));
    Diagnostic::error("token-withheld", format!("no token is sent to `{host}`"))
        .note(format!("a token for `{resource}` travels only over https or to loopback, and only to its own hosts"))
        .help("if the token shall go there, say so in the step: `auth: {bearer: …}`, or `auth:` with that resource")
}

/// What Azure said, for people.
pub fn arm_error_notes(error: &ArmError) -> Vec<String> {
    let mut notes = Vec::new();
    let code = if error.code.is_empty() { "an error".to_owned() } else { format!("`{}`", error.code) };
    notes.push(format!("Azure says {code}: {}", error.message));
    if !error.inner.is_empty() {
        notes.push(format!("errors inside: {}", error.inner.join(", ")));
    }
    notes
}

/// An answer that says nothing about access control, where `allowed` or `denied` is asked.
pub fn undecided(expected: &str, why: &str, error: Option<&ArmError>) -> Diagnostic {
    let title = format!("the answer does not say whether access is {expected}");
    let mut diagnostic = Diagnostic::error("undecided", title).note(why.to_owned());
    for note in error.map(arm_error_notes).unwrap_or_default() {
        diagnostic = diagnostic.note(note);
    }
    diagnostic
}

/// A refusal that names another action than the one expected: a different right is missing.
pub fn other_action(wanted: &str, named: &str) -> Diagnostic {
    Diagnostic::error("undecided", format!("the refusal is not about `{wanted}`"))
        .note(format!("refused is `{named}`, so nothing is known about `{wanted}`"))
}
