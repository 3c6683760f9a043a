//! Addresses: what of a provider a path leads to.

/// A path to something of a provider, cut at its last `providers`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    /// What it belongs to: the segments before the provider.
    pub(super) base: &'a [String],
    pub(super) namespace: &'a str,
    /// Types and names in turn.
    pub(super) rest: &'a [String],
}

impl<'a> Address<'a> {
    /// Takes a path apart; `None` when it leads to nothing of a provider.
    pub(super) fn of(segments: &'a [String]) -> Option<Address<'a>> {
        // A clause is a pair, so it begins at an even place; a resource that is called `providers` does not.
        let at = (0..segments.len()).step_by(2).rev().find(|at| segments[*at].eq_ignore_ascii_case("providers"))?;
        match segments.get(at + 2..) {
            Some(rest) if !rest.is_empty() => {
                Some(Address { base: &segments[..at], namespace: &segments[at + 1], rest })
            }
            _ => None,
        }
    }

    /// Whether it is of this provider and begins with this type; case does not matter.
    pub(super) fn begins(&self, namespace: &str, kind: &str) -> bool {
        self.namespace.eq_ignore_ascii_case(namespace) && self.rest[0].eq_ignore_ascii_case(kind)
    }

    /// Whether it names one resource, and not a list or an action.
    pub(super) fn is_one(&self) -> bool {
        self.rest.len().is_multiple_of(2)
    }

    /// Whether what it belongs to is a resource itself.
    pub(super) fn is_extension(&self) -> bool {
        Address::of(self.base).is_some()
    }

    /// The whole type.
    pub(super) fn kind(&self) -> String {
        let mut kind = self.namespace.to_owned();
        for part in self.rest.iter().step_by(2) {
            kind.extend(["/", part]);
        }
        kind
    }

    /// The last segment.
    pub(super) fn last(&self) -> &'a str {
        self.rest.last().map_or("", String::as_str)
    }

    /// The same without its last so many segments.
    pub(super) fn without(&self, last: usize) -> Address<'a> {
        Address { rest: &self.rest[..self.rest.len().saturating_sub(last)], ..*self }
    }

    /// The whole path.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.base.iter().map(String::as_str).chain(["providers", self.namespace]) {
            path.extend(["/", segment]);
        }
        for segment in self.rest {
            path.extend(["/", segment]);
        }
        path
    }

    /// The path of what it belongs to.
    pub(super) fn base_path(&self) -> String {
        self.base.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// The provider with types and names, as `ResourceNotFound` writes it.
    pub(super) fn described(&self) -> String {
        format!("{}/{}", self.namespace, self.rest.join("/"))
    }
}
