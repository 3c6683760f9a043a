//! A fresh folder for one test, removed when it goes out of scope, and the folder of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The folder that holds `Cargo.toml`.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of its own: `work` is where commands run, `temp` is what they are told is the temporary folder.
pub(crate) struct Folder {
    root: PathBuf,
    pub(crate) work: PathBuf,
    pub(crate) temp: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Result<Folder, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = std::env::temp_dir();
        let base = base.canonicalize().unwrap_or(base);
        let root = base.join(format!("mi-run-it-{}-{number}", std::process::id()));
        let folder = Folder { work: root.join("work"), temp: root.join("temp"), root };
        for path in [&folder.work, &folder.temp] {
            fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(folder)
    }

    /// Writes a file under `work`, with the folders on the way to it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.work.join(name);
        let parent = path.parent().unwrap_or(&self.work);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes)).map_err(|error| format!("{name}: {error}"))
    }

    /// The names of the files under `work`.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.work).expect("a folder").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder, which is not worth failing a test for.
        let _ = fs::remove_dir_all(&self.root);
    }
}
