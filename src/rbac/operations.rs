//! Operations that are known to exist: those that built-in roles name, and what a provider lists of its own.

use std::sync::OnceLock;

use crate::rbac::set::PermissionSet;
use crate::rbac::{Pattern, Plane, catalogue};

/// How the name of an operation ends.
pub(super) const VERBS: [&str; 4] = ["/read", "/write", "/delete", "/action"];

/// Names of operations, each with its plane.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    control: Table,
    data: Table,
}

/// The operations of one plane.
#[derive(Clone, Debug, Default)]
struct Table {
    /// As they are spelled, the shortest first: the number of an operation is its place here.
    names: Vec<Box<str>>,
    /// In lower case and in the order of the alphabet, with the number.
    sorted: Vec<(Box<str>, usize)>,
}

/// Which known operations a set grants: a bit for each, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Those granted whatever conditions say.
    pub(super) certain: Vec<u64>,
    /// Those granted for some outcome of the conditions.
    pub(super) possible: Vec<u64>,
}

impl Operations {
    /// The operations that the built-in roles name.
    pub fn built_in() -> &'static Operations {
        static OPERATIONS: OnceLock<Operations> = OnceLock::new();
        OPERATIONS.get_or_init(|| {
            let entries = || catalogue().iter().flat_map(|role| &role.permissions);
            let named = |plane| {
                let patterns = entries().flat_map(move |entry| {
                    let (actions, less) = entry.on(plane);
                    actions.iter().chain(less)
                });
                patterns.filter(|pattern| pattern.is_literal()).map(move |pattern| (pattern.as_str(), plane))
            };
            Operations::of(named(Plane::Control).chain(named(Plane::Data)))
        })
    }

    /// These operations. What does not end as operations do, or holds other characters, is left out: roles hold such texts.
    /// Of several spellings that differ in case the most frequent is kept.
    pub fn of<'a>(names: impl IntoIterator<Item = (&'a str, Plane)>) -> Operations {
        let mut found: [Vec<(String, &str)>; 2] = Default::default();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_:".contains(&byte);
        for (name, plane) in names {
            let folded = name.to_ascii_lowercase();
            if VERBS.iter().any(|verb| folded.ends_with(verb)) && folded.bytes().all(is_plain) {
                let [control, data] = &mut found;
                (if plane == Plane::Control { control } else { data }).push((folded, name));
            }
        }
        let [control, data] = found.map(Table::of);
        Operations { control, data }
    }

    fn table(&self, plane: Plane) -> &Table {
        match plane {
            Plane::Control => &self.control,
            Plane::Data => &self.data,
        }
    }

    pub(super) fn is_built_in(&self) -> bool {
        std::ptr::eq(self, Operations::built_in())
    }

    /// How many operations are known of a plane.
    pub fn count(&self, plane: Plane) -> usize {
        self.table(plane).names.len()
    }

    /// The operations that a pattern matches, the shortest first.
    pub fn matching(&self, pattern: &Pattern, plane: Plane) -> impl Iterator<Item = &str> {
        let table = self.table(plane);
        let mut found: Vec<usize> = table.matching(pattern).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|number| table.names.get(number)).map(|name| &**name)
    }

    /// Whether a pattern matches any operation.
    pub fn knows(&self, pattern: &Pattern, plane: Plane) -> bool {
        self.table(plane).matching(pattern).next().is_some()
    }

    /// The spelling of an operation with this number.
    pub(super) fn name(&self, number: usize, plane: Plane) -> Option<&str> {
        self.table(plane).names.get(number).map(|name| &**name)
    }

    /// The operations in lower case and in the order of the alphabet.
    pub(super) fn sorted(&self, plane: Plane) -> impl Iterator<Item = &str> + Clone {
        self.table(plane).sorted.iter().map(|(name, _)| &**name)
    }

    /// The usual spelling of an operation of Resource Manager; as it is when it is not known.
    pub fn spelled<'a>(&'a self, action: &'a str) -> &'a str {
        self.spelling(&action.to_ascii_lowercase(), Plane::Control).unwrap_or(action)
    }

    /// The usual spelling of a name in lower case.
    pub(super) fn spelling(&self, folded: &str, plane: Plane) -> Option<&str> {
        let table = self.table(plane);
        let at = table.sorted.binary_search_by(|(name, _)| (**name).cmp(folded)).ok()?;
        self.name(table.sorted.get(at)?.1, plane)
    }
}

