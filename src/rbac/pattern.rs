//! Action patterns: what a string such as `Microsoft.Compute/*/read` in a role matches.

use std::fmt;
use std::sync::Arc;

use crate::rbac::token::{self, Token};

/// A pattern over operation names, as roles hold them.
///
/// `*` stands for any run of characters, slashes included; `X/*` followed by a rest means `X`, optionally
/// something below it, then the rest. Case does not matter, nor do spaces around the pattern.
#[derive(Clone)]
pub struct Pattern(Arc<Compiled>);

/// A pattern, read once.
struct Compiled {
    text: Box<str>,
    /// The text in lower case, as operation names are compared.
    folded: Box<str>,
    is_strict: bool,
    form: Form,
}

/// What a pattern looks like, as far as that decides how it is matched.
enum Form {
    /// No star: it matches itself.
    Literal,
    /// One gap, which nearly every pattern has: what stands before it and after it decides.
    Gap(Gap),
    /// Several gaps.
    Many(Box<[Token]>),
}

/// The only gap of a pattern: where the text before it ends and the text after it begins.
#[derive(Clone, Copy)]
struct Gap {
    before: usize,
    after: usize,
    /// Whether the gap is a slash and what is below it, or nothing.
    below: bool,
}

/// A pattern without stars, or one with a single gap, as parts in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts<'a> {
    /// This name only.
    Literal(&'a str),
    /// Any name that begins and ends so. With `below`, what is between them begins with a slash or is nothing at all.
    Gap { before: &'a str, after: &'a str, below: bool },
}

impl Pattern {
    /// Parses a pattern; every text is one.
    pub fn parse(text: &str) -> Pattern {
        Pattern::read(text, false)
    }

    /// Parses a pattern whose `*` is a plain glob: `X/*/read` does not match `X/read`.
    pub fn parse_strict(text: &str) -> Pattern {
        Pattern::read(text, true)
    }

    fn read(text: &str, is_strict: bool) -> Pattern {
        let text = text.trim();
        let folded = text.to_ascii_lowercase();
        let form = match folded.contains('*') {
            false => Form::Literal,
            true => Form::of(&folded, is_strict),
        };
        Pattern(Arc::new(Compiled { text: text.into(), folded: folded.into(), is_strict, form }))
    }

    /// The pattern as it was written, without the spaces around it.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether it has no star, so that it matches one operation only.
    pub fn is_literal(&self) -> bool {
        matches!(self.0.form, Form::Literal)
    }

    /// Whether `*` is a plain glob in it.
    pub fn is_strict(&self) -> bool {
        self.0.is_strict
    }

    /// What it matches hangs on these alone.
    pub(super) fn meaning(&self) -> (&str, bool) {
        (self.folded(), self.0.is_strict && !self.is_literal())
    }

    /// Whether the pattern matches the whole of an operation name.
    pub fn matches(&self, action: &str) -> bool {
        self.matches_folded(&action.to_ascii_lowercase())
    }

    /// The same for a name in lower case.
    pub(super) fn matches_folded(&self, action: &str) -> bool {
        match &self.0.form {
            Form::Literal => *self.0.folded == *action,
            Form::Gap(gap) => {
                let (before, after) = (&self.0.folded[..gap.before], &self.0.folded[gap.after..]);
                let Some(rest) = action.strip_prefix(before) else {
                    return false;
                };
                rest.strip_suffix(after).is_some_and(|run| !gap.below || run.is_empty() || run.starts_with('/'))
            }
            Form::Many(tokens) => token::accepts(tokens, action),
        }
    }

    /// The pattern in lower case.
    pub(super) fn folded(&self) -> &str {
        &self.0.folded
    }

    /// The parts of a pattern with at most one gap.
    pub(super) fn parts(&self) -> Option<Parts<'_>> {
        match &self.0.form {
            Form::Literal => Some(Parts::Literal(&self.0.folded)),
            Form::Gap(gap) => Some(Parts::Gap {
                before: &self.0.folded[..gap.before],
                after: &self.0.folded[gap.after..],
                below: gap.below,
            }),
            Form::Many(_) => None,
        }
    }

    /// What every name that matches begins and ends with, in lower case.
    pub(super) fn edges(&self) -> (&str, &str) {
        let folded = &*self.0.folded;
        match &self.0.form {
            Form::Literal => (folded, folded),
            Form::Gap(gap) => (&folded[..gap.before], &folded[gap.after..]),
            Form::Many(_) => {
                let before = folded.find('*').map_or(folded, |at| &folded[..at]);
                let before = if self.0.is_strict { before } else { before.strip_suffix('/').unwrap_or(before) };
                (before, folded.rfind('*').map_or("", |at| &folded[at + 1..]))
            }
        }
    }

    /// The instructions of the automaton that accepts what the pattern matches.
    pub(super) fn tokens(&self) -> Vec<Token> {
        match &self.0.form {
            Form::Many(tokens) => tokens.to_vec(),
            _ => token::compile(&self.0.folded, self.0.is_strict),
        }
    }

    /// A name that matches, with the letter case of the pattern where the pattern speaks of it.
    pub(super) fn spell(&self, action: &str) -> String {
        let (before, after) = self.edges();
        let text = &*self.0.text;
        let spelled = || {
            let rest = action.strip_prefix(before)?;
            let (head, tail) = (text.get(..before.len())?, text.get(text.len() - after.len()..)?);
            match rest.strip_suffix(after) {
                _ if self.is_literal() => Some(text.to_owned()),
                Some(run) => Some(format!("{head}{run}{tail}")),
                None => Some(format!("{head}{rest}")),
            }
        };
        spelled().unwrap_or_else(|| action.to_owned())
    }
}

