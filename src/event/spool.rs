//! What a long run leaves behind, as bytes: in memory while it is little, in a file when it is much.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How much lies in memory before it goes into the file.
const ROOM: usize = 4 << 20;

/// How much is read from the file at once.
const PAGE: usize = 64 << 10;

/// Where much is put: a file, for whoever has files.
pub trait Store: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Store for T {}

type Make = Box<dyn FnOnce() -> io::Result<Box<dyn Store>> + Send>;

/// Bytes in the order in which they came. What cannot be put into the file stays in memory, so that nothing is lost.
#[derive(Default)]
pub struct Spool {
    /// What comes behind what is in the file.
    memory: Vec<u8>,
    /// How much is in the file.
    stored: u64,
    /// How much may lie in memory when there is a file.
    room: usize,
    file: Option<Box<dyn Store>>,
    /// Makes the file, until it was tried.
    make: Option<Make>,
    /// A part of the file, and where it begins.
    page: Vec<u8>,
    page_at: u64,
}

impl Spool {
    /// A spool whose file is made when it comes to that. One that is made by `default` stays in memory.
    pub fn new(make: impl FnOnce() -> io::Result<Box<dyn Store>> + Send + 'static) -> Self {
        Self { room: ROOM, make: Some(Box::new(make)), ..Self::default() }
    }

    /// How many bytes there are.
    pub fn end(&self) -> u64 {
        self.stored + self.memory.len() as u64
    }

    /// Puts bytes behind all others. They lie together, and are read together.
    pub fn append(&mut self, bytes: &[u8]) {
        self.memory.extend_from_slice(bytes);
        if self.memory.len() >= self.room && (self.file.is_some() || self.make.is_some()) {
            self.store();
        }
    }

    fn store(&mut self) {
        if let Some(make) = self.make.take() {
            self.file = make().ok();
        }
        let Some(file) = &mut self.file else { return };
        let written = file.seek(SeekFrom::Start(self.stored)).and_then(|_| file.write_all(&self.memory));
        if written.and_then(|()| file.flush()).is_ok() {
            self.stored += self.memory.len() as u64;
            self.memory.clear();
        }
    }

    /// The bytes of what was put there together.
    ///
    /// # Errors
    /// When the file cannot be read, or there are none.
    pub fn read(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let (bytes, start) = match at.checked_sub(self.stored) {
            Some(start) => (&self.memory, start),
            None => {
                self.turn(at, length)?;
                (&self.page, at - self.page_at)
            }
        };
        let start = start as usize;
        bytes.get(start..start + length).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Turns to a page that holds these bytes of the file.
    fn turn(&mut self, at: u64, length: usize) -> io::Result<()> {
        let is_there = at >= self.page_at && at + length as u64 <= self.page_at + self.page.len() as u64;
        let Some(file) = self.file.as_mut().filter(|_| !is_there) else { return Ok(()) };
        self.page.clear();
        self.page_at = at;
        file.seek(SeekFrom::Start(at))?;
        let wanted = (self.stored - at).min(PAGE.max(length) as u64);
        file.take(wanted).read_to_end(&mut self.page).map(|_| ())
    }

    /// Hands all of it on, in order.
    ///
    /// # Errors
    /// When the file cannot be read, or what takes it does not.
    pub fn pour(mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.rewind()?;
            io::copy(&mut file.take(self.stored), out)?;
        }
        out.write_all(&self.memory)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Spool").field("stored", &self.stored).field("memory", &self.memory.len()).finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file that has so much room, and cannot be read any more when it is told so.
    pub(in crate::event) struct Disk {
        bytes: Cursor<Vec<u8>>,
        room: usize,
        unreadable: bool,
    }

    impl Read for Disk {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            if self.unreadable { Err(io::Error::other("the disk is gone")) } else { self.bytes.read(bytes) }
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.room.saturating_sub(self.bytes.position() as usize).min(bytes.len());
            if left == 0 { Err(io::ErrorKind::StorageFull.into()) } else { self.bytes.write(&bytes[..left]) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(to)
        }
    }

    /// A spool that keeps little in memory, on a disk with so much room.
    pub(in crate::event) fn on_disk(room: usize, unreadable: bool) -> Spool {
        let disk = Disk { bytes: Cursor::default(), room, unreadable };
        Spool { room: 100, ..Spool::new(move || Ok(Box::new(disk))) }
    }

    #[test]
    fn what_was_put_there_is_read_wherever_it_lies() {
        let nowhere = || Spool { room: 100, ..Spool::new(|| Err(io::ErrorKind::ReadOnlyFilesystem.into())) };
        for mut spool in
            [Spool::default(), nowhere(), on_disk(0, false), on_disk(1_000, false), on_disk(1 << 30, false)]
        {
            let texts: Vec<Vec<u8>> = (0..300_usize).map(|number| vec![number as u8; number * number % 977]).collect();
            let mut places = Vec::new();
            for text in &texts {
                places.push(spool.end());
                spool.append(text);
            }
            for (at, text) in places.iter().zip(&texts).chain(places.iter().zip(&texts).rev()) {
                assert_eq!(spool.read(*at, text.len()).expect("it is there"), text);
            }
            assert!(spool.read(spool.end(), 1).is_err());
            let mut whole = Vec::new();
            spool.pour(&mut whole).expect("memory takes it");
            assert_eq!(whole, texts.concat());
        }
    }

    #[test]
    fn what_is_on_a_disk_is_not_in_memory() {
        let mut spool = on_disk(1 << 30, false);
        (0..1_000).for_each(|_| spool.append(&[7; 90]));
        assert!(spool.memory.len() < 200 && spool.end() == 90_000);
    }
}
