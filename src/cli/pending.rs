//! A file that is written at the end of the run, and known to be writable before it begins.

use std::fs::{self, File, FileType};
use std::io::{self, BufWriter, Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

/// How many links may point to each other.
const LINKS: usize = 40;

/// A file that will be there whole, or not at all. A pipe or a terminal is written straight to.
#[derive(Debug)]
pub(super) struct Pending {
    /// As it was given.
    path: PathBuf,
    /// Where that is, links followed.
    place: PathBuf,
    beside: Option<Temporary>,
}

/// The file that becomes the real one by a rename.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is none.
        let _ = fs::remove_file(&self.path);
    }
}

impl Pending {
    /// Finds out where the file goes and begins it.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path).ok();
        let kind = there.as_ref().map(fs::Metadata::file_type);
        if kind.is_some_and(|kind| kind.is_dir()) || path.as_os_str().to_string_lossy().ends_with(['/', '\\']) {
            return Err(Error::other("it is a folder"));
        }
        if let Some(kind) = kind.filter(|kind| !kind.is_file()) {
            if !takes_text(kind) {
                return Err(Error::other("it is neither a file nor a pipe"));
            }
            // The name behind `/dev/fd/3` is no path.
            let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            return Ok(Self { path: path.to_owned(), place, beside: None });
        }
        let place = resolve(path, LINKS)?;
        let beside = Temporary::beside(&place)?;
        if let Some(there) = there {
            // The file keeps being as private as it was.
            let _ = fs::set_permissions(&beside.path, there.permissions());
        }
        Ok(Self { path: path.to_owned(), place, beside: Some(beside) })
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the path leads to, the same for all paths that lead there.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Whether it is a file that is put into its place at the end.
    pub(super) fn is_file(&self) -> bool {
        self.beside.is_some()
    }

    /// Writes more of the file. Of a pipe nothing is written before its end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn append(&mut self, text: &str) -> io::Result<()> {
        self.beside.as_mut().map_or(Ok(()), |beside| beside.file.write_all(text.as_bytes()))
    }

    /// Writes more of the file, piece by piece.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn stream(&mut self, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
        self.beside.as_mut().map_or(Ok(()), |beside| write(&mut beside.file))
    }

    /// Writes the file. A pipe may have to wait for its reader: how that went comes later.
    ///
    /// # Errors
    /// When the file cannot be written or put into its place.
    pub(super) fn finish(self, text: String) -> io::Result<Option<oneshot::Receiver<io::Result<()>>>> {
        let Some(mut beside) = self.beside else {
            let (sender, receiver) = oneshot::channel();
            std::thread::spawn(move || sender.send(straight(&self.path, text)));
            return Ok(Some(receiver));
        };
        beside.file.write_all(text.as_bytes())?;
        beside.file.flush()?;
        fs::rename(&beside.path, &self.place)?;
        Ok(None)
    }
}

impl Temporary {
    fn beside(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| Error::other("it names no file"))?.to_string_lossy();
        // Together with the time: in containers the next process may well have the same id.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = place.with_file_name(format!(".{name}.{}-{now}.part", std::process::id()));
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Self { path, file: BufWriter::new(file) })
    }
}

/// The path with all links followed, also when the file is not there yet.
fn resolve(path: &Path, links: usize) -> io::Result<PathBuf> {
    let absent = |error: &Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    match fs::canonicalize(path) {
        Err(error) if absent(&error) => {}
        found => return found,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(target) = fs::read_link(path) {
        let links = links.checked_sub(1).ok_or_else(|| Error::other("its links go round in a circle"))?;
        return resolve(&folder.join(target), links);
    }
    let name = path.file_name().ok_or_else(|| Error::other("it names no file"))?;
    match fs::canonicalize(folder) {
        Ok(folder) if folder.is_dir() => Ok(folder.join(name)),
        Err(error) if !absent(&error) => Err(error),
        _ => Err(Error::other(format!("there is no folder `{}`", folder.display()))),
    }
}

/// Whether text can be written to what is neither a file nor a folder.
#[cfg(unix)]
fn takes_text(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_fifo() || kind.is_char_device()
}

/// Whether text can be written to what is neither a file nor a folder.
#[cfg(not(unix))]
fn takes_text(_: FileType) -> bool {
    true
}

/// Writes to a pipe or a terminal what comes, until nothing more does.
pub(super) fn pour(path: &Path, texts: Receiver<String>) -> io::Result<()> {
    let written = File::options()
        .write(true)
        .open(path)
        .and_then(|mut file| texts.iter().try_for_each(|text| file.write_all(text.as_bytes())));
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn straight(path: &Path, text: String) -> io::Result<()> {
    let (sender, texts) = std::sync::mpsc::channel();
    // There is somebody who takes it: this function.
    let _ = sender.send(text);
    drop(sender);
    pour(path, texts)
}
