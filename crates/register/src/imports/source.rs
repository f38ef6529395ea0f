//! Where the rows come from: a file, or anything else spooled to one.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};

/// Longest file, in bytes: 8 GiB.
pub const SOURCE_BYTES_MAX: u64 = 8 << 30;

/// Something to import that can be read from its start as often as a transaction is tried.
#[derive(Debug, Clone)]
pub struct Source {
    file: Arc<File>,
    name: String,
    bytes: u64,
}

impl Source {
    /// A file. Read through one handle, so that a file that is replaced meanwhile is not half read; a pipe or
    /// a device is spooled first.
    ///
    /// # Errors
    /// When it cannot be opened or is longer than [`SOURCE_BYTES_MAX`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let name = path.display().to_string();
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Self::spool(file, &name);
        }
        Self::new(file, &name, metadata.len())
    }

    /// What a pipe gives, called `name`. Kept in a temporary file that has no name of its own, which is gone
    /// however the process ends.
    ///
    /// # Errors
    /// When it cannot be read or kept, or is longer than [`SOURCE_BYTES_MAX`].
    pub fn spool(from: impl Read, name: &str) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        let bytes = io::copy(&mut from.take(SOURCE_BYTES_MAX + 1), &mut file)?;
        Self::new(file, name, bytes)
    }

    fn new(file: File, name: &str, bytes: u64) -> io::Result<Self> {
        if bytes > SOURCE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 8 GiB"));
        }
        Ok(Self { file: Arc::new(file), name: name.to_owned(), bytes })
    }

    /// What it is called in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// From its start. Readers do not disturb each other.
    pub(crate) fn reader(&self) -> SourceReader {
        SourceReader { file: Arc::clone(&self.file), at: 0 }
    }
}

/// One reading of a [`Source`].
pub(crate) struct SourceReader {
    file: Arc<File>,
    at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readers_do_not_disturb_each_other() {
        let source = Source::spool(&b"abcdef"[..], "stdin").unwrap();
        assert_eq!((source.bytes(), source.name()), (6, "stdin"));
        let (mut first, mut second) = (source.reader(), source.reader());
        let mut three = [0; 3];
        first.read_exact(&mut three).unwrap();
        let mut all = String::new();
        second.read_to_string(&mut all).unwrap();
        let mut rest = String::new();
        first.read_to_string(&mut rest).unwrap();
        assert_eq!((&three, all.as_str(), rest.as_str()), (b"abc", "abcdef", "def"));
    }

    #[test]
    fn a_file_that_is_not_there_says_so() {
        let error = Source::open(Path::new("no-such-file.csv")).err().map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::NotFound));
    }
}
