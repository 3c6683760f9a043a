//! A preview as text, as a graph for Graphviz, and as one for Mermaid.

use std::fmt::Write as _;

use super::preview::{Preview, PreviewStep, Variable, Waiting};
use crate::value::show;

/// As people read it.
pub fn text(preview: &Preview) -> String {
    let mut out = String::new();
    let title = if preview.name == preview.path { String::new() } else { format!("  {}", preview.path) };
    let _ = writeln!(out, "{}{title}", flat(&preview.name));
    if !preview.variables.is_empty() {
        out.push_str("\nvariables\n");
    }
    let widest = preview.variables.iter().map(|variable| variable.name.chars().count()).max().unwrap_or(0);
    for variable in &preview.variables {
        let _ = writeln!(out, "  {:widest$}  {}", variable.name, told(variable));
    }
    for (title, steps) in [("steps", &preview.steps), ("cleanup, in order", &preview.cleanup)] {
        if !steps.is_empty() {
            let _ = writeln!(out, "\n{title}");
            steps.iter().for_each(|step| line(&mut out, step, 1));
        }
    }
    out
}

fn told(variable: &Variable) -> String {
    match &variable.value {
        _ if variable.secret => format!("[secret], {}", variable.from),
        Some(value) => format!("{}, {}", show(value), variable.from),
        None => variable.from.clone(),
    }
}

fn line(out: &mut String, step: &PreviewStep, depth: usize) {
    let indent = "  ".repeat(depth);
    let name = if step.name.is_empty() { String::new() } else { format!("{}: ", flat(&step.name)) };
    let does = match step.action {
        "request" | "steps" => flat(&step.does),
        action => format!("{action} {}", flat(&step.does)),
    };
    let _ = writeln!(out, "{indent}{}  {name}{does}  · {}", step.number, step.effect);
    let detail = |out: &mut String, text: String| {
        let _ = writeln!(out, "{indent}     {}", flat(&text));
    };
    if let Some(why) = step.left_out {
        return detail(out, format!("left out: {why}"));
    }
    step.for_each.iter().for_each(|items| detail(out, format!("for each of {items}")));
    step.when.iter().for_each(|when| detail(out, format!("when {when}")));
    if !step.waits.is_empty() {
        detail(out, format!("waits for {}", waits(&step.waits)));
    }
    step.steps.iter().for_each(|inner| line(out, inner, depth + 2));
}

/// What a step waits for; of steps in a row that it waits for alike, the first and the last.
fn waits(waits: &[Waiting]) -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    for wait in waits {
        let why = match wait.why {
            "captures" => wait.captures.join(", "),
            "needs" => "needs".to_owned(),
            "change" => "order of changes".to_owned(),
            _ => "shows what exists".to_owned(),
        };
        match runs.last_mut() {
            Some((_, last, known)) if *last + 1 == wait.step && *known == why => *last = wait.step,
            _ => runs.push((wait.step, wait.step, why)),
        }
    }
    let told = runs.iter().map(|(first, last, why)| match first == last {
        true => format!("{first} ({why})"),
        false => format!("{first} to {last} ({why})"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// As a graph in the language of Graphviz.
pub fn dot(previews: &[Preview]) -> String {
    let mut out = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (at, preview) in previews.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label={};", quoted(&preview.name));
        each(preview, &mut |key, step, parent| {
            let shape = if step.effect == "changes" { ", style=bold" } else { "" };
            let _ = writeln!(out, "    p{at}_{key} [label={}{shape}];", quoted(&label(step)));
            for wait in &step.waits {
                let _ = writeln!(
                    out,
                    "    p{at}_{} -> p{at}_{key} [label={}];",
                    beside(parent, wait.step),
                    quoted(&why(wait))
                );
            }
            if let Some(parent) = parent {
                let _ = writeln!(out, "    p{at}_{parent} -> p{at}_{key} [style=dotted];");
            }
        });
        out.push_str("  }\n");
    }
    out + "}\n"
}

/// As a graph in the language of Mermaid.
pub fn mermaid(previews: &[Preview]) -> String {
    let mut out = "flowchart LR\n".to_owned();
    for (at, preview) in previews.iter().enumerate() {
        let _ = writeln!(out, "  subgraph p{at}[{}]", mermaid_text(&preview.name));
        each(preview, &mut |key, step, parent| {
            let text = mermaid_text(&label(step));
            let node = if step.effect == "changes" { format!("[[{text}]]") } else { format!("[{text}]") };
            let _ = writeln!(out, "    p{at}_{key}{node}");
            for wait in &step.waits {
                let _ = writeln!(
                    out,
                    "    p{at}_{} -->|{}| p{at}_{key}",
                    beside(parent, wait.step),
                    mermaid_text(&why(wait))
                );
            }
            if let Some(parent) = parent {
                let _ = writeln!(out, "    p{at}_{parent} -.-> p{at}_{key}");
            }
        });
        out.push_str("  end\n");
    }
    out
}

/// Each step with a key of its own, and that of the step around it.
fn each(preview: &Preview, visit: &mut dyn FnMut(&str, &PreviewStep, Option<&str>)) {
    fn inside(steps: &[PreviewStep], parent: Option<&str>, visit: &mut dyn FnMut(&str, &PreviewStep, Option<&str>)) {
        for step in steps {
            let key = beside(parent, step.number);
            visit(&key, step, parent);
            inside(&step.steps, Some(&key), visit);
        }
    }
    inside(&preview.steps, None, visit);
    inside(&preview.cleanup, None, visit);
}

/// The key of a step with the same step around it.
fn beside(parent: Option<&str>, number: usize) -> String {
    parent.map_or_else(|| number.to_string(), |parent| format!("{parent}_{number}"))
}

fn label(step: &PreviewStep) -> String {
    let name = if step.name.is_empty() { &step.does } else { &step.name };
    format!("{} {name}", step.number)
}

fn why(wait: &super::preview::Waiting) -> String {
    if wait.captures.is_empty() { wait.why.to_owned() } else { wait.captures.join(", ") }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", flat(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text in which nothing is an entity, a tag, or Markdown.
fn mermaid_text(text: &str) -> String {
    let escape = |one: char| match one {
        '"' | '#' | '<' | '>' | '`' | '&' => format!("#{};", u32::from(one)),
        other => other.to_string(),
    };
    format!("\"{}\"", flat(text).chars().map(escape).collect::<String>())
}

/// A text in one line.
fn flat(text: &str) -> String {
    text.replace(|one: char| one.is_control(), " ")
}
