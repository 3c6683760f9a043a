//! The messages about what can go wrong in a run: one function each.

use std::time::Duration;

use super::reply::Reply;
use crate::azure::cloud::SHORT_NAMES;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::listed;
use crate::event::redact::MARK;
use crate::http::{Fault, FaultKind};
use crate::moment::show_duration;
use crate::nearest::nearest;
use crate::pattern::TOO_MUCH;
use crate::plan::{Action, Step};
use crate::query::{MOST_LOOKED_AT, Query};

/// No answer to a request that had so much time.
pub fn fault(fault: &Fault, url: &str, limit: Duration) -> Diagnostic {
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
        FaultKind::Timeout => ("timed-out", format!("no whole answer from `{place}` within {}", show_duration(limit))),
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
        FaultKind::Timeout => Some("give the step more time: `timeout:` in the step, or in `defaults:`"),
        _ => None,
    };
    let diagnostic = Diagnostic::error(code, title).maybe_help(help);
    match fault.kind {
        FaultKind::Timeout => diagnostic,
        _ if fault.detail.is_empty() => diagnostic,
        _ => diagnostic.note(fault.detail.clone()),
    }
}

/// Azure does not tell what the identity may do.
pub(super) fn cannot_ask(reply: &Reply, scope: &str, right: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("undecided", "Azure does not say what this identity may do here")
        .note(format!("asked at `{scope}`, answered with status {}", reply.status));
    let diagnostic = azure_says(reply).into_iter().fold(diagnostic, Diagnostic::note);
    if reply.status != 403 {
        return diagnostic;
    }
    diagnostic
        .note(format!("it lacks the right to ask, `{right}`, as most workload identities do: nothing is decided"))
        .help("verify by doing: a `request` with `expect: allowed` or `expect: denied`")
        .help(format!("or grant the right: any role with `*/read` has it, or a custom one with `{right}`"))
}

/// Azure tells of no permission at all.
pub fn empty_answer(scope: &str, right: &str) -> Diagnostic {
    Diagnostic::error("undecided", "Azure lists no permission at all, so nothing is decided")
        .note(format!("asked at `{scope}`: who may ask has at least `{right}`"))
        .help("verify by doing: a `request` with `expect: allowed` or `expect: denied`")
}

/// A claim about data that an old api-version says nothing about.
pub fn unknown_data(claim: &str) -> Diagnostic {
    Diagnostic::error(
        "undecided",
        format!("`{claim}` is about data too, and this cloud does not tell what is granted on data"),
    )
    .note("it knows only older api-versions of the permissions API, which leave data actions out")
    .help("decide from role assignments, `via: assignments`, or claim actions only: `can`, `cannot`")
}

/// A token that does not say whose it is.
pub fn nameless_token() -> Diagnostic {
    Diagnostic::error("undecided", "the token does not say whose it is, so no role assignment can be looked for")
        .note("the claim `oid`, the principal's id, is not there")
        .help("decide from Azure's answer about permissions: `via: permissions`")
}

/// The definition of a role that cannot be read.
pub(super) fn unread_role(reply: &Reply, id: &str) -> Diagnostic {
    let title = format!("what the role `{id}` grants cannot be read");
    let diagnostic = Diagnostic::error("undecided", title).note(format!("answered with status {}", reply.status));
    azure_says(reply)
        .into_iter()
        .fold(diagnostic, Diagnostic::note)
        .help("grant `Microsoft.Authorization/roleDefinitions/read`, or decide with `via: permissions`")
}

/// A URL that no request can go to; `why` when there is more to say than that.
pub fn invalid_url(url: &str, why: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("invalid-url", format!("`{}` is no URL that a request can go to", url.escape_debug()));
    match why {
        Some(why) => diagnostic.note(why.to_owned()),
        None => diagnostic.help("begin with `/` for Resource Manager, or with `https://`"),
    }
}

/// A header whose value HTTP cannot carry.
pub fn invalid_header(name: &str) -> Diagnostic {
    Diagnostic::error("invalid-header", format!("the header `{}` cannot be sent", name.escape_debug()))
        .note("a name holds letters, digits and `-`; a value no line breaks and no control characters")
}

/// An identity whose id came out empty.
pub fn empty_identity() -> Diagnostic {
    Diagnostic::error("invalid-value", "the id of the identity is empty")
        .note("without an id the endpoint would give a token of another identity")
        .help("for the system-assigned one write `identity: system`")
}

/// A word that is neither the short name of a resource nor a resource.
pub fn no_resource(word: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("unknown-resource", format!("`{word}` is no resource that a token can be for"));
    match nearest(word, SHORT_NAMES.iter().copied()) {
        Some(near) => diagnostic.help(format!("a similar name exists: `{near}`")),
        None => diagnostic.note(format!("a resource is a URL, or one of {}", listed(SHORT_NAMES))),
    }
}

/// No token, since it was found before that no identity endpoint answers.
pub fn still_no_token() -> Diagnostic {
    Diagnostic::error("no-identity-endpoint", "there is no token to send")
        .note("another step has found that no identity endpoint answers")
}

/// A body that is not JSON where JSON is asked for. `beginning` is empty when the body is.
pub fn not_json(beginning: &str, content_type: Option<&str>, why: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("not-json", "the body is not JSON").note(format!(
        "`content-type` says {}",
        content_type.map_or_else(|| "nothing".to_owned(), |kind| format!("`{kind}`"))
    ));
    if beginning.is_empty() {
        return diagnostic.note("the body is empty");
    }
    diagnostic.note(why.to_owned()).note(format!("the body begins: {beginning}"))
}

