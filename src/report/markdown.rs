//! The Markdown report, for the summary of a job: how it came out, what failed and why, and who may do what.
//!
//! All that was not written here goes through `inert`, so that no text of a server or a playbook is taken for markup.

mod inert;

use std::fmt::Write as _;
use std::io;

use inert::{code, prose};

use super::cause::{Cause, causes, is_bad, problem};
use super::console::title;
use super::matrix::{Cell, Loops, Matrix};
use super::text::Text;
use crate::event::{Outcome, Playbook, Record};

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = Text::to(out);
    let _ = writeln!(text, "# mi-run: {}\n\n{}", record.outcome.word(), super::summary(record));
    let facts = super::facts(record);
    let facts: Vec<String> = facts.iter().map(|(word, fact)| format!("{word} {}", code(fact))).collect();
    let _ = writeln!(text, "\n{}", facts.join(" · "));
    for hollow in &record.hollow {
        let _ = writeln!(text, "\n**passed for want of trying:** {}", prose(hollow));
    }
    for each in &record.playbooks {
        playbook(&mut text, each)?;
    }
    text.end()
}

fn playbook(text: &mut Text<'_>, playbook: &Playbook) -> io::Result<()> {
    let _ = writeln!(text, "\n## {}", code(&playbook.name));
    let count = match playbook.steps.summary().steps {
        1 => "1 step".to_owned(),
        many => format!("{many} steps"),
    };
    let _ = writeln!(text, "\n{}, {count}, {}", playbook.outcome.word(), code(&playbook.path));
    let mut loops = Loops::default();
    let steps = playbook.steps.ends().inspect(|step| loops.take(step));
    let bad = steps.filter(|step| step.is_told() && is_bad(step));
    let bad = bad.map(|step| (step.outcome, code(&title(&step)), causes(&step)));
    let own = playbook.problems.iter().map(|found| (Outcome::Errored, "outputs".to_owned(), vec![problem(found)]));
    let mut head = "\n| outcome | step | why | where |\n|---|---|---|---|\n";
    for (outcome, title, causes) in bad.chain(own) {
        let _ = writeln!(text, "{}{}", std::mem::take(&mut head), fault(outcome, &title, &causes));
        text.hand_on()?;
    }
    for found in loops.finish() {
        matrix(text, &found);
        text.hand_on()?;
    }
    Ok(())
}

/// The row of a step that did not pass.
fn fault(outcome: Outcome, title: &str, causes: &[Cause]) -> String {
    let why = causes.iter().flat_map(|cause| {
        let colon = if cause.reason.is_empty() { "" } else { ": " };
        let said = format!("{}{colon}{}", prose(&cause.title), prose(&cause.reason));
        [said].into_iter().chain(cause.helps.iter().map(|help| format!("*help:* {}", prose(help))))
    });
    let why = why.collect::<Vec<_>>().join("<br>");
    let places = causes.iter().filter_map(|cause| cause.place.as_ref());
    let mut places: Vec<String> = places.map(|place| code(&format!("{}:{}", place.path, place.line))).collect();
    places.dedup();
    format!("| {} | {title} | {why} | {} |", outcome.word(), places.join("<br>"))
}

fn matrix(text: &mut String, matrix: &Matrix) {
    let _ = writeln!(text, "\n### {}", code(&matrix.title));
    if let Some((words, common)) = matrix.common() {
        let _ = writeln!(text, "\n{words} {}", code(common));
    }
    let heads = matrix.heads.iter().map(|head| (*head).to_owned());
    let columns = matrix.columns.iter().map(|column| {
        let data = if column.data { " (data)" } else { "" };
        format!("{}{data}", code(&column.action))
    });
    let heads: Vec<String> = heads.chain(columns).collect();
    let _ = writeln!(text, "\n| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in &matrix.rows {
        let labels = row.labels.iter().map(|label| code(label));
        let fields: Vec<String> = labels.chain(row.cells.iter().map(|cell| word(*cell))).collect();
        let _ = writeln!(text, "| {} |", fields.join(" | "));
    }
    let below = matrix.legend().into_iter().map(|(word, meaning)| format!("- **{word}** {meaning}"));
    let below: Vec<String> = below.chain(matrix.left_out().map(|words| format!("- {words}"))).collect();
    if !below.is_empty() {
        let _ = writeln!(text, "\n{}", below.join("\n"));
    }
}

/// A cell: what is not as it was claimed stands out.
fn word(cell: Cell) -> String {
    match cell {
        Cell::Granted | Cell::Refused | Cell::NotAsked => cell.word().to_owned(),
        _ => format!("**{}**", cell.word()),
    }
}
