//! Files that are read: playbooks and values, each refusal told as a diagnostic.

use std::io;
use std::path::Path;

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::nearest::nearest;
use mi_run::source::{LARGEST, Source, SourceId, Sources, Unreadable};

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
    let metadata = std::fs::metadata(path).map_err(|error| Box::new(missing(path, name, &error)))?;
    if metadata.is_dir() {
        let diagnostic = unreadable(format!("`{name}` is a folder"));
        return Err(Box::new(
            diagnostic.help(format!("name the files in it: `{}/*.yaml`", name.trim_end_matches('/'))),
        ));
    }
    if metadata.len() > LARGEST as u64 {
        return Err(Box::new(refused(name, &Unreadable::TooLarge(metadata.len() as usize))));
    }
    let bytes =
        std::fs::read(path).map_err(|error| Box::new(unreadable(format!("`{name}` cannot be read: {error}"))))?;
    Source::from_bytes(name, bytes).map_err(|why| Box::new(refused(name, &why)))
}

fn missing(path: &Path, name: &str, error: &io::Error) -> Diagnostic {
    if error.kind() != io::ErrorKind::NotFound {
        return Diagnostic::error("unreadable-file", format!("`{name}` cannot be read: {error}"));
    }
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
        Unreadable::TooLarge(bytes) => {
            Diagnostic::error("file-too-large", format!("`{name}` is too large: {} MiB", bytes >> 20))
                .note(format!("at most {} MiB are read", LARGEST >> 20))
        }
        Unreadable::Binary(offset) => Diagnostic::error("not-text", format!("`{name}` is a binary file"))
            .note(format!("byte {offset} is zero, which no text holds")),
        Unreadable::NotUtf8 { offset, line } => Diagnostic::error("not-text", format!("`{name}` is not UTF-8"))
            .note(format!("line {line} holds bytes that are not UTF-8 (byte {offset} of the file)"))
            .help("save it as UTF-8"),
    }
}
