//! Letters as files for the printer: JSON Lines, one file for each consignment.
//!
//! A file appears whole or not at all: it is written under another name, brought to the disk, then renamed. It is named
//! after its consignment, so after a crash it tells which letters were handed over before.

use kortisto_domain::NoticeReason;
use kortisto_register::notices::{Consignment, Courier, Delivering, Delivery, Destination, Message};
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// Mode of a file: addresses are nobody else's business.
const MODE: u32 = 0o640;

/// Largest file in which a letter is looked for, in bytes: a batch of the longest letters.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Writes print files.
pub struct PrintFile {
    directory: Arc<Path>,
}

/// A letter as it stands in the file (`docs/notices.md`).
#[derive(Serialize)]
struct Letter<'m> {
    id: String,
    language: &'m str,
    address: &'m [String],
    subject: &'m str,
    body: &'m str,
}

impl PrintFile {
    /// Files go into this directory, which the printer empties.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory: directory.into() }
    }
}

impl Courier for PrintFile {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            if !consignment.may_begin() {
                return vec![Delivery::NotTried; consignment.messages.len()];
            }
            let (directory, whole) = (Arc::clone(&self.directory), consignment.clone());
            let written = tokio::task::spawn_blocking(move || write(&directory, &whole)).await;
            let error = match written {
                Ok(Ok(carried)) => return carried,
                Ok(Err(error)) => error.kind(),
                Err(_) => io::ErrorKind::Other,
            };
            tracing::error!(%error, "letters cannot be written for the printer");
            vec![Delivery::Later(NoticeReason::NoAnswer); consignment.messages.len()]
        })
    }
}

fn file_name(consignment: Uuid) -> String {
    format!("letters-{consignment}.jsonl")
}

fn write(directory: &Path, consignment: &Consignment) -> io::Result<Vec<Delivery>> {
    let name = file_name(consignment.id);
    let (mut text, mut carried) = (Vec::new(), Vec::with_capacity(consignment.messages.len()));
    for message in &consignment.messages {
        let Destination::Letter(address) = &message.destination else {
            carried.push(Delivery::Refused);
            continue;
        };
        if let Some(earlier) = message.earlier.filter(|earlier| holds(directory, *earlier, message)) {
            carried.push(Delivery::Sent { proof: file_name(earlier) });
            continue;
        }
        let letter = Letter {
            id: message.id.to_string(),
            language: &message.language,
            address,
            subject: &message.subject,
            body: &message.body,
        };
        serde_json::to_writer(&mut text, &letter)?;
        text.push(b'\n');
        carried.push(Delivery::Sent { proof: name.clone() });
    }
    if !text.is_empty() {
        put(directory, &name, &text)?;
    }
    Ok(carried)
}

/// Whether the file of an earlier consignment holds this letter.
fn holds(directory: &Path, earlier: Uuid, message: &Message) -> bool {
    let path = directory.join(file_name(earlier));
    let small = fs::metadata(&path).is_ok_and(|found| found.len() <= FILE_BYTES_MAX);
    small
        && fs::read_to_string(&path).is_ok_and(|text| text.contains(&format!("{{\"id\":\"{}\"", message.id)))
}

fn put(directory: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let unfinished = directory.join(format!(".{name}.unfinished"));
    let written = (|| {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&unfinished)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&unfinished, directory.join(name))?;
        // The name too must be on the disk before anybody says that the letter was handed over.
        File::open(directory)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
