//! The messages about templates, queries and names.

use super::{listed, near_or_all};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
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
        self.push(match nearest(name, known.iter().copied()) {
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
}
