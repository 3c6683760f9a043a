//! The messages about inputs: one method each. What each code means at length is in
//! [`explain`](super::explain).

mod inputs;
mod lints;
mod names;
mod worlds;

use super::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::source::Span;

pub use inputs::Missing;

/// `a`, `b` and `c`, each in backticks.
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The help that names the nearest of some words, or the note that lists them all.
fn near_or_all(diagnostic: Diagnostic, word: &str, kind: &str, known: &[&str]) -> Diagnostic {
    match nearest(word, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("a similar {kind} exists: `{near}`")),
        None if known.is_empty() => diagnostic,
        None => diagnostic.note(format!("the {kind}s here are {}", listed(known))),
    }
}

/// The reader's message as a title.
fn invalid_yaml(message: &str) -> String {
    let message = message.trim_end_matches('.');
    // The reader quotes a character as typewriters did: `@'.
    match message.rsplit_once(": `").and_then(|(start, quoted)| Some((start, quoted.strip_suffix('\'')?))) {
        Some((start, quoted)) => format!("invalid YAML: {start} `{quoted}`"),
        None => format!("invalid YAML: {message}"),
    }
}

/// Files and YAML.
impl Diagnostics {
    /// The text is not YAML.
    pub fn yaml_syntax(&mut self, span: Span, message: &str, help: Option<String>) {
        let title = invalid_yaml(message);
        self.push(Diagnostic::error("yaml-syntax", title).at(span, "the reader stopped here").maybe_help(help));
    }

    /// The text is not YAML, for want of quotes around `span`.
    pub fn yaml_unquoted(&mut self, span: Span, message: &str, help: String) {
        self.push(Diagnostic::error("yaml-syntax", invalid_yaml(message)).at(span, "this needs quotes").help(help));
    }

    /// `{{ x }}` stands outside quotes, where YAML reads maps.
    pub fn unquoted_template(&mut self, span: Span, text: &str) {
        let quoted = if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") };
        self.push(
            Diagnostic::error("unquoted-template", "a template that begins a value must be quoted")
                .at(span, "YAML reads these braces as a map")
                .help(format!("quote it: `{quoted}`")),
        );
    }

    /// A second document begins.
    pub fn several_documents(&mut self, span: Span) {
        self.push(
            Diagnostic::error("several-documents", "a file holds one document only")
                .at(span, "a second document begins here")
                .help("put each playbook into a file of its own; mi-run takes several files"),
        );
    }

    /// Nothing but blanks and comments.
    pub fn empty_file(&mut self, span: Span) {
        self.push(
            Diagnostic::error("empty-file", "the file is empty")
                .at(span, "nothing here but blanks and comments")
                .help("a playbook needs at least `steps:`, a world `subscriptions:`"),
        );
    }

    /// Nesting or aliases beyond what is read.
    pub fn yaml_bomb(&mut self, span: Span, message: &str) {
        self.push(
            Diagnostic::error("yaml-bomb", "the file nests or expands beyond what is read")
                .at(span, "the limit is reached here")
                .note(message.to_owned()),
        );
    }

    /// A key that stands twice in one map.
    pub fn duplicate_key(&mut self, span: Span, first: Span, key: &str) {
        self.push(
            Diagnostic::error("duplicate-key", format!("key `{key}` stands twice"))
                .at(span, "second")
                .beside(first, "first"),
        );
    }
}

/// The shape of the document.
impl Diagnostics {
    /// A key that means nothing here.
    pub fn unknown_key(&mut self, span: Span, key: &str, what: &str, known: &[&str]) {
        let owner = what.trim_start_matches("a ").trim_start_matches("an ");
        let diagnostic = Diagnostic::error("unknown-key", format!("unknown key `{key}` in {owner}"))
            .at(span, format!("not a key of {what}"));
        self.push(near_or_all(diagnostic, key, "key", known));
    }

    /// A key that must be there.
    pub fn missing_key(&mut self, span: Span, key: &str, what: &str) {
        self.push(
            Diagnostic::error("missing-key", format!("{what} needs the key `{key}`"))
                .at(span, format!("`{key}` is missing here")),
        );
    }

    /// A capture that looks at nothing.
    pub fn missing_origin(&mut self, span: Span, origins: &[&str]) {
        let title = format!("a capture needs one of {}", listed(origins));
        self.push(Diagnostic::error("missing-key", title).at(span, "this one looks at nothing"));
    }

    /// A value of another type.
    pub fn wrong_type(&mut self, span: Span, expected: &str, found: &str) {
        // An expression with `: ` in it, outside quotes, is read as a key and its value.
        let help = (expected == "an expression" && found == "a map")
            .then_some("quote the whole expression when it has a `: ` in it");
        self.push(
            Diagnostic::error("wrong-type", format!("expected {expected}, found {found}"))
                .at(span, format!("expected {expected}"))
                .maybe_help(help),
        );
    }

    /// A word that is none of those possible.
    pub fn unknown_value(&mut self, span: Span, value: &str, known: &[&str]) {
        let diagnostic = Diagnostic::error("unknown-value", format!("unknown value `{value}`"))
            .at(span, "not a value that is known here");
        self.push(near_or_all(diagnostic, value, "value", known));
    }

    /// A value of the right type that cannot be meant.
    pub fn invalid_value(&mut self, span: Span, value: &str, why: &str) {
        let title = if value.is_empty() { "the value is empty".to_owned() } else { format!("invalid value `{value}`") };
        self.push(Diagnostic::error("invalid-value", title).at(span, why));
    }

    /// A regular expression that is none.
    pub fn invalid_regex(&mut self, span: Span, expression: &str, why: &str) {
        self.push(Diagnostic::error("invalid-regex", format!("`{expression}` is no regular expression")).at(span, why));
    }

