//! What is printed while a run goes on: the console, and what goes over the wire.

use std::cell::RefCell;
use std::rc::Rc;

use mi_run::diagnostic::render::Style;
use mi_run::event::{Event, Sink};
use mi_run::report::console::{Console, Detail, exchange};

use super::args::{self, Color};
use super::live::Live;
use super::reports::{self, Format, Target};
use super::terminal::{Stream, complain, print, stderr_style, stdout_style};

/// Shows events as they come.
pub(crate) struct Screen {
    console: Console,
    to: Stream,
    /// Writes the console report of a file: whole, however little the screen shows.
    file: Option<Console>,
    /// What the file will hold.
    pub(crate) kept: Rc<RefCell<String>>,
    live: Rc<Live>,
}

impl Screen {
    /// A screen for a run with these reports.
    pub(crate) fn new(args: &args::Run, targets: &[Target], live: &Rc<Live>) -> Self {
        let to = reports::stream(targets);
        let style = match to {
            Stream::Stdout => stdout_style(args.look.color),
            Stream::Stderr => stderr_style(args.look.color),
        };
        let plain = Style { color: args.look.color == Color::Always, ..style };
        let wanted = targets.iter().any(|target| !target.is_printed && target.format == Format::Console);
        let (detail, whole) = match (args.quiet, args.verbose) {
            (true, _) => (Detail::Failures, Detail::Steps),
            (false, true) => (Detail::Everything, Detail::Everything),
            (false, false) => (Detail::Steps, Detail::Steps),
        };
        let file = wanted.then(|| Console::new(plain, whole));
        Self { console: Console::new(style, detail), to, file, kept: Rc::default(), live: Rc::clone(live) }
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
        if let Some(file) = &mut self.file {
            self.kept.borrow_mut().push_str(&file.event(event));
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
