//! Arguments, environment, terminals, exit codes.

mod args;
mod ask;
mod baseline;
mod can;
mod check;
mod collector;
mod crash;
mod doctor;
mod emulate;
mod errand;
mod exit;
mod explain;
mod files;
mod lines;
mod live;
mod machine;
mod manual;
mod new;
mod pending;
mod pipelines;
mod plan;
mod report;
mod reports;
mod rerun;
mod role;
mod roles;
mod run;
mod screen;
mod signals;
mod terminal;
mod values;
mod whoami;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser as _};

use args::{Cli, Command, Schema};
use exit::Exit;

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    crash::seal();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            let failed = error.use_stderr();
            let text = error.render().to_string();
            match failed {
                true => terminal::complain(&text),
                false => terminal::print(&text),
            }
            return if failed { Exit::Usage } else { arrived(Exit::Passed) }.into();
        }
    };
    let exit = match cli.command {
        None => run::run(cli.run),
        Some(Command::Run(run)) => run::run(run),
        Some(Command::Check(check)) => check::check(&check),
        Some(Command::Plan(args)) => plan::plan(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Whoami(args)) => whoami::whoami(&args),
        Some(Command::Token(args)) => whoami::token(&args),
        Some(Command::Doctor(args)) => doctor::doctor(&args),
        Some(Command::Can(args)) => can::can(&args),
        Some(Command::Roles(args)) => roles::roles(&args),
        Some(Command::Emulate(emulate)) => return emulate::emulate(&emulate),
        Some(Command::New(args)) => new::new(&args),
        Some(Command::Schema { of }) => schema(of),
        Some(Command::Explain { code }) => explain::explain(&code),
        Some(Command::Completions { shell }) => manual::completions(shell),
        Some(Command::Man) => manual::man(),
    };
    arrived(exit).into()
}

/// Reads the command line and the environment: a variable that is set but empty, as pipelines do, is not set.
fn parse() -> Result<Cli, clap::Error> {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let is_named = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("MI_RUN_"));
    if !std::env::vars_os().any(|(name, value)| is_named(&name) && value.is_empty()) {
        return Cli::try_parse();
    }
    let forget = |arg: Arg| if arg.get_env().is_some_and(is_empty) { arg.env(None) } else { arg };
    let command = Cli::command().mut_args(forget).mut_subcommands(|command| command.mut_args(forget));
    Cli::from_arg_matches(&command.try_get_matches()?)
}

/// Ends as the command does, unless what it printed did not arrive.
fn arrived(exit: Exit) -> Exit {
    let Some(why) = terminal::lost() else { return exit };
    terminal::complain(&format!("error: not all could be written to stdout: {why}\n"));
    if exit == Exit::Passed { Exit::Errored } else { exit }
}

/// Prints a JSON Schema: as it was generated from the types, which a test holds.
fn schema(of: Schema) -> Exit {
    terminal::print(match of {
        Schema::Playbook => include_str!("../../schemas/playbook.schema.json"),
        Schema::World => include_str!("../../schemas/world.schema.json"),
        Schema::Report => include_str!("../../schemas/report.schema.json"),
        Schema::Event => include_str!("../../schemas/event.schema.json"),
    });
    Exit::Passed
}