    /// A name that templates could not use.
    pub fn invalid_name(&mut self, span: Span, name: &str, is_word: bool) {
        let why = match is_word {
            true => "this word has a meaning of its own in templates",
            false => "letters, digits and `_`; not a digit first",
        };
        self.push(
            Diagnostic::error("invalid-name", format!("`{name}` cannot be the name of a variable")).at(span, why),
        );
    }

    /// Keys of which only one may stand.
    pub fn exclusive_keys(&mut self, second: Span, first: Span, why: &str) {
        self.push(
            Diagnostic::error("exclusive-keys", why.to_owned()).at(second, "this one too").beside(first, "one is here"),
        );
    }

    /// A step that does nothing.
    pub fn no_action(&mut self, span: Span, actions: &[&str]) {
        self.push(
            Diagnostic::error("no-action", "the step has no action")
                .at(span, "this step")
                .note(format!("a step has exactly one of {}", listed(actions))),
        );
    }

    /// A step that does two things.
    pub fn two_actions(&mut self, second: Span, first: Span) {
        self.push(
            Diagnostic::error("two-actions", "the step has two actions")
                .at(second, "second action")
                .beside(first, "first action")
                .help("make two steps of it"),
        );
    }

    /// A request text that is not `METHOD url`.
    pub fn request_line(&mut self, span: Span, word: &str) {
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let upper = word.to_uppercase();
        let diagnostic = Diagnostic::error("request-line", "a request in one line is `METHOD url`");
        let diagnostic = match self.near(&upper, methods) {
            Some(method) if word != method => diagnostic
                .at(span, format!("`{word}` is no method"))
                .help(format!("a similar method exists: `{method}`")),
            Some(method) => diagnostic.at(span, format!("nothing stands behind `{method}`")),
            None => diagnostic.at(span, "no method").help("put the method first, as in `GET /subscriptions`"),
        };
        self.push(diagnostic);
    }

    /// An expectation that can only be of another action.
    pub fn subject_of_other_action(&mut self, span: Span, subject: &str, action: &str, known: &[&str]) {
        let article = if action.starts_with('a') { "an" } else { "a" };
        let diagnostic = Diagnostic::error(
            "subject-of-other-action",
            format!("`{subject}` says nothing about {article} `{action}` step"),
        );
        self.push(match action {
            "set" => diagnostic
                .at(span, "a `set` step gets no answer")
                .help("the names under `set:` are there for later steps as they are"),
            "assert" => diagnostic
                .at(span, "an `assert` step gets no answer")
                .help("what must hold stands under `assert:`, as a list of expressions"),
            "access" if known.is_empty() => diagnostic
                .at(span, "an `access` step has claims of its own")
                .help("what must hold stands under `access:`: `can`, `cannot`, `at_most`, …"),
            _ => diagnostic
                .at(span, format!("{article} `{action}` step has no such result"))
                .note(format!("{article} `{action}` step has {}", listed(known))),
        });
    }

    /// A word that is no expectation.
    pub fn unknown_expectation(&mut self, span: Span, word: &str) {
        let diagnostic = Diagnostic::error("unknown-value", format!("`{word}` is nothing that can be expected"))
            .at(span, "a status (`403`, `4xx`), `allowed`, `denied`, or a map of subjects");
        let near = match word.to_ascii_lowercase().as_str() {
            "forbidden" | "refused" | "unauthorized" => Some("denied"),
            "ok" | "success" | "granted" => Some("allowed"),
            other => self.near(other, ["allowed", "denied"]),
        };
        self.push(diagnostic.maybe_help(near.map(|near| format!("is `{near}` meant?"))));
    }

    /// An expectation or a predicate in which nothing stands.
    pub fn nothing_expected(&mut self, span: Span, what: &str) {
        self.push(
            Diagnostic::error("invalid-value", format!("{what} expects nothing"))
                .at(span, "empty, so it would hold whatever comes")
                .help("say what must hold, or leave the key out"),
        );
    }

    /// A key that is no predicate.
    pub fn unknown_predicate(&mut self, span: Span, key: &str, known: &[&str]) {
        let diagnostic =
            Diagnostic::error("unknown-key", format!("unknown key `{key}` in predicate")).at(span, "not a predicate");
        self.push(match self.near(key, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("a similar key exists: `{near}`")),
            None => diagnostic
                .note(format!("the keys here are {}", listed(known)))
                .help("to compare with a map write `equals:` before it, with a part of a map `includes:`"),
        });
    }

    /// A URL that no request can go to.
    pub fn invalid_url(&mut self, span: Span, url: &str) {
        let diagnostic = Diagnostic::error("invalid-url", format!("`{url}` is no URL that a request can go to"))
            .at(span, "neither a path nor an absolute URL");
        let path = ["subscriptions", "providers", "tenants"].iter().any(|root| url.starts_with(root));
        self.push(match path {
            true => diagnostic.help(format!("on Resource Manager it is `/{url}`")),
            false => diagnostic.help("begin with `/` for Resource Manager, or with `https://`"),
        });
    }

    /// A word that is neither the short name of a resource nor a resource.
    pub fn unknown_resource(&mut self, span: Span, word: &str, known: &[&str]) {
        let diagnostic =
            Diagnostic::error("unknown-resource", format!("`{word}` is no resource that a token can be for"))
                .at(span, "neither a short name nor a URL");
        self.push(near_or_all(diagnostic, word, "name", known));
    }

    /// Variables that need too many others.
    pub fn variables_too_deep(&mut self, span: Span, limit: usize) {
        self.push(
            Diagnostic::error("variable-cycle", format!("the variable needs more than {limit} others"))
                .at(span, "this one")
                .help("compute some of them in a `set` step"),
        );
    }
}
