//! What is asked for: api-versions, those that are missing too, links made by hand, and paths that a value could bend.

use std::sync::LazyLock;
use std::time::SystemTime;

use regex::Regex;

use super::{each_step, written};
use crate::azure::cloud::Cloud;
use crate::diagnostic::Diagnostics;
use crate::moment::Moment;
use crate::plan::{Action, Origin, Plan, Request, Step, Subject};
use crate::playbook::InputType;
use crate::source::Span;
use crate::template::Text;

/// Versions of Azure's APIs are dates, with a word behind them while they are not final (azure-resource-manager-rpc,
/// `common-api-contracts.md`). Resource Manager began with 2013-03-01, as its preview.
static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?<date>20(?:1[2-9]|[2-9]\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?<rest>-[A-Za-z.]+)?$").ok()
});

pub(super) fn lint(plan: &Plan, now: SystemTime, diagnostics: &mut Diagnostics) {
    let today = Moment::exact(now).and_then(|now| now.format("%Y-%m-%d").ok()).unwrap_or_default();
    // A default is told once, not at each request that has it.
    let mut told: Vec<Span> = Vec::new();
    let mut each = |step: &Step, _: Option<&Step>| {
        for capture in &step.captures {
            if matches!(&capture.origin, Origin::Json(query) if query.as_str() == "$.nextLink") {
                diagnostics.hand_made_link(capture.span, "the link to the next page is captured");
            }
        }
        let Action::Request(request) = &step.action else { return };
        if let Some((version, _)) = request.api_version.as_ref().filter(|(text, _)| !told.contains(&text.span)) {
            told.push(version.span);
            if let Some(literal) = version.template.literal() {
                api_version(version.span, literal.trim(), &today, diagnostics);
            }
        }
        let url = written(request);
        no_version(step, request, diagnostics);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if name.eq_ignore_ascii_case("api-version") && !value.contains("{{") {
                api_version(request.url.span, value.trim(), &today, diagnostics);
            }
            if is_skip_token(name) {
                diagnostics.hand_made_link(request.url.span, "the URL says from where on to list");
            }
        }
        if request.query.iter().any(|(name, _)| is_skip_token(name)) {
            diagnostics.hand_made_link(request.url.span, "its `query` says from where on to list");
        }
        open_path(plan, request, diagnostics);
    };
    each_step(&plan.steps, None, &mut each);
    each_step(&plan.cleanup, None, &mut each);
}

/// Tells requests to Resource Manager that name no version of it: it refuses them. Where the URL begins with a value nothing
/// is known, and who expects the refusal wants it.
fn no_version(step: &Step, request: &Request, diagnostics: &mut Diagnostics) {
    let url = written(request);
    let is_arm = url.starts_with('/') || Cloud::all().any(|cloud| cloud.is_arm(url));
    let is_named = request.api_version.is_some()
        || url.to_ascii_lowercase().contains("api-version=")
        || request.query.iter().any(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    let is_wanted = step.assertions.iter().any(|assertion| match &assertion.subject {
        Subject::Status(statuses) => statuses.include(400),
        Subject::Error(_) => true,
        _ => false,
    });
    if is_arm && !is_named && !is_wanted {
        diagnostics.no_api_version(request.url.span);
    }
}

fn is_skip_token(name: &str) -> bool {
    name.trim_start_matches("%24").trim_start_matches('$').eq_ignore_ascii_case("skiptoken")
}

fn api_version(span: Span, version: &str, today: &str, diagnostics: &mut Diagnostics) {
    let found = VERSION.as_ref().and_then(|pattern| pattern.captures(version));
    match found {
        None => diagnostics.unknown_api_version(span, version, "a date such as `2021-04-01` is expected"),
        Some(parts) if &parts["date"] > today => {
            diagnostics.unknown_api_version(span, version, "that day is yet to come");
        }
        Some(parts) if parts.name("rest").is_some() => diagnostics.preview_api_version(span, version),
        Some(_) => {}
    }
}

/// Tells inputs that stand in a path and may hold any text. What they hold cannot begin a query, but a slash leads on.
fn open_path(plan: &Plan, request: &Request, diagnostics: &mut Diagnostics) {
    let text: &Text = &request.url;
    let whole = text.template.text();
    let end = whole.find('?').unwrap_or(whole.len());
    // What a URL begins with is a path or a URL itself.
    let inside = |at: usize| whole.get(request.prefix..at).is_some_and(|before| before.contains('/'));
    for name in text.template.names().iter().filter(|name| name.range.start < end && inside(name.range.start)) {
        let rest = whole.get(name.extent().end..end).unwrap_or_default();
        let is_encoded = rest.split("}}").next().is_some_and(|filters| filters.contains("urlencode"));
        let input = plan.inputs.iter().find(|input| input.name == name.name && name.path.is_empty());
        let is_open = input.is_some_and(|input| {
            let own = &input.declaration;
            let is_text = own.r#type.as_ref().is_none_or(|kind| kind.value == InputType::String);
            is_text && own.pattern.is_none() && own.one_of.is_none()
        });
        if let Some(input) = input.filter(|_| is_open && !is_encoded) {
            diagnostics.open_path(text.span, &input.name, input.span);
        }
    }
}
