//! A step on the page: its line with its time in the run, and behind it all that is known of it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::source::Texts;
use super::{causes_list, message, text};
use crate::event::{Headers, Outcome, Step, Trail};
use crate::report::cause::causes;
use crate::report::console::{claim, expectation, shown_as, title};
use crate::report::diff::{self, Of};
use crate::report::{duration, timed};

/// Longer values of captures are cut.
const LONGEST: usize = 400;

/// What a step is shown in.
pub(super) struct Around<'a> {
    /// The texts of its playbook.
    pub(super) texts: &'a Texts<'a>,
    /// How long the whole run took, in milliseconds.
    pub(super) whole: f64,
    /// What the steps of the playbook are called, by the way to each.
    pub(super) names: &'a HashMap<Trail, String>,
    /// Whether so many steps are told that those that passed are told by their line alone.
    pub(super) brief: bool,
}

/// Writes a step.
pub(super) fn step(html: &mut String, step: &Step, around: &Around<'_>) {
    let outcome = step.outcome.word();
    let is_bad = step.outcome > Outcome::Passed;
    let time = if step.outcome == Outcome::Skipped { String::new() } else { duration(step.duration_ms.0) };
    let line = format!(
        "<span class=\"outcome {outcome}\">{outcome}</span><span class=\"name\">{}</span>{}<span class=\"time\">{time}</span>",
        text(&title(step)),
        bar(step, around.whole),
    );
    if around.brief && !is_bad {
        let _ = writeln!(html, "<li class=\"step {outcome}\"><div class=\"line\">{line}</div></li>");
        return;
    }
    let open = if is_bad { " open=\"\"" } else { "" };
    let _ = writeln!(
        html,
        "<li class=\"step {outcome}\"><details{open}><summary class=\"line\">{line}</summary>\n<div class=\"in\">"
    );
    if is_bad {
        html.push_str(&causes_list(&causes(step)));
        around.texts.excerpts(html, step);
        differences(html, step);
    }
    if let Some(reason) = step.reason.as_ref().filter(|_| step.outcome == Outcome::Skipped) {
        let _ = writeln!(html, "<p>{}</p>", message(reason));
    }
    if !is_bad {
        step.notes.iter().for_each(|note| {
            let _ = writeln!(html, "<p class=\"soft\">{}</p>", message(note));
        });
    }
    facts(html, step, around);
    attempts(html, step);
    exchange(html, step);
    assertions(html, step);
    captures(html, step);
    html.push_str("</div>\n</details></li>\n");
}

/// Where the step stands in the time of the run: its attempts, and the waits between them. The times are in words too.
fn bar(step: &Step, whole: f64) -> String {
    if step.outcome == Outcome::Skipped || whole <= 0.0 {
        return "<span class=\"bar\"></span>".to_owned();
    }
    let part = |began: f64, took: f64, class: &str| {
        let left = (began / whole * 100.0).clamp(0.0, 100.0);
        let width = (took / whole * 100.0).clamp(0.0, 100.0 - left);
        format!("<i{class} style=\"left:{left:.2}%;width:{width:.2}%\"></i>")
    };
    let mut parts = part(step.started_ms.0, step.duration_ms.0, "");
    for (began, attempt) in timed(step).filter(|(_, attempt)| attempt.waited_ms.0 > 0.0) {
        parts.push_str(&part(began - attempt.waited_ms.0, attempt.waited_ms.0, " class=\"wait\""));
    }
    format!("<span class=\"bar\" aria-hidden=\"true\">{parts}</span>")
}

fn facts(html: &mut String, step: &Step, around: &Around<'_>) {
    let place = &step.place;
    let place = around.texts.link(place, &format!("{}:{}:{}", place.path, place.line, place.column));
    let began = duration(step.started_ms.0);
    let _ = write!(html, "<p class=\"soft\"><code>{}</code> at {place}, began at {began}", text(&step.action));
    let after: Vec<String> =
        step.after.iter().filter_map(|trail| around.names.get(trail)).map(|name| text(name)).collect();
    if !after.is_empty() {
        let _ = write!(html, ", after {}", after.join(", "));
    }
    if let Some(settled) = step.settled_ms {
        let _ = write!(html, ", held after {}", duration(settled.0));
    }
    html.push_str("</p>\n");
}

