//! Each template of an action, and of an assertion.

use super::{Action, Auth, Body, Items, Origin, Plan, Request, Step, Subject};
use crate::identity::{Selector, Whose};
use crate::template::{Text, Tree};

impl Plan {
    /// Each template in it; those of included playbooks are theirs.
    pub fn each_text(&self, visit: &mut dyn FnMut(&Text)) {
        self.name.iter().for_each(&mut *visit);
        self.identity.iter().for_each(|identity| selector_text(identity, visit));
        for input in &self.inputs {
            let declaration = &input.declaration;
            let trees = declaration.default.iter().map(|tree| &tree.value).chain(declaration.one_of.iter().flatten());
            trees.for_each(|tree| tree.each_text(visit));
        }
        self.vars.iter().for_each(|var| var.tree.each_text(visit));
        self.steps.iter().chain(&self.cleanup).for_each(|step| step_texts(step, visit));
        self.outputs.iter().for_each(|(_, tree)| tree.each_text(visit));
    }
}

fn step_texts(step: &Step, visit: &mut dyn FnMut(&Text)) {
    step.name.iter().chain(&step.when).for_each(&mut *visit);
    step.each.iter().for_each(|each| items_texts(&each.items, visit));
    action_texts(&step.action, visit);
    step.assertions.iter().for_each(|assertion| subject_texts(&assertion.subject, &mut |text, _| visit(text)));
    for capture in &step.captures {
        capture.default.iter().for_each(|tree| tree.each_text(visit));
        if let Origin::Header(text) | Origin::Template(text) = &capture.origin {
            visit(text);
        }
    }
    if let Action::Group(inner) = &step.action {
        inner.iter().for_each(|step| step_texts(step, visit));
    }
}

/// Each template of an action.
pub(super) fn action_texts(action: &Action, visit: &mut dyn FnMut(&Text)) {
    match action {
        Action::Token(token) => {
            token.resource.iter().for_each(&mut *visit);
            token.identity.iter().for_each(|identity| selector_text(identity, visit));
        }
        Action::Request(request) => request_texts(request, visit),
        Action::Set(set) => set.iter().for_each(|(_, tree)| tree.each_text(visit)),
        Action::Assert(list) => list.iter().for_each(visit),
        Action::Access(access) => access.each_text(visit),
        Action::Metadata(path) => visit(path),
        Action::Include(include) => include.with.iter().for_each(|(_, tree)| tree.each_text(visit)),
        // Steps inside have their own.
        Action::Group(_) => {}
    }
}

/// Each template of the items of a loop.
pub(super) fn items_texts(items: &Items, visit: &mut dyn FnMut(&Text)) {
    match items {
        Items::List(tree) => tree.each_text(visit),
        Items::Axes(axes) => axes.iter().for_each(|(_, tree)| tree.each_text(visit)),
    }
}

fn request_texts(request: &Request, visit: &mut dyn FnMut(&Text)) {
    visit(&request.url);
    request.api_version.iter().for_each(|(text, _)| visit(text));
    request.query.iter().for_each(|(_, tree)| tree.each_text(visit));
    request.headers.iter().for_each(|(_, text)| visit(text));
    match &request.body {
        Body::None => {}
        Body::Json(tree) => tree.each_text(visit),
        Body::Form(form) => form.iter().for_each(|(_, tree)| tree.each_text(visit)),
        Body::Text(text) | Body::File(text) => visit(text),
    }
    match &request.auth {
        Auth::Default => {}
        Auth::Bearer(text) => visit(text),
        Auth::Resource(resource, identity) => {
            resource.iter().for_each(&mut *visit);
            identity.iter().for_each(|identity| selector_text(identity, visit));
        }
    }
}

/// Each template of an identity.
pub(super) fn selector_text(whose: &Whose<Text>, visit: &mut dyn FnMut(&Text)) {
    match &whose.selector {
        Selector::System => {}
        Selector::ClientId(text) | Selector::ObjectId(text) | Selector::ResourceId(text) => visit(text),
    }
}

/// Each template of an assertion, and whether it may use the result.
pub(super) fn subject_texts(subject: &Subject, visit: &mut dyn FnMut(&Text, bool)) {
    match subject {
        Subject::Status(_) | Subject::Access(_) | Subject::Schema(_) => {}
        Subject::Denied(text) => visit(text, false),
        Subject::That(text) => visit(text, true),
        Subject::Error(predicate)
        | Subject::Header(_, predicate)
        | Subject::Json(_, predicate)
        | Subject::Claims(_, predicate)
        | Subject::Text(predicate)
        | Subject::Duration(predicate) => {
            predicate.each_leaf(&mut |tree: &Tree| tree.each_text(&mut |text| visit(text, false)));
        }
    }
}
