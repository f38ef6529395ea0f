//! What can go wrong with the key file, said so that it can be mended.

use std::io;
use std::path::PathBuf;

use crate::masters::PIN_KEYS_MAX;

/// Why the keys cannot be read, made or changed. No text of a key is ever in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// `create` found a file.
    #[error("{} exists already; new keys would make every stored PIN unreadable. Use it, or move it away first", path.display())]
    Exists {
        /// The key file.
        path: PathBuf,
    },
    /// There is no key file.
    #[error("there is no key file {}; bring it back from its own backup, or create keys if no PIN is stored yet", path.display())]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// Others than its owner may read or write the file.
    #[error("{} has mode {mode:03o}, so others than its owner can reach it; run: chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is there but is not a whole key file.
    #[error("{} is damaged{}: {what}; bring it back from its backup", path.display(), at_line(*line))]
    Damaged {
        /// The key file.
        path: PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// What is wrong.
        what: &'static str,
    },
    /// Another change is under way, or one was cut off.
    #[error("{} exists: another change of the keys is under way; if none is, delete that file", path.display())]
    ChangeUnderWay {
        /// The file a change is prepared in.
        path: PathBuf,
    },
    /// The file has as many keys as it may.
    #[error(
        "the key file has {PIN_KEYS_MAX} PIN keys already; remove those that no stored PIN names any more"
    )]
    TooManyKeys,
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}
