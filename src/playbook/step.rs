//! Steps: one action each, and its modifiers.

use schemars::JsonSchema;
use serde_json::json;

use super::access::Access;
use super::document::variables;
use super::expectation::{Capture, Expectation};
use super::leaf::{Expression, Period};
use super::reader::{Fields, Read, Reader};
use super::repeat::{Each, Eventually, Retry};
use super::request::{Request, TokenRequest};
use super::schema;
use crate::source::{Span, Spanned};
use crate::template::{Text, Tree};
use crate::yaml::Named;
use crate::yaml::{Kind, Node};

/// A step: exactly one action, and any of the modifiers.
#[derive(Debug, JsonSchema)]
#[schemars(transform = schema::one_action)]
pub struct Step {
    /// Where the step stands.
    #[schemars(skip)]
    pub span: Span,
    /// What other steps and the command line call the step.
    pub id: Option<Spanned<String>>,
    /// What the step is called in reports.
    pub name: Option<Text>,
    /// Words to select steps by.
    pub tags: Option<Vec<Spanned<String>>>,
    /// An expression; when it is false the step is skipped.
    pub when: Option<Expression>,
    /// Ids of steps that must have passed, on top of those whose captures are used.
    #[schemars(transform = or_one_id)]
    pub needs: Option<Vec<Spanned<String>>>,
    /// What the step is repeated over: a list, or lists by name, of which every combination is an item.
    pub for_each: Option<Each>,
    /// What templates call the item of the loop; `item` without it.
    #[schemars(transform = variable_name)]
    pub r#as: Option<Spanned<String>>,
    /// What the inputs of an included playbook are given.
    #[schemars(transform = schema::variable_names)]
    pub with: Option<Named<Tree>>,
    /// What must hold; without it a request must answer 2xx and a token must be issued.
    #[schemars(transform = schema::not_empty)]
    pub expect: Option<Expectation>,
    /// Names for values of the result.
    #[schemars(transform = schema::variable_names)]
    pub capture: Option<Named<Capture>>,
    /// Keep trying until the expectations hold: how long, how often, how many times in a row.
    pub eventually: Option<Spanned<Eventually>>,
    /// How passing faults are met.
    pub retry: Option<Spanned<Retry>>,
    /// How long one attempt may take.
    pub timeout: Option<Spanned<Period>>,
    /// Whether bodies and captures of this step are secret.
    pub sensitive: Option<bool>,
    /// Whether the request changes nothing though its method may: others need not wait for it, and it may be repeated.
    pub safe: Option<Spanned<bool>>,
    /// What the step does.
    #[schemars(flatten)]
    pub action: Action,
}

impl Action {
    /// The key in a playbook; nothing for what could not be read.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Token(_) => "token",
            Action::Request(_) => "request",
            Action::Access(_) => "access",
            Action::Metadata(_) => "metadata",
            Action::Set(_) => "set",
            Action::Assert(_) => "assert",
            Action::Playbook(_) => "playbook",
            Action::Steps(_) => "steps",
            Action::Unreadable => "",
        }
    }
}

