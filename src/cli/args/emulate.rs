//! The command line of the emulator.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Look;

/// What the emulator serves, where it listens, and for whom.
#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// The file of the world; without it the one of the quickstart
    #[arg(value_name = "WORLD")]
    pub(crate) world: Option<PathBuf>,
    /// Run this command with its environment set so that Azure clients find the emulator, and end with it
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    /// Print each request on stderr: who asked, the operation, the decision and why
    #[arg(long)]
    pub(crate) log: bool,
    /// Let the emulator's time begin here, such as 2026-01-05T10:00:00Z; now without it
    #[arg(long, value_name = "TIME")]
    pub(crate) clock: Option<String>,
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
    /// The port of the control endpoint; a free one without it
    #[arg(long, value_name = "PORT")]
    pub(crate) control_port: Option<u16>,
    #[command(flatten)]
    pub(crate) look: Look,
}
