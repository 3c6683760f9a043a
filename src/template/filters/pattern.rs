//! The filters that look for a regular expression.

use std::sync::{Arc, LazyLock};

use minijinja::value::{Value as Engine, ValueKind};
use minijinja::{Error, State};
use regex::Captures;

use super::{Compiled, text};
use crate::pattern::{self, Regex};
use crate::template::bridge::failed;
use crate::template::meter::{Meter, charge};

static PATTERNS: LazyLock<Compiled<Regex>> = LazyLock::new(Compiled::default);

/// How many steps cost as much as a byte.
const STEPS: u64 = 8;

/// What compiling a big expression costs, in bytes of work.
const BIG: u64 = 2_500_000;

/// What it costs to replace one match, beside its text.
const MATCH: u64 = 200;

/// The expression, once the evaluation has paid for looking through `text`.
fn pattern(state: &State<'_, '_>, expression: &str, text: &str) -> Result<Arc<Regex>, Error> {
    let compile = |expression: &str| {
        if pattern::is_big(expression) {
            charge(state, BIG)?;
        }
        Regex::compile(expression)
            .map_err(|reason| failed(format!("`{expression}` is not a regular expression: {reason}")))
    };
    let pattern = PATTERNS.get(state, expression, compile)?;
    charge(state, pattern.cost(text) / STEPS)?;
    Ok(pattern)
}

/// The first match: of the given group, else of the first group, else of the whole; undefined when there is none.
pub(super) fn find(
    state: &State<'_, '_>,
    input: &Engine,
    expression: &str,
    group: Option<Engine>,
) -> Result<Engine, Error> {
    let text = text(state, input)?;
    let pattern = pattern(state, expression, &text)?;
    let regex = pattern.regex();
    let group = match group {
        Some(group) => match group.as_str() {
            Some(name) => regex.capture_names().position(|known| known == Some(name)),
            None => group.as_usize(),
        }
        .filter(|group| *group < regex.captures_len())
        .ok_or_else(|| no_group(&group))?,
        None => usize::from(regex.captures_len() > 1),
    };
    let found = regex.captures(&text).and_then(|captures| captures.get(group));
    Ok(found.map_or(Engine::UNDEFINED, |found| Engine::from(found.as_str())))
}

fn no_group(group: &Engine) -> Error {
    match group.kind() {
        ValueKind::String | ValueKind::Number => failed(format!("the pattern has no group {group}")),
        _ => failed("a group is a number or a name"),
    }
}

/// Replaces every match; the replacement names groups as `$1` or `\1`.
pub(super) fn replace(
    state: &State<'_, '_>,
    input: &Engine,
    expression: &str,
    replacement: &str,
) -> Result<String, Error> {
    static GROUPS: LazyLock<Option<regex::Regex>> = LazyLock::new(|| regex::Regex::new(r"\\(\d)").ok());
    let text = text(state, input)?;
    let pattern = pattern(state, expression, &text)?;
    let replacement = match &*GROUPS {
        Some(groups) => groups.replace_all(replacement, "$${$1}"),
        None => replacement.into(),
    };
    // A short text can have many matches, and each is replaced by a long one, which repeats the match at each `$`.
    let groups = replacement.matches('$').count();
    let mut meter = Meter::of(state);
    let mut spent = Ok(());
    let replaced = pattern.regex().replace_all(&text, |captures: &Captures<'_>| {
        let mut out = String::new();
        if spent.is_ok() {
            let longest = replacement.len() + groups.saturating_mul(captures[0].len());
            spent = meter.pay(MATCH + longest as u64);
        }
        if spent.is_ok() {
            captures.expand(&replacement, &mut out);
        }
        out
    });
    meter.charge(state)?;
    spent.map(|()| replaced.into_owned())
}
