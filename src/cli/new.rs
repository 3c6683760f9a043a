//! `mi-run new`: something to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::args::New;
use super::exit::Exit;
use super::terminal::{complain, print};

/// A playbook with a comment on everything that is not plain.
pub(crate) const PLAYBOOK: &str = include_str!("new/playbook.yaml");

/// A world with the same.
pub(crate) const WORLD: &str = include_str!("new/world.yaml");

/// Writes what was asked for to a new file, or to stdout.
pub(crate) fn new(args: &New) -> Exit {
    let text = if args.world { WORLD } else { PLAYBOOK };
    let written = match &args.file {
        None => {
            print(text);
            Ok(())
        }
        Some(path) => write(text, path),
    };
    match written {
        Ok(()) => {
            if let Some(path) = &args.file {
                let path = path.display();
                complain(&match args.world {
                    true => format!("`{path}` is there: `mi-run emulate {path}` serves it\n"),
                    false => format!("`{path}` is there: `mi-run {path} --emulate` runs it without a network\n"),
                });
            }
            Exit::Passed
        }
        Err(why) => {
            complain(&format!("error: {why}\n"));
            Exit::Usage
        }
    }
}

fn write(text: &str, path: &Path) -> Result<(), String> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("`{}` is there already, and nothing is written over", path.display()),
        _ => format!("`{}` cannot be written: {error}", path.display()),
    })
}
