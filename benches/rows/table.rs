//! The table of `docs/performance.md`: what each program took, and whether the aims are met.

use crate::measure::{Medians, Taken};
use crate::rows::{Aim, Row};

/// The head of the table.
pub(crate) fn head(hurl: Option<&str>) -> String {
    let hurl = hurl.map_or_else(|| "Hurl (not on PATH)".to_owned(), |version| format!("Hurl {version}"));
    format!("| work | the floor | mi-run | {hurl} | aims of mi-run, and what came |\n|---|---|---|---|---|")
}

/// A line of it.
pub(crate) fn line(row: &Row, medians: &Medians) -> String {
    let cells = medians.map(|taken| taken.as_ref().map_or_else(|| "—".to_owned(), cell));
    let aims: Vec<_> = row.aims.iter().map(|aim| judged(*aim, medians)).collect();
    format!("| {} | {} | {} |", row.name, cells.join(" | "), aims.join("<br>"))
}

fn cell(taken: &Taken) -> String {
    format!("{} ms, {} ms CPU, {:.1} MB", short(taken.wall), short(taken.processor), taken.peak)
}

/// Three digits are told, since more is chance.
fn short(number: f64) -> String {
    match number {
        small if small < 10.0 => format!("{small:.2}"),
        middling if middling < 100.0 => format!("{middling:.1}"),
        large => format!("{large:.0}"),
    }
}

/// What an aim says, what came, and whether that will do.
fn judged(aim: Aim, [floor, mi_run, hurl]: &Medians) -> String {
    let ratio = |of: fn(&Taken) -> f64, base: &Option<Taken>| Some(of(mi_run.as_ref()?) / of(base.as_ref()?));
    let wall: fn(&Taken) -> f64 = |taken| taken.wall;
    let (words, most, came) = match aim {
        Aim::Time(most) => ("× Hurl's time", most, ratio(wall, hurl)),
        Aim::Processor(most) => ("× Hurl's CPU", most, ratio(|taken| taken.processor, hurl)),
        Aim::Floor(most) => ("× the floor", most, ratio(wall, floor)),
        Aim::Peak(most) => ("MB", most, mi_run.map(|taken| taken.peak)),
        Aim::Wall(most) => ("ms", most, mi_run.map(|taken| taken.wall)),
    };
    let came = came.map_or_else(
        || "not measured".to_owned(),
        |came| format!("{}{}", short(came), if came <= most { "" } else { " **missed**" }),
    );
    format!("≤ {most} {words}: {came}")
}
