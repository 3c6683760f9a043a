//! Scopes: the places in Resource Manager's tree where roles are assigned and operations are checked.

use std::fmt;

/// A Resource Manager scope: the root, a subscription, a resource group, a resource.
///
/// Two scopes are equal when they differ in case only; the spelling is kept.
#[derive(Clone, Debug)]
pub struct Scope {
    segments: Vec<String>,
}

/// Why a text is not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeError {
    /// It does not begin with a slash.
    Relative,
    /// Two slashes follow each other.
    EmptySegment,
}

impl Scope {
    /// The scope above all others, `/`.
    pub fn root() -> Scope {
        Scope { segments: Vec::new() }
    }

    /// Parses a scope such as `/subscriptions/…/resourceGroups/…`; one slash at the end is let pass.
    pub fn parse(text: &str) -> Result<Scope, ScopeError> {
        let path = text.trim().strip_prefix('/').ok_or(ScopeError::Relative)?;
        if path.is_empty() {
            return Ok(Scope::root());
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        if segments.iter().any(String::is_empty) {
            return Err(ScopeError::EmptySegment);
        }
        Ok(Scope { segments })
    }

    /// The scope that these path segments name, read from the root.
    pub fn of<I, S>(segments: I) -> Scope
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Scope { segments: segments.into_iter().map(Into::into).collect() }
    }

    /// The path segments, read from the root.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether the other scope is this one or lies below it.
    pub fn contains(&self, other: &Scope) -> bool {
        self.segments.len() <= other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(mine, theirs)| mine.eq_ignore_ascii_case(theirs))
    }

    /// The next scope above: a resource's parent resource, then its group, its subscription, the root.
    pub fn parent(&self) -> Option<Scope> {
        let length = self.segments.len();
        let provider = self.provider();
        let keep = match (length, provider) {
            (0, _) => return None,
            (_, Some(provider)) if length <= provider + 4 => provider,
            // A pair is a type and a name; what stands alone at the end is a collection.
            _ if length.is_multiple_of(2) => length - 2,
            _ => length - 1,
        };
        Some(Scope { segments: self.segments[..keep].to_vec() })
    }

    /// This scope and all above it, up to the root.
    pub fn chain(&self) -> impl Iterator<Item = Scope> {
        std::iter::successors(Some(self.clone()), Scope::parent)
    }

    /// Where the last `providers` stands. Names stand at odd places, so a resource so named is not mistaken.
    fn provider(&self) -> Option<usize> {
        (0..self.segments.len()).step_by(2).rev().find(|at| self.segments[*at].eq_ignore_ascii_case("providers"))
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Scope) -> bool {
        self.segments.len() == other.segments.len() && self.contains(other)
    }
}

impl Eq for Scope {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        self.segments.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScopeError::Relative => "a scope begins with `/`",
            ScopeError::EmptySegment => "a scope has no empty segments",
        })
    }
}

impl std::error::Error for ScopeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).expect("a scope")
    }

    #[test]
    fn parses() {
        #[track_caller]
        fn check(text: &str, expected: Result<&str, ScopeError>) {
            let parsed = Scope::parse(text).map(|scope| scope.to_string());
            assert_eq!(parsed.as_deref(), expected.as_deref(), "`{text}`");
        }
        check("/", Ok("/"));
        check("/subscriptions/S/", Ok("/subscriptions/S"));
        check(" /subscriptions/S ", Ok("/subscriptions/S"));
        check("subscriptions/S", Err(ScopeError::Relative));
        check("", Err(ScopeError::Relative));
        check("/subscriptions//x", Err(ScopeError::EmptySegment));
        check("//", Err(ScopeError::EmptySegment));
    }

    #[test]
    fn contains_what_lies_below() {
        #[track_caller]
        fn check(outer: &str, inner: &str, expected: bool) {
            assert_eq!(scope(outer).contains(&scope(inner)), expected, "`{outer}` contains `{inner}`");
        }
        check("/", "/", true);
        check("/", "/subscriptions/s", true);
        check("/subscriptions/s", "/", false);
        check("/subscriptions/S", "/Subscriptions/s/resourcegroups/g", true);
        check("/subscriptions/s/resourceGroups/Dev", "/subscriptions/s/resourceGroups/DevTest", false);
        check(
            "/subscriptions/s/resourceGroups/DevTest",
            "/subscriptions/s/resourcegroups/devtest/providers/Microsoft.Compute",
            true,
        );
    }

    #[test]
    fn climbs_to_the_root() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            let chain: Vec<String> = scope(text).chain().map(|scope| scope.to_string()).collect();
            assert_eq!(chain, expected);
        }
        check("/", &["/"]);
        check(
            "/subscriptions/s/resourceGroups/g/providers/N/vms/v/extensions/e",
            &[
                "/subscriptions/s/resourceGroups/g/providers/N/vms/v/extensions/e",
                "/subscriptions/s/resourceGroups/g/providers/N/vms/v",
                "/subscriptions/s/resourceGroups/g",
                "/subscriptions/s",
                "/",
            ],
        );
        check(
            "/subscriptions/s/providers/N/t/n/providers/M/u/m",
            &[
                "/subscriptions/s/providers/N/t/n/providers/M/u/m",
                "/subscriptions/s/providers/N/t/n",
                "/subscriptions/s",
                "/",
            ],
        );
        check("/providers/N/types/providers", &["/providers/N/types/providers", "/"]);
        check("/subscriptions/s/resourceGroups", &["/subscriptions/s/resourceGroups", "/subscriptions/s", "/"]);
    }

    proptest! {
        #[test]
        fn a_parent_contains_its_child(text in "(/[a-zA-Z]{1,9}|/providers){0,9}") {
            let scope = Scope::parse(&format!("{text}/")).expect("a scope");
            for parent in scope.chain() {
                prop_assert!(parent.contains(&scope));
            }
            prop_assert_eq!(scope.chain().last(), Some(Scope::root()));
        }

        #[test]
        fn display_is_the_inverse_of_parse(text in "(/[a-z]{1,9}){1,9}") {
            prop_assert_eq!(scope(&text).to_string(), text);
        }
    }
}
