//! What a run is at right now: steps in flight, steps that wait and for what, how far it is.
//!
//! On a terminal it stands below what is printed and is drawn ten times a second. Elsewhere, such as in the log of a
//! pipeline, a run that takes long says twice a minute what it is at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mi_run::diagnostic::render::printable;
use mi_run::event::{Event, Millis, Sink, StepStarted, Summary, Trail, WaitStarted};
use mi_run::report::duration;

use super::terminal::complain;

/// How many steps are shown; of more, how many more.
const SHOWN: usize = 8;

/// How often a terminal is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// A run that takes less shows nothing.
const SHORT: Duration = Duration::from_millis(400);

/// How often a log is told.
const BEAT: Duration = Duration::from_secs(30);

/// The signs of a step in flight, one after the other.
const SPINNER: [char; 8] = ['⣷', '⣯', '⣟', '⡿', '⢿', '⣻', '⣽', '⣾'];

/// Shows what a run is at.
pub(crate) struct Live {
    state: RefCell<State>,
    stage: Stage,
}

/// Where it is shown.
enum Stage {
    Terminal(MultiProgress, RefCell<Vec<ProgressBar>>),
    Log,
    Nowhere,
}

impl Live {
    /// Shows a run on standard error, as that is; a quiet one nowhere.
    pub(crate) fn new(quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let stage = match quiet {
            true => Stage::Nowhere,
            false if std::io::stderr().is_terminal() && !dumb => {
                Stage::Terminal(MultiProgress::new(), RefCell::default())
            }
            false => Stage::Log,
        };
        Self { state: RefCell::new(State::new(Instant::now())), stage }
    }

    /// Lets something be printed above what is shown.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match &self.stage {
            Stage::Terminal(screen, _) => screen.suspend(print),
            Stage::Log | Stage::Nowhere => print(),
        }
    }

    /// Shows, again and again. Never ends by itself.
    pub(crate) async fn show(&self) {
        let (first, then) = match &self.stage {
            Stage::Terminal(..) => (SHORT, FRAME),
            Stage::Log => (BEAT, BEAT),
            Stage::Nowhere => return std::future::pending().await,
        };
        tokio::time::sleep(first).await;
        for frame in 0.. {
            let lines = self.state.borrow().lines(Instant::now(), SPINNER[frame % SPINNER.len()]);
            match &self.stage {
                Stage::Terminal(screen, bars) => draw(screen, &mut bars.borrow_mut(), lines),
                Stage::Log | Stage::Nowhere => lines.iter().for_each(|line| complain(&format!("{line}\n"))),
            }
            tokio::time::sleep(then).await;
        }
    }

    /// Takes away what is shown.
    pub(crate) fn end(&self) {
        if let Stage::Terminal(screen, bars) = &self.stage {
            bars.borrow_mut().drain(..).for_each(|bar| bar.finish_and_clear());
            // Where nothing can be cleared, nothing was drawn.
            let _ = screen.clear();
        }
    }
}

/// Draws the lines, each as a bar that has only a message: it is cut to the width of the terminal.
fn draw(screen: &MultiProgress, bars: &mut Vec<ProgressBar>, lines: Vec<String>) {
    while bars.len() > lines.len() {
        bars.pop().into_iter().for_each(|bar| {
            bar.finish_and_clear();
            screen.remove(&bar);
        });
    }
    while bars.len() < lines.len() {
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        bars.push(screen.add(ProgressBar::new_spinner().with_style(style)));
    }
    for (bar, line) in bars.iter().zip(lines) {
        bar.set_message(line);
    }
}

/// Tells what is shown of each event.
pub(crate) struct Watch(pub(crate) std::rc::Rc<Live>);

impl Sink for Watch {
    fn take(&mut self, event: &Event) {
        self.0.state.borrow_mut().take(event, Instant::now());
    }
}

/// What is known of the run.
struct State {
    begun: Instant,
    /// The steps that began and did not end, those that hold others too.
    rows: BTreeMap<(usize, Trail), Row>,
    /// How many steps there will be, as far as is known.
    total: usize,
    summary: Summary,
}

/// A step that began and did not end.
struct Row {
    name: String,
    begun: Instant,
    /// What it waits for, until when, and after how many attempts.
    waits: Option<(String, Instant, u32)>,
}

impl State {
    fn new(begun: Instant) -> Self {
        Self { begun, rows: BTreeMap::new(), total: 0, summary: Summary::default() }
    }

    fn take(&mut self, event: &Event, now: Instant) {
        match event {
            Event::PlaybookStarted(started) => self.total += started.steps,
            Event::LoopStarted(started) => {
                self.total += started.steps * (started.iterations as usize).saturating_sub(1);
            }
            Event::StepStarted(StepStarted { playbook, step, name, .. }) => {
                let row = Row { name: name.clone(), begun: now, waits: None };
                self.rows.insert((*playbook, step.clone()), row);
            }
            Event::WaitStarted(WaitStarted { playbook, step, wait_ms, waits_for, attempts, .. }) => {
                let until = now + Duration::from_secs_f64(wait_ms.0.max(0.0) / 1000.0);
                if let Some(row) = self.rows.get_mut(&(*playbook, step.clone())) {
                    row.waits = Some((waits_for.clone(), until, *attempts));
                }
            }
            Event::StepFinished(finished) => {
                self.rows.remove(&(finished.playbook, finished.step.trail.clone()));
                self.summary = finished.summary;
            }
            _ => {}
        }
    }

