//! The messages about templates, queries and names.

use super::{listed, near_or_all};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// Templates, queries and names.
impl Diagnostics {
    /// A template that cannot be parsed.
    pub fn template_syntax(&mut self, span: Span, title: &str, label: &str, help: Option<&str>) {
        let title = format!("invalid template: {title}");
        self.push(Diagnostic::error("template-syntax", title).at(span, label).maybe_help(help));
    }

    /// A JSONPath query that cannot be parsed.
    pub fn jsonpath_syntax(&mut self, span: Span, query: &str, message: &str) {
        self.push(Diagnostic::error("jsonpath-syntax", format!("invalid JSONPath `{query}`")).at(span, message));
    }

    /// A name that nothing defines.
    pub fn undefined_name(&mut self, span: Span, name: &str, known: &[&str]) {
        let diagnostic = Diagnostic::error("undefined-name", format!("`{name}` is not defined"))
            .at(span, "not an input, variable or capture");
        self.push(match self.near(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar name exists: `{near}`")),
            None => diagnostic.note(format!("the names defined here are {}", listed(known))),
        });
    }

    /// A member that a known thing does not have.
    pub fn undefined_member(&mut self, span: Span, owner: &str, member: &str, known: &[&str]) {
        let diagnostic = Diagnostic::error("undefined-name", format!("`{owner}` has no `{member}`"))
            .at(span, format!("not a member of `{owner}`"));
        self.push(near_or_all(diagnostic, member, "member", known));
    }

    /// A capture that is used before the step that makes it.
    pub fn used_before_captured(&mut self, span: Span, name: &str, capture: Span) {
        self.push(
            Diagnostic::error("used-before-captured", format!("`{name}` is used before it is captured"))
                .at(span, "used here")
                .beside(capture, "captured here, by this step or a later one")
                .help("move the step that captures it up"),
        );
    }

    /// A name that is defined twice.
    pub fn name_taken(&mut self, span: Span, name: &str, first: Option<Span>) {
        let diagnostic = Diagnostic::error("name-taken", format!("`{name}` is defined already")).at(span, "again here");
        self.push(match first {
            Some(first) => {
                diagnostic.beside(first, "first here").note("each name is defined once, and shadows nothing")
            }
            None => diagnostic.note(format!("`{name}` is one of the names that every playbook has")),
        });
    }

    /// Variables that need each other.
    pub fn variable_cycle(&mut self, span: Span, chain: &[&str]) {
        let chain: Vec<String> = chain.iter().map(|name| format!("`{name}`")).collect();
        self.push(
            Diagnostic::error("variable-cycle", "variables need each other in a circle")
                .at(span, "this one needs itself")
                .note(chain.join(" needs ")),
        );
    }

    /// An id that two steps have.
    pub fn duplicate_id(&mut self, span: Span, id: &str, first: Span) {
        self.push(
            Diagnostic::error("duplicate-id", format!("two steps have the id `{id}`"))
                .at(span, "second")
                .beside(first, "first"),
        );
    }

    /// A variable that would need another value in each turn of a loop.
    pub fn variable_in_loop(&mut self, span: Span, name: &str, capture: &str) {
        self.push(
            Diagnostic::error("variable-in-loop", format!("`{name}` has one value, and `{capture}` one in each turn"))
                .at(span, "used inside the loop")
                .help(format!("use `{capture}` itself here, or `set` a name inside the loop")),
        );
    }

    /// A loop inside another whose items have the same name.
    pub fn item_taken(&mut self, span: Span, name: &str) {
        self.push(
            Diagnostic::error("name-taken", format!("`{name}` is the item of a loop around this one"))
                .at(span, "again here")
                .help("give this loop's item a name of its own: `as: inner`"),
        );
    }

    /// An id in `needs` that no step has.
    pub fn unknown_id(&mut self, span: Span, id: &str, known: &[&str]) {
        let diagnostic =
            Diagnostic::error("unknown-id", format!("no step has the id `{id}`")).at(span, "not the id of a step");
        self.push(match self.near(id, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar id exists: `{near}`")),
            None if known.is_empty() => diagnostic.help(format!("give the step that is meant `id: {id}`")),
            None => diagnostic.note(format!("the ids here are {}", listed(known))),
        });
    }

