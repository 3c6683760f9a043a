//! `mi-run explain CODE`.

use mi_run::diagnostic::explain::{CODES, paragraph};
use mi_run::nearest::nearest;

use super::exit::Exit;
use super::terminal::{complain, print};

/// Prints what a code means.
pub(crate) fn explain(code: &str) -> Exit {
    // As it was copied from a message.
    let code = code.split_once('[').map_or(code, |(_, rest)| rest.split(']').next().unwrap_or(rest));
    if let Some(paragraph) = paragraph(code) {
        print(&format!("{code}\n\n{paragraph}\n"));
        return Exit::Passed;
    }
    let mut codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    let help = match nearest(code, codes.iter().copied()) {
        Some(near) => format!("help: a similar code exists: `{near}`"),
        None => format!("note: the codes are: {}", codes.join(", ")),
    };
    complain(&format!("error: no diagnostic has the code `{code}`\n  = {help}\n"));
    Exit::Usage
}
