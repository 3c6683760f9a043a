//! The command line as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Serve the emulator on loopback until interrupted
    Emulate(Emulate),
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
}

/// How to run playbooks.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The playbooks to run
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub(crate) playbooks: Vec<PathBuf>,
    /// Give an input or variable its value; NAME:=JSON gives JSON
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// Read values from a YAML or JSON file
    #[arg(long = "vars-file", value_name = "FILE")]
    pub(crate) vars_files: Vec<PathBuf>,
    /// Start the emulator inside and run against it
    #[arg(long)]
    pub(crate) emulate: bool,
    /// Write a report: console, json, junit; without PATH to stdout
    #[arg(long = "report", value_name = "FORMAT[=PATH]")]
    pub(crate) reports: Vec<String>,
    /// Where Resource Manager is
    #[arg(long, value_name = "URL", env = "MI_RUN_ARM_ENDPOINT")]
    pub(crate) arm_endpoint: Option<String>,
    /// Where the instance metadata service is
    #[arg(long, value_name = "URL", env = "AZURE_POD_IDENTITY_AUTHORITY_HOST")]
    pub(crate) imds_endpoint: Option<String>,
    /// Trust the certificates in this file too
    #[arg(long, value_name = "PEM", env = "MI_RUN_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Tell only what went wrong
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Show each request and its answer on stderr, redacted
    #[arg(long)]
    pub(crate) show_http: bool,
    #[command(flatten)]
    pub(crate) look: Look,
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
    #[command(flatten)]
    pub(crate) look: Look,
}

/// Where the emulator listens.
#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// The port of the identity endpoint; a free one without it
    #[arg(long, value_name = "PORT")]
    pub(crate) imds_port: Option<u16>,
    /// The port of Resource Manager over https; a free one without it
    #[arg(long, value_name = "PORT")]
    pub(crate) arm_port: Option<u16>,
    /// The port of Resource Manager over http; a free one without it
    #[arg(long, value_name = "PORT")]
    pub(crate) arm_http_port: Option<u16>,
    /// The port of the authority; a free one without it
    #[arg(long, value_name = "PORT")]
    pub(crate) authority_port: Option<u16>,
}

/// How things look.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Look {
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
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
    /// The JSON report
    Report,
}
