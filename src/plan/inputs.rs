//! What the caller gave, matched with what the playbook declares.

use std::collections::HashMap;

use serde_json::Value;

use super::{Input, Plan};
use crate::diagnostic::catalog::Missing;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::playbook::InputType;
use crate::source::Sources;
use crate::template::{Scope, Tree};
use crate::value::{describe, kind, same};

/// Where a given value comes from, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--var`.
    CommandLine,
    /// `--vars-file`.
    File(String),
    /// A variable of the environment: `MI_RUN_VAR_…`, or the one the input names.
    Environment(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::CommandLine => formatter.write_str("`--var`"),
            Origin::File(path) => write!(formatter, "`{path}`"),
            Origin::Environment(name) => write!(formatter, "the environment variable `{name}`"),
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
    inputs.chain(plan.vars.iter().map(|(name, _)| name.as_str()))
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
    for (name, _) in &plan.vars {
        if let Some(found) = caller.given.iter().find(|given| given.name == *name) {
            values.insert(name.clone(), found.value.clone());
        }
    }
    values
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
    let secret = input.declaration.secret.unwrap_or(false);
    let shown = |value: &Value| {
        if secret { "a secret value".to_owned() } else { describe(value) }
    };
    let refuse = |why: String, help: Option<String>| {
        Diagnostic::error("invalid-input", format!("input `{}` {why}", input.name))
            .at(input.span, "declared here")
            .note(format!("the value comes from {}", given.origin))
            .maybe_help(help)
    };
    let Some(value) = convert(wanted, &given.value) else {
        let why = format!("must be {}, got {}", with_article(wanted), shown(&given.value));
        let help = (given.origin == Origin::CommandLine && matches!(wanted, InputType::List | InputType::Map))
            .then(|| format!("give it as JSON: `--var {}:='…'`", input.name));
        diagnostics.push(refuse(why, help));
        return None;
    };
    if let Some(pattern) = &input.declaration.pattern
        && !value.as_str().is_some_and(|text| pattern.regex.is_match(text))
    {
        let wanted = match pattern.text.as_str() {
            "guid" => "be a GUID such as `00000000-0000-0000-0000-000000000000`".to_owned(),
            expression => format!("match `{expression}`"),
        };
        diagnostics.push(refuse(format!("must {wanted}, got {}", shown(&value)), None));
        return None;
    }
    if let Some(choices) = &input.declaration.one_of {
        let choices: Vec<Value> = choices.iter().filter_map(|choice| choice.render(caller.scope).ok()).collect();
        if !choices.iter().any(|choice| same(choice, &value)) {
            let texts: Vec<String> = choices.iter().map(crate::value::to_text).collect();
            let near = value.as_str().and_then(|text| nearest(text, texts.iter().map(String::as_str)));
            let list: Vec<&str> = texts.iter().map(String::as_str).collect();
            let list = crate::diagnostic::catalog::listed(&list);
            let help = near.map(|near| format!("a similar value is allowed: `{near}`"));
            diagnostics.push(refuse(format!("must be one of {list}, got {}", shown(&value)), help));
            return None;
        }
    }
    Some(value)
}

/// A default as the declaration wants it.
fn fit_default(input: &Input, default: &Tree, caller: &Caller<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    let value = match default.render(caller.scope) {
        Ok(value) => value,
        Err(misfit) => {
            diagnostics.push(misfit.diagnostic(caller.sources));
            return None;
        }
    };
    let wanted = input.declaration.r#type.as_ref().map(|word| word.value);
    match wanted {
        Some(wanted) if !value.is_null() && convert(wanted, &value).is_none() => {
            diagnostics.push(
                Diagnostic::error(
                    "invalid-input",
                    format!("the default of input `{}` is {}", input.name, kind(&value)),
                )
                .at(input.span, format!("declared here as {}", wanted.word())),
            );
            None
        }
        Some(wanted) if !value.is_null() => convert(wanted, &value),
        _ => Some(value),
    }
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
    match wanted {
        InputType::String if value.is_number() || value.is_boolean() => {
            Some(Value::String(crate::value::to_text(value)))
        }
        InputType::String => None,
        _ => parsed().filter(fits),
    }
}
