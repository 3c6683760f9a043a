//! `mi-run completions` and `mi-run man`: the command line as shells and readers of manuals want it.

use std::io::{self, Write};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::args::Cli;
use super::exit::Exit;
use super::terminal::print;

/// Prints what a shell completes the command line with.
pub(crate) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mi-run", &mut script);
    print(&String::from_utf8_lossy(&script));
    Exit::Passed
}

/// Prints the manual page: what `--help` tells, of the commands too.
pub(crate) fn man() -> Exit {
    let mut page = Vec::new();
    // Memory takes everything that is written to it.
    let _ = write(&mut page);
    print(&String::from_utf8_lossy(&page));
    Exit::Passed
}

fn write(page: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone()).manual("mi-run");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        of_command(inner, page)?;
    }
    let codes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    section("EXIT STATUS", &[&codes]).to_writer(page)?;
    man.render_version_section(page)
}

/// The section of a command.
fn of_command(command: &Command, page: &mut dyn Write) -> io::Result<()> {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    section(&name.to_uppercase(), &[&format!("{about}."), &usage]).to_writer(page)?;
    // Those of `run` are those of the page.
    if command.get_name() == "run" {
        return Ok(());
    }
    let mut options = Vec::new();
    Man::new(command.clone()).render_options_section(&mut options)?;
    // The page has one section of options; those of a command stand in its own.
    let options = String::from_utf8_lossy(&options);
    let own = options.split_once(".SH OPTIONS\n").map_or("", |(_, own)| own);
    page.write_all(own.as_bytes())
}

/// A section of some paragraphs.
fn section(name: &str, paragraphs: &[&str]) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [name]);
    for paragraph in paragraphs {
        section.control("PP", []);
        section.text([roman(*paragraph)]);
    }
    section
}
