//! The algebra of permission sets, on sets that the bytes spell, against an oracle that tries every short name.

// It has more than is wanted here.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../../tests/it/rbac/brute.rs"]
mod brute;

use mi_run::rbac::{Pattern, Permission};

use brute::{Ready, Sample, claims_about, compare, difference};

/// The longest pattern that the short names tell something of.
const LONGEST: usize = 5;

pub(crate) fn fuzz(bytes: &[u8]) {
    // Brute force takes its time, and what is larger repeats what is small.
    let mut spelled = bytes.iter().take(64);
    let (one, other) = (sample(&mut spelled), sample(&mut spelled));
    let pattern = pattern(&mut spelled);
    compare(&Ready::new(&one), &Ready::new(&other));
    difference(&one, &other);
    claims_about(&one, &pattern);
}

/// Up to three entries, and up to one that denies.
fn sample<'b>(bytes: &mut impl Iterator<Item = &'b u8>) -> Sample {
    let count = bytes.next().copied().unwrap_or_default();
    let mut entries = |count: u8| -> Vec<Permission> { (0..count).map(|_| entry(bytes)).collect() };
    Sample { grants: entries(count % 4), denials: entries(count / 4 % 2) }
}

fn entry<'b>(bytes: &mut impl Iterator<Item = &'b u8>) -> Permission {
    let count = bytes.next().copied().unwrap_or_default();
    let condition = [None, None, Some("C"), Some("D")][usize::from(count / 16 % 4)];
    let mut patterns = |count: u8| -> Vec<Pattern> { (0..count).map(|_| pattern(bytes)).collect() };
    Permission {
        actions: patterns(1 + count % 3),
        not_actions: patterns(count / 4 % 3),
        condition: condition.map(str::to_owned),
        ..Permission::default()
    }
}

/// A byte that says how long it is and how strict, and two bits for each letter.
fn pattern<'b>(bytes: &mut impl Iterator<Item = &'b u8>) -> Pattern {
    let head = bytes.next().copied().unwrap_or_default();
    let mut bits = 0;
    let mut letters = 0;
    let mut letter = || {
        if letters == 0 {
            (bits, letters) = (bytes.next().copied().unwrap_or_default(), 4);
        }
        letters -= 1;
        bits = bits.rotate_left(2);
        ['a', 'b', '/', '*'][usize::from(bits % 4)]
    };
    let text: String = (0..usize::from(head) % (LONGEST + 1)).map(|_| letter()).collect();
    if head / 8 % 4 == 3 { Pattern::parse_strict(&text) } else { Pattern::parse(&text) }
}
