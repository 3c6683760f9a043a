//! From a plan to what it needs: every request and every claim about access, in groups, loops and included playbooks too.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::target::{self, Target};
use super::{Claimed, Label, Needs, claims, linked, want};
use crate::azure::cloud::Cloud;
use crate::azure::verdict;
use crate::diagnostic::Diagnostics;
use crate::http::{Status, Statuses};
use crate::identity::{Selector, Whose};
use crate::plan::known::{Known, Piece};
use crate::plan::{Access, Action, Auth, Caller, Each, Given, Include, InputOrigin, Items, Plan, Request};
use crate::plan::{Step, Subject, resolve};
use crate::rbac::{Doubt, Operation, Operations, Pattern, Plane};
use crate::template::{Text, Tree};

/// How many turns of a loop are looked at; of one with more, one turn whose item is not known.
const MOST_TURNS: usize = 1_000;

/// A playbook on the way through it.
struct Walk<'w> {
    needs: &'w mut Needs,
    caller: &'w Caller<'w>,
    plan: &'w Plan,
    cloud: Option<&'w Cloud>,
    /// The identity of steps that name none.
    identity: String,
    /// What stands before the numbers of steps.
    before: String,
}

/// Adds what a playbook needs. `values` are those of the inputs and variables that the caller gives; `several` tells whether
/// there are others, from which its steps are told apart by its path.
pub fn needs(
    needs: &mut Needs,
    (plan, path, several): (&Plan, &str, bool),
    values: &HashMap<String, Value>,
    caller: &Caller<'_>,
) {
    let known = Known::of(plan, values);
    needs
        .names
        .push(plan.name.as_ref().map_or_else(|| path.to_owned(), |name| target::shown(&known.pieces(&name.template))));
    needs.paths.push(path.to_owned());
    needs.cloud = needs.cloud.take().or_else(|| plan.cloud.known().map(|cloud| cloud.name.clone()));
    let before = if several { format!("{path} ") } else { String::new() };
    let identity = named(plan.identity.as_ref(), &known).unwrap_or_else(|| "system".to_owned());
    let mut walk = Walk { needs, caller, plan, cloud: plan.cloud.known(), identity, before };
    walk.steps(&plan.steps, &known);
    walk.steps(&plan.cleanup, &known);
}

