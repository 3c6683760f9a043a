//! Files that are read: playbooks, values and bodies.

use std::fs::File;
use std::io::{self, Error, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use mi_run::diagnostic::{Diagnostic, Diagnostics};
use mi_run::http::LARGEST_BODY;
use mi_run::nearest::nearest;
use mi_run::plan::Opener;
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
    if !metadata.is_file() && !is_own(path) {
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

/// The bytes of a file that must stand in a folder.
///
/// # Errors
/// As for [`bytes`], and when the file stands elsewhere.
pub(crate) fn inside(root: &Path, file: &Path) -> io::Result<Vec<u8>> {
    bytes(&standing(root, file)?, LARGEST_BODY)
}

/// Where a file is, links followed: in a folder, or not at all.
fn standing(root: &Path, file: &Path) -> io::Result<PathBuf> {
    let root = folder_or_here(root).canonicalize()?;
    let found = file.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::new(ErrorKind::NotFound, "there is no such file"),
        _ => error,
    })?;
    if found.starts_with(&root) {
        return Ok(found);
    }
    let why = "it stands outside of the playbook's folder, and `--root DIR` names no other";
    Err(Error::new(ErrorKind::PermissionDenied, why))
}

/// The folder that the files of a playbook must stay in.
pub(crate) fn root(option: Option<&Path>, playbook: &Path) -> PathBuf {
    option.map_or_else(|| folder_of(playbook).to_owned(), Path::to_owned)
}

/// Why a file that a playbook names is not read.
const CLOSED: &str = "`--no-files` lets a playbook read no other file";

/// Reads nothing: the other [`inside`].
pub(crate) fn none(_: &Path, _: &Path) -> io::Result<Vec<u8>> {
    Err(Error::new(ErrorKind::PermissionDenied, CLOSED))
}

/// Finds and reads included playbooks.
pub(crate) enum Includes {
    /// Those in this folder.
    In(PathBuf),
    /// None.
    None,
}

impl Opener for Includes {
    fn locate(&self, from: &str, written: &str) -> Result<PathBuf, String> {
        match self {
            Includes::In(root) => standing(root, &folder_of(Path::new(from)).join(written)),
            Includes::None => Err(Error::new(ErrorKind::PermissionDenied, CLOSED)),
        }
        .map_err(|error| error.to_string())
    }

    fn open(&self, file: &Path, name: &str, sources: &mut Sources) -> Result<SourceId, Box<Diagnostic>> {
        read(file, name).map(|source| sources.add(source))
    }
}

/// Whether a path names what the program was started with: its standard input, or what a shell puts for `<(…)`.
fn is_own(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd")
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
    let commands = ["run", "check", "plan", "emulate", "new", "schema", "explain"];
    let command = nearest(name, commands).map(|command| format!("a similar command exists: `mi-run {command}`"));
    let near = similar(path).map(|near| format!("a similar file exists: `{}`", path.with_file_name(near).display()));
    let folder = folder_of(path);
    let diagnostic = if folder.is_dir() {
        diagnostic
    } else {
        diagnostic.note(format!("there is no folder `{}`", folder.display()))
    };
    diagnostic.maybe_help(command).maybe_help(near)
}

/// The name of the file beside `path` that was probably meant: one with a similar name, or a YAML file with a similar
/// name before the dot.
fn similar(path: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder_of(path)).ok()?.flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // A folder is read in no order, and the first of equals is taken.
    names.sort();
    let wanted = path.file_name()?.to_str()?;
    let whole = nearest(wanted, names.iter().map(String::as_str));
    let stem = || {
        let stems = |name: &str| ENDINGS.iter().find_map(|ending| name.strip_suffix(ending).map(str::to_owned));
        let stems: Vec<String> = names.iter().filter_map(|name| stems(name)).collect();
        let wanted = wanted.rsplit_once('.').map_or(wanted, |(stem, _)| stem);
        let near = nearest(wanted, stems.iter().map(String::as_str))?;
        names
            .iter()
            .map(String::as_str)
            .find(|name| ENDINGS.iter().any(|ending| name.strip_suffix(ending) == Some(near)))
    };
    whole.or_else(stem).map(str::to_owned)
}

fn folder_of(path: &Path) -> &Path {
    folder_or_here(path.parent().unwrap_or(Path::new("")))
}

fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// How the names of playbooks and values end.
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];

fn refused(name: &str, why: &Unreadable) -> Diagnostic {
    match why {
        Unreadable::TooLarge(_) => Diagnostic::error("file-too-large", format!("`{name}` is too large"))
            .note(format!("at most {} MiB are read", LARGEST >> 20)),
        Unreadable::Utf16 => {
            Diagnostic::error("not-text", format!("`{name}` is UTF-16, not UTF-8")).help("save it as UTF-8")
        }
        Unreadable::Binary(offset) => Diagnostic::error("not-text", format!("`{name}` is a binary file"))
            .note(format!("byte {offset} is zero, which no text holds")),
        Unreadable::NotUtf8 { offset, line } => Diagnostic::error("not-text", format!("`{name}` is not UTF-8"))
            .note(format!("line {line} holds bytes that are not UTF-8 (byte {offset} of the file)"))
            .help("save it as UTF-8"),
    }
}
