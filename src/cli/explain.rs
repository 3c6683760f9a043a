//! `mi-run explain CODE`.

use mi_run::diagnostic::explain::{CODES, paragraph};
use mi_run::nearest::nearest;

use super::exit::Exit;
use super::terminal::{complain, print};

/// Prints what a code means.
pub(crate) fn explain(code: &str) -> Exit {
    let code = code.trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches(']');
    if let Some(paragraph) = paragraph(code) {
        print(&format!("{code}\n\n{paragraph}\n"));
        return Exit::Passed;
    }
    let codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    let help = match nearest(code, codes.iter().copied()) {
        Some(near) => format!("a similar code exists: `{near}`"),
        None => format!("the codes are: {}", codes.join(", ")),
    };
    complain(&format!("error: no diagnostic has the code `{code}`\n  = help: {help}\n"));
    Exit::Usage
}
