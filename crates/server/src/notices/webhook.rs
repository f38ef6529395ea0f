//! Text messages and letters through a webhook of the library's gateway: one POST each, signed.

use super::{
    NoticesFault,
    https::{Endpoint, NoAnswer},
    secret_file,
};
use crate::Now;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use kortisto_domain::NoticeReason;
use kortisto_register::notices::{Consignment, Courier, Delivering, Delivery, Destination, Message};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{path::PathBuf, time::Duration};

/// How the webhook is reached.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Its address.
    pub url: String,
    /// The file of the key that signs.
    pub secret_file: PathBuf,
    /// The authorities by which its certificate is judged, PEM; none means those of the Mozilla programme.
    pub authority: Option<PathBuf>,
    /// How long one POST may take.
    pub timeout: Duration,
}

/// Longest id of the other side that is kept, in characters.
const ID_CHARS_MAX: usize = 100;

/// Answers after which the same message will never be taken.
const NEVER: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::GONE,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// A message as it is posted (`docs/notices.md`).
#[derive(Serialize)]
struct Posted<'m> {
    id: String,
    channel: &'static str,
    language: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'m [String]>,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'m str,
    body: &'m str,
}

/// What the other side answers.
#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Posts messages.
pub struct WebhookCourier {
    endpoint: Endpoint,
    secret: SecretString,
    now: Now,
}

impl WebhookCourier {
    /// Reads the files; it connects when there is something to post.
    ///
    /// # Errors
    /// [`NoticesFault`].
    pub fn new(options: &WebhookOptions, now: Now) -> Result<Self, NoticesFault> {
        let endpoint = Endpoint::new(&options.url, options.authority.as_deref(), options.timeout)?;
        Ok(Self { endpoint, secret: secret_file::read(&options.secret_file)?, now })
    }

    async fn post(&self, message: &Message) -> Result<Delivery, NoAnswer> {
        let Some(posted) = posted(message) else { return Ok(Delivery::Refused) };
        let body = serde_json::to_vec(&posted).map_err(|_| NoAnswer)?;
        let headers = [
            ("idempotency-key", message.id.to_string()),
            ("kortisto-signature", signature(&self.secret, (self.now)().timestamp(), &body)),
        ];
        let (status, answer) = self.endpoint.post(&headers, body).await?;
        if status.is_success() {
            let id = serde_json::from_slice::<Taken>(&answer).map(|taken| taken.id).unwrap_or_default();
            let id: String = id
                .chars()
                .filter(|char| char.is_ascii_graphic() && *char != '@')
                .take(ID_CHARS_MAX)
                .collect();
            return Ok(Delivery::Sent { proof: format!("{} {id}", status.as_u16()).trim_end().to_owned() });
        }
        if NEVER.contains(&status) {
            tracing::info!(notice = %message.id, status = status.as_u16(), "the webhook refused a notice");
            return Ok(Delivery::Refused);
        }
        tracing::warn!(notice = %message.id, status = status.as_u16(), "the webhook did not take a notice");
        Ok(Delivery::Later(NoticeReason::NoAnswer))
    }
}

impl Courier for WebhookCourier {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            let mut carried = Vec::with_capacity(consignment.messages.len());
            let mut away = false;
            for message in &consignment.messages {
                if away || !consignment.may_begin() {
                    carried.push(Delivery::NotTried);
                    continue;
                }
                carried.push(self.post(message).await.unwrap_or_else(|NoAnswer| {
                    tracing::warn!(notice = %message.id, "the webhook does not answer");
                    away = true;
                    Delivery::Later(NoticeReason::NoAnswer)
                }));
            }
            carried
        })
    }
}

fn posted(message: &Message) -> Option<Posted<'_>> {
    let (channel, to, address) = match &message.destination {
        Destination::Email(_) => return None,
        Destination::Sms(number) => ("sms", Some(number.as_str()), None),
        Destination::Letter(lines) => ("letter", None, Some(lines.as_slice())),
    };
    Some(Posted {
        id: message.id.to_string(),
        channel,
        language: &message.language,
        to,
        address,
        subject: &message.subject,
        body: &message.body,
    })
}

/// `t=<seconds>,v1=<HMAC-SHA256 over "<seconds>.<body>", in hexadecimal digits>`. The time keeps an old request from
/// being posted again by somebody else.
fn signature(secret: &SecretString, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_documentation() {
        // echo -n '1750000000.{"id":"1"}' | openssl dgst -sha256 -hmac secret
        let signed = signature(&"secret".into(), 1_750_000_000, b"{\"id\":\"1\"}");
        assert_eq!(
            signed,
            "t=1750000000,v1=b519407aa17934a2009905f7fdf126c4948c19f7ec31f12b843881278b28d7ee"
        );
    }
}