/// A query that comes to more than is kept.
pub fn too_much_found(query: &Query) -> Diagnostic {
    Diagnostic::error("too-much-work", format!("`{query}` comes to too much here"))
        .note(format!(
            "it looks at more than {} million items, its patterns may take too long for so much text, or what it finds stands one \
             inside the other, so that it comes to more values than are looked into",
            MOST_LOOKED_AT / 1_000_000
        ))
        .help("say more exactly what is meant: `$.value[*].id` rather than `$..id`")
}

/// A schema that a value cannot be held against.
pub fn too_much_to_judge(why: &str) -> Diagnostic {
    Diagnostic::error("too-much-work", "the body cannot be held against the schema").note(why.to_owned())
}

/// A predicate that takes more work than any value is worth.
pub fn too_much_compared() -> Diagnostic {
    Diagnostic::error("too-much-work", "the predicate cannot be judged").note(
        "values would be compared with each other too often, or a regular expression may take too long for so much text",
    )
}

/// A regular expression over more text than is looked through.
pub fn too_much_text(expression: &str) -> Diagnostic {
    Diagnostic::error("too-much-work", format!("`{expression}` is not looked for in a body this long")).note(TOO_MUCH)
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

/// A body that a redirect would have taken where it does not belong.
pub(super) fn body_withheld(url: &str) -> Diagnostic {
    let host =
        crate::http::origin(url).map_or_else(|| url.to_owned(), |(scheme, host, _)| format!("{scheme}://{host}"));
    Diagnostic::error("token-withheld", format!("the body of the request is not sent to `{host}`"))
        .note("a redirect leads there, to another origin, and the body holds something secret")
        .help("if it shall go there, send it there: a step with that URL")
}

/// A long-running operation that cannot be followed.
pub(super) fn operation_lost(why: &str) -> Diagnostic {
    Diagnostic::error("operation-lost", "the operation was started, and cannot be followed to its end")
        .note(why.to_owned())
        .note("it may go on, and may succeed: look at the resource itself")
}

/// A long-running operation that has not ended in time.
pub(super) fn operation_endless(within: Duration) -> Diagnostic {
    Diagnostic::error("operation-lost", format!("the operation has not ended within {}", show_duration(within)))
        .note("it goes on: look at the resource itself")
        .help("give it more time: `poll: {within: 1h}`")
}

/// A long-running operation that ended and did not succeed.
pub(super) fn operation_failed(status: &str) -> Diagnostic {
    Diagnostic::error("operation-failed", format!("the operation ended as `{status}`"))
}

/// A page of a list on another host.
pub(super) fn foreign_page(url: &str) -> Diagnostic {
    let host =
        crate::http::origin(url).map_or_else(|| url.to_owned(), |(scheme, host, _)| format!("{scheme}://{host}"));
    Diagnostic::error("foreign-link", format!("`nextLink` leads to another host: `{host}`"))
        .note("a token goes to no host but the one that was asked, so the link is not followed")
}

/// A page of a list that cannot be read.
pub(super) fn broken_page(why: &str) -> Diagnostic {
    Diagnostic::error("broken-pages", "the pages of the list cannot be read to their end").note(why.to_owned())
}

/// What the answer itself says of a failure, for people.
pub(super) fn explanation(step: &Step, reply: &Reply) -> Vec<String> {
    let mut notes = azure_says(reply);
    if let (Action::Request(request), 300..=399, Some(location)) =
        (&step.action, reply.status, reply.header("location"))
    {
        let limit = match request.redirects {
            0 => "redirects are not followed unless `redirects:` says how many".to_owned(),
            1 => "1 redirect was followed, and `redirects:` allows no more".to_owned(),
            many => format!("{many} redirects were followed, and `redirects:` allows no more"),
        };
        notes.push(format!("redirected to `{location}`: {limit}"));
    }
    if notes.is_empty() && reply.status >= 400 && !reply.body.is_empty() {
        notes.push(format!("the body begins: {}", reply.beginning()));
    }
    notes
}

/// What Azure said, for people.
pub(super) fn azure_says(reply: &Reply) -> Vec<String> {
    let Some(error) = reply.arm_error() else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    let code = if error.code.is_empty() { "an error".to_owned() } else { format!("`{}`", error.code) };
    let message = if reply.veiled { MARK.to_owned() } else { error.message.replace("\r\n", "\n") };
    notes.push(format!("Azure says {code}: {}", message.trim_end()));
    if !error.inner.is_empty() {
        notes.push(format!("errors inside: {}", error.inner.join(", ")));
    }
    notes
}

/// An answer that says nothing about access control, where `allowed` or `denied` is asked.
pub(super) fn undecided(expected: &str, why: &str, reply: &Reply) -> Diagnostic {
    let title = format!("the answer does not say whether access is {expected}");
    let diagnostic = Diagnostic::error("undecided", title).note(why.to_owned());
    azure_says(reply).into_iter().fold(diagnostic, Diagnostic::note)
}

/// A refusal that names another action than the one expected: a different right is missing.
pub fn other_action(wanted: &str, named: &str) -> Diagnostic {
    Diagnostic::error("undecided", format!("the refusal is not about `{wanted}`"))
        .note(format!("refused is `{named}`, so nothing is known about `{wanted}`"))
}
