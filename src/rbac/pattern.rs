//! Action patterns: what a string such as `Microsoft.Compute/*/read` in a role matches.

use std::fmt;

/// A pattern over operation names, as roles hold them.
///
/// `*` stands for any run of characters, slashes included; `X/*` followed by a rest means `X`, optionally
/// something below it, then the rest. Case does not matter, nor do spaces around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
}

impl Pattern {
    /// Parses a pattern; every text is one.
    pub fn parse(text: &str) -> Pattern {
        Pattern { text: text.trim().into() }
    }

    /// The pattern as it was written, without the spaces around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches the whole of an operation name.
    pub fn matches(&self, action: &str) -> bool {
        let (pattern, action) = (self.text.as_bytes(), action.trim().as_bytes());
        let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
            return pattern.eq_ignore_ascii_case(action);
        };
        let (before, after) = (&pattern[..star], &pattern[star + 1..]);
        if after.contains(&b'*') {
            return Machine::of(pattern).accepts(action);
        }
        // Nearly every pattern has one star: what stands before it and after it decides.
        let fits = |before: &[u8]| {
            action.len() >= before.len() + after.len()
                && action[..before.len()].eq_ignore_ascii_case(before)
                && action[action.len() - after.len()..].eq_ignore_ascii_case(after)
        };
        fits(before)
            || before
                .strip_suffix(b"/")
                .is_some_and(|without| action.len() == without.len() + after.len() && fits(without))
    }
}

/// One instruction of the little machine that a pattern with several stars is compiled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This byte, in lower case.
    Byte(u8),
    /// Any run of bytes.
    Any,
    /// The slash and the run after it may be left out together.
    Optional,
}

/// A pattern as instructions.
struct Machine {
    tokens: Vec<Token>,
}

impl Machine {
    fn of(pattern: &[u8]) -> Machine {
        let mut tokens = Vec::with_capacity(pattern.len());
        for (at, byte) in pattern.iter().enumerate() {
            match byte {
                b'*' => tokens.push(Token::Any),
                b'/' if pattern.get(at + 1) == Some(&b'*') => {
                    tokens.extend([Token::Optional, Token::Byte(b'/')]);
                }
                byte => tokens.push(Token::Byte(byte.to_ascii_lowercase())),
            }
        }
        Machine { tokens }
    }

    /// Follows all readings at once, one set of positions per byte, so that no pattern is slow.
    fn accepts(&self, action: &[u8]) -> bool {
        let end = self.tokens.len();
        let mut now = vec![false; end + 1];
        self.enter(&mut now, 0);
        for byte in action {
            let mut next = vec![false; end + 1];
            for (at, token) in self.tokens.iter().enumerate().filter(|(at, _)| now[*at]) {
                match token {
                    Token::Byte(wanted) if *wanted == byte.to_ascii_lowercase() => {
                        self.enter(&mut next, at + 1);
                    }
                    Token::Any => self.enter(&mut next, at),
                    _ => {}
                }
            }
            now = next;
        }
        now[end]
    }

    /// Marks a position and all that are reached from it without reading anything.
    fn enter(&self, positions: &mut [bool], at: usize) {
        let mut at = at;
        while !positions[at] {
            positions[at] = true;
            match self.tokens.get(at) {
                Some(Token::Any) => at += 1,
                Some(Token::Optional) => {
                    // The slash is the next position; the star stands after it.
                    positions[at + 1] = true;
                    at += 3;
                }
                _ => return,
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
        fn one_star_is_judged_as_the_machine_does(pattern in "[ab/]{0,4}\\*[ab/]{0,4}", action in "[ab/]{0,8}") {
            let expected = Machine::of(pattern.as_bytes()).accepts(action.as_bytes());
            prop_assert_eq!(Pattern::parse(&pattern).matches(&action), expected);
        }

        #[test]
        fn parses_and_matches_anything(pattern in ".{0,30}", action in ".{0,30}") {
            Pattern::parse(&pattern).matches(&action);
        }
    }
}
