//! Faults as a world writes them.

use super::document::Mishap;
use super::leaf::Any;
use crate::diagnostic::Diagnostics;
use crate::emulator::fault::{Effect, Fault, When};
use crate::source::{Span, Spanned};

/// The statuses that an answer can have.
const STATUSES: std::ops::RangeInclusive<u32> = 200..=599;

/// The faults of a document. What is wrong with them stands in the diagnostics.
pub(super) fn resolve(from: Vec<Spanned<Mishap>>, diagnostics: &mut Diagnostics) -> Vec<Fault> {
    from.into_iter().filter_map(|one| fault(one.value, one.span, diagnostics)).collect()
}

fn fault(from: Mishap, span: Span, diagnostics: &mut Diagnostics) -> Option<Fault> {
    let mut effects: Vec<Effect> = Vec::new();
    if let Some(answer) = from.answer {
        if !STATUSES.contains(&answer.status) {
            let why = "the status of an answer is a number from 200 to 599";
            diagnostics.invalid_value(answer.status.span, &answer.status.to_string(), why);
            return None;
        }
        effects.push(Effect::Answer {
            status: u16::try_from(answer.status.value).unwrap_or(500),
            headers: answer
                .headers
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|(name, value)| (name.value, value))
                .collect(),
            body: answer.body.map(|Any(value)| match value {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            }),
        });
    }
    let on = |flag: Option<bool>, effect: Effect| flag.filter(|on| *on).map(|_| effect);
    effects.extend(from.cut.map(Effect::Cut));
    effects.extend(from.slow.map(Effect::Slow));
    effects.extend(from.content_type.map(|kind| Effect::ContentType(kind.value)));
    effects.extend(from.throttle.map(|period| Effect::Throttle(period.0)));
    effects.extend(on(from.close, Effect::Close));
    effects.extend(on(from.garbage, Effect::Garbage));
    effects.extend(on(from.expired_token, Effect::ExpiredToken));
    if effects.len() > 1 {
        diagnostics.several_effects(span);
        return None;
    }
    if effects.is_empty() && from.delay.is_none() {
        // What it does may stand there and not be understood.
        if !diagnostics.has_errors_in(span) {
            diagnostics.no_effect(span);
        }
        return None;
    }
    let when = from
        .when
        .map(|when| When { method: when.method.map(|text| text.value), path: when.path.map(|text| text.value) });
    Some(Fault {
        when: when.unwrap_or_default(),
        times: from.times,
        delay: from.delay.map(|period| period.0),
        effect: effects.pop(),
    })
}