fn attempts(html: &mut String, step: &Step) {
    if step.attempts.is_empty() {
        return;
    }
    html.push_str(
        "<div class=\"wide\"><table><caption>Attempts</caption><thead><tr><th scope=\"col\">began at</th>\
         <th scope=\"col\">took</th><th scope=\"col\">came to</th><th scope=\"col\">waited before</th>\
         <th scope=\"col\">request id</th></tr></thead><tbody>\n",
    );
    for (began, attempt) in timed(step) {
        let came = attempt.status.map(|status| status.to_string()).or_else(|| attempt.error.clone());
        let waited = match (attempt.waited_ms.0 > 0.0, &attempt.waited_for) {
            (false, _) => String::new(),
            (true, Some(why)) => format!("{}: {}", duration(attempt.waited_ms.0), message(why)),
            (true, None) => duration(attempt.waited_ms.0),
        };
        let _ = writeln!(
            html,
            "<tr><td class=\"time\">{}</td><td class=\"time\">{}</td><td>{}</td><td>{waited}</td><td><code>{}</code></td></tr>",
            duration(began),
            duration(attempt.duration_ms.0),
            message(&came.unwrap_or_default()),
            text(attempt.request_id.as_deref().unwrap_or_default()),
        );
    }
    html.push_str("</tbody></table></div>\n");
}

/// What was sent and what came.
fn exchange(html: &mut String, step: &Step) {
    let Some(request) = &step.request else { return };
    let status = step.response.as_ref().map_or("no answer".to_owned(), |response| {
        format!("status {}, {} bytes", response.status, response.body_bytes)
    });
    let _ = writeln!(
        html,
        "<details class=\"more\"><summary>Request and answer: <code>{} {}</code>, {status}</summary>",
        text(&request.method),
        text(&request.url),
    );
    headers(html, "Sent", &request.headers);
    if let Some(response) = &step.response {
        headers(html, "Came", &response.headers);
    }
    html.push_str("</details>\n");
}

fn headers(html: &mut String, caption: &str, headers: &Headers) {
    let _ = write!(html, "<div class=\"wide\"><table><caption>{caption}</caption><tbody>");
    for (name, value) in &headers.0 {
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td></tr>",
            text(name),
            text(value)
        );
    }
    html.push_str("</tbody></table></div>\n");
}

fn assertions(html: &mut String, step: &Step) {
    if step.assertions.is_empty() {
        return;
    }
    html.push_str(
        "<div class=\"wide\"><table><caption>What was expected</caption><thead><tr><th scope=\"col\">holds</th>\
         <th scope=\"col\">of</th><th scope=\"col\">expected</th><th scope=\"col\">actual</th></tr></thead><tbody>\n",
    );
    for assertion in &step.assertions {
        let (class, word) = if assertion.holds { ("passed", "yes") } else { ("failed", "no") };
        let of = claim(assertion);
        let of = of.strip_suffix(" does not hold").unwrap_or(&of);
        let actual = match &assertion.reason {
            Some(reason) if assertion.subject == "that" || assertion.predicate == "access" => reason.clone(),
            _ => shown_as(assertion, &assertion.actual, assertion.found),
        };
        let _ = writeln!(
            html,
            "<tr><td class=\"{class}\">{word}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            message(of),
            message(&expectation(assertion)),
            message(&actual),
        );
    }
    html.push_str("</tbody></table></div>\n");
}

/// What long values have and have not in common with what was expected of them.
fn differences(html: &mut String, step: &Step) {
    for assertion in step.assertions.iter().filter(|assertion| !assertion.holds && assertion.predicate == "equals") {
        let Some(lines) = diff::lines(&assertion.expected, &assertion.actual) else { continue };
        let _ = write!(html, "<figure><figcaption>{}</figcaption><pre class=\"diff\">", message(&claim(assertion)));
        for (of, line) in lines {
            let (tag, mark) = match of {
                Of::Both => ("span", " "),
                Of::Expected => ("del", "-"),
                Of::Actual => ("ins", "+"),
            };
            let _ = write!(html, "<{tag}>{mark} {}</{tag}>", text(&line));
        }
        html.push_str("</pre></figure>\n");
    }
}

fn captures(html: &mut String, step: &Step) {
    if step.captures.is_empty() {
        return;
    }
    html.push_str("<div class=\"wide\"><table><caption>Captured</caption><tbody>");
    for (name, value) in &step.captures {
        let value = value.to_string();
        let cut = value.char_indices().nth(LONGEST).map_or(value.clone(), |(at, _)| format!("{}…", &value[..at]));
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td></tr>",
            text(name),
            text(&cut)
        );
    }
    html.push_str("</tbody></table></div>\n");
}
