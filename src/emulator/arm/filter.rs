//! The `$filter` of a list: comparisons and calls, joined by `and`.

/// A filter; all its terms must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) terms: Vec<Term>,
}

/// One term of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// `name eq 'value'`; the name in lower case.
    Equals(String, String),
    /// `name ne 'value'`; the name in lower case.
    Differs(String, String),
    /// `startswith(name, 'value')`, `substringof('value', name)`, `atScope()`, `assignedTo('value')`: the function in
    /// lower case, and its arguments without quotes.
    Call(String, Vec<String>),
}

impl Filter {
    /// Parses a filter. What is no filter of these is `None`.
    pub(super) fn parse(text: &str) -> Option<Filter> {
        let mut words = Words { rest: text.trim() };
        let mut terms = Vec::new();
        if words.rest.is_empty() {
            return Some(Filter::default());
        }
        loop {
            terms.push(words.term()?);
            match words.word() {
                "" if words.rest.is_empty() => return Some(Filter { terms }),
                word if word.eq_ignore_ascii_case("and") => {}
                _ => return None,
            }
        }
    }

    /// The value that a property must have.
    pub(super) fn equals(&self, name: &str) -> Option<&str> {
        self.terms.iter().find_map(|term| match term {
            Term::Equals(property, value) if property == name => Some(value.as_str()),
            _ => None,
        })
    }

    /// The arguments of a call of this function.
    pub(super) fn call(&self, function: &str) -> Option<&[String]> {
        self.terms.iter().find_map(|term| match term {
            Term::Call(name, arguments) if name == function => Some(arguments.as_slice()),
            _ => None,
        })
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '/' | '.' | '_'))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after.trim_start();
        word
    }

    fn take(&mut self, mark: char) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(after) => {
                self.rest = after.trim_start();
                true
            }
            None => false,
        }
    }

    /// A text in single quotes, in which two stand for one, or a word.
    fn value(&mut self) -> Option<String> {
        if !self.take('\'') {
            let word = self.word();
            return (!word.is_empty()).then(|| word.to_owned());
        }
        let mut value = String::new();
        loop {
            let (part, after) = self.rest.split_once('\'')?;
            value.push_str(part);
            match after.strip_prefix('\'') {
                Some(after) => {
                    value.push('\'');
                    self.rest = after;
                }
                None => {
                    self.rest = after.trim_start();
                    return Some(value);
                }
            }
        }
    }

    fn term(&mut self) -> Option<Term> {
        let name = self.word().to_ascii_lowercase();
        if name.is_empty() {
            return None;
        }
        if self.take('(') {
            let mut arguments = Vec::new();
            while !self.take(')') {
                arguments.push(self.value()?);
                self.take(',');
            }
            return Some(Term::Call(name, arguments));
        }
        let operator = self.word().to_ascii_lowercase();
        let value = self.value()?;
        match operator.as_str() {
            "eq" => Some(Term::Equals(name, value)),
            "ne" => Some(Term::Differs(name, value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses() {
        #[track_caller]
        fn check(text: &str, expected: Option<Vec<Term>>) {
            assert_eq!(Filter::parse(text).map(|filter| filter.terms), expected, "`{text}`");
        }
        let equals = |name: &str, value: &str| Term::Equals(name.to_owned(), value.to_owned());
        let call = |name: &str, arguments: &[&str]| {
            Term::Call(name.to_owned(), arguments.iter().map(|one| (*one).to_owned()).collect())
        };
        check("", Some(vec![]));
        check("resourceType eq 'Microsoft.Web/sites'", Some(vec![equals("resourcetype", "Microsoft.Web/sites")]));
        check("tagName eq 'a' AND tagValue eq 'it''s'", Some(vec![equals("tagname", "a"), equals("tagvalue", "it's")]));
        check("atScope()", Some(vec![call("atscope", &[])]));
        check("atScope() and assignedTo('x')", Some(vec![call("atscope", &[]), call("assignedto", &["x"])]));
        check("substringof('a', name)", Some(vec![call("substringof", &["a", "name"])]));
        check("startswith(tagName, 'cost')", Some(vec![call("startswith", &["tagName", "cost"])]));
        check("properties/roleName eq 'a'", Some(vec![equals("properties/rolename", "a")]));
        check("name ne 'a'", Some(vec![Term::Differs("name".to_owned(), "a".to_owned())]));
        for bad in [
            "name",
            "name eq",
            "name eq 'a",
            "name gt 'a'",
            "name eq 'a' or name eq 'b'",
            "f('a'",
            "'a'",
            "a eq 'b' and",
        ] {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn parses_anything_without_falling_over(text in "[a-z'(), ]{0,40}") {
            Filter::parse(&text);
        }
    }
}