impl Table {
    /// Of names in lower case, each with a spelling; they may repeat.
    fn of(mut found: Vec<(String, &str)>) -> Table {
        found.sort_unstable();
        let mut names: Vec<(Box<str>, &str)> = Vec::new();
        for spellings in found.chunk_by(|(one, _), (other, _)| one == other) {
            let same = spellings.chunk_by(|(_, one), (_, other)| one == other);
            if let Some([(folded, spelling), ..]) = same.max_by_key(|same| same.len()) {
                names.push((folded.as_str().into(), spelling));
            }
        }
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|at| names[*at].0.len());
        let spelled = order.iter().map(|at| names[*at].1.into()).collect();
        let mut numbers = vec![0; names.len()];
        order.iter().enumerate().for_each(|(number, at)| numbers[*at] = number);
        let sorted = names.into_iter().map(|(folded, _)| folded).zip(numbers).collect();
        Table { names: spelled, sorted }
    }

    /// The numbers of the operations that a pattern matches, in the order of the alphabet.
    fn matching(&self, pattern: &Pattern) -> impl Iterator<Item = usize> {
        let (before, _) = pattern.edges();
        let first = self.sorted.partition_point(|(name, _)| **name < *before);
        let rest = self.sorted.get(first..).unwrap_or_default();
        let begun = rest.iter().take_while(move |(name, _)| name.starts_with(before));
        begun.filter(|(name, _)| pattern.matches_folded(name)).map(|(_, number)| *number)
    }
}

impl Known {
    /// Which operations of a plane a set grants.
    pub(super) fn of(set: &PermissionSet, operations: &Operations, plane: Plane) -> Known {
        let table = operations.table(plane);
        let words = table.names.len().div_ceil(64);
        let mut known = Known { certain: vec![0; words], possible: vec![0; words] };
        let mut of_entry = vec![0_u64; words];
        let mut conditional = vec![0_u64; words];
        for entry in set.entries() {
            let rules = entry.rules(plane);
            of_entry.fill(0);
            for number in rules.actions.all().flat_map(|pattern| table.matching(pattern)) {
                of_entry[number / 64] |= 1 << (number % 64);
            }
            for number in rules.less.all().flat_map(|pattern| table.matching(pattern)) {
                of_entry[number / 64] &= !(1 << (number % 64));
            }
            let target = if entry.condition().is_none() { &mut known.possible } else { &mut conditional };
            target.iter_mut().zip(&of_entry).for_each(|(all, own)| *all |= own);
        }
        known.certain.clone_from(&known.possible);
        known.possible.iter_mut().zip(&conditional).for_each(|(all, own)| *all |= own);
        if !set.denials().is_empty() {
            // Denials are rare, and how their conditions meet those of grants is decided in one place.
            for number in bits(&known.possible.clone()) {
                let name = table.names.get(number).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
                let standing = set.standing(&name, plane);
                let drop = |word: &mut u64, keep: bool| *word &= if keep { !0 } else { !(1 << (number % 64)) };
                drop(&mut known.certain[number / 64], standing.is_certain());
                drop(&mut known.possible[number / 64], standing.is_possible());
            }
        }
        known
    }

    /// How many operations are granted or may be.
    pub(super) fn count(&self) -> usize {
        self.possible.iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// The numbers of the bits that are set.
pub(super) fn bits(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words
        .iter()
        .enumerate()
        .flat_map(|(at, word)| (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| at * 64 + bit))
}

/// The number of the first bit that one holds and another does not.
pub(super) fn first_beyond(one: &[u64], other: &[u64]) -> Option<usize> {
    one.iter().zip(other).enumerate().find_map(|(at, (one, other))| {
        let beyond = one & !other;
        (beyond != 0).then(|| at * 64 + beyond.trailing_zeros() as usize)
    })
}
