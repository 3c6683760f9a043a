//! Permission sets with their origin: everything that several entries, roles or assignments grant together, made ready to be
//! asked often and to be compared.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::rbac::limits::{self, TooComplex};
use crate::rbac::operations::{Known, Operations};
use crate::rbac::{Assignment, Decision, Pattern, Permission, Plane, Role, Scope};

/// Where an entry of a permission set comes from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The role that holds the entry; of a denial, nothing.
    pub role: Option<Arc<Role>>,
    /// The scope at which it is assigned.
    pub scope: Option<Scope>,
    /// The id or the name of the role assignment or deny assignment.
    pub assignment: Option<String>,
    /// The condition of the assignment; it narrows all its entries, beside what conditions they have themselves.
    pub condition: Option<String>,
    /// Which entry of its list it is, counted from 0. Set by the permission set.
    pub entry: usize,
}

/// An entry of a permission set.
#[derive(Clone, Debug)]
pub struct Entry {
    origin: Origin,
    permission: Permission,
    condition: Option<String>,
    control: Rules,
    data: Rules,
}

/// The patterns of an entry on one plane, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) actions: Matcher,
    pub(super) less: Matcher,
}

/// Patterns, any of which may match: those without stars sorted to be found by halving.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    literals: Vec<Pattern>,
    gaps: Vec<Pattern>,
}

/// What entries grant together, less what denials take away.
///
/// The actions of an entry less the `notActions` of the same entry; all entries united; the planes apart; what a denial names
/// taken out of all of it. An entry with a condition grants or denies *maybe*.
#[derive(Clone, Debug, Default)]
pub struct PermissionSet {
    entries: Vec<Entry>,
    denials: Vec<Entry>,
    /// How many patterns it has.
    size: usize,
    /// Why it is not compared with others, if one of its patterns is beyond all measure.
    excess: Option<TooComplex>,
    /// Which of the operations known from the built-in roles it grants, once somebody asked.
    known: OnceLock<[Known; 2]>,
}

/// How an operation stands with a set: what grants and denies it, with and without conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing<'a> {
    pub(super) is_granted: bool,
    pub(super) granted_under: Vec<&'a str>,
    pub(super) is_denied: bool,
    pub(super) denied_under: Vec<&'a str>,
}

impl PermissionSet {
    /// The set that grants nothing.
    pub fn new() -> PermissionSet {
        PermissionSet::default()
    }

    /// What entries of unknown origin grant together: an answer of the permissions API, or what a playbook writes.
    pub fn of(permissions: &[Permission]) -> PermissionSet {
        let mut set = PermissionSet::new();
        set.grant(permissions, &Origin::default());
        set
    }

    /// What a role grants.
    pub fn of_role(role: &Arc<Role>) -> PermissionSet {
        let mut set = PermissionSet::new();
        set.grant(&role.permissions, &Origin { role: Some(Arc::clone(role)), ..Origin::default() });
        set
    }

