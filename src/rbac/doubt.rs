//! Doubts: an operation that nobody knows is most likely misspelt, and then this says what was meant.

use crate::nearest::nearest;
use crate::rbac::operations::{Operations, VERBS};
use crate::rbac::{Pattern, Plane, limits};

/// Why an action pattern may not mean what its author thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It matches no known operation of its plane, but does of the other one.
    OtherPlane,
    /// It matches no known operation; this one, or this pattern, is near.
    Near(String),
    /// It matches no known operation, and nothing is near. It may be one that built-in roles do not name.
    Unknown,
}

impl Operations {
    /// What speaks against an action pattern: nothing, if it matches a known operation, or is one that no comparison takes.
    pub fn doubt(&self, pattern: &Pattern, plane: Plane) -> Option<Doubt> {
        let other = if plane == Plane::Control { Plane::Data } else { Plane::Control };
        if limits::check([pattern]).is_err() || self.knows(pattern, plane) {
            return None;
        }
        if self.knows(pattern, other) {
            return Some(Doubt::OtherPlane);
        }
        let near = match pattern.is_literal() {
            true => self.near_action(pattern, plane),
            false => self.near_pattern(pattern, plane),
        };
        Some(near.map_or(Doubt::Unknown, Doubt::Near))
    }

    /// The operation that a name without stars most likely means.
    fn near_action(&self, pattern: &Pattern, plane: Plane) -> Option<String> {
        let name = pattern.folded();
        let spelled = |found: &str| self.spelling(found, plane).map(str::to_owned);
        if let Some(whole) = VERBS.iter().rev().find_map(|verb| spelled(&format!("{name}{verb}"))) {
            return Some(whole);
        }
        let candidates = close(name, self.sorted(plane));
        if let Some(found) = nearest(name, candidates) {
            return spelled(found);
        }
        // The type is right and its parents are missing, as in `Microsoft.Resources/resourceGroups/read`.
        let (namespace, rest) = name.split_once('/')?;
        let (namespace, tail) = (format!("{namespace}/"), format!("/{rest}"));
        let found = self.sorted(plane).filter(|known| known.starts_with(&namespace) && known.ends_with(&tail));
        spelled(found.min_by_key(|known| known.len())?)
    }

    /// The pattern that one with a star most likely means: the segments before its star, or those after it, are nearly known.
    fn near_pattern(&self, pattern: &Pattern, plane: Plane) -> Option<String> {
        let text = pattern.as_str();
        let (head, tail) = text.split_once('*').filter(|(_, tail)| !tail.contains('*'))?;
        let is_whole = head.is_empty() || head.ends_with('/');
        if !is_whole || !(tail.is_empty() || tail.starts_with('/')) {
            return None;
        }
        let heads = self.sorted(plane).filter_map(|known| {
            let ends = known.match_indices('/').nth(head.matches('/').count().checked_sub(1)?)?;
            known.get(..=ends.0)
        });
        let tails = self.sorted(plane).filter_map(|known| {
            let starts = known.rmatch_indices('/').nth(tail.matches('/').count().checked_sub(1)?)?;
            known.get(starts.0..)
        });
        let fits = |suggestion: String| self.knows(&Pattern::parse(&suggestion), plane).then_some(suggestion);
        let better_head = || {
            let folded = head.to_ascii_lowercase();
            let found = nearest(&folded, close(&folded, heads.clone()))?;
            let spelled = self.sorted(plane).find(|known| known.starts_with(found))?;
            fits(format!("{}*{tail}", self.spelling(spelled, plane)?.get(..found.len())?))
        };
        let better_tail = || {
            let folded = tail.to_ascii_lowercase();
            let found = nearest(&folded, close(&folded, tails.clone()))?;
            let spelled = self.sorted(plane).find(|known| known.ends_with(found))?;
            let spelled = self.spelling(spelled, plane)?;
            fits(format!("{head}*{}", spelled.get(spelled.len() - found.len()..)?))
        };
        better_head().or_else(better_tail)
    }
}

/// The candidates that can be a slip of the finger away: by their length, and by how often each character is in them.
fn close<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let slips = (name.len() / 10).clamp(1, 4);
    let counts = |text: &str| {
        let mut counts = [0_i32; 128];
        text.bytes().for_each(|byte| counts[usize::from(byte & 127)] += 1);
        counts
    };
    let own = counts(name);
    let is_close = |candidate: &&str| {
        candidate.len().abs_diff(name.len()) <= slips && {
            let theirs = counts(candidate);
            let apart: u32 = own.iter().zip(&theirs).map(|(one, other)| one.abs_diff(*other)).sum();
            apart as usize <= 2 * slips
        }
    };
    candidates.filter(is_close).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_meant() {
        #[track_caller]
        fn check(pattern: &str, plane: Plane, expected: Option<Doubt>) {
            assert_eq!(Operations::built_in().doubt(&Pattern::parse(pattern), plane), expected, "{pattern}");
        }
        let near = |text: &str| Some(Doubt::Near(text.to_owned()));
        check("microsoft.compute/virtualmachines/READ", Plane::Control, None);
        check("Microsoft.Compute/*/read", Plane::Control, None);
        check("*", Plane::Data, None);
        check("Microsoft.Compute/virtualMachine/read", Plane::Control, near("Microsoft.Compute/virtualMachines/read"));
        check(
            "Microsoft.Storage/storageAccounts/listKey/action",
            Plane::Control,
            near("Microsoft.Storage/storageAccounts/listKeys/action"),
        );
        check(
            "Microsoft.Compute/virtualMachines/start",
            Plane::Control,
            near("Microsoft.Compute/virtualMachines/start/action"),
        );
        check(
            "Microsoft.Resources/resourceGroups/read",
            Plane::Control,
            near("Microsoft.Resources/subscriptions/resourceGroups/read"),
        );
        check(
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            Plane::Control,
            Some(Doubt::OtherPlane),
        );
        check("Microsoft.Compte/*/read", Plane::Control, near("Microsoft.Compute/*/read"));
        check("Microsoft.Compute/virtualMachine/*", Plane::Control, near("Microsoft.Compute/virtualMachines/*"));
        check("*/raed", Plane::Control, near("*/read"));
        check("Contoso.Widgets/widgets/read", Plane::Control, Some(Doubt::Unknown));
        check("Contoso.Widgets/*", Plane::Control, Some(Doubt::Unknown));
        check("", Plane::Control, Some(Doubt::Unknown));
        check("*a*b*n", Plane::Data, None);
        check("ü*", Plane::Data, Some(Doubt::Unknown));
    }
}