impl Form {
    /// The form of a text in lower case that has a star.
    fn of(folded: &str, is_strict: bool) -> Form {
        let tokens = token::compile(folded, is_strict);
        let gaps = tokens.iter().filter(|token| matches!(token, Token::Any)).count();
        let (Some(first), Some(last), 1) = (folded.find('*'), folded.rfind('*'), gaps) else {
            return Form::Many(tokens.into());
        };
        let below = tokens.contains(&Token::Below);
        // Even of `a/**`, which is `a*`, the slash belongs to the gap.
        let before = if is_strict || !folded[..first].ends_with('/') { first } else { first - 1 };
        Form::Gap(Gap { before, after: last + 1, below })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.text == other.0.text && self.0.is_strict == other.0.is_strict
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", if self.0.is_strict { "StrictPattern" } else { "Pattern" }, self.0.text)
    }
}

impl serde::Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer).map(|text| Pattern::parse(&text))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, action: &str, expected: bool) {
        assert_eq!(Pattern::parse(pattern).matches(action), expected, "`{pattern}` on `{action}`");
    }

    #[test]
    fn matches_as_resource_manager_does() {
        check("*", "Microsoft.Compute/virtualMachines/delete", true);
        check("*/read", "Microsoft.Resources/subscriptions/resourceGroups/read", true);
        check("*/read", "Microsoft.Compute/virtualMachines/start/action", false);
        check("Microsoft.Compute/*", "Microsoft.Compute/virtualMachines/extensions/write", true);
        check("Microsoft.Compute/*", "Microsoft.ComputeSchedule/locations/read", false);
        check("Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachines/extensions/read", true);
        check("Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/read", false);
        check("Microsoft.Authorization/*/Write", "microsoft.authorization/roleassignments/write", true);
        check("Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/read", false);
    }

    #[test]
    fn the_slash_before_a_star_belongs_to_it() {
        check("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/read", true);
        check("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/read", true);
        check(
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            true,
        );
        check("Microsoft.Resources/deployments/*/read", "Microsoft.Resources/deployments/read", true);
        check("Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/blobServices/read", false);
        check(
            "Microsoft.Storage/storageAccounts/listkeys/action",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            true,
        );
    }

    #[test]
    fn takes_odd_spellings() {
        check(" Microsoft.Network/virtualNetworks/read ", "Microsoft.Network/virtualNetworks/read", true);
        check("", "", true);
        check("", "a", false);
        check("a", "", false);
        check("*", "", true);
        check("A/*", "a", true);
        check("A/*", "a/", true);
        check("A/*", "ab", false);
        check("A/*", "ab/c", false);
        check("/*", "", true);
        check("**", "a/b", true);
        check("A/*/*/read", "a/read", true);
        check("A/*/*/read", "a/b/read", true);
        check("A/*/read", "a/b/c/read", true);
        check("A/*/read", "axread", false);
        check("*a*b*", "xxaxxbxx", true);
        check("*a*b*", "xxbxxaxx", false);
        check("ÄB/*", "Äb/c", true);
    }

    #[test]
    fn many_stars_stay_quick() {
        let pattern = Pattern::parse(&"*a".repeat(200));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(2000))));
    }

    proptest! {
        #[test]
        fn a_text_without_stars_matches_only_itself(text in "[a-zA-Z./]{0,20}", other in "[a-z./]{0,20}") {
            prop_assert!(Pattern::parse(&text).matches(&text.to_uppercase()));
            prop_assert_eq!(Pattern::parse(&text).matches(&other), text.eq_ignore_ascii_case(&other));
        }

        #[test]
        fn a_star_stands_for_any_run(head in "[a-z]{0,6}", run in "[a-z/]{0,12}", tail in "[a-z/]{0,6}") {
            let (pattern, action) = (format!("{head}*{tail}"), format!("{head}{run}{tail}"));
            prop_assert!(Pattern::parse(&pattern).matches(&action));
        }

        #[test]
        fn the_slash_before_a_star_is_optional(head in "[a-z]{1,6}", rest in "(/[a-z]{1,4}){0,3}") {
            let (pattern, action) = (format!("{head}/*{rest}"), format!("{head}{rest}"));
            prop_assert!(Pattern::parse(&pattern).matches(&action));
        }

        #[test]
        fn all_forms_are_judged_as_the_instructions_say(
            pattern in "[ab/*]{0,7}", action in "[ab/]{0,8}", is_strict in any::<bool>(),
        ) {
            let expected = token::accepts(&token::compile(&pattern, is_strict), &action);
            prop_assert_eq!(Pattern::read(&pattern, is_strict).matches(&action), expected);
        }

        #[test]
        fn a_name_is_spelled_as_the_pattern_has_it(head in "[A-Z]{1,4}", run in "[a-z/]{0,4}", tail in "[A-Z]{0,4}") {
            let pattern = Pattern::parse(&format!("{head}*{tail}"));
            let action = format!("{head}{run}{tail}");
            prop_assert_eq!(pattern.spell(&action.to_lowercase()), action);
        }

        #[test]
        fn parses_and_matches_anything(pattern in ".{0,30}", action in ".{0,30}") {
            Pattern::parse(&pattern).matches(&action);
        }
    }
}
