//! Files that are read: playbooks, values and bodies.

use std::fs::File;
use std::io::{self, Error, ErrorKind, Read as _};
use std::path::Path;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::nearest::nearest;
use mi_run::source::{LARGEST, Source, SourceId, Sources, Unreadable};

/// The bytes of a regular file, if they are no more than `most`. A pipe could keep everybody waiting.
///
/// # Errors
/// When there is no such file, or it is something else, or too large, or cannot be read.
pub(crate) fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a pipe or a device, and only files are read"));
    }
    let too_large = || Error::new(ErrorKind::FileTooLarge, format!("at most {} MiB are read", most >> 20));
    if metadata.len() > most as u64 {
        return Err(too_large());
    }
    // The size is only what it was: files grow, and those of `/proc` have none.
    let mut bytes = Vec::new();
    File::open(path)?.take((most as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a file as a source.
pub(crate) fn open(path: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<SourceId> {
    let name = path.display().to_string();
    match read(path, &name) {
        Ok(source) => Some(sources.add(source)),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    }
}

fn read(path: &Path, name: &str) -> Result<Source, Box<Diagnostic>> {
    let unreadable = |title: String| Diagnostic::error("unreadable-file", title);
    let bytes = bytes(path, LARGEST).map_err(|error| {
        Box::new(match error.kind() {
            ErrorKind::NotFound => missing(path, name),
            ErrorKind::IsADirectory => unreadable(format!("`{name}` is a folder"))
                .help(format!("name the files in it: `{}/*.yaml`", name.trim_end_matches('/'))),
            ErrorKind::FileTooLarge => {
                Diagnostic::error("file-too-large", format!("`{name}` is too large")).note(error.to_string())
            }
            _ => unreadable(format!("`{name}` cannot be read")).note(error.to_string()),
        })
    })?;
    Source::from_bytes(name, bytes).map_err(|why| Box::new(refused(name, &why)))
}

fn missing(path: &Path, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("unreadable-file", format!("there is no file `{name}`"));
    let commands = ["run", "check", "emulate", "schema", "explain"];
    if let Some(command) = nearest(name, commands) {
        return diagnostic.help(format!("a similar command exists: `mi-run {command}`"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let near = nearest(&wanted, names.iter().map(String::as_str));
    diagnostic.maybe_help(near.map(|near| format!("a similar file exists: `{}`", path.with_file_name(near).display())))
}

fn refused(name: &str, why: &Unreadable) -> Diagnostic {
    match why {
        Unreadable::TooLarge(_) => Diagnostic::error("file-too-large", format!("`{name}` is too large"))
            .note(format!("at most {} MiB are read", LARGEST >> 20)),
        Unreadable::Binary(offset) => Diagnostic::error("not-text", format!("`{name}` is a binary file"))
            .note(format!("byte {offset} is zero, which no text holds")),
        Unreadable::NotUtf8 { offset, line } => Diagnostic::error("not-text", format!("`{name}` is not UTF-8"))
            .note(format!("line {line} holds bytes that are not UTF-8 (byte {offset} of the file)"))
            .help("save it as UTF-8"),
    }
}
