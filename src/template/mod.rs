//! Text with `{{ … }}` in it: parsed once, the names it uses known before anything runs, rendered over a scope.

mod bridge;
mod engine;
mod extent;
mod filters;
mod functions;
mod meter;
mod names;
mod problem;
mod resource_id;
mod tree;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use minijinja::machinery::{ast, parse, parse_expr};
use minijinja::value::Value as Engine;
use minijinja::{Error, ErrorKind, Expression};

use crate::nearest::nearest;
use crate::value::{Value, kind};
use bridge::{from_engine, to_engine};
use engine::{ENGINE, MARK, MARKED, syntax};
use names::Uses;

pub use names::Name;
pub use problem::{Kind, Problem};
pub use tree::{Misfit, Text, Tree};

/// Where a template takes its names from, and the clock and the dice of `now()` and `uuid()`.
pub trait Scope {
    /// The value of a name, if it has one. Asked only for names the template uses.
    fn get(&self, name: &str) -> Option<Arc<Value>>;

    /// All names there are, to find the one that was meant.
    fn names(&self) -> Vec<String>;

    /// The time it is.
    fn now(&self) -> SystemTime;

    /// Sixteen random bytes, other ones at each call.
    fn random(&self) -> [u8; 16];

    /// What reads the files of `file()`; nothing where there are none.
    fn files(&self) -> Option<Files>;
}

/// A scope without names, at the beginning of time.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Scope for Nothing {
    fn get(&self, _: &str) -> Option<Arc<Value>> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self) -> [u8; 16] {
        [0; 16]
    }

    fn files(&self) -> Option<Files> {
        None
    }
}

/// Reads the text of a file by its path, or says why it cannot.
pub type Files = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// Words that are no names: templates give them a meaning of their own.
pub const RESERVED: &[&str] =
    &["True", "False", "None", "true", "false", "none", "and", "or", "not", "in", "is", "if", "else", "loop", "self"];

/// Every filter, test and function there is.
pub fn words() -> Vec<&'static str> {
    [engine::FILTERS, engine::TESTS, engine::FUNCTIONS].concat()
}

/// A piece of a rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text.
    pub text: String,
    /// Whether an expression gave it.
    pub is_value: bool,
}

/// A template, parsed and compiled.
#[derive(Clone)]
pub struct Template {
    text: Arc<str>,
    form: Form,
    names: Arc<[Name]>,
    functions: Arc<[&'static str]>,
}

#[derive(Clone)]
enum Form {
    /// Nothing to evaluate.
    Literal,
    /// One expression, which gives its own type; with where in the text it begins.
    Expression(Arc<Expression<'static, 'static>>, usize),
    /// Anything else, which gives text.
    Text(minijinja::Template<'static, 'static>),
}

impl Template {
    /// Parses a text. One that is exactly one `{{ expression }}` gives the expression's own type, one without marks
    /// is kept as it is, and any other gives text.
    ///
    /// # Errors
    /// Everything that is wrong with it: what does not parse, or all filters, tests and functions there are not.
    pub fn parse(text: &str) -> Result<Template, Vec<Problem>> {
        if !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Ok(Template::new(text, Form::Literal, Uses::default()));
        }
        if let Some(problem) = extent::too_long(text, false) {
            return Err(vec![problem]);
        }
        let tree = parse(text, "", syntax()).map_err(|error| vec![problem::of_parsing(&error, text, 0)])?;
        let uses = checked(names::of_template(&tree))?;
        let form = match sole_expression(&tree, text) {
            Some(inner) => Form::Expression(compile(inner, text)?, offset(inner, text)),
            None => {
                let compiled = ENGINE.get_template(text);
                Form::Text(compiled.map_err(|error| vec![problem::of_parsing(&error, text, 0)])?)
            }
        };
        Ok(Template::new(text, form, uses))
    }