    /// A line for each step in flight, and one for the whole.
    fn lines(&self, now: Instant, sign: char) -> Vec<String> {
        let leaves: Vec<_> = self.rows.iter().filter(|(key, _)| !self.holds_others(key)).collect();
        let waiting = leaves.iter().filter(|(_, row)| row.waits_at(now).is_some()).count();
        let mut lines: Vec<String> =
            leaves.iter().take(SHOWN).map(|(key, row)| row.line(&self.title(key), now, sign)).collect();
        if leaves.len() > SHOWN {
            lines.push(format!("    and {} more", leaves.len() - SHOWN));
        }
        let done = self.summary.steps as usize;
        let mut parts = vec![format!("{done} of {} steps", self.total.max(done + leaves.len()))];
        let bad = [(self.summary.failed, "failed"), (self.summary.errored, "errored")];
        parts.extend(bad.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
        parts.push(format!("{} in flight", leaves.len() - waiting));
        parts.extend((waiting > 0).then(|| format!("{waiting} waiting")));
        parts.push(ago(now, self.begun));
        lines.push(format!("  {}", parts.join(" · ")));
        lines
    }

    /// Whether the row behind this one is of a step inside it.
    fn holds_others(&self, key: &(usize, Trail)) -> bool {
        use std::ops::Bound::{Excluded, Unbounded};
        let next = self.rows.range((Excluded(key), Unbounded)).next();
        next.is_some_and(|((playbook, trail), _)| *playbook == key.0 && trail.0.starts_with(&key.1.0))
    }

    /// What a step is called, with the steps around it.
    fn title(&self, (playbook, trail): &(usize, Trail)) -> String {
        let around = (1..=trail.depth()).map(|depth| Trail(trail.0[..depth].to_vec()));
        let names = around.filter_map(|outer| self.rows.get(&(*playbook, outer)).map(|row| row.name.as_str()));
        printable(&names.collect::<Vec<_>>().join(" › "))
    }
}

impl Row {
    fn waits_at(&self, now: Instant) -> Option<&(String, Instant, u32)> {
        self.waits.as_ref().filter(|(_, until, _)| *until > now)
    }

    fn line(&self, title: &str, now: Instant, sign: char) -> String {
        let since = ago(now, self.begun);
        match self.waits_at(now) {
            None => format!("  {sign} {title}  {since}"),
            Some((waits_for, until, attempts)) => {
                let left = until.saturating_duration_since(now).as_secs() + 1;
                let after = match attempts {
                    0 => String::new(),
                    1 => " after 1 attempt".to_owned(),
                    many => format!(" after {many} attempts"),
                };
                format!("  · {title}  {since}, waits {left} s{after}: {}", printable(waits_for))
            }
        }
    }
}

fn ago(now: Instant, then: Instant) -> String {
    match Millis::from(now.saturating_duration_since(then)).0 {
        // Numbers that race are no help.
        millis if millis < 1000.0 => format!("{:.1} s", millis / 1000.0),
        millis => duration(millis),
    }
}

#[cfg(test)]
mod tests {
    use mi_run::event::{LoopStarted, Turn};

    use super::*;

    fn started(trail: &[u32], name: &str) -> Event {
        let step = Trail(trail.iter().map(|step| Turn { step: *step, iteration: None }).collect());
        Event::StepStarted(StepStarted { at_ms: Millis(0.0), playbook: 0, step, name: name.to_owned() })
    }

    #[test]
    fn steps_in_flight_and_steps_that_wait_are_told_with_those_around_them() {
        let begun = Instant::now();
        let mut state = State::new(begun);
        state.total = 3;
        let inner = Trail(vec![Turn { step: 0, iteration: None }, Turn { step: 1, iteration: None }]);
        state.take(&started(&[0], "Outer"), begun);
        state.take(&started(&[0, 1], "Inner"), begun);
        state.take(&started(&[1], "Other"), begun);
        let (at_ms, wait_ms) = (Millis(0.0), Millis(5000.0));
        let waits_for = "`status` does not hold: it is 403".to_owned();
        let wait = WaitStarted { at_ms, playbook: 0, step: inner, wait_ms, waits_for, attempts: 2 };
        state.take(&Event::WaitStarted(wait), begun + Duration::from_secs(1));
        let lines = state.lines(begun + Duration::from_millis(2500), '*');
        assert_eq!(
            lines,
            [
                "  · Outer › Inner  2.5 s, waits 4 s after 2 attempts: `status` does not hold: it is 403",
                "  * Other  2.5 s",
                "  0 of 3 steps · 1 in flight · 1 waiting · 2.5 s",
            ]
        );
        let lines = state.lines(begun + Duration::from_secs(8), '*');
        assert_eq!(lines[0], "  * Outer › Inner  8.0 s", "the wait is over");
    }

    #[test]
    fn of_many_steps_the_first_are_told() {
        let begun = Instant::now();
        let mut state = State::new(begun);
        (0..20).for_each(|at| state.take(&started(&[at], &format!("Step {at}")), begun));
        let step = Trail(vec![Turn { step: 0, iteration: None }]);
        let turns = LoopStarted { at_ms: Millis(0.0), playbook: 0, step, iterations: 30, steps: 2 };
        state.take(&Event::LoopStarted(turns), begun);
        let lines = state.lines(begun, '*');
        assert_eq!(lines.len(), SHOWN + 2);
        assert_eq!(lines[SHOWN], "    and 12 more");
        assert_eq!(lines[SHOWN + 1], "  0 of 58 steps · 20 in flight · 0.0 s");
    }
}
