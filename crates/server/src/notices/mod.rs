//! How notices leave the house: e-mail through the library's mail server, text messages and letters through a webhook,
//! letters as a file for the printer; and who sets it going.
//!
//! The formats that others read are in `docs/notices.md`.

mod email;
mod https;
mod print_file;
mod secret_file;
mod smtp_answer;
mod webhook;
mod worker;

pub use email::{EmailCourier, EmailOptions, EmailSecurity};
pub use print_file::PrintFile;
pub use webhook::{WebhookCourier, WebhookOptions};
pub use worker::NoticeWorker;
pub(crate) use worker::{DELIVERY_END_LIMIT, MESSAGE_SECONDS_MAX};

use crate::{Now, config::NoticesConfig};
use kortisto_register::notices::{Courier, Couriers};
use std::{path::PathBuf, sync::Arc};

/// Why notices cannot be delivered as configured. It holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum NoticesFault {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file of a secret can be read by others.
    #[error("{path}: mode {mode:o}; a secret needs mode 0600 (chmod 600)")]
    TooOpen {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file of a secret is empty or longer than any secret.
    #[error("{path}: 1 to {} bytes of text on one line", secret_file::SECRET_BYTES_MAX)]
    NoSecret {
        /// Which.
        path: PathBuf,
    },
    /// A file of certificates holds none that can be used.
    #[error("{path}: no certificate in PEM that can be used")]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// A value that the checks of the configuration let through and a library does not.
    #[error("{key}: {right}")]
    Unusable {
        /// The key.
        key: &'static str,
        /// What would be right.
        right: String,
    },
}

/// Who delivers in the name of the library, as configured. A channel that is not configured is not offered.
///
/// # Errors
/// [`NoticesFault`].
pub fn couriers(config: &NoticesConfig, library: &str, now: &Now) -> Result<Couriers, NoticesFault> {
    let mut couriers = Couriers::default();
    if let Some(options) = config.email.options(library) {
        couriers.email = Some(Arc::new(EmailCourier::new(options, Arc::clone(now))?));
    }
    if let Some(options) = config.webhook.options() {
        let webhook: Arc<dyn Courier> = Arc::new(WebhookCourier::new(&options, Arc::clone(now))?);
        couriers.sms = config.webhook.sms.then(|| Arc::clone(&webhook));
        couriers.letter = config.webhook.letters.then_some(webhook);
    }
    if let Some(directory) = &config.letters.directory {
        couriers.letter = Some(Arc::new(PrintFile::new(directory.clone())));
    }
    Ok(couriers)
}
