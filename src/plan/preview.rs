//! What would be done, as far as it is known before anything runs: for `mi-run plan`.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::inputs::origin;
use super::known::Known;
use super::{Action, Caller, Items, Plan, Step, Uses, Var, Why, order};
use crate::template::{Scope as _, Text, Tree};

/// A playbook as it would be carried out.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// Its file.
    pub path: String,
    /// What it is called.
    pub name: String,
    /// Inputs, variables and captures.
    pub variables: Vec<Variable>,
    /// Its steps.
    pub steps: Vec<PreviewStep>,
    /// The steps that run last, in order.
    pub cleanup: Vec<PreviewStep>,
}

/// A name that templates use.
#[derive(Clone, Debug, Serialize)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// Its value, when it is known already.
    pub value: Option<Value>,
    /// Where the value comes from.
    pub from: String,
    /// Whether it is never shown.
    pub secret: bool,
}

/// A step as it would be carried out.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewStep {
    /// Which step of its playbook, from 1, in the order of the file.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The key of its action.
    pub action: &'static str,
    /// What it does, templates filled in as far as they are known.
    pub does: String,
    /// `reads`, `changes` or `computes`.
    pub effect: &'static str,
    /// When it runs, if only then.
    pub when: Option<String>,
    /// What it is repeated over.
    pub for_each: Option<String>,
    /// Why it is left out.
    pub left_out: Option<&'static str>,
    /// What it waits for.
    pub waits: Vec<Waiting>,
    /// The steps inside.
    pub steps: Vec<PreviewStep>,
}

/// Something a step waits for.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// The number of the step.
    pub step: usize,
    /// Why: `captures`, `needs`, `change` or `evidence`.
    pub why: &'static str,
    /// The captures that are used.
    pub captures: Vec<String>,
}

impl Why {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Why::Captures => "captures",
            Why::Needs => "needs",
            Why::Change => "change",
            Why::Evidence => "evidence",
        }
    }
}

/// Looks ahead. `values` are those of the inputs and variables that the caller gives.
pub fn preview(plan: &Plan, path: &str, values: &HashMap<String, Value>, caller: &Caller<'_>) -> Preview {
    let known = Known::of(plan, values);
    let mut variables: Vec<Variable> = plan
        .inputs
        .iter()
        .map(|input| Variable {
            name: input.name.clone(),
            value: values.get(&input.name).cloned(),
            from: origin(input, caller),
            secret: input.declaration.secret == Some(true),
        })
        .collect();
    for Var { name, tree, .. } in &plan.vars {
        let given = caller.given.iter().find(|given| given.name == *name);
        variables.push(Variable {
            name: name.clone(),
            value: known.get(name).map(|value| (*value).clone()),
            from: given.map_or_else(|| format!("vars: {}", written(tree)), |given| given.origin.to_string()),
            secret: false,
        });
    }
    captured(&plan.steps, &mut variables);
    captured(&plan.cleanup, &mut variables);
    let name = plan.name.as_ref().map_or_else(|| path.to_owned(), |name| known.fill(&name.template));
    Preview {
        path: path.to_owned(),
        name,
        variables,
        steps: steps(&plan.steps, &known),
        cleanup: steps(&plan.cleanup, &known),
    }
}

