//! Reports that are written while the run goes on: a line for each event, the console in a file.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};

use mi_run::diagnostic::pipeline::Escape;
use mi_run::event::{Event, Late, Sink};
use mi_run::report::console::Console;
use mi_run::report::jsonl;
use tokio::sync::oneshot;

use super::pending::{self, Pending, Written};
use super::terminal::deliver;

/// Lines on their way.
#[derive(Debug)]
pub(crate) struct Lines {
    to: To,
    /// Whether each tells an event, rather than something to people.
    events: bool,
    failed: Option<io::Error>,
}

#[derive(Debug)]
enum To {
    Stdout,
    File(Pending),
    /// A reader may take its time: somebody else waits for it.
    Pipe(PathBuf, Sender<String>, Written),
}

impl Lines {
    /// Lines to a file, or to stdout: of events, or of the console.
    pub(crate) fn to(file: Option<Pending>, events: bool) -> Rc<RefCell<Lines>> {
        let to = match file {
            None => To::Stdout,
            Some(file) if file.is_file() => To::File(file),
            Some(pipe) => {
                let (sender, lines) = channel();
                let (done, written) = oneshot::channel();
                let path = pipe.path().to_owned();
                std::thread::spawn(move || done.send(pending::pour(&path, lines)));
                To::Pipe(pipe.path().to_owned(), sender, written)
            }
        };
        Rc::new(RefCell::new(Lines { to, events, failed: None }))
    }

    fn push(&mut self, line: String) {
        let written = match &mut self.to {
            To::Stdout => deliver(&line, Escape::Json),
            To::File(file) => file.write_all(line.as_bytes()),
            // Whoever stopped reading has seen what he wanted.
            To::Pipe(_, sender, _) => {
                let _ = sender.send(line);
                Ok(())
            }
        };
        self.failed = self.failed.take().or(written.err());
    }

    /// Ends the report: what went wrong, and what still has to be waited for. What became known to be secret after it was
    /// written is taken out of a file.
    pub(crate) fn finish(self, late: Option<&Late>) -> (String, io::Result<Option<Written>>) {
        let (place, finished) = match self.to {
            To::Stdout => ("stdout".to_owned(), Ok(None)),
            To::File(mut file) => (
                format!("`{}`", file.path().display()),
                match self.failed {
                    // The old report stays in its place.
                    Some(_) => Ok(None),
                    None => late.map_or(Ok(()), |late| mend(&mut file, late, self.events)).and_then(|()| file.finish()),
                },
            ),
            To::Pipe(path, sender, written) => {
                drop(sender);
                (format!("`{}`", path.display()), Ok(Some(written)))
            }
        };
        (place, self.failed.map_or(finished, Err))
    }
}

fn mend(file: &mut Pending, late: &Late, events: bool) -> io::Result<()> {
    let event = |line: &str| Some(jsonl::render(&late.event(serde_json::from_str(line).ok()?)).trim_end().to_owned());
    match events {
        true => file.mend(late.events, &|line| event(line).filter(|clean| clean != line)),
        false => file.mend(usize::MAX, &|line| match late.text(line) {
            Cow::Owned(clean) => Some(clean),
            Cow::Borrowed(_) => None,
        }),
    }
}

/// Takes the events of a run.
pub(crate) struct Writer(pub(crate) Rc<RefCell<Lines>>);

impl Sink for Writer {
    fn take(&mut self, event: &Event) {
        self.0.borrow_mut().push(jsonl::render(event));
    }
}

/// Takes the events of a run for the console in a file.
pub(crate) struct Page {
    pub(crate) console: Console,
    pub(crate) lines: Rc<RefCell<Lines>>,
}

impl Sink for Page {
    fn take(&mut self, event: &Event) {
        let text = self.console.event(event);
        if !text.is_empty() {
            self.lines.borrow_mut().push(text);
        }
    }
}
