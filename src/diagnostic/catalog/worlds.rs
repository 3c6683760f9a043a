//! The messages about worlds of the emulator.

use super::{listed, near_or_all};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// How many names are listed at most.
const LISTED: usize = 12;

impl Diagnostics {
    /// A playbook where a world is wanted.
    pub fn playbook_for_world(&mut self, span: Span) {
        self.push(
            Diagnostic::error("wrong-type", "this is a playbook, and a world is wanted")
                .at(span, "a world has no steps")
                .help("a playbook runs against the emulator with `mi-run PLAYBOOK --emulate`"),
        );
    }

    /// A name that leads to nothing in the world: what it should be the name of, and the name.
    pub fn unknown_reference(&mut self, span: Span, (kind, name): (&str, &str), known: &[&str]) {
        let diagnostic = Diagnostic::error("unknown-reference", format!("there is no {kind} `{name}` in this world"))
            .at(span, "nothing has this name");
        let diagnostic = match self.near(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar {kind} exists: `{near}`")),
            None if known.is_empty() => diagnostic.help("what is named must stand in the world too"),
            None if known.len() > LISTED => diagnostic,
            None => diagnostic.note(format!("there are {}", listed(known))),
        };
        self.push(diagnostic);
    }

    /// A role that is neither a custom nor a built-in one.
    pub fn unknown_role(&mut self, span: Span, name: &str, known: &[&str]) {
        let diagnostic = Diagnostic::error("unknown-reference", format!("there is no role `{name}`"))
            .at(span, "neither a built-in role nor one of this world");
        let near = self.near(name, known.iter().copied());
        self.push(match near {
            Some(_) => near_or_all(diagnostic, name, "role", known),
            None => diagnostic.help("a custom role is defined under `roles:`"),
        });
    }

    /// An id that two things have.
    pub fn id_taken(&mut self, span: Span, id: &str, first: Span) {
        self.push(
            Diagnostic::error("id-taken", format!("two things have the id `{id}`"))
                .at(span, "second")
                .beside(first, "first")
                .help("an id that is left out is made from the name"),
        );
    }

    /// Two names that Azure cannot tell apart.
    pub fn name_differs_by_case(&mut self, span: Span, name: &str, kind: &str) {
        self.push(
            Diagnostic::error("id-taken", format!("two {kind}s are called `{name}`"))
                .at(span, "second")
                .note("Azure does not tell names apart that differ in case only"),
        );
    }

    /// A fault that does several things to an answer.
    pub fn several_effects(&mut self, span: Span) {
        self.push(
            Diagnostic::error("impossible-fault", "a fault does more than one thing to the answer")
                .at(span, "one of them is enough")
                .note("`delay` goes with each of them"),
        );
    }

    /// A fault that does nothing.
    pub fn no_effect(&mut self, span: Span) {
        self.push(
            Diagnostic::error("impossible-fault", "a fault does nothing").at(span, "nothing goes wrong here").help(
                "give it one of `delay`, `answer`, `cut`, `close`, `slow`, `content_type`, `garbage`, `expired_token`, \
                 `throttle`",
            ),
        );
    }
}
