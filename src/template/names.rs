//! What a template uses, read off its syntax tree: the names it takes from outside, and the filters, tests and
//! functions it calls.

use std::collections::HashMap;
use std::ops::Range;

use minijinja::machinery::{Span, ast};

use super::engine::{FILTERS, FUNCTIONS, TESTS};
use super::problem::{Kind, Problem};
use crate::nearest::nearest;

/// A name that a template takes from outside, with the attributes it reads of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// Where it stands in the text.
    pub range: Range<usize>,
    /// The attributes read of it one after the other, as far as they are known before anything runs:
    /// `cloud.arm` and `cloud['arm']` give `arm`.
    pub path: Vec<(String, Range<usize>)>,
    /// Whether the last of it may be missing, for `| default(…)` or `is defined` asks just that.
    pub optional: bool,
}

impl Name {
    /// The bytes from the name to the last attribute.
    pub fn extent(&self) -> Range<usize> {
        self.range.start..self.path.last().map_or(self.range.end, |(_, range)| range.end)
    }

    /// The name and its attributes as one writes them: `cloud.arm`.
    pub fn dotted(&self) -> String {
        self.path.iter().fold(self.name.clone(), |dotted, (attribute, _)| dotted + "." + attribute)
    }
}

/// All that a template uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) names: Vec<Name>,
    pub(super) functions: Vec<&'static str>,
    pub(super) problems: Vec<Problem>,
}

/// What a template uses.
pub(super) fn of_template(tree: &ast::Stmt<'_>) -> Uses {
    let mut reader = Reader::new(0);
    reader.statement(tree);
    reader.uses
}

/// What an expression uses that begins at the byte `base`.
pub(super) fn of_expression(tree: &ast::Expr<'_>, base: usize) -> Uses {
    let mut reader = Reader::new(base);
    reader.expression(tree);
    reader.uses
}

/// How a name inside the template came to have a value: surely, or only if some branch was taken.
#[derive(Clone, Copy, PartialEq)]
enum Bound {
    Surely,
    Perhaps,
}

struct Reader<'t> {
    base: usize,
    frames: Vec<HashMap<&'t str, Bound>>,
    branch: Bound,
    settings: usize,
    uses: Uses,
}

/// How many `{% set %}` a template may have: each can wrap the value of the one before, and a value wrapped too
/// often could not be taken apart again within a thread's stack.
const SETTINGS: usize = 1_000;

