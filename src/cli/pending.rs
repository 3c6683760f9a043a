//! A file that is written at the end of the run, and known to be writable before it begins; and one without a name, for what is
//! too much for memory until then.

use std::fs::{self, File, FileType};
use std::io::{self, BufRead as _, BufReader, BufWriter, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{SystemTime, UNIX_EPOCH};

use mi_run::event::{Spool, Store};
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
    to: To,
}

#[derive(Debug)]
enum To {
    /// A file beside the real one.
    Beside(Temporary),
    /// A pipe, whose reader may take its time: it is written to when all is known.
    Straight(Spool),
}

/// How a report ended that has to wait for its reader.
pub(super) type Written = oneshot::Receiver<io::Result<()>>;

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
            return Ok(Self { path: path.to_owned(), place, to: To::Straight(spool(Vec::new())) });
        }
        let place = resolve(path, LINKS)?;
        let beside = Temporary::beside(&place)?;
        if let Some(there) = there {
            // The file keeps being as private as it was.
            let _ = fs::set_permissions(&beside.path, there.permissions());
        }
        Ok(Self { path: path.to_owned(), place, to: To::Beside(beside) })
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
        matches!(self.to, To::Beside(_))
    }

    /// Changes the first lines of the file, where there is anything to change.
    ///
    /// # Errors
    /// When the file cannot be written or read.
    pub(super) fn mend(&mut self, lines: usize, change: &dyn Fn(&str) -> Option<String>) -> io::Result<()> {
        let To::Beside(beside) = &mut self.to else { return Ok(()) };
        beside.file.flush()?;
        let read = |path: &Path| File::open(path).map(|file| BufReader::new(file).lines());
        let mut first = read(&beside.path)?.take(lines);
        if !first.any(|line| line.is_ok_and(|line| change(&line).is_some())) {
            return Ok(());
        }
        let mut mended = Temporary::beside(&self.place)?;
        let _ = fs::set_permissions(&mended.path, fs::metadata(&beside.path)?.permissions());
        for (number, line) in read(&beside.path)?.enumerate() {
            let line = line?;
            let changed = if number < lines { change(&line) } else { None };
            writeln!(mended.file, "{}", changed.unwrap_or(line))?;
        }
        *beside = mended;
        Ok(())
    }

    /// Puts the file into its place. A pipe may have to wait for its reader: how that went comes later.
    ///
    /// # Errors
    /// When the file cannot be written or put into its place.
    pub(super) fn finish(self) -> io::Result<Option<Written>> {
        match self.to {
            To::Beside(mut beside) => {
                beside.file.flush()?;
                fs::rename(&beside.path, &self.place)?;
                Ok(None)
            }
            To::Straight(spool) => {
                let (sender, receiver) = oneshot::channel();
                std::thread::spawn(move || sender.send(straight(&self.path, |pipe| spool.pour(pipe))));
                Ok(Some(receiver))
            }
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Beside(beside) => beside.file.write(bytes),
            To::Straight(spool) => spool.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // The file is not there before its end.
        Ok(())
    }
}

impl Temporary {
    fn beside(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| Error::other("it names no file"))?.to_string_lossy();
        let path = place.with_file_name(unique(&name));
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

/// A name that no other file has.
fn unique(name: &str) -> String {
    // Together with the time: in containers the next process may well have the same id.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!(".{name}.{}-{now}.part", std::process::id())
}

/// A spool whose file is in the first of these folders that takes one, or in that for temporary files.
pub(super) fn spool(mut folders: Vec<PathBuf>) -> Spool {
    Spool::new(move || {
        folders.push(std::env::temp_dir());
        let made = folders.iter().find_map(|folder| nameless(folder).ok());
        made.map(|file| Box::new(file) as Box<dyn Store>).ok_or_else(|| Error::other("no folder takes a file"))
    })
}

/// A file that is gone when it is closed, however the program ends, and is nobody else's to read.
fn nameless(folder: &Path) -> io::Result<File> {
    let path = folder.join(unique("mi-run"));
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        options.custom_flags(DELETE_ON_CLOSE).share_mode(0);
    }
    let file = options.open(&path)?;
    #[cfg(not(windows))]
    fs::remove_file(&path)?;
    Ok(file)
}

/// Writes to a pipe or a terminal what comes, until nothing more does.
pub(super) fn pour(path: &Path, texts: Receiver<String>) -> io::Result<()> {
    straight(path, |pipe| texts.iter().try_for_each(|text| pipe.write_all(text.as_bytes())))
}

fn straight(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    match File::options().write(true).open(path).and_then(|mut pipe| write(&mut pipe)) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
