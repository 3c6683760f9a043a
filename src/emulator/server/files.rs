//! The files that clients need beside the sockets, in a folder of their own; all are gone when this is dropped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};

use crate::emulator::guid::hex;
use crate::emulator::world::Host;

/// Where clients of Azure Arc insist that the agent's keys are.
const ARC_FOLDER: &str = "/var/opt/azcmagent/tokens";

/// The folder, and what was written into it or elsewhere.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    arc: Option<PathBuf>,
    written: Mutex<Vec<PathBuf>>,
}

impl Files {
    /// Makes a new folder that only this user can enter.
    pub(super) fn prepare(random: &SystemRandom, host: Host) -> std::io::Result<Files> {
        let mut unique = [0u8; 8];
        random.fill(&mut unique).map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
        let folder = std::env::temp_dir().join(format!("mi-run-{}", hex(&unique)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let arc = (host == Host::Arc).then(|| match std::fs::create_dir_all(ARC_FOLDER) {
            Ok(()) => PathBuf::from(ARC_FOLDER),
            // Clients that only look at what the challenge names find it here too.
            Err(_) => folder.clone(),
        });
        Ok(Files { folder, arc, written: Mutex::default() })
    }

    /// Writes a file, which only this user can read.
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> std::io::Result<()> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(content)
    }

    /// Writes a file that takes the place of the last one of its kind.
    pub(super) fn replace(&self, path: &Path, content: &[u8]) -> std::io::Result<()> {
        {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.retain(|old| {
                let is_older = old.extension() == path.extension();
                if is_older {
                    let _ = std::fs::remove_file(old);
                }
                !is_older
            });
        }
        self.write(path, content)
    }

    /// The certificate to trust.
    pub(super) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The assertion of a workload.
    pub(super) fn assertion(&self) -> PathBuf {
        self.folder.join("azure-identity-token")
    }

    /// Where the keys of an Arc agent are.
    pub(super) fn arc(&self) -> Option<&Path> {
        self.arc.as_deref()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // Nothing can be done about a file that does not go away.
        for path in self.written.get_mut().unwrap_or_else(PoisonError::into_inner) {
            let _ = std::fs::remove_file(path);
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}