    /// What assignments grant together, wherever they are: the caller chooses those that reach a scope.
    pub fn of_assignments<'a>(assignments: impl IntoIterator<Item = &'a Assignment>) -> PermissionSet {
        let mut set = PermissionSet::new();
        for Assignment { role, scope } in assignments {
            let origin = Origin { role: Some(Arc::clone(role)), scope: Some(scope.clone()), ..Origin::default() };
            set.grant(&role.permissions, &origin);
        }
        set
    }

    /// Every operation of a plane that a pattern matches.
    pub fn of_pattern(pattern: &Pattern, plane: Plane) -> PermissionSet {
        let patterns = vec![pattern.clone()];
        PermissionSet::of(&[match plane {
            Plane::Control => Permission { actions: patterns, ..Permission::default() },
            Plane::Data => Permission { data_actions: patterns, ..Permission::default() },
        }])
    }

    /// Adds what entries of one origin grant.
    pub fn grant(&mut self, permissions: &[Permission], origin: &Origin) {
        self.measure(permissions);
        self.entries.extend(entries(permissions, origin));
    }

    /// Takes away what a deny assignment denies, now and of what is added later.
    pub fn deny(&mut self, permissions: &[Permission], origin: &Origin) {
        self.measure(permissions);
        self.denials.extend(entries(permissions, origin));
    }

    fn measure(&mut self, added: &[Permission]) {
        self.known.take();
        let patterns = || {
            added.iter().flat_map(|entry| {
                let granted = entry.actions.iter().chain(&entry.data_actions);
                granted.chain(&entry.not_actions).chain(&entry.not_data_actions)
            })
        };
        self.size += patterns().count();
        self.excess = self.excess.take().or_else(|| limits::check(patterns()).err());
    }

    /// How many patterns it has.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Refuses sets with patterns that no role has.
    pub(super) fn check(&self) -> Result<(), TooComplex> {
        self.excess.clone().map_or(Ok(()), Err)
    }

    /// What grants something.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What denies something.
    pub fn denials(&self) -> &[Entry] {
        &self.denials
    }

    /// Whether an operation is granted, and by which entry: one without a condition before one with it.
    pub fn decide(&self, action: &str, plane: Plane) -> Decision<&Entry, &Entry> {
        let action = action.to_ascii_lowercase();
        let standing = self.standing(&action, plane);
        let named = |entries: &'_ [Entry]| -> Option<usize> {
            let mut covering = (0..entries.len()).filter(|at| entries[*at].covers(&action, plane)).peekable();
            let first = covering.peek().copied();
            covering.find(|at| entries[*at].condition.is_none()).or(first)
        };
        match (named(&self.denials), named(&self.entries)) {
            (Some(denial), _) if standing.is_denied => Decision::Denied(&self.denials[denial]),
            (_, Some(grant)) if standing.is_certain() => Decision::Granted(&self.entries[grant]),
            (_, Some(grant)) if standing.is_possible() => Decision::Conditional(&self.entries[grant]),
            _ => Decision::Refused,
        }
    }

    /// How an operation, given in lower case, stands with the set.
    pub(super) fn standing(&self, action: &str, plane: Plane) -> Standing<'_> {
        let mut standing = Standing::default();
        for entry in self.entries.iter().filter(|entry| entry.covers(action, plane)) {
            standing.grant(entry);
        }
        for denial in self.denials.iter().filter(|denial| denial.covers(action, plane)) {
            standing.deny(denial);
        }
        standing
    }

    /// Which known operations the set grants.
    pub(super) fn known(&self, operations: &Operations, plane: Plane) -> std::borrow::Cow<'_, Known> {
        let make = |plane| Known::of(self, operations, plane);
        match operations.is_built_in() {
            true => {
                let [control, data] = self.known.get_or_init(|| [make(Plane::Control), make(Plane::Data)]);
                std::borrow::Cow::Borrowed(if plane == Plane::Control { control } else { data })
            }
            false => std::borrow::Cow::Owned(make(plane)),
        }
    }

    /// Whether anything in the set hangs on a condition.
    pub(super) fn has_conditions(&self) -> bool {
        self.entries.iter().chain(&self.denials).any(|entry| entry.condition.is_some())
    }
}

fn entries<'a>(permissions: &'a [Permission], origin: &'a Origin) -> impl Iterator<Item = Entry> + 'a {
    permissions.iter().enumerate().map(|(number, permission)| {
        let condition = match (&origin.condition, &permission.condition) {
            (Some(one), Some(other)) => Some(format!("({one}) AND ({other})")),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let rules = |plane| {
            let (actions, less) = permission.on(plane);
            Rules { actions: Matcher::of(actions), less: Matcher::of(less) }
        };
        Entry {
            origin: Origin { entry: number, ..origin.clone() },
            permission: permission.clone(),
            condition: condition.filter(|text| !text.trim().is_empty()),
            control: rules(Plane::Control),
            data: rules(Plane::Data),
        }
    })
}

impl Entry {
    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What it says.
    pub fn permission(&self) -> &Permission {
        &self.permission
    }

    /// The condition that narrows it, its own and that of its assignment.
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    pub(super) fn rules(&self, plane: Plane) -> &Rules {
        match plane {
            Plane::Control => &self.control,
            Plane::Data => &self.data,
        }
    }

    /// Whether it names an operation, given in lower case, and does not take it out again.
    pub(super) fn covers(&self, action: &str, plane: Plane) -> bool {
        let rules = self.rules(plane);
        rules.actions.matches(action) && !rules.less.matches(action)
    }
}

impl Matcher {
    fn of(patterns: &[Pattern]) -> Matcher {
        let (mut literals, gaps): (Vec<_>, Vec<_>) = patterns.iter().cloned().partition(Pattern::is_literal);
        literals.sort_by(|one, other| one.folded().cmp(other.folded()));
        literals.dedup_by(|one, other| one.folded() == other.folded());
        Matcher { literals, gaps }
    }

    /// Whether any of the patterns matches a name in lower case.
    pub(super) fn matches(&self, action: &str) -> bool {
        self.literals.binary_search_by(|literal| literal.folded().cmp(action)).is_ok()
            || self.gaps.iter().any(|pattern| pattern.matches_folded(action))
    }

    /// The patterns with stars.
    pub(super) fn gaps(&self) -> &[Pattern] {
        &self.gaps
    }

    /// All patterns, those without stars first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pattern> {
        self.literals.iter().chain(&self.gaps)
    }
}

