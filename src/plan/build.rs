//! From the document to the plan: names are resolved, defaults applied, and what fits no step is told.

use std::collections::HashMap;
use std::rc::Rc;

use super::gather::{Document, Documents};
use super::names::{Globals, Meaning, Names};
use super::steps::{Around, Builder, plain};
use super::{Input, Plan, Var, order};
use crate::azure::cloud::{self, Choice, Cloud};
use crate::diagnostic::Diagnostics;
use crate::playbook as document;
use crate::playbook::Playbook;
use crate::shape::Shape;
use crate::source::{SourceId, Sources, Span, Spanned};
use crate::template::Tree;

/// Names that every playbook has.
pub const GLOBALS: &Globals = &[
    ("cloud", cloud::MEMBERS),
    ("identity", &["principal_id", "client_id", "tenant_id", "source"]),
    ("env", &[]),
    ("run", &["id", "started_at"]),
    ("vm", &[]),
];

/// Builds the plan of a playbook and of all that it includes. The plan is only good when no error was found.
pub fn build(documents: Documents, sources: &Sources, diagnostics: &mut Diagnostics) -> Plan {
    let mut built: Vec<Rc<Plan>> = Vec::new();
    let mut build = |document: Document, built: &[Rc<Plan>]| {
        let includes = document.includes.into_iter().map(|(path, at)| {
            let plan = Rc::clone(&built[at]);
            (path, (sources.get(plan.source).name().to_owned(), plan))
        });
        let known = (includes.collect(), document.shapes);
        one((document.source, document.playbook), known, sources, diagnostics)
    };
    for document in documents.included {
        let plan = build(document, &built);
        built.push(Rc::new(plan));
    }
    build(documents.root, &built)
}

/// The plans of included playbooks and what their files are called, by the path as written.
pub(super) type Included = HashMap<String, (String, Rc<Plan>)>;

/// Builds the plan of one playbook.
fn one(
    (id, playbook): (SourceId, Playbook),
    (includes, shapes): (Included, HashMap<Span, Shape>),
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Plan {
    let vars = playbook.vars.unwrap_or_default().0;
    let vars: Vec<(String, Span, Tree)> = vars.into_iter().map(|(name, tree)| (name.value, name.span, tree)).collect();
    let inputs = playbook.inputs.unwrap_or_default().0;
    let inputs: Vec<Input> = inputs
        .into_iter()
        .map(|(name, input)| Input { name: name.value, span: name.span, declaration: input.unwrap_or_default() })
        .collect();
    let mut names = Names::new(sources, GLOBALS);
    inputs.iter().for_each(|input| names.define(&input.name, Meaning::Input(input.span), diagnostics));
    for (at, (name, span, _)) in vars.iter().enumerate() {
        names.define(name, Meaning::Var(at, *span), diagnostics);
    }
    let mut census = Census { names: &mut names, ids: HashMap::new(), next: 0, diagnostics };
    census.count(&playbook.steps);
    let cleanup = playbook.cleanup.unwrap_or_default();
    census.count(&cleanup);
    let ids = census.ids;
    names.follow_vars(&vars, diagnostics);
    let mut builder = Builder {
        names,
        defaults: playbook.defaults.unwrap_or_default(),
        ids,
        includes,
        shapes,
        identity: Builder::identity(playbook.identity),
        told: false,
        next: 0,
        diagnostics,
    };
    let head = builder.heads(&playbook.name, &inputs, &vars);
    let steps = builder.block(playbook.steps, &Around::default());
    let mut cleanup = builder.block(cleanup, &Around::default());
    order::line_up(&mut cleanup);
    let outputs = playbook.outputs.map(plain).unwrap_or_default();
    let tail = builder.outputs(&outputs);
    Plan {
        source: id,
        name: playbook.name,
        endpoints: playbook.cloud.as_ref().map(|cloud| endpoints(cloud)).unwrap_or_default(),
        cloud_span: playbook.cloud.as_ref().map(|cloud| cloud.span),
        cloud: resolve_cloud(playbook.cloud.map(|cloud| cloud.value)),
        identity: builder.identity,
        inputs,
        vars: vars.into_iter().map(|(name, span, tree)| Var { name, span, tree }).collect(),
        head,
        changes: steps.iter().chain(&cleanup).any(|step| step.changes),
        steps,
        cleanup,
        outputs,
        tail,
    }
}

/// Gives every step its number, and every name that a step makes its meaning.
struct Census<'c, 'n> {
    names: &'c mut Names<'n>,
    ids: HashMap<String, (usize, Span)>,
    next: usize,
    diagnostics: &'c mut Diagnostics,
}

impl Census<'_, '_> {
    fn count(&mut self, steps: &[document::Step]) {
        for step in steps {
            let number = self.next;
            self.next += 1;
            if let Some(id) = &step.id {
                match self.ids.get(&id.value) {
                    Some((_, first)) => self.diagnostics.duplicate_id(id.span, id, *first),
                    None => drop(self.ids.insert(id.value.clone(), (number, id.span))),
                }
            }
            if let document::Action::Set(set) = &step.action {
                set.0.iter().for_each(|(name, _)| self.define(name, number));
            }
            step.capture.iter().flat_map(|capture| &capture.0).for_each(|(name, _)| self.define(name, number));
            if let document::Action::Steps(inner) = &step.action {
                self.count(inner);
            }
            if step.for_each.is_some() {
                self.names.loops.push(number..self.next);
            }
        }
    }

    fn define(&mut self, name: &Spanned<String>, number: usize) {
        self.names.define(name, Meaning::Capture(number, name.span), self.diagnostics);
    }
}

/// The endpoints by which a playbook describes its cloud.
fn endpoints(cloud: &document::Cloud) -> Vec<(&'static str, Spanned<String>)> {
    let document::Cloud::Custom(endpoints) = cloud else {
        return Vec::new();
    };
    let optional = [("audience", &endpoints.audience), ("authority", &endpoints.authority)];
    let optional = optional.into_iter().filter_map(|(what, url)| Some((what, url.clone()?)));
    [("arm", endpoints.arm.clone())].into_iter().chain(optional).collect()
}

fn resolve_cloud(cloud: Option<document::Cloud>) -> Choice {
    match cloud {
        None => Choice::Auto,
        Some(document::Cloud::Known(name)) => {
            let found = document::CloudName::WORDS.iter().find(|(_, value)| *value == name);
            found.and_then(|(word, _)| Cloud::named(word)).map_or(Choice::Auto, Choice::Known)
        }
        Some(document::Cloud::Discovered(discovery)) => Choice::Discovered(discovery.discover.value),
        Some(document::Cloud::Custom(endpoints)) => {
            let arm = endpoints.arm.trim_end_matches('/').to_owned();
            let text = |value: Option<crate::source::Spanned<String>>| value.map(|text| text.value).unwrap_or_default();
            Choice::Known(Cloud {
                name: endpoints.name.map_or_else(|| "custom".to_owned(), |name| name.value),
                audience: endpoints.audience.map_or_else(|| format!("{arm}/"), |audience| audience.value),
                arm,
                authority: text(endpoints.authority),
                graph: text(endpoints.graph),
                key_vault: text(endpoints.key_vault),
                storage: text(endpoints.storage),
            })
        }
    }
}
