//! The command line as clap reads it.

mod can;
mod emulate;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mi_run::event::Shard;

pub(crate) use can::{Asking, Azure, Can, Token, Who, Whoami};
pub(crate) use emulate::Emulate;

/// Runs playbooks against Azure Resource Manager with managed-identity tokens, and says what holds.
#[derive(Debug, Parser)]
#[command(
    name = "mi-run",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
#[command(override_usage = "mi-run [OPTIONS] PLAYBOOK...\n       mi-run COMMAND")]
#[command(
    after_help = "Exit codes: 0 all passed · 1 something failed · 2 wrong command line · 3 a playbook, world or \
                        vars file is invalid · 4 something errored · 130 interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// What to do other than to run playbooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run playbooks: the same as `mi-run PLAYBOOK...`
    Run(Run),
    /// Say everything that can be known without the network: all problems in one go
    Check(Check),
    /// Say what would run, in which order, waiting for what; no network
    Plan(Plan),
    /// Tell runs again from their reports, make one of several, or say what changed between two
    Report(Report),
    /// Serve the emulator on loopback until interrupted, or until a command that runs against it ends
    Emulate(Emulate),
    /// Write a commented playbook to start from, or a world
    New(New),
    /// Say which source of tokens there is, which identity, what its token says, and what machine this is
    Whoami(Whoami),
    /// Say why it does not work here: every cause that is known, looked into one by one
    Doctor(Whoami),
    /// Print a token
    Token(Token),
    /// Say whether an identity may do something at a scope, and what grants it or what would; exit 0 yes, 1 no
    Can(Can),
    /// List the built-in roles, those that grant something, or show one
    Roles(Roles),
    /// Print a JSON Schema
    Schema {
        /// Of what
        #[arg(value_name = "WHAT")]
        of: Schema,
    },
    /// Say what the code of a diagnostic means
    Explain {
        /// The word in brackets behind `error`
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Print what a shell completes this command line with
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// How to run playbooks.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The playbooks to run
    #[arg(value_name = "PLAYBOOK", required_unless_present = "rerun_failed")]
    pub(crate) playbooks: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Write a report: console, html, markdown, json, jsonl, junit, tap, sarif, har, curl, github, azure-pipelines; to stdout
    /// without PATH; otlp=URL sends traces
    #[arg(long = "report", value_name = "FORMAT[=PATH]", env = "MI_RUN_REPORT")]
    pub(crate) reports: Vec<String>,
    /// Tell GitHub Actions and Azure Pipelines in their own way too, when run by one: auto, off
    #[arg(long, value_name = "WHEN", env = "MI_RUN_CI", default_value = "auto", value_parser = ci)]
    pub(crate) ci: Ci,
    #[command(flatten)]
    pub(crate) azure: Azure,
    #[command(flatten)]
    pub(crate) who: Who,
    /// How many steps may send at a time; 1 is strictly one after the other
    #[arg(long, short, value_name = "N", env = "MI_RUN_JOBS", default_value_t = 8, value_parser = at_least_one)]
    pub(crate) jobs: usize,
    /// Begin nothing more once a step failed; the cleanup runs
    #[arg(long, env = "MI_RUN_FAIL_FAST", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) fail_fast: bool,
    /// Let what passes for want of trying be an error
    #[arg(long, env = "MI_RUN_STRICT", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) strict: bool,
    /// Stop the steps after this time; the cleanup runs
    #[arg(long, value_name = "DURATION", env = "MI_RUN_TIMEOUT", value_parser = some_time)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Run only a part of the playbooks, such as 2/5: the second of five parts, the same each time
    #[arg(long, value_name = "N/M", env = "MI_RUN_SHARD")]
    pub(crate) shard: Option<Shard>,
    /// Run only what did not pass in this report, and what that needs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "shard"])]
    pub(crate) rerun_failed: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: Root,
    /// Tell only what went wrong
    #[arg(long, short, env = "MI_RUN_QUIET", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// Tell every attempt and every assertion too
    #[arg(long, short, conflicts_with = "quiet", env = "MI_RUN_VERBOSE", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,
    /// Send `traceparent` with each request of a step, so that it belongs to the trace of the run
    #[arg(long, env = "MI_RUN_TRACEPARENT", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) traceparent: bool,
    /// Show each request and its answer on stderr, redacted
    #[arg(long, env = "MI_RUN_SHOW_HTTP", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) show_http: bool,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// What inputs and variables are given.
#[derive(Debug, Args)]
pub(crate) struct Values {
    /// Give an input or variable its value; NAME:=JSON gives JSON
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// Read values from a YAML or JSON file
    #[arg(long = "vars-file", value_name = "FILE", env = "MI_RUN_VARS_FILE")]
    pub(crate) vars_files: Vec<PathBuf>,
}

/// Which steps.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Run only the steps with this tag, id or name (`*` for any text), and those they need
    #[arg(long, value_name = "PATTERN", env = "MI_RUN_ONLY")]
    pub(crate) only: Vec<String>,
    /// Leave out the steps with this tag, id or name (`*` for any text)
    #[arg(long, value_name = "PATTERN", env = "MI_RUN_SKIP")]
    pub(crate) skip: Vec<String>,
}

