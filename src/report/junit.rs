//! The JUnit report: a playbook is a suite, a step a case.
//!
//! Valid against the schema of Jenkins' xUnit plugin and the older one of Ant (windyroad), which wants
//! attributes in full and elements in its order. Neither has a place for the line of a case: it stands in what the suite printed.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::cause::one_line;
use crate::event::{Assertion, Outcome, Playbook, Problem, Record, Step};

type Xml<'o> = Writer<&'o mut dyn io::Write>;

/// Writes the report, with a line break at its end.
///
/// # Errors
/// When it is not taken.
pub fn write(record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    for (id, playbook) in record.playbooks.iter().enumerate() {
        suite(&mut xml, record, playbook, id)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    xml.into_inner().write_all(b"\n")
}

fn suite(xml: &mut Xml<'_>, record: &Record, playbook: &Playbook, id: usize) -> io::Result<()> {
    let counts = playbook.steps.summary();
    // What goes wrong with the outputs is a case of its own.
    let own = u32::try_from(playbook.problems.len()).unwrap_or(u32::MAX);
    let path = legal(&playbook.path);
    // The Ant schema splits the name in two and wants no time zone behind the seconds.
    let started = record.run.started_at.split('.').next().unwrap_or_default().trim_end_matches('Z');
    let mut start = BytesStart::new("testsuite");
    start.push_attribute(("name", legal(&playbook.name).as_str()));
    start.push_attribute(("package", path.as_str()));
    start.push_attribute(("id", id.to_string().as_str()));
    start.push_attribute(("hostname", "localhost"));
    start.push_attribute(("timestamp", started));
    start.push_attribute(("tests", (counts.steps + own).to_string().as_str()));
    start.push_attribute(("failures", counts.failed.to_string().as_str()));
    start.push_attribute(("errors", (counts.errored + own).to_string().as_str()));
    start.push_attribute(("skipped", counts.skipped.to_string().as_str()));
    start.push_attribute(("time", seconds(playbook.duration_ms.0).as_str()));
    xml.write_event(Event::Start(start))?;
    xml.write_event(Event::Start(BytesStart::new("properties")))?;
    let run = &record.run;
    let identity = run.identity.as_ref();
    let properties = [
        ("file", Some(path.as_str())),
        ("mi_run", Some(&*record.mi_run)),
        ("run", Some(run.id.as_str())),
        ("cloud", run.cloud.as_deref()),
        ("identity.source", identity.map(|identity| &*identity.source)),
        ("identity.principal_id", identity.and_then(|identity| identity.principal_id.as_deref())),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            let property =
                BytesStart::new("property").with_attributes([("name", name), ("value", legal(value).as_str())]);
            xml.write_event(Event::Empty(property))?;
        }
    }
    xml.write_event(Event::End(BytesEnd::new("properties")))?;
    for step in super::told(&playbook.steps) {
        case(xml, &step, &path)?;
    }
    for problem in &playbook.problems {
        let mut start = BytesStart::new("testcase");
        start.push_attribute(("name", "outputs"));
        start.push_attribute(("classname", path.as_str()));
        start.push_attribute(("time", seconds(0.0).as_str()));
        xml.write_event(Event::Start(start))?;
        fault(xml, "error", (&problem.title, &problem.code), &problem_lines(problem).join("\n"))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    let hollow = record.hollow.iter().filter(|_| id == 0).map(|why| format!("passed for want of trying: {why}\n"));
    places(xml, playbook)?;
    text_element(xml, "system-err", &legal(&hollow.collect::<String>()))?;
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

/// Where each case stands. Neither schema has an attribute for it.
fn places(xml: &mut Xml<'_>, playbook: &Playbook) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new("system-out")))?;
    for step in super::told(&playbook.steps) {
        let (place, title) = (&step.place, one_line(&super::console::title(&step)));
        let line = format!("{}:{}:{}: {title}\n", place.path, place.line, place.column);
        xml.write_event(Event::Text(BytesText::new(&legal(&line))))?;
    }
    xml.write_event(Event::End(BytesEnd::new("system-out")))
}

fn case(xml: &mut Xml<'_>, step: &Step, path: &str) -> io::Result<()> {
    let mut start = BytesStart::new("testcase");
    start.push_attribute(("name", legal(&super::console::title(step)).as_str()));
    start.push_attribute(("classname", path));
    start.push_attribute(("time", seconds(step.duration_ms.0).as_str()));
    let message = message(step);
    let element = match step.outcome {
        Outcome::Passed => return xml.write_event(Event::Empty(start)),
        Outcome::Skipped => {
            xml.write_event(Event::Start(start))?;
            let skipped = BytesStart::new("skipped").with_attributes([("message", legal(&message).as_str())]);
            xml.write_event(Event::Empty(skipped))?;
            return xml.write_event(Event::End(BytesEnd::new("testcase")));
        }
        Outcome::Failed => "failure",
        Outcome::Errored => "error",
    };
    xml.write_event(Event::Start(start))?;
    let kind = match (step.problems.first(), step.outcome) {
        (Some(problem), _) => &*problem.code,
        (None, Outcome::Failed) => "assertion-failed",
        (None, _) => "interrupted",
    };
    fault(xml, element, (&message, kind), &story(step))?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

fn fault(xml: &mut Xml<'_>, element: &str, (message, kind): (&str, &str), text: &str) -> io::Result<()> {
    let message = legal(message);
    let start = BytesStart::new(element).with_attributes([("message", message.as_str()), ("type", kind)]);
    xml.write_event(Event::Start(start))?;
    xml.write_event(Event::Text(BytesText::new(&legal(text))))?;
    xml.write_event(Event::End(BytesEnd::new(element)))
}

fn text_element(xml: &mut Xml<'_>, name: &str, text: &str) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new(name)))?;
    xml.write_event(Event::Text(BytesText::new(text)))?;
    xml.write_event(Event::End(BytesEnd::new(name)))
}

/// The fault in one line.
fn message(step: &Step) -> String {
    let failing: Vec<&Assertion> = step.assertions.iter().filter(|assertion| !assertion.holds).collect();
    match (step.problems.first(), failing.as_slice()) {
        (Some(problem), _) => problem.title.clone(),
        (None, [only]) => super::console::claim(only),
        (None, [first, rest @ ..]) => {
            format!("{} (and {} more)", super::console::claim(first), rest.len())
        }
        (None, []) => step.reason.clone().unwrap_or_default(),
    }
}

/// All there is to say about the fault.
fn story(step: &Step) -> String {
    let mut lines = Vec::new();
    for assertion in step.assertions.iter().filter(|assertion| !assertion.holds) {
        let place = &assertion.place;
        lines.push(format!("{} ({}:{}:{})", super::console::claim(assertion), place.path, place.line, place.column));
        lines.push(format!("  expected: {}", super::console::expectation(assertion)));
        lines.push(format!("  actual:   {}", super::console::shown_as(assertion, &assertion.actual, assertion.found)));
    }
    for problem in &step.problems {
        lines.extend(problem_lines(problem));
    }
    if let Some(request) = &step.request {
        lines.push(format!("request: {} {}", request.method, request.url));
    }
    lines.extend(step.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(step.helps.iter().map(|help| format!("help: {help}")));
    lines.extend(super::curl::repeats(step).map(|line| format!("by hand: {line}")));
    let place = &step.place;
    lines.push(format!("step: {}:{}:{}", place.path, place.line, place.column));
    lines.join("\n")
}

fn problem_lines(problem: &Problem) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", problem.code, problem.title)];
    lines.extend(problem.notes.iter().map(|note| format!("  note: {note}")));
    lines.extend(problem.helps.iter().map(|help| format!("  help: {help}")));
    lines
}

fn seconds(millis: f64) -> String {
    format!("{:.3}", millis / 1000.0)
}

/// The text without the characters that XML 1.0 has no place for.
fn legal(text: &str) -> String {
    let allowed = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let kept = |character: char| {
        if allowed(&character) { character } else { '\u{fffd}' }
    };
    text.chars().map(kept).collect()
}