    /// Steps that wait for each other.
    pub fn step_cycle(&mut self, span: Span, chain: &[String]) {
        let chain: Vec<String> = chain.iter().map(|name| format!("`{name}`")).collect();
        self.push(
            Diagnostic::error("step-cycle", "steps wait for each other in a circle")
                .at(span, "this one waits for itself")
                .note(chain.join(" waits for ")),
        );
    }

    /// A modifier that means nothing beside the step's action.
    pub fn modifier_of_other_action(&mut self, span: Span, key: &str, action: &str, why: &str) {
        self.push(
            Diagnostic::error("invalid-modifier", format!("`{key}` means nothing beside `{action}`"))
                .at(span, "has no effect here")
                .note(why.to_owned()),
        );
    }

    /// An included playbook that cannot be read.
    pub fn unreadable_include(&mut self, span: Span, path: &str, why: &str) {
        self.push(
            Diagnostic::error("unreadable-include", format!("the playbook `{path}` cannot be included"))
                .at(span, why.to_owned()),
        );
    }

    /// A playbook that includes so many others, one inside another, that nobody waits for the end.
    pub fn too_many_steps(&mut self, span: Span, path: &str, most: usize) {
        let title = format!("the playbook `{path}` comes to more than {most} steps");
        self.push(Diagnostic::error("too-many-steps", title).at(span, "included here"));
    }

    /// A file of more steps than one is read with.
    pub fn too_long(&mut self, span: Span, most: usize) {
        let title = format!("the playbook has more than {most} steps");
        let help = "make several playbooks of it, or a loop: `for_each` takes a million items";
        self.push(Diagnostic::error("too-many-steps", title).at(span, "one too many").help(help));
    }

    /// Playbooks that include each other.
    pub fn include_cycle(&mut self, span: Span, chain: &[String]) {
        let chain: Vec<String> = chain.iter().map(|name| format!("`{name}`")).collect();
        self.push(
            Diagnostic::error("include-cycle", "playbooks include each other in a circle")
                .at(span, "is being read already")
                .note(chain.join(" includes ")),
        );
    }

    /// An output that the included playbook does not have.
    pub fn unknown_output(&mut self, span: Span, name: &str, (path, known): (&str, &[&str])) {
        let title = format!("`{path}` has no output `{name}`");
        let diagnostic = Diagnostic::error("unknown-output", title).at(span, "not an output of the included playbook");
        self.push(match known {
            [] => diagnostic.help(format!("give it some: `outputs: {{{name}: …}}`")),
            known => near_or_all(diagnostic, name, "output", known),
        });
    }

    /// A name in `with` that the included playbook does not declare.
    pub fn unknown_input(&mut self, span: Span, name: &str, (path, known): (&str, &[&str])) {
        let diagnostic = Diagnostic::error("unknown-variable", format!("`{path}` declares no input `{name}`"))
            .at(span, "not an input of the included playbook");
        self.push(match self.near(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar name exists: `{near}`")),
            None if known.is_empty() => diagnostic.note("it declares no `inputs`"),
            None => diagnostic.note(format!("its inputs are {}", listed(known))),
        });
    }

    /// Inputs that an included playbook needs and `with` does not give.
    pub fn inputs_not_given(&mut self, span: Span, path: &str, names: &[&str]) {
        self.push(
            Diagnostic::error("missing-input", format!("`{path}` needs {}", listed(names)))
                .at(span, "included without it")
                .help(format!("give it: `with: {{{}: …}}`", names.join(": …, "))),
        );
    }

    /// A JSON Schema that cannot be read, or is none.
    pub fn invalid_schema(&mut self, span: Span, why: &str, unread: bool) {
        let title = if unread { "the JSON Schema cannot be read" } else { "the JSON Schema is invalid" };
        self.push(Diagnostic::error("invalid-schema", title).at(span, "used here").note(why.to_owned()));
    }
}