impl<'a> Standing<'a> {
    /// Counts an entry that grants.
    pub(super) fn grant(&mut self, entry: &'a Entry) {
        match entry.condition() {
            None => self.is_granted = true,
            Some(condition) => self.granted_under.push(condition),
        }
    }

    /// Counts an entry that denies.
    pub(super) fn deny(&mut self, entry: &'a Entry) {
        match entry.condition() {
            None => self.is_denied = true,
            Some(condition) => self.denied_under.push(condition),
        }
    }

    /// Granted whatever conditions say.
    pub(super) fn is_certain(&self) -> bool {
        self.is_granted && !self.is_denied && self.denied_under.is_empty()
    }

    /// Granted for some outcome of the conditions.
    pub(super) fn is_possible(&self) -> bool {
        let open = |condition: &&str| !self.denied_under.contains(condition);
        !self.is_denied && (self.is_granted || self.granted_under.iter().any(open))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.role, &self.assignment) {
            (Some(role), _) => f.write_str(&role.name)?,
            (None, Some(assignment)) => f.write_str(assignment)?,
            (None, None) => write!(f, "entry {}", self.entry + 1)?,
        }
        self.scope.as_ref().map_or(Ok(()), |scope| write!(f, " at {scope}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";

    fn named(decision: Decision<&Entry, &Entry>) -> String {
        match decision {
            Decision::Granted(entry) => format!("granted by {}", entry.origin()),
            Decision::Conditional(entry) => format!("maybe by {}", entry.origin()),
            Decision::Denied(entry) => format!("denied by {}", entry.origin()),
            Decision::Refused => "refused".to_owned(),
        }
    }

    #[test]
    fn says_which_role_at_which_scope_decides() {
        let assignment = |role: &str, scope: &str| Assignment {
            role: Role::built_in(role).expect("a role"),
            scope: Scope::parse(scope).expect("a scope"),
        };
        let held =
            [assignment("AcrPull", "/subscriptions/s"), assignment("Reader", "/subscriptions/s/resourceGroups/g")];
        let mut set = PermissionSet::of_assignments(&held);
        assert_eq!(named(set.decide(GROUP, Plane::Control)), "granted by Reader at /subscriptions/s/resourceGroups/g");
        assert_eq!(named(set.decide(GROUP, Plane::Data)), "refused");
        let reads = Permission { actions: vec![Pattern::parse("*/read")], ..Permission::default() };
        let lock = Origin { assignment: Some("lockdown".to_owned()), ..Origin::default() };
        set.deny(&[Permission { condition: Some("C".to_owned()), ..reads.clone() }], &lock);
        assert_eq!(named(set.decide(GROUP, Plane::Control)), "maybe by Reader at /subscriptions/s/resourceGroups/g");
        set.deny(std::slice::from_ref(&reads), &lock);
        assert_eq!(named(set.decide(GROUP, Plane::Control)), "denied by lockdown");
    }

    #[test]
    fn entries_of_an_answer_are_numbered_and_conditions_add_up() {
        let entry = |action: &str, condition: Option<&str>| Permission {
            actions: vec![Pattern::parse(action)],
            condition: condition.map(str::to_owned),
            ..Permission::default()
        };
        let answer = [entry("a/read", None), entry("*/read", Some("C")), entry("b/read", Some(" "))];
        let mut set = PermissionSet::of(&answer);
        assert_eq!(named(set.decide("a/read", Plane::Control)), "granted by entry 1");
        assert_eq!(named(set.decide("c/read", Plane::Control)), "maybe by entry 2");
        assert_eq!(named(set.decide("B/Read", Plane::Control)), "granted by entry 3");
        set.grant(&answer[1..2], &Origin { condition: Some("D".to_owned()), ..Origin::default() });
        assert_eq!(set.entries().last().and_then(Entry::condition), Some("(D) AND (C)"));
    }
}
