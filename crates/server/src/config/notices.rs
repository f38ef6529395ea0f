//! `[notices]`: how notices leave the house.

use crate::notices::{EmailOptions, EmailSecurity, WebhookOptions};
use kortisto_domain::notices::hours::SmsHours;
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// `[notices]`: what is delivered, and how often it is looked for. Without any channel nothing is delivered, and notices
/// wait in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoticesConfig {
    /// Seconds between two looks into the outbox, 1 to 3600. Default 5.
    pub every_seconds: u64,
    /// From when on text messages are sent, `HH:MM` in the consortium's time zone. Default 08:00.
    pub sms_from: String,
    /// Until when, later than `sms_from` and 24:00 at most. Default 21:00.
    pub sms_until: String,
    /// E-mail.
    pub email: EmailConfig,
    /// Text messages, and letters where no files are written.
    pub webhook: WebhookConfig,
    /// Letters as files.
    pub letters: LettersConfig,
}

impl Default for NoticesConfig {
    fn default() -> Self {
        Self {
            every_seconds: 5,
            sms_from: "08:00".to_owned(),
            sms_until: "21:00".to_owned(),
            email: EmailConfig::default(),
            webhook: WebhookConfig::default(),
            letters: LettersConfig::default(),
        }
    }
}

impl NoticesConfig {
    /// Time between two looks into the outbox.
    #[must_use]
    pub const fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds)
    }

    /// When text messages are sent; none where the two times are no such hours.
    #[must_use]
    pub fn sms_hours(&self) -> Option<SmsHours> {
        SmsHours::new(minute_of_day(&self.sms_from)?, minute_of_day(&self.sms_until)?)
    }
}

/// Minutes after midnight of `HH:MM`, up to 24:00.
pub(super) fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
}

/// `[notices.email]`: the library's mail server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailConfig {
    /// Its name. Default none: no e-mail.
    pub host: Option<String>,
    /// Its port, 1 to 65 535. Default 587.
    pub port: u16,
    /// `tls`, `starttls` or `none`. Default starttls.
    pub security: EmailSecurity,
    /// The authorities by which its certificate is judged, PEM. Default none: those of the Mozilla programme.
    pub authority: Option<PathBuf>,
    /// The user name. Default none: the server asks for none.
    pub user: Option<String>,
    /// The file of the password, mode 0600. Default none.
    pub password_file: Option<PathBuf>,
    /// The sender's address. Default none.
    pub from: Option<String>,
    /// How long one mail may take, in seconds, 1 to 50. Default 30.
    pub timeout_seconds: u64,
    /// Connections at most, 1 to 8. Default 2.
    pub connections_max: u32,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            security: EmailSecurity::StartTls,
            authority: None,
            user: None,
            password_file: None,
            from: None,
            timeout_seconds: 30,
            connections_max: 2,
        }
    }
}

impl EmailConfig {
    /// How e-mail is sent in the name of the library, if it is.
    #[must_use]
    pub fn options(&self, library: &str) -> Option<EmailOptions> {
        Some(EmailOptions {
            host: self.host.clone()?,
            port: self.port,
            security: self.security,
            authority: self.authority.clone(),
            credentials: self.user.clone().zip(self.password_file.clone()),
            from: self.from.clone()?,
            from_name: library.to_owned(),
            timeout: Duration::from_secs(self.timeout_seconds),
            connections_max: self.connections_max,
        })
    }
}

/// `[notices.webhook]`: the library's gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Its address, `https://host/path`, or `http://` to this machine itself. Default none: no webhook.
    pub url: Option<String>,
    /// The file of the key that signs, mode 0600. Default none.
    pub secret_file: Option<PathBuf>,
    /// The authorities by which its certificate is judged, PEM. Default none: those of the Mozilla programme.
    pub authority: Option<PathBuf>,
    /// How long one message may take, in seconds, 1 to 50. Default 10.
    pub timeout_seconds: u64,
    /// Whether text messages go there. Default true.
    pub sms: bool,
    /// Whether letters go there. Default false.
    pub letters: bool,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { url: None, secret_file: None, authority: None, timeout_seconds: 10, sms: true, letters: false }
    }
}

impl WebhookConfig {
    /// How the webhook is reached, if there is one.
    #[must_use]
    pub fn options(&self) -> Option<WebhookOptions> {
        Some(WebhookOptions {
            url: self.url.clone()?,
            secret_file: self.secret_file.clone()?,
            authority: self.authority.clone(),
            timeout: Duration::from_secs(self.timeout_seconds),
        })
    }
}

/// `[notices.letters]`: letters as files for the printer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LettersConfig {
    /// The directory into which they are written. Default none: no files.
    pub directory: Option<PathBuf>,
}