impl<'t> Reader<'t> {
    fn new(base: usize) -> Reader<'t> {
        Reader { base, frames: vec![HashMap::new()], branch: Bound::Surely, settings: 0, uses: Uses::default() }
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.base + span.start_offset as usize..self.base + span.end_offset as usize
    }

    fn bound(&self, name: &str) -> Option<Bound> {
        self.frames.iter().rev().find_map(|frame| frame.get(name).copied())
    }

    fn bind(&mut self, name: &'t str) {
        let branch = self.branch;
        if let Some(frame) = self.frames.last_mut() {
            let bound = frame.entry(name).or_insert(branch);
            if branch == Bound::Surely {
                *bound = Bound::Surely;
            }
        }
    }

    fn framed(&mut self, read: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.branch, Bound::Surely);
        self.frames.push(HashMap::new());
        read(self);
        self.frames.pop();
        self.branch = outer;
    }

    fn branched(&mut self, body: &[ast::Stmt<'t>]) {
        let outer = std::mem::replace(&mut self.branch, Bound::Perhaps);
        self.statements(body);
        self.branch = outer;
    }

    fn statements(&mut self, statements: &[ast::Stmt<'t>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &ast::Stmt<'t>) {
        match statement {
            ast::Stmt::Template(template) => self.statements(&template.children),
            ast::Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            ast::Stmt::EmitRaw(_) => {}
            ast::Stmt::ForLoop(each) => self.for_loop(each),
            ast::Stmt::IfCond(condition) => {
                self.expression(&condition.expr);
                self.branched(&condition.true_body);
                self.branched(&condition.false_body);
            }
            ast::Stmt::WithBlock(with) => self.framed(|reader| {
                for (target, value) in &with.assignments {
                    reader.expression(value);
                    reader.target(target);
                }
                reader.statements(&with.body);
            }),
            ast::Stmt::Set(set) => {
                self.expression(&set.expr);
                self.setting(&set.target, set.span());
            }
            ast::Stmt::SetBlock(set) => {
                set.filter.iter().for_each(|filter| self.expression(filter));
                self.framed(|reader| reader.statements(&set.body));
                self.setting(&set.target, set.span());
            }
            ast::Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled);
                self.framed(|reader| reader.statements(&escape.body));
            }
            ast::Stmt::FilterBlock(block) => {
                self.expression(&block.filter);
                self.framed(|reader| reader.statements(&block.body));
            }
            ast::Stmt::Do(call) => self.call(&call.call),
        }
    }

    fn for_loop(&mut self, each: &ast::ForLoop<'t>) {
        self.expression(&each.iter);
        self.framed(|reader| {
            reader.target(&each.target);
            each.filter_expr.iter().for_each(|filter| reader.expression(filter));
            reader.bind("loop");
            reader.statements(&each.body);
        });
        self.framed(|reader| reader.statements(&each.else_body));
    }

    fn setting(&mut self, target: &ast::Expr<'t>, span: Span) {
        self.target(target);
        self.settings += 1;
        if self.settings == SETTINGS + 1 {
            let label = format!("only {SETTINGS} are allowed");
            let range = self.range(span);
            self.uses.problems.push(Problem::new(Kind::TooMuchWork, "too many `set` in one template", label, range));
        }
    }

    fn target(&mut self, target: &ast::Expr<'t>) {
        match target {
            ast::Expr::Var(name) => self.bind(name.id),
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.target(item)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.target(item)),
            other => self.expression(other),
        }
    }

    fn expression(&mut self, expression: &ast::Expr<'t>) {
        match expression {
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => self.access(expression, false),
            ast::Expr::Const(_) => {}
            ast::Expr::Slice(slice) => {
                self.expression(&slice.expr);
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|part| self.expression(part));
            }
            ast::Expr::UnaryOp(operation) => self.expression(&operation.expr),
            ast::Expr::BinOp(operation) => {
                self.expression(&operation.left);
                self.expression(&operation.right);
            }
            ast::Expr::Compare(comparison) => {
                self.expression(&comparison.expr);
                comparison.ops.iter().for_each(|operation| self.expression(&operation.expr));
            }
            ast::Expr::IfExpr(choice) => {
                self.expression(&choice.true_expr);
                self.expression(&choice.test_expr);
                choice.false_expr.iter().for_each(|other| self.expression(other));
            }
            ast::Expr::Filter(filter) => self.filter(filter, filter.span()),
            ast::Expr::Test(test) => self.test(test, test.span()),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item)),
            ast::Expr::Map(map) => map.keys.iter().zip(&map.values).for_each(|(key, value)| {
                self.expression(key);
                self.expression(value);
            }),
        }
    }

    /// An operand that may be missing, because the filter or test it is handed to asks whether it is there.
    fn operand(&mut self, operand: &ast::Expr<'t>, optional: bool) {
        match operand {
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => self.access(operand, optional),
            other => self.expression(other),
        }
    }

    /// A name, or attributes read of one.
    fn access(&mut self, expression: &ast::Expr<'t>, optional: bool) {
        let mut path = Vec::new();
        let mut rest = expression;
        // Only an unbroken chain from the name on is a path: what is read after a computed key is not known.
        let mut broken = false;
        loop {
            match rest {
                ast::Expr::GetAttr(attribute) => {
                    let end = self.range(attribute.span()).end;
                    path.push((attribute.name.to_owned(), end.saturating_sub(attribute.name.len())..end));
                    rest = &attribute.expr;
                }
                ast::Expr::GetItem(item) => {
                    match constant_key(&item.subscript_expr) {
                        Some((key, span)) => path.push((key, self.range(span))),
                        None => {
                            self.expression(&item.subscript_expr);
                            path.clear();
                            broken = true;
                        }
                    }
                    rest = &item.expr;
                }
                _ => break,
            }
        }
        let ast::Expr::Var(name) = rest else {
            return self.expression(rest);
        };
        let bound = self.bound(name.id);
        if bound == Some(Bound::Surely) {
            return;
        }
        path.reverse();
        let perhaps = bound == Some(Bound::Perhaps);
        self.uses.names.push(Name {
            name: name.id.to_owned(),
            range: self.range(name.span()),
            path: if perhaps { Vec::new() } else { path },
            optional: perhaps || (optional && !broken),
        });
    }

    fn filter(&mut self, filter: &ast::Filter<'t>, span: Span) {
        self.known("filter", filter.name, FILTERS, span);
        if let Some(operand) = &filter.expr {
            self.operand(operand, matches!(filter.name, "default" | "d"));
        }
        self.arguments(&filter.args);
    }

    fn test(&mut self, test: &ast::Test<'t>, span: Span) {
        self.known("test", test.name, TESTS, span);
        self.operand(&test.expr, matches!(test.name, "defined" | "undefined"));
        self.arguments(&test.args);
    }

    fn call(&mut self, call: &ast::Call<'t>) {
        match &call.expr {
            ast::Expr::Var(name) if self.bound(name.id).is_none() => {
                match FUNCTIONS.iter().find(|known| **known == name.id) {
                    Some(known) => self.uses.functions.push(known),
                    None => self.known("function", name.id, FUNCTIONS, name.span()),
                }
            }
            ast::Expr::GetAttr(method) => {
                self.method(method, method.span());
                self.expression(&method.expr);
            }
            other => self.expression(other),
        }
        self.arguments(&call.args);
    }

    /// Values have no methods; only the `loop` of the template's own loops has.
    fn method(&mut self, method: &ast::GetAttr<'t>, span: Span) {
        if matches!(&method.expr, ast::Expr::Var(base) if base.id == "loop" && self.bound("loop").is_some()) {
            return;
        }
        let end = self.range(span).end;
        let range = end.saturating_sub(method.name.len())..end;
        let help =
            nearest(method.name, FILTERS.iter().copied()).map(|filter| format!("write it as a filter: `| {filter}`"));
        let title = format!("unknown method `{}`", method.name);
        let problem = Problem::new(Kind::UnknownName, title, "values have no methods", range);
        self.uses.problems.push(problem.with_help(help));
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'t>]) {
        for argument in arguments {
            match argument {
                ast::CallArg::Pos(value)
                | ast::CallArg::Kwarg(_, value)
                | ast::CallArg::PosSplat(value)
                | ast::CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }

    fn known(&mut self, sort: &str, name: &str, known: &'static [&'static str], span: Span) {
        if known.contains(&name) {
            return;
        }
        let start = self.range(span).start;
        let help = nearest(name, known.iter().copied()).map(|near| format!("a similar {sort} exists: `{near}`"));
        let problem = Problem::new(
            Kind::UnknownName,
            format!("unknown {sort} `{name}`"),
            format!("there is no such {sort}"),
            start..start + name.len(),
        );
        self.uses.problems.push(problem.with_help(help));
    }
}

fn constant_key(subscript: &ast::Expr<'_>) -> Option<(String, Span)> {
    match subscript {
        ast::Expr::Const(constant) => Some((constant.value.as_str()?.to_owned(), constant.span())),
        _ => None,
    }
}