/// What a step does.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Action {
    /// Acquires an access token.
    Token(Box<TokenRequest>),
    /// Sends an HTTP request, to Resource Manager unless the URL is absolute.
    Request(Box<Request>),
    /// Decides what the identity may do at a scope, and what it may not.
    Access(Box<Access>),
    /// Reads the VM's instance metadata: `compute`, `network`, or a path such as `compute/tags`.
    Metadata(Text),
    /// Computes variables; no request is sent.
    Set(#[schemars(transform = schema::variable_names)] Named<Tree>),
    /// Expressions that must hold; no request is sent.
    Assert(#[schemars(transform = schema::not_empty)] Vec<Expression>),
    /// Runs another playbook: a file, relative to this one, in the folder given by `--root`.
    Playbook(#[schemars(transform = schema::some_text)] Spanned<String>),
    /// Steps that belong together.
    #[schemars(transform = schema::not_empty)]
    Steps(Vec<Step>),
    /// None that could be read; why, stands in the diagnostics.
    #[schemars(skip)]
    Unreadable,
}

fn or_one_id(schema: &mut schemars::Schema) {
    schema::alternatives(schema, &[json!({"type": "string"})]);
}

fn variable_name(schema: &mut schemars::Schema) {
    schema.insert("pattern".to_owned(), "^[A-Za-z_][A-Za-z0-9_]*$".into());
}

const ACTIONS: &[&str] = &["token", "request", "access", "metadata", "set", "assert", "playbook", "steps"];

impl Read for Step {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "a step")?;
        let id = fields.get("id", reader);
        let name = fields.get("name", reader);
        let tags = fields.get("tags", reader);
        let when = fields.get("when", reader);
        let needs = fields.node("needs").and_then(|node| ids(node, reader));
        let for_each = fields.get("for_each", reader);
        let r#as = fields.entry("as").and_then(|entry| reader.variable(&entry.value));
        let action = action(&mut fields, reader);
        let with = fields.node("with").and_then(|node| variables(node, reader));
        let is_token = matches!(action, Some(Action::Token(_)));
        let expect = fields.get("expect", reader);
        for key in ["expect", "assert", "steps"] {
            if let Some(entry) = fields.entry(key).filter(|entry| entry.value.is_empty()) {
                reader.diagnostics.nothing_expected(entry.span(), &format!("`{key}`"));
            }
        }
        let capture = fields.node("capture").and_then(|node| Capture::map(node, is_token, reader));
        let (eventually, retry) = (fields.get("eventually", reader), fields.get("retry", reader));
        let timeout = fields.get("timeout", reader);
        let (sensitive, safe) = (fields.get("sensitive", reader), fields.get("safe", reader));
        let actions = fields.present(ACTIONS);
        let span = actions.first().map_or(fields.span, |key| key.span);
        match actions.as_slice() {
            // A misspelt action is told as the unknown key that it is.
            [] if fields.all_known() => reader.diagnostics.no_action(fields.span, ACTIONS),
            [] | [_] => {}
            [first, second, ..] => reader.diagnostics.two_actions(second.span, first.span),
        }
        fields.finish(reader);
        let action = action.unwrap_or(Action::Unreadable);
        Some(Step {
            span,
            id,
            name,
            tags,
            when,
            needs,
            for_each,
            r#as,
            with,
            expect,
            capture,
            eventually,
            retry,
            timeout,
            sensitive,
            safe,
            action,
        })
    }
}

/// The action of a step; every key of one is read, so that all that is wrong is told.
fn action(fields: &mut Fields<'_>, reader: &mut Reader<'_>) -> Option<Action> {
    let mut found = Vec::new();
    for key in ACTIONS {
        let Some(entry) = fields.entry(key) else { continue };
        let node = &entry.value;
        found.push(match *key {
            "token" => Box::<TokenRequest>::read(node, reader).map(Action::Token),
            "request" => Box::<Request>::read(node, reader).map(Action::Request),
            "access" => Box::<Access>::read(node, reader).map(Action::Access),
            "metadata" => Text::read(node, reader).map(Action::Metadata),
            "set" => variables(node, reader).map(Action::Set),
            "assert" => Vec::read(node, reader).map(Action::Assert),
            "playbook" => path(node, reader).map(Action::Playbook),
            _ => Vec::read(node, reader).map(Action::Steps),
        });
    }
    found.into_iter().next().flatten()
}

/// One id, or a list of them.
fn ids(node: &Node, reader: &mut Reader<'_>) -> Option<Vec<Spanned<String>>> {
    match &node.kind {
        Kind::Text(text) => Some(vec![Spanned::new(text.clone(), node.span)]),
        _ => Vec::read(node, reader),
    }
}

/// The path of a playbook: known before anything runs, so that what it says can be checked.
fn path(node: &Node, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
    let path = Spanned::<String>::read(node, reader)?;
    let why = match path.value.as_str() {
        text if text.contains("{{") => "the file is read before anything runs, so its path holds no template",
        text if text.trim().is_empty() => "the path of a playbook is expected",
        _ => return Some(path),
    };
    reader.diagnostics.invalid_value(node.span, &path, why);
    None
}
