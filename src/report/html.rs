//! The HTML report: one file that needs nothing else, readable without its script, in light and in dark.
//!
//! All that was not written here goes through `text` or `message`, so that no text of a server or a playbook is taken
//! for markup.

mod source;
mod step;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use self::source::Texts;
use self::step::Around;
use super::cause::{Cause, problem};
use super::duration;
use super::matrix::{Cell, Loops, Matrix};
use super::text::Text;
use crate::diagnostic::render::printable;
use crate::event::{Outcome, Playbook, Record, Steps, Trail};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// Nothing is loaded, and nothing runs but the script of the page, whatever else is in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// With more steps than these, those that passed are told by their line alone.
const MANY: usize = 2_000;

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let outcome = record.outcome.word();
    let hash = STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes()));
    let mut html = Text::to(out);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}; script-src 'sha256-{hash}'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>mi-run: {outcome}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"&#35;steps\">To the steps</a>\n<main>\n\
         <h1>mi-run: <span class=\"{outcome}\">{outcome}</span></h1>\n<p>{}</p>\n",
        message(&super::summary(record)),
    );
    proportions(&mut html, record);
    for hollow in &record.hollow {
        let _ =
            writeln!(html, "<p><strong class=\"doubtful\">passed for want of trying:</strong> {}</p>", message(hollow));
    }
    html.push_str("<dl>\n");
    for (word, fact) in super::facts(record) {
        let _ = writeln!(html, "<dt>{word}</dt><dd>{}</dd>", text(&fact));
    }
    html.push_str("</dl>\n");
    tools(&mut html, record);
    html.push_str("<div id=\"steps\">\n");
    for each in record.playbooks.iter().enumerate() {
        playbook(&mut html, each, record)?;
    }
    let _ = write!(html, "</div>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    html.end()
}

/// What steps are called, by the way to each; a loop is called as its first turn is.
fn called(steps: &Steps) -> HashMap<Trail, String> {
    let mut names = HashMap::new();
    for step in steps.ends() {
        let mut trail = step.trail;
        if let Some(last) = trail.0.last_mut() {
            last.iteration = None;
        }
        names.entry(trail).or_insert(step.name);
    }
    names
}

/// How the steps came out, as parts of a bar. The counts in words stand above it.
fn proportions(html: &mut String, record: &Record) {
    let summary = &record.summary;
    let parts = [
        (Outcome::Passed, summary.passed),
        (Outcome::Failed, summary.failed),
        (Outcome::Errored, summary.errored),
        (Outcome::Skipped, summary.skipped),
    ];
    html.push_str("<div class=\"parts\" aria-hidden=\"true\">");
    for (outcome, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(html, "<i class=\"{}\" style=\"flex-grow:{count}\"></i>", outcome.word());
    }
    html.push_str("</div>\n");
}

/// What filters the steps, for those who let scripts run.
fn tools(html: &mut String, record: &Record) {
    html.push_str("<div id=\"tools\" role=\"search\" hidden=\"\">");
    let summary = &record.summary;
    for (word, count) in [
        ("failed", summary.failed),
        ("errored", summary.errored),
        ("passed", summary.passed),
        ("skipped", summary.skipped),
    ] {
        let _ = write!(
            html,
            "<label><input type=\"checkbox\" value=\"{word}\" checked=\"\"> <span class=\"{word}\">{word}</span> {count}</label>"
        );
    }
    html.push_str(
        "<label class=\"search\">Find <input type=\"search\" placeholder=\"words of a name\"> <kbd>/</kbd></label>\
         <button type=\"button\" data-do=\"next\">Next failure <kbd>n</kbd></button>\
         <button type=\"button\" data-do=\"unfold\">Unfold or fold <kbd>e</kbd></button> <output></output></div>\n",
    );
}

fn playbook(html: &mut Text<'_>, (index, playbook): (usize, &Playbook), record: &Record) -> io::Result<()> {
    let outcome = playbook.outcome.word();
    let texts = Texts::of(index, playbook);
    let _ = writeln!(html, "<section>\n<h2>{}</h2>", text(&playbook.name));
    let path = text(&playbook.path);
    let took = duration(playbook.duration_ms.0);
    let _ = writeln!(html, "<p><span class=\"{outcome}\">{outcome}</span> <code>{path}</code> in {took}</p>");
    let brief = record.summary.steps as usize > MANY;
    let names = if brief { HashMap::new() } else { called(&playbook.steps) };
    let around = Around { texts: &texts, whole: record.run.duration_ms.0, names: &names, brief };
    html.push_str("<ol class=\"steps\" aria-label=\"Steps\">\n");
    let mut loops = Loops::default();
    for each in playbook.steps.ends() {
        loops.take(&each);
        if each.is_told() {
            step::step(html, &each, &around);
        }
        html.hand_on()?;
    }
    html.push_str("</ol>\n");
    if !playbook.problems.is_empty() {
        let causes: Vec<Cause> = playbook.problems.iter().map(problem).collect();
        let _ = writeln!(html, "<h3 class=\"errored\">outputs</h3>\n{}", causes_list(&causes));
    }
    loops.finish().iter().for_each(|found| matrix(html, found));
    texts.whole(html);
    html.push_str("</section>\n");
    html.hand_on()
}

