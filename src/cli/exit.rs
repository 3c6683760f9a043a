//! Exit codes: what a pipeline learns without reading a word.

use std::process::ExitCode;

use mi_run::event::Outcome;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All passed, or was skipped.
    Passed,
    /// Something failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// A playbook, world or vars file is invalid.
    Invalid,
    /// Something could not be carried out.
    Errored,
    /// Somebody interrupted it.
    Interrupted,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Skipped | Outcome::Passed => Exit::Passed,
            Outcome::Failed => Exit::Failed,
            Outcome::Errored => Exit::Errored,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Invalid => 3,
            Exit::Errored => 4,
            Exit::Interrupted => 130,
        })
    }
}