    /// Parses an expression as it stands in `when` and `assert`: bare, or wrapped in `{{ }}`.
    ///
    /// # Errors
    /// As for [`Template::parse`].
    pub fn expression(text: &str) -> Result<Template, Vec<Problem>> {
        let bare = text.trim();
        let inner = bare.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
        if inner.trim().is_empty() {
            let range = problem::within(0..text.len(), text);
            let problem = Problem::new(Kind::Syntax, "nothing to evaluate", "expected an expression", range);
            return Err(vec![problem]);
        }
        let base = offset(inner, text);
        if let Some(problem) = extent::too_long(inner, true) {
            let range = problem.range.start + base..problem.range.end + base;
            return Err(vec![Problem { range, ..problem }]);
        }
        let tree = parse_expr(inner).map_err(|error| {
            let marks = inner.contains("{{") || inner.contains("}}");
            let help = marks.then(|| "write it as one expression, without `{{ }}` inside".to_owned());
            let problem = problem::of_parsing(&error, text, base);
            vec![if help.is_some() { problem.with_help(help) } else { problem }]
        })?;
        let uses = checked(names::of_expression(&tree, base))?;
        Ok(Template::new(text, Form::Expression(compile(inner, text)?, base), uses))
    }

    fn new(text: &str, form: Form, uses: Uses) -> Template {
        Template { text: text.into(), form, names: uses.names.into(), functions: uses.functions.into() }
    }

    /// A text in which nothing is to be evaluated, whatever it holds.
    pub fn literal_of(text: &str) -> Template {
        Template::new(text, Form::Literal, Uses::default())
    }

    /// The names the template takes from outside, in the order it uses them, each time it does.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The functions it calls that look outside.
    pub fn calls(&self) -> &[&'static str] {
        &self.functions
    }

    /// The text the template was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, if nothing in it is to be evaluated.
    pub fn literal(&self) -> Option<&str> {
        matches!(self.form, Form::Literal).then_some(&*self.text)
    }

    /// Whether the template always gives text, rather than a value of its expression's type.
    pub fn gives_text(&self) -> bool {
        !matches!(self.form, Form::Expression(..))
    }

    /// Evaluates the template.
    ///
    /// # Errors
    /// When a name is undefined, an operation fails, or too much work is asked for.
    pub fn render(&self, scope: &dyn Scope) -> Result<Value, Problem> {
        match &self.form {
            Form::Literal => Ok(Value::from(&*self.text)),
            Form::Text(template) => {
                let rendered = template.render(self.context(scope));
                rendered.map(Value::from).map_err(|error| self.explain(&error, 0, scope))
            }
            Form::Expression(expression, base) => {
                let evaluated = expression.eval(self.context(scope)).and_then(|value| own_type(&value));
                evaluated.map_err(|error| self.explain(&error, *base, scope))
            }
        }
    }

    /// Evaluates the template, and tells what stands in it as written from what its expressions gave. An expression that
    /// is the whole template, or that ends in `| safe`, is told as written.
    ///
    /// # Errors
    /// As for [`Template::render`].
    pub fn render_parts(&self, scope: &dyn Scope) -> Result<Vec<Part>, Problem> {
        let Form::Text(template) = &self.form else {
            let text = crate::value::to_text(&self.render(scope)?);
            return Ok(vec![Part { text, is_value: false }]);
        };
        let mut bindings = self.bindings(scope);
        bindings.push((MARKED.to_owned(), Engine::from(true)));
        let rendered = template.render(Engine::from_pairs(bindings));
        let rendered = rendered.map_err(|error| self.explain(&error, 0, scope))?;
        let parts = rendered.split(MARK).enumerate();
        let parts = parts.map(|(at, text)| Part { text: text.to_owned(), is_value: at % 2 == 1 });
        Ok(parts.filter(|part| !part.text.is_empty()).collect())
    }

    fn context(&self, scope: &dyn Scope) -> Engine {
        Engine::from_pairs(self.bindings(scope))
    }

