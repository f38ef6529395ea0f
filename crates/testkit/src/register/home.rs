//! What a server keeps between two of its lives, beside the database: its keys and its authority.

use super::now;
use kortisto_server::ca::Authority;
use kortisto_vault::{Keys, SystemRandom};
use std::{fs, path::Path, sync::Arc};

/// Name of the key file in the folder of a home.
const KEY_FILE: &str = "kortisto.keys";

/// Keys and authority of a test's consortium.
#[derive(Debug, Clone)]
pub struct Home {
    pub(super) keys: Arc<Keys>,
    pub(super) authority: Arc<Authority>,
}

impl Home {
    /// A new one that is gone with the process.
    ///
    /// # Panics
    /// When no certificate can be made.
    #[must_use]
    pub fn fresh() -> Self {
        let authority = Authority::create(now(), "Testikirjastot").expect("an authority");
        Self { keys: Arc::new(Keys::ephemeral(&SystemRandom)), authority: Arc::new(authority) }
    }

    /// The one that is kept in a folder, for servers that come and go as processes; made there first if the
    /// folder is empty.
    ///
    /// # Panics
    /// When the files cannot be written or read.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let key_file = folder.join(KEY_FILE);
        if !key_file.exists() {
            let made = Authority::create(now(), "Testikirjastot").expect("an authority");
            made.store(folder).expect("the authority can be stored");
            Keys::create(&key_file, &SystemRandom).expect("keys can be stored");
        }
        let pem = |extension: &str| {
            let files = fs::read_dir(folder).expect("the folder can be read").filter_map(Result::ok);
            let mut paths = files.map(|entry| entry.path());
            let path = paths.find(|path| path.extension().is_some_and(|found| found == extension));
            fs::read_to_string(path.expect("the authority has its files")).expect("a file can be read")
        };
        let authority = Authority::load(&pem("pem"), &pem("key")).expect("the authority can be read again");
        let keys = Keys::load(&key_file).expect("the keys can be read again");
        Self { keys: Arc::new(keys), authority: Arc::new(authority) }
    }
}
