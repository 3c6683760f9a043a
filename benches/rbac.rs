//! Access decisions: whether each built-in role is included in each other one, with its witness; and the other questions that
//! commands ask. Everything runs once, so what is slow the first time is seen.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use mi_run::rbac::{Algebra, Operations, Pattern, PermissionSet, Plane, TooComplex, Verdict, built_in_sets, catalogue};

fn main() -> Result<(), TooComplex> {
    let (names, sets) = prepare();
    let algebra = Algebra::built_in();
    all_pairs(("included", 1), &names, |one, other| Ok(algebra.included(&sets[one], &sets[other])?.verdict))?;
    // Without known operations nothing is told but by searching.
    let operations = Operations::default();
    let bare = Algebra::new(&operations);
    all_pairs(("included, witnesses made up, every third role", 3), &names, |one, other| {
        Ok(bare.included(&sets[one], &sets[other])?.verdict)
    })?;
    all_pairs(("overlap", 1), &names, |one, other| Ok(algebra.overlap(&sets[one], &sets[other])?.verdict))?;
    claims(&algebra, sets)?;
    differences(&algebra, &names, sets)
}

/// Unpacks the roles and makes their sets ready.
fn prepare() -> (Vec<&'static str>, &'static [PermissionSet]) {
    let start = Instant::now();
    let names = catalogue().iter().map(|role| role.name.as_str()).collect();
    row("unpack the roles", start.elapsed());
    let start = Instant::now();
    let sets = built_in_sets();
    row("compile their sets", start.elapsed());
    let start = Instant::now();
    let known = Operations::built_in();
    row("list the known operations", start.elapsed());
    println!(
        "{} roles, {} operations, {} of them on data",
        sets.len(),
        known.count(Plane::Control),
        known.count(Plane::Data)
    );
    let start = Instant::now();
    let algebra = Algebra::built_in();
    sets.iter().for_each(|set| {
        black_box(algebra.breadth(set));
    });
    row("which of them each role grants", start.elapsed());
    (names, sets)
}

/// Asks a question about every pair, and prints how long that takes.
fn all_pairs(
    (title, step): (&str, usize),
    names: &[&str],
    question: impl Fn(usize, usize) -> Result<Verdict, TooComplex>,
) -> Result<(), TooComplex> {
    let mut times = Vec::with_capacity(names.len() * names.len());
    let mut verdicts = [0_usize; 3];
    for one in (0..names.len()).step_by(step) {
        for other in (0..names.len()).step_by(step) {
            let start = Instant::now();
            let verdict = black_box(question(one, other)?);
            times.push((start.elapsed(), one, other));
            verdicts[verdict as usize] += 1;
        }
    }
    let [no, maybe, yes] = verdicts;
    println!("\n{title}: {} pairs, {yes} yes, {maybe} maybe, {no} no", times.len());
    let name = |one: usize, other: usize| format!("{}, {}", names[one], names[other]);
    summary(&mut times, name, |one, other| {
        black_box(question(one, other)?);
        Ok(())
    })
}

fn claims(algebra: &Algebra<'_>, sets: &[PermissionSet]) -> Result<(), TooComplex> {
    let texts =
        ["*", "*/read", "*/write", "Microsoft.Compute/*", "Microsoft.Authorization/*/action", "Contoso.Widgets/*"];
    let mut times = Vec::new();
    let patterns = texts.map(Pattern::parse);
    let ask = |number: usize, at: usize| {
        black_box(algebra.every(&sets[at], (&patterns[number], Plane::Control))?);
        black_box(algebra.any(&sets[at], (&patterns[number], Plane::Control))?);
        Ok(())
    };
    for number in 0..texts.len() {
        for at in 0..sets.len() {
            let start = Instant::now();
            ask(number, at)?;
            times.push((start.elapsed(), number, at));
        }
    }
    println!("\nevery and any: {} patterns on each role", texts.len());
    summary(&mut times, |number, at| format!("{} on role {at}", texts[number]), ask)?;
    let start = Instant::now();
    let found = algebra.granting(&[(Pattern::parse("Microsoft.Compute/virtualMachines/read"), Plane::Control)])?;
    row(&format!("roles granting an action: {}", found.len()), start.elapsed());
    Ok(())
}

fn differences(algebra: &Algebra<'_>, names: &[&str], sets: &[PermissionSet]) -> Result<(), TooComplex> {
    let mut times = Vec::new();
    let mut refused = 0;
    for one in (0..sets.len()).step_by(5) {
        for other in (0..sets.len()).step_by(7) {
            let start = Instant::now();
            refused += usize::from(black_box(algebra.difference(&sets[one], &sets[other])).is_err());
            times.push((start.elapsed(), one, other));
        }
    }
    println!("\ndifference: {} pairs, {refused} refused", times.len());
    let name = |one: usize, other: usize| format!("{}, {}", names[one], names[other]);
    summary(&mut times, name, |one, other| {
        black_box(algebra.difference(&sets[one], &sets[other])?);
        Ok(())
    })
}

/// Prints how the times are spread. The slowest are measured again, since at the far end stands what else the machine did.
fn summary(
    times: &mut [(Duration, usize, usize)],
    name: impl Fn(usize, usize) -> String,
    again: impl Fn(usize, usize) -> Result<(), TooComplex>,
) -> Result<(), TooComplex> {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].0;
    row("total", times.iter().map(|time| time.0).sum());
    row("median", at(500));
    row("99 %", at(990));
    row("99.9 %", at(999));
    let mut worst = Vec::new();
    for (first, one, other) in times.iter().rev().take(200) {
        let mut best = *first;
        for _ in 0..5 {
            let start = Instant::now();
            again(*one, *other)?;
            best = best.min(start.elapsed());
        }
        worst.push((best, one, other));
    }
    worst.sort_unstable();
    for (time, one, other) in worst.iter().rev().take(3) {
        row(&format!("worst: {}", name(**one, **other)), *time);
    }
    Ok(())
}

fn row(what: &str, time: Duration) {
    println!("{what:<100}{:>12.2} µs", time.as_secs_f64() * 1e6);
}
