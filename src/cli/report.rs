//! Reports that were written before: told again, made one, compared.

use std::path::Path;

use mi_run::diagnostic::Diagnostic;
use mi_run::diagnostic::render::Style;
use mi_run::event::Record;
use mi_run::report::compare::Changes;
use mi_run::report::console::{Console, Detail};
use mi_run::report::{merge, read};
use mi_run::source::Sources;

use super::args::{self, Ci, Color, Output};
use super::exit::Exit;
use super::files;
use super::reports::{self, Format};
use super::roles::pretty;
use super::run::runtime;
use super::terminal::{diagnose, print, stdout_style};

/// How large a report may be.
const LARGEST: usize = 2 << 30;

/// Tells runs again.
pub(crate) fn report(args: &args::Report) -> Exit {
    let color = args.look.color;
    let tell = |diagnostic: &Diagnostic| diagnose(diagnostic, &Sources::new(), color);
    let open = |path: &Path| open(path).inspect_err(|diagnostic| tell(diagnostic)).ok();
    if let [old, new] = args.compare.as_slice() {
        let (Some(old), Some(new)) = (open(old), open(new)) else { return Exit::Invalid };
        return compared(&Changes::between(&old, &new), args.format);
    }
    let mut named = Vec::new();
    for path in &args.files {
        let Some(record) = open(path) else { return Exit::Invalid };
        named.push((path.display().to_string(), record));
    }
    let (record, conflicts) = merge::merge(named);
    for conflict in conflicts {
        tell(&Diagnostic::warning("report-conflict", conflict));
    }
    let wanted = if args.reports.is_empty() { vec!["console".to_owned()] } else { args.reports.clone() };
    let targets = match reports::open(&wanted, Ci::Off) {
        Ok(targets) => targets,
        Err(diagnostic) => {
            tell(&diagnostic);
            return Exit::Usage;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let mut console = Console::new(stdout_style(color), Detail::Steps);
    let is_shown = targets.iter().any(|target| target.is_printed && target.format == Format::Console);
    let pages =
        reports::pages(&targets, (Style { color: color == Color::Always, ..stdout_style(color) }, Detail::Steps));
    let mut sinks: Vec<_> = reports::sinks(&targets).chain(pages).collect();
    record.replay(&mut |event| {
        if is_shown {
            print(&console.event(&event));
        }
        sinks.iter_mut().for_each(|sink| sink.take(&event));
    });
    drop(sinks);
    let failed = runtime.block_on(reports::write(targets, &record, None));
    failed.iter().for_each(tell);
    if failed.is_empty() { Exit::Passed } else { Exit::Errored }
}

fn compared(changes: &Changes, format: Output) -> Exit {
    print(&match format {
        Output::Text => changes.text(),
        Output::Json => pretty(&changes.json()),
    });
    if changes.is_worse() { Exit::Failed } else { Exit::Passed }
}

/// Reads a report.
///
/// # Errors
/// With the diagnostic, when it cannot be read or is none.
pub(crate) fn open(path: &Path) -> Result<Record, Box<Diagnostic>> {
    let name = path.display();
    let bytes = files::bytes(path, LARGEST).map_err(|error| {
        Box::new(Diagnostic::error("unreadable-file", format!("`{name}` cannot be read")).note(error.to_string()))
    })?;
    read::read(&bytes).map_err(|why| {
        let diagnostic = Diagnostic::error("invalid-report", format!("`{name}` is no report of a run")).note(why);
        Box::new(diagnostic.help("a run writes one with `--report json=FILE` or `--report jsonl=FILE`"))
    })
}
