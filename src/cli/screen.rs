//! What is printed while a run goes on: the console, and what goes over the wire.

use std::rc::Rc;

use mi_run::diagnostic::render::Style;
use mi_run::event::{Event, Sink};
use mi_run::report::console::{Console, Detail, exchange};

use super::args::{self, Color};
use super::live::Live;
use super::reports::{self, Target};
use super::terminal::{Stream, complain, print, stderr_style, stdout_style};

/// Shows events as they come.
pub(crate) struct Screen {
    console: Console,
    to: Stream,
    live: Rc<Live>,
}

impl Screen {
    /// A screen for a run with these reports.
    pub(crate) fn new(args: &args::Run, targets: &[Target], live: &Rc<Live>) -> Self {
        let to = reports::stream(targets);
        let (detail, _) = details(args);
        Self { console: Console::new(style(args, to), detail), to, live: Rc::clone(live) }
    }
}

/// What takes the events of a run for the console in files: whole, however little the screen shows.
pub(crate) fn pages<'t>(args: &args::Run, targets: &'t [Target]) -> impl Iterator<Item = Box<dyn Sink>> + 't {
    let plain = Style { color: args.look.color == Color::Always, ..style(args, reports::stream(targets)) };
    let (_, whole) = details(args);
    reports::pages(targets, (plain, whole))
}

fn style(args: &args::Run, to: Stream) -> Style {
    match to {
        Stream::Stdout => stdout_style(args.look.color),
        Stream::Stderr => stderr_style(args.look.color),
    }
}

/// How much is told on the screen, and in files.
fn details(args: &args::Run) -> (Detail, Detail) {
    match (args.quiet, args.verbose) {
        (true, _) => (Detail::Failures, Detail::Steps),
        (false, true) => (Detail::Everything, Detail::Everything),
        (false, false) => (Detail::Steps, Detail::Steps),
    }
}

impl Sink for Screen {
    fn take(&mut self, event: &Event) {
        let text = self.console.event(event);
        if !text.is_empty() {
            self.live.above(|| match self.to {
                Stream::Stdout => print(&text),
                Stream::Stderr => complain(&text),
            });
        }
    }
}

/// Shows what goes over the wire.
pub(crate) struct Wire(pub(crate) Rc<Live>);

impl Sink for Wire {
    fn take(&mut self, event: &Event) {
        exchange(event).iter().for_each(|text| self.0.above(|| complain(text)));
    }
}
