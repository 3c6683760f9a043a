//! The report for Azure Pipelines: logging commands that make issues of what went wrong, attach a summary and publish the
//! results of the steps as those of tests.
//!
//! A command is `##vso[area.action key=value;…]message`, one to a line, escaped as `azure-pipelines-task-lib` does. How the
//! task ends is not commanded: the exit code says it.

use std::path::{Path, PathBuf};

use super::cause::{Fault, faults, is_strict};
use super::checkout::Checkout;
use super::summary;
use crate::diagnostic::pipeline::{Escape, disarm};
use crate::diagnostic::render::printable;
use crate::event::Record;

/// How many issues of a kind the summary of a build shows of one step of a job.
const SHOWN: usize = 10;

/// The files that are written for the agent to take.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// The Markdown report, with an absolute path.
    pub summary: Option<PathBuf>,
    /// The JUnit report, with an absolute path.
    pub results: Option<PathBuf>,
}

/// The commands, each in a line.
pub fn render(record: &Record, checkout: &Checkout, attached: &Attached) -> String {
    let mut faults = faults(record);
    let mut lines: Vec<String> = faults.by_ref().take(SHOWN).map(|fault| issue(&fault, checkout)).collect();
    let left = faults.count();
    let kind = [("type", if is_strict(record) { "error" } else { "warning" }.to_owned())];
    let hollow = record.hollow.iter().take(SHOWN).map(|why| format!("passed for want of trying: {why}"));
    lines.extend(hollow.map(|why| command("task.logissue", &kind, &why)));
    let left = left + record.hollow.len().saturating_sub(SHOWN);
    if left > 0 {
        lines.push(format!("{left} more not shown as issues: the log and the results tell them all"));
    }
    let progress = [("value", "100".to_owned())];
    lines.push(command("task.setprogress", &progress, &format!("{}: {}", record.outcome.word(), summary(record))));
    let path = |path: &Path| path.display().to_string();
    lines.extend(attached.summary.as_deref().map(|summary| command("task.uploadsummary", &[], &path(summary))));
    lines.extend(attached.results.as_deref().map(|results| {
        let title = match record.playbooks.as_slice() {
            [only] => format!("mi-run: {}", only.name),
            _ => "mi-run".to_owned(),
        };
        let properties = [
            ("type", "JUnit".to_owned()),
            ("runTitle", title),
            ("testRunSystem", "mi-run".to_owned()),
            ("publishRunAttachments", "true".to_owned()),
            ("resultFiles", path(results)),
        ];
        command("results.publish", &properties, "")
    }));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn issue(fault: &Fault<'_>, checkout: &Checkout) -> String {
    let mut properties = vec![("type", "error".to_owned())];
    if let Some(place) = &fault.cause.place {
        properties.push(("sourcepath", checkout.path(&place.path)));
        properties.push(("linenumber", place.line.to_string()));
        properties.push(("columnnumber", place.column.to_string()));
    }
    properties.push(("code", fault.cause.code.clone()));
    command("task.logissue", &properties, &format!("{}: {}", fault.title, fault.cause.story()))
}

fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: String = properties.iter().map(|(key, value)| format!("{key}={};", property(value))).collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("##vso[{name}{space}{properties}]{}", data(message))
}

fn property(text: &str) -> String {
    data(text).replace(']', "%5D").replace(';', "%3B")
}

/// The message is printed again, by the agent: it commands nothing then either.
fn data(text: &str) -> String {
    let text = printable(text);
    disarm(&text, Escape::Shown).replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}