/// How an identity is named.
fn named(whose: Option<&Whose<Text>>, known: &Known) -> Option<String> {
    let id = |text: &Text| target::shown(&known.pieces(&text.template));
    Some(match &whose?.selector {
        Selector::System => "system".to_owned(),
        Selector::ClientId(text) => format!("client_id {}", id(text)),
        Selector::ObjectId(text) => format!("object_id {}", id(text)),
        Selector::ResourceId(text) => format!("resource_id {}", id(text)),
    })
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Step], known: &Known) {
        for step in steps.iter().filter(|step| step.left_out.is_none()) {
            match &step.each {
                None => self.step(step, known),
                Some(each) => turns(each, known).iter().for_each(|turn| self.step(step, turn)),
            }
        }
    }

    fn step(&mut self, step: &Step, known: &Known) {
        match &step.action {
            Action::Request(request) => self.request(step, request, known),
            Action::Access(access) => self.access(step, access, known),
            Action::Group(inner) => self.steps(inner, known),
            Action::Include(include) => self.include(step, include, known),
            Action::Token(_) | Action::Set(_) | Action::Assert(_) | Action::Metadata(_) => {}
        }
    }

    /// What messages call a step.
    fn called(&self, step: &Step, known: &Known) -> Label {
        let name = step.name.as_ref().map(|name| target::shown(&known.pieces(&name.template)));
        Label { number: format!("{}{}", self.before, step.number + 1), name }
    }

    fn note(&mut self, (step, called): (&Step, &Label), text: String, matters: bool) {
        self.needs.note((called, Some(step.span)), text, matters);
    }

    fn request(&mut self, step: &Step, request: &Request, known: &Known) {
        let called = self.called(step, known);
        let Some(identity) = self.bearer((step, &called), request, known) else { return };
        let pieces = url(request, known);
        match Target::of(request.method, &pieces, self.cloud) {
            Target::Operation(operation) => self.operation((step, &called), (request, &operation), &identity, known),
            Target::Free => {}
            Target::Elsewhere(host) => {
                let text = format!("goes to {host}, which is not Resource Manager: what it needs there is not covered");
                self.note((step, &called), text, false);
            }
            Target::Open(url) => {
                let text = format!("its operation is only known when it runs: {} {url}", request.method);
                self.note((step, &called), text, true);
            }
        }
    }

    /// The identity whose token a request carries; nothing when it carries none of an identity.
    fn bearer(&mut self, place: (&Step, &Label), request: &Request, known: &Known) -> Option<String> {
        let own = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        match &request.auth {
            Auth::Default if !own => Some(self.identity.clone()),
            Auth::Resource(resource, _)
                if resource.as_ref().is_some_and(|text| text.template.literal() == Some("none")) =>
            {
                self.note(place, "carries no token, so no role has a part in it".to_owned(), false);
                None
            }
            Auth::Resource(_, selector) => {
                Some(named(selector.as_ref(), known).unwrap_or_else(|| self.identity.clone()))
            }
            Auth::Default | Auth::Bearer(_) => {
                let text = "brings a token of its own: whose role it takes is only known when it runs";
                self.note(place, text.to_owned(), true);
                None
            }
        }
    }

    fn operation(
        &mut self,
        (step, called): (&Step, &Label),
        (request, operation): (&Request, &Operation),
        identity: &str,
        known: &Known,
    ) {
        let Operation { action, scope } = operation;
        if let Some(refused) = refused(step, known) {
            let denied = refused.unwrap_or_else(|| action.clone());
            let text = format!("is meant to be refused, so this is left out: {denied} at {}", target::written(scope));
            self.note((step, called), text, false);
            want(&mut self.needs.share(identity).refused, (&denied, scope), false, called);
            return;
        }
        if Operations::built_in().doubt(&Pattern::parse(action), Plane::Control).is_some() {
            self.note((step, called), doubtful(action), true);
        }
        for text in linked::notes(request, action) {
            self.note((step, called), text, false);
        }
        want(&mut self.needs.share(identity).wanted, (action, scope), matches!(request.method, "PUT"), called);
    }

    fn access(&mut self, step: &Step, access: &Access, known: &Known) {
        let called = self.called(step, known);
        let scope = target::scope(&known.pieces(&access.scope.template));
        let identity = named(access.identity.as_ref(), known).unwrap_or_else(|| self.identity.clone());
        let share = self.needs.share(&identity);
        for action in claims::asked(access, known) {
            want(&mut share.wanted, (action, &scope), false, &called);
        }
        for claim in &access.claims {
            if let Some((claim, written)) = claims::claim(claim.key, &claim.says, known) {
                share.claims.push(Claimed { step: called.clone(), written, claim, scope: scope.clone() });
            }
        }
    }

    /// An included playbook: its inputs are given in pieces, where they are known in pieces.
    fn include(&mut self, step: &Step, include: &Include, known: &Known) {
        let mut given = Vec::new();
        let mut parts = HashMap::new();
        for (name, tree) in &include.with {
            match (known.value(tree), tree) {
                (Some(value), _) => given.push(Given { name: name.clone(), value, origin: InputOrigin::With }),
                (None, Tree::Text(text)) => drop(parts.insert(name.clone(), known.pieces(&text.template))),
                (None, _) => drop(parts.insert(name.clone(), vec![Piece::Open(known.tree(tree))])),
            }
        }
        let caller = Caller { given: &given, ..*self.caller };
        let mut values = resolve(&include.plan, &caller, &mut Diagnostics::new());
        values.retain(|name, _| !parts.contains_key(name));
        let mut inside = Known::with(&include.plan, &values, parts);
        let cloud = if include.plan.cloud_span.is_none() { self.cloud } else { include.plan.cloud.known() };
        if let Some(cloud) = cloud {
            inside.set("cloud", cloud.to_value());
        }
        let identity = named(include.plan.identity.as_ref(), &inside).unwrap_or_else(|| self.identity.clone());
        let before = format!("{}{}.", self.before, step.number + 1);
        let mut walk = Walk { needs: self.needs, caller: self.caller, plan: &include.plan, cloud, identity, before };
        walk.steps(&walk.plan.steps, &inside);
        walk.steps(&walk.plan.cleanup, &inside);
    }
}