/// A tree as its author wrote it, shortened.
fn written(tree: &Tree) -> String {
    let nothing = Known::default();
    shortened(&nothing.tree(tree))
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The names that steps make.
fn captured(steps: &[Step], variables: &mut Vec<Variable>) {
    for step in steps {
        let mut add = |name: &str, secret: bool| {
            let what = if matches!(step.action, Action::Set(_)) { "set" } else { "captured" };
            let from = format!("{what} by step {} `{}`", step.number + 1, order::called(step));
            variables.push(Variable { name: name.to_owned(), value: None, from, secret });
        };
        step.captures.iter().for_each(|capture| add(&capture.name, capture.secret || step.sensitive));
        match &step.action {
            Action::Set(set) => set.iter().for_each(|(name, _)| add(name, step.sensitive)),
            Action::Group(inner) => captured(inner, variables),
            _ => {}
        }
    }
}

fn steps(steps: &[Step], known: &Known) -> Vec<PreviewStep> {
    let each = |step: &Step| PreviewStep {
        number: step.number + 1,
        id: step.id.clone(),
        name: step.name.as_ref().map_or_else(String::new, |name| known.fill(&name.template)),
        action: step.action.word(),
        does: does(step, known),
        effect: effect(step),
        when: step.when.as_ref().map(|when| when.template.text().trim().to_owned()),
        for_each: step.each.as_ref().map(|each| {
            shortened(&match &each.items {
                Items::List(tree) => known.tree(tree),
                Items::Axes(axes) => {
                    let axes: Vec<String> =
                        axes.iter().map(|(name, tree)| format!("{name}: {}", known.tree(tree))).collect();
                    axes.join(" × ")
                }
            })
        }),
        left_out: step.left_out,
        waits: waits(step, steps),
        steps: match &step.action {
            Action::Group(inner) => self::steps(inner, known),
            Action::Include(include) => {
                // The inputs of an included playbook are its own.
                self::steps(&include.plan.steps, &Known::default())
            }
            _ => Vec::new(),
        },
    };
    steps.iter().map(each).collect()
}

fn effect(step: &Step) -> &'static str {
    match &step.action {
        _ if step.changes => "changes",
        Action::Set(_) | Action::Assert(_) => "computes",
        _ => "reads",
    }
}

fn waits(step: &Step, beside: &[Step]) -> Vec<Waiting> {
    let mut names: Vec<(usize, String)> = Vec::new();
    fn used(step: &Step, names: &mut Vec<(usize, String)>) {
        let add = |uses: &Uses, names: &mut Vec<(usize, String)>| names.extend(uses.captures.iter().cloned());
        add(&step.uses, names);
        step.each.iter().for_each(|each| add(&each.uses, names));
        if let Action::Group(inner) = &step.action {
            inner.iter().for_each(|step| used(step, names));
        }
    }
    used(step, &mut names);
    let each = |wait: &super::Wait| {
        let other = &beside[wait.step];
        let of_other = names.iter().filter(|(number, _)| (other.number..other.end).contains(number));
        let mut captures: Vec<String> = of_other.map(|(_, name)| name.clone()).collect();
        captures.sort();
        captures.dedup();
        Waiting { step: other.number + 1, why: wait.why.word(), captures }
    };
    step.waits.iter().map(each).collect()
}

fn does(step: &Step, known: &Known) -> String {
    let fill = |text: &Text| known.fill(&text.template);
    match &step.action {
        Action::Token(token) => token.resource.as_ref().map_or_else(|| "arm".to_owned(), fill),
        Action::Request(request) => {
            let written = fill(&request.url);
            // What stands before the URL holds no template.
            format!("{} {}", request.method, written.get(request.prefix..).unwrap_or(&written))
        }
        Action::Access(access) => fill(&access.scope),
        Action::Metadata(path) => fill(path),
        Action::Set(set) => {
            let each = |(name, tree): &(String, Tree)| format!("{name} = {}", known.tree(tree));
            shortened(&set.iter().map(each).collect::<Vec<_>>().join(", "))
        }
        Action::Assert(list) => {
            let texts = list.iter().map(|text| text.template.text().trim().to_owned());
            shortened(&texts.collect::<Vec<_>>().join(", "))
        }
        Action::Include(include) => {
            let with = include.with.iter().map(|(name, tree)| format!("{name}: {}", known.tree(tree)));
            let with: Vec<String> = with.collect();
            shortened(&format!("{} {}", include.path, with.join(", ")))
        }
        Action::Group(inner) => match inner.len() {
            1 => "1 step".to_owned(),
            many => format!("{many} steps"),
        },
    }
}