/// What of this machine playbooks may use.
#[derive(Debug, Args)]
pub(crate) struct Root {
    /// The folder that included playbooks and other files must stay in; the playbook's own without it
    #[arg(long = "root", value_name = "DIR", env = "MI_RUN_ROOT")]
    pub(crate) folder: Option<PathBuf>,
    /// Let playbooks use nothing of this machine: no other file, no variable of the environment, no program
    #[arg(long, env = "MI_RUN_NO_FILES", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) no_files: bool,
}

impl Root {
    /// A variable of the environment that a playbook names.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        if self.no_files { None } else { std::env::var(name).ok() }
    }
}

/// Whether a pipeline is told in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ci {
    /// Where there is one.
    Auto,
    /// Never.
    Off,
}

/// Set but empty, as pipelines do, is not set.
fn ci(text: &str) -> Result<Ci, String> {
    match text {
        "" | "auto" => Ok(Ci::Auto),
        "off" => Ok(Ci::Off),
        _ => Err("`auto` or `off` is expected".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|jobs| *jobs > 0).ok_or_else(|| "a whole number above 0 is expected".to_owned())
}

fn some_time(text: &str) -> Result<Duration, String> {
    let time = mi_run::moment::parse_duration(text).map_err(str::to_owned)?;
    if time.is_zero() { Err("no time at all, in which nothing could run".to_owned()) } else { Ok(time) }
}

/// How to check playbooks.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The playbooks to check
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub(crate) playbooks: Vec<PathBuf>,
    /// Say nothing when all is well
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Let warnings count as errors
    #[arg(long, env = "MI_RUN_STRICT", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) root: Root,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// Which reports, and what of them.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The reports of runs, as `--report json` or `--report jsonl` wrote them
    #[arg(value_name = "FILE", required_unless_present = "compare")]
    pub(crate) files: Vec<PathBuf>,
    /// Say what changed from one run to another; exit 1 when something fails that did not, or access is not what it was
    #[arg(long, value_names = ["OLD", "NEW"], num_args = 2, conflicts_with_all = ["files", "reports"])]
    pub(crate) compare: Vec<PathBuf>,
    /// Write a report: console, curl, har, html, json, jsonl, junit, markdown; without PATH to stdout
    #[arg(long = "report", value_name = "FORMAT[=PATH]")]
    pub(crate) reports: Vec<String>,
    /// How to write what changed
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text)]
    pub(crate) format: Output,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// How to look ahead.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The playbooks to look at
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub(crate) playbooks: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Say instead which role the playbooks need
    ///
    /// The operations of Resource Manager that their requests perform, step by step; the role definition that grants exactly
    /// those; for each scope the smallest built-in roles that cover them; and what cannot be told before it runs. With
    /// `--format json` only the role definition, as `az role definition create --role-definition FILE` takes it. Where the
    /// playbooks use several identities, `--role=IDENTITY` says which, such as `system` or `client_id ID`. Steps that expect
    /// `denied` are left out.
    #[arg(long, value_name = "IDENTITY", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) role: Option<String>,
    /// How to write it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) root: Root,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// How to write a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people
    Text,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid
    Mermaid,
    /// For programs
    Json,
}

/// Which roles.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Roles {
    #[command(subcommand)]
    pub(crate) command: Option<RolesCommand>,
    /// A name or an id, which shows that role; or a part of names
    #[arg(value_name = "NAME", conflicts_with_all = ["granting", "granting_data"])]
    pub(crate) name: Option<String>,
    /// Only the roles that grant this action, or every action of this pattern; the narrowest first
    #[arg(long, value_name = "ACTION")]
    pub(crate) granting: Vec<String>,
    /// The same for a data action
    #[arg(long, value_name = "ACTION")]
    pub(crate) granting_data: Vec<String>,
    /// How to write it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text, global = true)]
    pub(crate) format: Output,
    #[command(flatten)]
    pub(crate) look: Look,
}

/// What to do with roles other than to list them.
#[derive(Debug, Subcommand)]
pub(crate) enum RolesCommand {
    /// Say what one role grants that another does not; exit 1 when there is anything
    Diff {
        /// A name or an id
        #[arg(value_name = "ROLE")]
        one: String,
        /// The role that it is compared with
        #[arg(value_name = "OTHER")]
        other: String,
    },
}

/// How to write what a command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// A world of the emulator, not a playbook
    #[arg(long)]
    pub(crate) world: bool,
    /// The new file; stdout without it
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// How things look.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Look {
    /// When to use colours
    #[arg(long, value_name = "WHEN", env = "MI_RUN_COLOR", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// A playbook
    Playbook,
    /// A world of the emulator
    World,
    /// The JSON report
    Report,
    /// A line of the JSON Lines report
    Event,
}
