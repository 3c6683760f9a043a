//! What the caller gave, matched with what the playbook declares.

use std::collections::HashMap;

use serde_json::Value;

use super::{Input, Plan, Var};
use crate::diagnostic::catalog::Missing;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::pattern::{Regex, TOO_MUCH};
use crate::playbook::{InputType, Named};
use crate::source::{Sources, Span};
use crate::template::{Scope, Tree};
use crate::value::{describe, same, to_text};

/// How many choices of an input a message names, and how much of each, in characters.
const MOST_CHOICES: usize = 50;
const LONGEST_CHOICE: usize = 100;

/// Where a given value comes from, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--var`.
    CommandLine,
    /// `--vars-file`.
    File(String),
    /// A variable of the environment: `MI_RUN_VAR_…`, or the one the input names.
    Environment(String),
    /// `with`, in the playbook that includes this one.
    With,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::CommandLine => formatter.write_str("`--var`"),
            Origin::File(path) => write!(formatter, "`{path}`"),
            Origin::Environment(name) => write!(formatter, "the environment variable `{name}`"),
            Origin::With => formatter.write_str("`with`, where the playbook is included"),
        }
    }
}

/// A value somebody gave.
#[derive(Clone, Debug)]
pub struct Given {
    /// The input's or variable's name.
    pub name: String,
    /// The value; text that came as text may become what the input's type says.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Reads a variable of the environment.
pub type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// The names that a caller may give values for.
pub fn declared(plan: &Plan) -> impl Iterator<Item = &str> {
    let inputs = plan.inputs.iter().map(|input| input.name.as_str());
    inputs.chain(plan.vars.iter().map(|var| var.name.as_str()))
}

/// Whether any value that a caller gives is never shown.
pub fn has_secrets(plan: &Plan) -> bool {
    plan.inputs.iter().any(|input| input.declaration.secret == Some(true))
}

/// Who gives values, and what it takes to read them.
pub struct Caller<'c> {
    /// What was given, the strongest first.
    pub given: &'c [Given],
    /// Reads a variable of the environment.
    pub lookup: Lookup<'c>,
    /// Serves the templates of defaults.
    pub scope: &'c dyn Scope,
    /// The texts, for places.
    pub sources: &'c Sources,
}

/// The value of each input, and of each variable that the caller overrides.
pub fn resolve(plan: &Plan, caller: &Caller<'_>, diagnostics: &mut Diagnostics) -> HashMap<String, Value> {
    let mut values = HashMap::new();
    let mut missing = Vec::new();
    for input in &plan.inputs {
        match find(input, caller) {
            Some(found) => {
                if let Some(value) = fit(input, &found, caller, diagnostics) {
                    values.insert(input.name.clone(), value);
                }
            }
            None => match &input.declaration.default {
                Some(default) => {
                    if let Some(value) = fit_default(input, default, caller, diagnostics) {
                        values.insert(input.name.clone(), value);
                    }
                }
                None => missing.push(Missing {
                    name: input.name.clone(),
                    description: input.declaration.description.as_ref().map(|text| text.value.clone()),
                    env: input.declaration.env.as_ref().map(|env| env.value.clone()),
                    span: input.span,
                }),
            },
        }
    }
    if !missing.is_empty() {
        diagnostics.missing_inputs(&missing);
    }
    for Var { name, .. } in &plan.vars {
        if let Some(found) = caller.given.iter().find(|given| given.name == *name) {
            values.insert(name.clone(), found.value.clone());
        }
    }
    values
}

/// Tells what `with` gives and the included playbook does not declare, and what it needs and is not given.
pub(super) fn check_with(plan: &Plan, (with, span, path): (&Named<Tree>, Span, &str), diagnostics: &mut Diagnostics) {
    let known: Vec<&str> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
    for (name, _) in with.0.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        diagnostics.unknown_input(name.span, name, (path, &known));
    }
    let given = |name: &str| with.0.iter().any(|(given, _)| given.value == name);
    let needed =
        plan.inputs.iter().filter(|input| input.declaration.default.is_none() && input.declaration.env.is_none());
    let missing: Vec<&str> = needed.map(|input| input.name.as_str()).filter(|name| !given(name)).collect();
    if !missing.is_empty() {
        diagnostics.inputs_not_given(span, path, &missing);
    }
}

