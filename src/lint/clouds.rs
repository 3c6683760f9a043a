//! Where tokens are for and where they go: resources without their slash, and clouds that do not fit together.

use super::{each_step, written};
use crate::azure::cloud::{Cloud, of_scope, with_slash};
use crate::diagnostic::Diagnostics;
use crate::plan::{Action, Auth, Plan, Step};
use crate::source::Span;

pub(super) fn lint(plan: &Plan, diagnostics: &mut Diagnostics) {
    let own = plan.cloud.known().and_then(|cloud| Cloud::of_url(&cloud.arm).or_else(|| Cloud::named(&cloud.name)));
    for (what, url) in plan.endpoints.iter().filter(|(what, _)| *what != "arm") {
        if *what == "audience" {
            slash(url, url.span, diagnostics);
        }
        if let Some((own, other)) = own.as_ref().zip(Cloud::of_url(url)).filter(|(own, other)| own.name != other.name) {
            diagnostics.cloud_mismatch(url.span, (what, &other.name), &own.name);
        }
    }
    let mut each = |step: &Step, _: Option<&Step>| {
        let resource = match &step.action {
            Action::Token(token) => token.resource.as_ref(),
            Action::Request(request) => match &request.auth {
                Auth::Resource(resource, _) => resource.as_ref(),
                Auth::Default | Auth::Bearer(_) => None,
            },
            _ => None,
        };
        let resource = resource.and_then(|text| Some((text.template.literal()?.trim(), text)));
        if let Some((literal, text)) = resource {
            slash(literal, text.span, diagnostics);
        }
        // What asks for no token goes where it likes.
        if resource.is_some_and(|(literal, _)| literal == "none") {
            return;
        }
        let of_resource = resource.and_then(|(literal, text)| Some((Cloud::of_url(literal)?, text.span)));
        let of_url = match &step.action {
            Action::Request(request) => Cloud::of_url(written(request)).map(|cloud| (cloud, request.url.span)),
            _ => None,
        };
        let mut tell = |(one, span): &(Cloud, Span), what: &str, other: &Cloud| {
            if one.name != other.name {
                diagnostics.cloud_mismatch(*span, (what, &one.name), &other.name);
            }
        };
        match (&own, &of_url, &of_resource) {
            (Some(own), ..) => {
                of_url.iter().for_each(|found| tell(found, "URL", own));
                of_resource.iter().for_each(|found| tell(found, "resource", own));
            }
            (None, Some((cloud, _)), Some(found)) => tell(found, "resource", cloud),
            _ => {}
        }
    };
    each_step(&plan.steps, None, &mut each);
    each_step(&plan.cleanup, None, &mut each);
}

fn slash(resource: &str, span: Span, diagnostics: &mut Diagnostics) {
    if let Some(right) = with_slash(of_scope(resource)) {
        diagnostics.no_slash(span, resource, &right);
    }
}