fn causes_list(causes: &[Cause]) -> String {
    let mut html = String::from("<ul class=\"causes\">");
    for cause in causes {
        let colon = if cause.reason.is_empty() { "" } else { ": " };
        let _ = write!(html, "<li>{}{colon}{}", message(&cause.title), message(&cause.reason));
        let place = cause.place.iter().map(|place| {
            let place = format!("{}:{}:{}", place.path, place.line, place.column);
            format!("<li>at <code>{}</code></li>", text(&place))
        });
        let notes = cause.notes.iter().map(|note| format!("<li>{}</li>", message(note)));
        let helps = cause.helps.iter().map(|help| format!("<li><strong>help:</strong> {}</li>", message(help)));
        let facts: String = place.chain(notes).chain(helps).collect();
        let _ = write!(html, "<ul>{facts}</ul></li>");
    }
    html.push_str("</ul>");
    html
}

fn matrix(html: &mut String, matrix: &Matrix) {
    let common = matrix.common().map(|(words, common)| format!("{words} <code>{}</code>", text(common)));
    let legend = matrix.legend().into_iter().map(|(word, meaning)| format!("{word} {meaning}"));
    let said = common.into_iter().chain(legend).chain(matrix.left_out());
    let said: String = said.map(|line| format!("<small>{line}</small>")).collect();
    let title = text(&matrix.title);
    let _ = writeln!(html, "<div class=\"wide\">\n<table class=\"matrix\">\n<caption>{title}{said}</caption>");
    let heads = matrix.heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>"));
    let columns = matrix.columns.iter().map(|column| {
        let data = if column.data { " (data)" } else { "" };
        format!("<th scope=\"col\"><code>{}</code>{data}</th>", text(&column.action))
    });
    let _ = writeln!(html, "<thead><tr>{}</tr></thead>\n<tbody>", heads.chain(columns).collect::<String>());
    for row in &matrix.rows {
        let labels = row.labels.iter().map(|label| format!("<th scope=\"row\">{}</th>", text(label)));
        let fields: String = labels.chain(row.cells.iter().map(|cell| field(*cell))).collect();
        let _ = writeln!(html, "<tr>{fields}</tr>");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
}

fn field(cell: Cell) -> String {
    let class = match cell {
        Cell::Granted | Cell::Refused => "",
        Cell::NotAsked => " class=\"soft\"",
        Cell::Undecided | Cell::Conditional => " class=\"doubtful\"",
        Cell::UnexpectedlyGranted | Cell::UnexpectedlyRefused => " class=\"unexpected\"",
    };
    format!("<td{class}>{}</td>", cell.word())
}

/// A message: what stands in backticks is code.
fn message(message: &str) -> String {
    let mut html = String::new();
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once('`') {
        html.push_str(&text(before));
        rest = behind;
        match behind.split_once('`') {
            Some((code, after)) if !code.is_empty() => {
                let _ = write!(html, "<code>{}</code>", text(code));
                rest = after;
            }
            _ => html.push('`'),
        }
    }
    html.push_str(&text(rest));
    html
}

/// A text that is nothing but text, in one line: HTML makes nothing of it, nor does a pipeline that looks for commands at the
/// start of a line or behind `##`.
fn text(raw: &str) -> String {
    let mut html = String::with_capacity(raw.len());
    for character in printable(raw).chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '#' => html.push_str("&#35;"),
            '\n' => html.push_str("&#10;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_nothing_but_text() {
        #[track_caller]
        fn check(raw: &str, expected: &str) {
            assert_eq!(text(raw), expected, "{raw}");
        }
        check("a b", "a b");
        check("<b a=\"c\" d='e'>&amp;", "&lt;b a=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
        check("a\n::error::b ##[c]", "a&#10;::error::b &#35;&#35;[c]");
        check("\u{1b}[2J\u{202e}\r", "\\u{1b}[2J\\u{202e}\\u{d}");
    }

    #[test]
    fn a_message_has_code_in_backticks() {
        #[track_caller]
        fn check(raw: &str, expected: &str) {
            assert_eq!(message(raw), expected, "{raw}");
        }
        check("`a` is <b>", "<code>a</code> is &lt;b&gt;");
        check("`<a>`", "<code>&lt;a&gt;</code>");
        check("one ` only", "one ` only");
        check("a `` b", "a `` b");
        check("", "");
    }

    proptest! {
        #[test]
        fn no_text_makes_markup(raw in "[<>&\"'`#\n\r\t a\u{202e}]{0,30}|.{0,30}") {
            let plain = message(&raw).replace("<code>", "").replace("</code>", "");
            prop_assert!(!plain.contains(['<', '>', '"', '\'', '\n', '\r']), "{}", plain);
            prop_assert!(!plain.contains("##"));
        }
    }
}