/// The URL in pieces, without what stands before it.
fn url(request: &Request, known: &Known) -> Vec<Piece> {
    let mut pieces = known.pieces(&request.url.template);
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        *first = first.get(request.prefix..).unwrap_or_default().trim_start().to_owned();
    }
    pieces
}

/// Whether a step is meant to be refused, and the action for which, where it names it.
fn refused(step: &Step, known: &Known) -> Option<Option<String>> {
    step.assertions.iter().find_map(|assertion| match &assertion.subject {
        Subject::Access(verdict::Access::Denied) => Some(None),
        Subject::Status(statuses) if only_refusals(statuses) => Some(None),
        Subject::Denied(text) => {
            let action = known.knows(&text.template).then(|| known.fill(&text.template));
            Some(action.map(|action| Operations::built_in().spelled(&action).to_owned()))
        }
        _ => None,
    })
}

/// Whether nothing but a refusal has one of these statuses.
fn only_refusals(statuses: &Statuses) -> bool {
    !statuses.0.is_empty() && statuses.0.iter().all(|status| matches!(status, Status::Code(401 | 403)))
}

/// What to say of an operation that is not known.
fn doubtful(action: &str) -> String {
    let near = match Operations::built_in().doubt(&Pattern::parse(action), Plane::Control) {
        Some(Doubt::Near(near)) => format!("; similar is {near}"),
        Some(Doubt::OtherPlane) => "; there is a data action of that name".to_owned(),
        _ => String::new(),
    };
    format!("its operation by the path is {action}, which no built-in role names: look up its name{near}")
}

/// What is known in each turn of a loop.
fn turns(each: &Each, known: &Known) -> Vec<Known> {
    let items = match &each.items {
        Items::List(Tree::List(trees)) => trees.iter().map(|tree| known.value(tree)).collect(),
        Items::List(tree) => list(tree, known),
        Items::Axes(axes) => combined(axes, known),
    };
    let items = if items.len() > MOST_TURNS { vec![None] } else { items };
    items.into_iter().map(|item| known.with_item(&each.name, item)).collect()
}

/// The items of a list; one that is not known when the list is not.
fn list(tree: &Tree, known: &Known) -> Vec<Option<Value>> {
    match known.value(tree) {
        Some(Value::Array(items)) => items.into_iter().map(Some).collect(),
        _ => vec![None],
    }
}

/// Every combination of several lists.
fn combined(axes: &[(String, Tree)], known: &Known) -> Vec<Option<Value>> {
    let mut made = vec![Some(Value::Object(Map::new()))];
    for (name, tree) in axes {
        let items = list(tree, known);
        if made.len().saturating_mul(items.len()) > MOST_TURNS {
            return vec![None];
        }
        let with = |one: &Option<Value>, item: &Option<Value>| {
            let (Some(Value::Object(one)), Some(item)) = (one, item) else { return None };
            let mut one = one.clone();
            one.insert(name.clone(), item.clone());
            Some(Value::Object(one))
        };
        made = made.iter().flat_map(|one| items.iter().map(move |item| with(one, item))).collect();
    }
    made
}