    fn bindings(&self, scope: &dyn Scope) -> Vec<(String, Engine)> {
        let mut bindings = Vec::new();
        for name in &*self.names {
            if bindings.iter().all(|(bound, _)| bound != &name.name)
                && let Some(value) = scope.get(&name.name)
            {
                bindings.push((name.name.clone(), to_engine(value)));
            }
        }
        let called = self.functions.iter().filter_map(|name| Some(((*name).to_owned(), functions::bind(name, scope)?)));
        bindings.extend(called);
        bindings
    }

    fn explain(&self, error: &Error, base: usize, scope: &dyn Scope) -> Problem {
        let problem = problem::of_rendering(error, &self.text, base);
        if problem.kind != Kind::Undefined {
            return problem;
        }
        let overlaps =
            |name: &&Name| name.extent().start < problem.range.end && problem.range.start < name.extent().end;
        let named = |name: &&Name| problem.title.contains(&format!("`{}` is undefined", name.dotted()));
        let culprits = self.names.iter().filter(named).chain(self.names.iter().filter(overlaps)).chain(&*self.names);
        culprits.filter_map(|name| undefined(name, scope)).next().unwrap_or(problem)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Template").field(&self.text).finish()
    }
}

fn checked(uses: Uses) -> Result<Uses, Vec<Problem>> {
    if uses.problems.is_empty() { Ok(uses) } else { Err(uses.problems) }
}

fn compile(inner: &str, text: &str) -> Result<Arc<Expression<'static, 'static>>, Vec<Problem>> {
    let compiled = ENGINE.compile_expression_owned(inner.to_owned());
    compiled.map(Arc::new).map_err(|error| vec![problem::of_parsing(&error, text, offset(inner, text))])
}

/// Where a part of `text` begins in it.
fn offset(part: &str, text: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// The inside of the marks, if the text is one `{{ expression }}` from its first byte to its last.
fn sole_expression<'t>(tree: &ast::Stmt<'_>, text: &'t str) -> Option<&'t str> {
    let ast::Stmt::Template(template) = tree else {
        return None;
    };
    let [ast::Stmt::EmitExpr(_)] = template.children.as_slice() else {
        return None;
    };
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    Some(inner.strip_suffix(['-', '+']).unwrap_or(inner))
}

/// The value of an expression. Undefined is an error, but for the missing `else` of `a if b`, which gives null: only
/// the engine's own formatting tells the two apart.
fn own_type(value: &Engine) -> Result<Value, Error> {
    if !value.is_undefined() {
        return from_engine(value);
    }
    match ENGINE.empty_state().format(value.clone()) {
        Ok(_) => Ok(Value::Null),
        Err(_) => Err(Error::from(ErrorKind::UndefinedError)),
    }
}

/// What is missing of a name, if something is.
fn undefined(name: &Name, scope: &dyn Scope) -> Option<Problem> {
    let Some(value) = scope.get(&name.name) else {
        let names = scope.names();
        let help = nearest(&name.name, names.iter().map(String::as_str))
            .map(|near| format!("a similar name exists: `{near}`"));
        let title = format!("undefined name `{}`", name.name);
        return Some(Problem::new(Kind::Undefined, title, "not defined", name.range.clone()).with_help(help));
    };
    let mut value = &*value;
    let mut owner = name.name.clone();
    for (attribute, range) in &name.path {
        let Some(inner) = value.get(attribute) else {
            let entries = value.as_object();
            let keys = entries.into_iter().flat_map(|entries| entries.keys().map(String::as_str));
            let help = nearest(attribute, keys).map(|near| format!("a similar key exists: `{near}`"));
            let label = match entries {
                Some(_) => format!("not a key of `{owner}`"),
                None => format!("`{owner}` is {}, which has no keys", kind(value)),
            };
            let title = format!("undefined name `{owner}.{attribute}`");
            return Some(Problem::new(Kind::Undefined, title, label, range.clone()).with_help(help));
        };
        owner = format!("{owner}.{attribute}");
        value = inner;
    }
    None
}

#[cfg(test)]
mod tests;
