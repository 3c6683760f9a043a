//! The messages about what the caller gives.

use super::listed;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;

/// An input that nobody gave.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The environment variable that would give it.
    pub env: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// What the caller gives.
impl Diagnostics {
    /// Inputs that are required and that nobody gave: all in one message.
    pub fn missing_inputs(&mut self, missing: &[Missing]) {
        let names: Vec<&str> = missing.iter().map(|input| input.name.as_str()).collect();
        let title = match names.as_slice() {
            [only] => format!("input `{only}` has no value"),
            many => format!("inputs {} have no value", listed(many)),
        };
        let mut diagnostic = Diagnostic::error("missing-input", title);
        for input in missing {
            let description = input.description.clone().unwrap_or_else(|| "required".to_owned());
            diagnostic = diagnostic.at(input.span, description);
        }
        let options: Vec<String> = names.iter().map(|name| format!("--var {name}=…")).collect();
        diagnostic =
            diagnostic.help(format!("give {}: `{}`", if names.len() == 1 { "it" } else { "them" }, options.join(" ")));
        let from_env: Vec<String> = missing
            .iter()
            .map(|input| {
                let own = format!("`MI_RUN_VAR_{}`", input.name.to_uppercase());
                input.env.as_ref().map_or(own.clone(), |env| format!("{own} or `{env}`"))
            })
            .collect();
        self.push(
            diagnostic
                .help(format!("or in the environment: {}; or in a file: `--vars-file FILE`", from_env.join(", "))),
        );
    }

    /// A value for a name that no playbook declares.
    pub fn unknown_variable(&mut self, name: &str, origin: &str, known: &[&str]) {
        let title = format!("no playbook declares `{name}`, which {origin} gives");
        let diagnostic = Diagnostic::error("unknown-variable", title);
        self.push(match self.near(name, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar name exists: `{near}`")),
            None if known.is_empty() => diagnostic.note("the playbook declares no `inputs` or `vars`"),
            None => diagnostic.note(format!("the names declared are {}", listed(known))),
        });
    }
}
