//! The expressions of templates, parsed: calls, literals, members.

use serde_json::Value;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A text or a whole number.
    Literal(Value),
    /// A function with its arguments.
    Call(String, Vec<Expression>),
    /// A member of what comes before the dot.
    Member(Box<Expression>, String),
}

/// How deep calls may nest.
const DEPTH: usize = 32;

impl Expression {
    /// Parses what stands between the brackets.
    pub(super) fn parse(source: &str) -> Result<Expression, &'static str> {
        let mut parser = Parser { rest: source };
        let expression = parser.expression(0)?;
        match parser.rest.trim_start() {
            "" => Ok(expression),
            _ => Err("something follows its end"),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(wanted) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|one: char| !one.is_ascii_alphanumeric() && one != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        self.rest = after;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, &'static str> {
        if depth > DEPTH {
            return Err("it nests too deeply");
        }
        let mut expression = match self.take('\'') {
            true => Expression::Literal(Value::String(self.text()?)),
            false => {
                let name = self.name().ok_or("a function, a text or a number is missing")?;
                match name.parse::<i64>() {
                    Ok(number) => Expression::Literal(number.into()),
                    Err(_) => Expression::Call(name, self.arguments(depth)?),
                }
            }
        };
        while self.take('.') {
            let name = self.name().ok_or("a name is missing behind the dot")?;
            expression = Expression::Member(Box::new(expression), name);
        }
        Ok(expression)
    }

    /// The rest of a text whose quote was taken; two quotes stand for one.
    fn text(&mut self) -> Result<String, &'static str> {
        let mut text = String::new();
        loop {
            let (part, after) = self.rest.split_once('\'').ok_or("a text has no end")?;
            text.push_str(part);
            self.rest = after;
            match self.rest.strip_prefix('\'') {
                Some(after) => {
                    text.push('\'');
                    self.rest = after;
                }
                None => return Ok(text),
            }
        }
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, &'static str> {
        if !self.take('(') {
            return Err("`(` is missing behind a function");
        }
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err("`)` or `,` is missing");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parses_anything_without_falling_over(source in "[a-z0-9'(),. ]{0,40}") {
            let _ = Expression::parse(&source);
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Expression::parse(&"a(".repeat(10_000)).is_err());
    }
}
