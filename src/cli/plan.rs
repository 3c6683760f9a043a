//! `mi-run plan`: what would run, in which order, waiting for what. Nothing is sent.

use std::collections::HashMap;
use std::path::PathBuf;

use mi_run::diagnostic::Diagnostics;
use mi_run::event::redact::Redactor;
use mi_run::plan::needs::{self, Needs};
use mi_run::plan::{self, Caller, Given, Plan, Preview, PreviewStep, Selection, draw};
use mi_run::source::Sources;
use mi_run::template::Nothing;
use serde_json::{Value, json};

use super::args::{self, PlanFormat};
use super::exit::Exit;
use super::roles::pretty;
use super::run::{nothing_selected, unknown_names};
use super::terminal::{diagnose_all, print};
use super::{check, role, values};

/// Looks ahead and prints it.
pub(crate) fn plan(args: &args::Plan) -> Exit {
    let mut sources = Sources::new();
    let (mut usage, mut found) = (Diagnostics::new(), Diagnostics::new());
    let root = &args.root;
    let each = |path: &PathBuf| Some((check::plan(path, root, &mut sources, &mut found)?, path.display().to_string()));
    let mut plans: Vec<(Plan, String)> = args.playbooks.iter().filter_map(each).collect();
    let mut given = values::from_arguments(&args.values.vars, &mut usage);
    let arguments = given.len();
    let names: Vec<String> = plans.iter().flat_map(|(plan, _)| plan::declared(plan)).map(str::to_owned).collect();
    let secrets = plans.iter().any(|(plan, _)| plan::has_secrets(plan));
    given.extend(values::from_files(&args.values.vars_files, secrets, &mut sources, &mut found));
    given.extend(values::from_environment(names.iter().map(String::as_str), &mut usage));
    if found.has_errors() {
        diagnose_all(found, &sources, args.look.color);
        return Exit::Invalid;
    }
    unknown_names(&given[..arguments], &names, &mut usage);
    let selection = Selection::new(&args.selection.only, &args.selection.skip);
    let left: usize = plans.iter_mut().map(|(plan, _)| selection.apply(plan)).sum();
    if selection.is_some() && left == 0 {
        nothing_selected(false, &mut usage);
    }
    let mut redactor = Redactor::default();
    let mut known = |(plan, _): &(Plan, String)| values_of(plan, (&given, root, &sources), (&mut redactor, &mut usage));
    let values: Vec<HashMap<String, Value>> = plans.iter().map(&mut known).collect();
    let refused = usage.has_errors();
    diagnose_all(usage, &sources, args.look.color);
    if refused {
        return Exit::Usage;
    }
    let lookup = |name: &str| root.variable(name);
    let caller = Caller { given: &given, lookup: &lookup, scope: &Nothing, sources: &sources };
    let all = plans.iter().zip(&values);
    if let Some(identity) = &args.role {
        let mut needs = Needs::default();
        for ((plan, path), values) in all {
            needs::needs(&mut needs, (plan, path, plans.len() > 1), values, &caller);
        }
        return role::print_role(needs, identity, (args, &redactor, &sources));
    }
    let look = |((plan, path), values): (&(Plan, String), &HashMap<String, Value>)| {
        let mut preview = plan::preview(plan, path, values, &caller);
        redact(&mut preview, &redactor);
        preview
    };
    let previews: Vec<Preview> = all.map(look).collect();
    print(&drawn(&previews, args.format));
    Exit::Passed
}

/// The values that are known of one playbook. What nobody has given yet is no problem here.
fn values_of(
    plan: &Plan,
    (given, root, sources): (&[Given], &args::Root, &Sources),
    (redactor, usage): (&mut Redactor, &mut Diagnostics),
) -> HashMap<String, Value> {
    let lookup = |name: &str| root.variable(name);
    let caller = Caller { given, lookup: &lookup, scope: &Nothing, sources };
    let mut found = Diagnostics::new();
    let values: HashMap<String, Value> = plan::resolve(plan, &caller, &mut found);
    let told =
        found.sorted().into_iter().filter(|problem| !["missing-input", "template-failed"].contains(&&*problem.code));
    told.for_each(|problem| usage.push(problem));
    let secret = plan.inputs.iter().filter(|input| input.declaration.secret == Some(true));
    secret.filter_map(|input| values.get(&input.name)).for_each(|value| redactor.hide_value(value));
    values
}

/// Takes the secrets out of what will be drawn.
fn redact(preview: &mut Preview, redactor: &Redactor) {
    fn inside(steps: &mut [PreviewStep], redactor: &Redactor) {
        for step in steps {
            let texts = [&mut step.id, &mut step.name, &mut step.does].into_iter();
            texts.chain(&mut step.when).chain(&mut step.for_each).for_each(|text| redactor.clean(text));
            inside(&mut step.steps, redactor);
        }
    }
    redactor.clean(&mut preview.name);
    for variable in &mut preview.variables {
        variable.value.iter_mut().for_each(|value| redactor.value(value));
        if variable.secret {
            variable.value = None;
        }
        redactor.clean(&mut variable.from);
    }
    inside(&mut preview.steps, redactor);
    inside(&mut preview.cleanup, redactor);
}

fn drawn(previews: &[Preview], format: PlanFormat) -> String {
    match format {
        PlanFormat::Text => previews.iter().map(draw::text).collect::<Vec<_>>().join("\n"),
        PlanFormat::Dot => draw::dot(previews),
        PlanFormat::Mermaid => draw::mermaid(previews),
        PlanFormat::Json => {
            pretty(&json!({"plan_version": 1, "mi_run": env!("CARGO_PKG_VERSION"), "playbooks": previews}))
        }
    }
}
