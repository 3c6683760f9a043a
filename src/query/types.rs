//! Whether the functions of a query are used as RFC 9535 allows (section 2.4.3): the library checks only part of it, and
//! has functions of its own that no other tool knows.

use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, Test, TestFunction,
};

use super::pattern;

/// What is wrong, and the text by which its place is found.
pub(super) struct Misuse {
    pub(super) place: Option<String>,
    pub(super) message: String,
}

type Checked = Result<(), Misuse>;

/// Checks every filter of a query.
pub(super) fn check(query: &JpQuery) -> Checked {
    segments(&query.segments)
}

fn segments(segments: &[Segment]) -> Checked {
    segments.iter().try_for_each(segment)
}

fn segment(segment: &Segment) -> Checked {
    match segment {
        Segment::Descendant(inner) => self::segment(inner),
        Segment::Selector(selector) => self::selector(selector),
        Segment::Selectors(selectors) => selectors.iter().try_for_each(selector),
    }
}

fn selector(selector: &Selector) -> Checked {
    match selector {
        Selector::Filter(filter) => self::filter(filter),
        _ => Ok(()),
    }
}

fn filter(filter: &Filter) -> Checked {
    match filter {
        Filter::Or(filters) | Filter::And(filters) => filters.iter().try_for_each(self::filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => self::filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => test(expr),
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            side(left)?;
            side(right)
        }
    }
}

fn side(side: &Comparable) -> Checked {
    match side {
        Comparable::Function(function) => self::function(function),
        Comparable::Literal(literal) => self::literal(literal),
        Comparable::SingularQuery(_) => Ok(()),
    }
}

fn literal(literal: &Literal) -> Checked {
    match literal {
        Literal::Float(float) if !float.is_finite() => {
            Err(Misuse { place: None, message: "a number of the filter is too big".to_owned() })
        }
        _ => Ok(()),
    }
}

fn test(test: &Test) -> Checked {
    match test {
        Test::RelQuery(inner) => segments(inner),
        Test::AbsQuery(query) => check(query),
        Test::Function(function) => {
            self::function(function)?;
            match name(function) {
                "match" | "search" => Ok(()),
                other => misuse(function, format!("`{other}` gives a value to compare: `{other}(…) > 1`")),
            }
        }
    }
}

fn function(function: &TestFunction) -> Checked {
    match function {
        TestFunction::Count(nodes) | TestFunction::Value(nodes) => match nodes {
            FnArg::Test(query) if !matches!(**query, Test::Function(_)) => test(query),
            _ => misuse(function, format!("`{}` takes a query such as `@.name`", name(function))),
        },
        TestFunction::Length(value) => argument(function, value),
        TestFunction::Match(text, regex) | TestFunction::Search(text, regex) => {
            argument(function, text)?;
            argument(function, regex)?;
            match regex {
                FnArg::Literal(Literal::String(regex)) => match pattern::compile(regex, true) {
                    Ok(_) => Ok(()),
                    Err(_) => misuse(function, format!("`{regex}` is not a regular expression")),
                },
                _ => Ok(()),
            }
        }
        TestFunction::Custom(..) => {
            let message = format!(
                "there is no function `{}`, only `count`, `length`, `match`, `search` and `value`",
                name(function)
            );
            misuse(function, message)
        }
    }
}

/// An argument that must be one value.
fn argument(of: &TestFunction, argument: &FnArg) -> Checked {
    let one_value = || {
        misuse(
            of,
            format!(
                "`{}` takes one value: a query with `*`, `..`, a slice, a filter or several names may give many",
                name(of)
            ),
        )
    };
    match argument {
        FnArg::Literal(literal) => self::literal(literal),
        FnArg::Filter(_) => one_value(),
        FnArg::Test(test) => match &**test {
            Test::RelQuery(segments) | Test::AbsQuery(JpQuery { segments }) if !segments.iter().all(is_singular) => {
                one_value()
            }
            Test::RelQuery(_) | Test::AbsQuery(_) => Ok(()),
            Test::Function(inner) => {
                function(inner)?;
                match name(inner) {
                    "match" | "search" => one_value(),
                    _ => Ok(()),
                }
            }
        },
    }
}

/// Whether a segment finds one value at most.
pub(super) fn is_singular(segment: &Segment) -> bool {
    matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)))
}

fn name(function: &TestFunction) -> &str {
    match function {
        TestFunction::Custom(name, _) => name,
        TestFunction::Length(_) => "length",
        TestFunction::Value(_) => "value",
        TestFunction::Count(_) => "count",
        TestFunction::Search(..) => "search",
        TestFunction::Match(..) => "match",
    }
}

fn misuse(function: &TestFunction, message: String) -> Checked {
    Err(Misuse { place: Some(format!("{}(", name(function))), message })
}
