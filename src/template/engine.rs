//! The one template environment: its limits, its filters, and how values stand in text.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value as Engine, ValueKind};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

use super::bridge::with_value;
use super::filters;
use super::meter::FUEL;
use crate::value::to_text;

/// The filters there are.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "arm_id",
    "attr",
    "b64decode",
    "b64encode",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "date",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "from_csv",
    "from_json",
    "from_yaml",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "jsonpath",
    "jwt_claims",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "regex_find",
    "regex_replace",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "sha256",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "to_json",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "zip",
];

/// The tests there are, by the names one can write after `is`.
pub(super) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// The functions there are.
pub(super) const FUNCTIONS: &[&str] = &["dict", "file", "now", "range", "uuid"];

/// The name that tells [`write`] to mark what expressions give; no template can use it.
pub(super) const MARKED: &str = "marked values";

/// Stands before and behind what an expression gave. Unicode gives this character no meaning and keeps it so.
pub(super) const MARK: char = '\u{fdd0}';

/// The environment every template is compiled in, once.
pub(super) static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(build);

/// How templates are written: a newline at the end of the text belongs to it.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

fn build() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_syntax(syntax());
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    // Only so do errors say which name was undefined.
    engine.set_debug(true);
    engine.set_formatter(write);
    // A template is its own name: the store then keeps each text compiled once, whoever asks for it.
    engine.set_loader(|text| Ok(Some(text.to_owned())));
    // `debug` would print every variable, secrets too. With `namespace` a loop can nest values without bound.
    engine.remove_global("debug");
    engine.remove_global("namespace");
    filters::add(&mut engine);
    engine
}

/// Writes a value into text.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Engine) -> Result<(), Error> {
    if !value.is_safe() && state.lookup(MARKED).is_some() {
        let text = with_value(state, value, to_text)?;
        out.write_str(&format!("{MARK}{}{MARK}", text.replace(MARK, "")))?;
        return Ok(());
    }
    match value.as_str() {
        Some(text) => out.write_str(text)?,
        // Strict as it is, the engine lets only the missing `else` of `a if b` come so far.
        None if value.kind() == ValueKind::Undefined => {}
        None => out.write_str(&with_value(state, value, to_text)?)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_those_of_the_engine() {
        let listed = format!("{:?}", *ENGINE);
        let section = |from: &str, to: &str| {
            let start = listed.find(from).unwrap() + from.len();
            let end = start + listed[start..].find(to).unwrap();
            let mut names: Vec<_> = listed[start..end]
                .split('"')
                .skip(1)
                .step_by(2)
                .filter(|name| name.starts_with(char::is_alphabetic))
                .map(str::to_owned)
                .collect();
            names.sort();
            names
        };
        assert_eq!(section("filters:", "templates:"), FILTERS);
        assert_eq!(section("tests:", "filters:"), TESTS);
        let globals: Vec<_> = ENGINE.globals().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(globals, ["dict", "range"]);
    }
}