/// Where the value of an input comes from, for people.
pub(super) fn origin(input: &Input, caller: &Caller<'_>) -> String {
    match find(input, caller) {
        Some(given) => given.origin.to_string(),
        None if input.declaration.default.is_some() => "the default".to_owned(),
        None => "not given, and required".to_owned(),
    }
}

fn find(input: &Input, caller: &Caller<'_>) -> Option<Given> {
    let direct = caller.given.iter().find(|given| given.name == input.name).cloned();
    direct.or_else(|| {
        let name = input.declaration.env.as_ref()?.value.clone();
        let value = (caller.lookup)(&name).filter(|text| !text.is_empty())?;
        Some(Given { name: input.name.clone(), value: Value::String(value), origin: Origin::Environment(name) })
    })
}

/// A given value as the declaration wants it.
fn fit(input: &Input, given: &Given, caller: &Caller<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    let wanted = input.declaration.r#type.as_ref().map_or(InputType::String, |word| word.value);
    let fitted = match convert(wanted, &given.value) {
        Some(value) => constrained(input, value, &choices(input, &|tree| tree.render(caller.scope).ok())),
        None => Err(Refusal {
            why: format!("must be {}, got {}", with_article(wanted), shown(input, &given.value)),
            help: (given.origin == Origin::CommandLine && matches!(wanted, InputType::List | InputType::Map))
                .then(|| format!("give it as JSON: `--var {}:='…'`", input.name)),
        }),
    };
    let refuse = |refusal: Refusal| {
        diagnostics.push(
            Diagnostic::error("invalid-input", format!("input `{}` {}", input.name, refusal.why))
                .at(input.span, "declared here")
                .note(format!("the value comes from {}", given.origin))
                .maybe_help(refusal.help),
        );
    };
    fitted.map_err(refuse).ok()
}

/// Tells when a default is none that a caller could give. One with templates in it is judged once they are rendered.
pub(super) fn check_default(input: &Input, diagnostics: &mut Diagnostics) {
    if let Some(tree) = &input.declaration.default
        && let Some(value) = literal(tree)
        && choices(input, &literal).len() == input.declaration.one_of.as_ref().map_or(0, Vec::len)
    {
        default_value(input, (tree, value), &choices(input, &literal), diagnostics);
    }
}

/// A default as the declaration wants it.
fn fit_default(input: &Input, default: &Tree, caller: &Caller<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    match default.render(caller.scope) {
        Ok(value) => {
            let choices = choices(input, &|tree| tree.render(caller.scope).ok());
            default_value(input, (default, value), &choices, diagnostics)
        }
        Err(misfit) => {
            diagnostics.push(misfit.diagnostic(caller.sources));
            None
        }
    }
}

fn default_value(
    input: &Input,
    (tree, value): (&Tree, Value),
    choices: &[Value],
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    // By such a default an input may be left out.
    if value.is_null() {
        return Some(value);
    }
    let fitted = match input.declaration.r#type.as_ref().map(|word| word.value) {
        None => constrained(input, value, choices),
        Some(wanted) => match convert(wanted, &value) {
            Some(value) => constrained(input, value, choices),
            None => Err(Refusal {
                why: format!("must be {}, got {}", with_article(wanted), shown(input, &value)),
                help: None,
            }),
        },
    };
    let refuse = |Refusal { why, help }: Refusal| {
        let (place, label) = match tree {
            Tree::Text(text) => (text.span, "this default"),
            _ => (input.span, "declared here"),
        };
        let title = format!("the default of input `{}` {why}", input.name);
        diagnostics.push(Diagnostic::error("invalid-input", title).at(place, label).maybe_help(help));
    };
    fitted.map_err(refuse).ok()
}

/// Why a value cannot be that of an input.
struct Refusal {
    why: String,
    help: Option<String>,
}

/// The value, when it is one that `pattern` and `one_of` allow.
fn constrained(input: &Input, value: Value, choices: &[Value]) -> Result<Value, Refusal> {
    let declaration = &input.declaration;
    if let Some(pattern) = &declaration.pattern {
        let wanted = match pattern.text.as_str() {
            "guid" => "be a GUID such as `00000000-0000-0000-0000-000000000000`".to_owned(),
            expression => format!("match `{expression}`"),
        };
        let why = match fits(&pattern.regex, &value) {
            Some(true) => None,
            Some(false) => Some(format!("got {}", shown(input, &value))),
            None => Some(TOO_MUCH.to_owned()),
        };
        if let Some(why) = why {
            return Err(Refusal { why: format!("must {wanted}, {why}"), help: None });
        }
    }
    if declaration.one_of.is_none() || choices.iter().any(|choice| same(choice, &value)) {
        return Ok(value);
    }
    let texts: Vec<String> = choices.iter().map(to_text).collect();
    // Where no type is declared, the choices tell it.
    if let Some(at) = texts.iter().position(|text| value.as_str() == Some(text) && declaration.r#type.is_none()) {
        return Ok(choices[at].clone());
    }
    let near = value.as_str().and_then(|text| nearest(text, texts.iter().map(String::as_str)));
    let mut list: Vec<String> = texts.iter().take(MOST_CHOICES).map(|text| named(text)).collect();
    if let more @ 1.. = texts.len().saturating_sub(MOST_CHOICES) {
        list.push(format!("{more} more"));
    }
    Err(Refusal {
        why: format!("must be one of {}, got {}", list.join(", "), shown(input, &value)),
        help: near.map(|near| format!("a similar value is allowed: `{near}`")),
    })
}

/// A choice as a message names it.
fn named(text: &str) -> String {
    match text.char_indices().nth(LONGEST_CHOICE) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Whether a value matches as text; nothing when to find out may take too long.
fn fits(regex: &Regex, value: &Value) -> Option<bool> {
    if value.is_array() || value.is_object() {
        return Some(false);
    }
    let text = to_text(value);
    Some(regex.over(&text)?.is_match(&text))
}

/// The values of `one_of`, as far as `value` knows them.
fn choices(input: &Input, value: &dyn Fn(&Tree) -> Option<Value>) -> Vec<Value> {
    input.declaration.one_of.iter().flatten().filter_map(value).collect()
}

/// The value of a tree without templates.
fn literal(tree: &Tree) -> Option<Value> {
    match tree {
        Tree::Text(text) => text.template.literal().map(Value::from),
        Tree::Value(value) => Some(value.clone()),
        Tree::List(items) => items.iter().map(literal).collect(),
        Tree::Map(entries) => entries.iter().map(|(key, tree)| Some((key.clone(), literal(tree)?))).collect(),
    }
}

fn shown(input: &Input, value: &Value) -> String {
    if input.declaration.secret.unwrap_or(false) { "a secret value".to_owned() } else { describe(value) }
}

fn with_article(wanted: InputType) -> &'static str {
    match wanted {
        InputType::String => "text",
        InputType::Integer => "an integer",
        InputType::Number => "a number",
        InputType::Boolean => "a boolean",
        InputType::List => "a list",
        InputType::Map => "a map",
    }
}

/// A value as a type; text is read as the type says.
fn convert(wanted: InputType, value: &Value) -> Option<Value> {
    let parsed = || value.as_str().and_then(|text| serde_json::from_str::<Value>(text.trim()).ok());
    let fits = |value: &Value| match wanted {
        InputType::String => value.is_string(),
        InputType::Integer => value.is_i64() || value.is_u64(),
        InputType::Number => value.is_number(),
        InputType::Boolean => value.is_boolean(),
        InputType::List => value.is_array(),
        InputType::Map => value.is_object(),
    };
    if fits(value) {
        return Some(value.clone());
    }
    let parsed = || parsed().map(|value| if wanted == InputType::Integer { whole(&value) } else { value });
    match wanted {
        InputType::String if value.is_number() || value.is_boolean() => Some(Value::String(to_text(value))),
        InputType::String => None,
        InputType::Integer if value.is_f64() => Some(whole(value)).filter(fits),
        _ => parsed().filter(fits),
    }
}

/// A number without a fraction as an integer: `7.0` is 7. Anything else as it is.
fn whole(value: &Value) -> Value {
    // Beyond these a float is no exact integer of 64 bits.
    let exact = |float: &f64| float.fract() == 0.0 && float.abs() < 9e18;
    match value.as_f64().filter(exact) {
        Some(float) if value.is_f64() => Value::from(float as i64),
        _ => value.clone(),
    }
}
