//! One token: a JWS in compact form (RFC 7515) over claims (RFC 7519), checked from the outside in.

use super::{
    OpenIdOptions,
    keys::{Algorithm, KeySet},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Longest subject, in characters (OpenID Connect Core 1.0, section 2).
const SUBJECT_CHARS_MAX: usize = 255;

/// How far the provider's clock may be ahead or behind.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Whom a good token names, and until when.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The claim `sub`.
    pub subject: String,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

// The subject is a person.
impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Why a token is not taken. For the log; to the caller every one is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not a token at all, or too long.
    #[error("it is no token")]
    Malformed,
    /// An algorithm that is not taken, `none` among them, or an extension that has to be understood.
    #[error("its algorithm or an extension is not taken")]
    Header,
    /// No key of the provider has signed it.
    #[error("no key of the provider has signed it")]
    Signature,
    /// From another issuer.
    #[error("it is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It has ended.
    #[error("it has ended")]
    Ended,
    /// It has not begun.
    #[error("it has not begun")]
    NotYet,
    /// No subject, or one that no account can have.
    #[error("its subject is missing or too long")]
    Subject,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Whether a text has the form of a token of a provider; a session's has no dot.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.contains('.')
}

/// Checks a token at this moment.
pub(super) fn check(
    text: &str,
    keys: &KeySet,
    options: &OpenIdOptions,
    now: DateTime<Utc>,
) -> Result<Bearer, TokenFault> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::Malformed);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
    let header: Header = decode(header)?;
    let algorithm = Algorithm::from_name(&header.alg).ok_or(TokenFault::Header)?;
    if header.crit.is_some() {
        return Err(TokenFault::Header);
    }
    let signature = Base64UrlUnpadded::decode_vec(signature).map_err(|_| TokenFault::Malformed)?;
    if !keys.verifies(algorithm, header.kid.as_deref(), signed.as_bytes(), &signature) {
        return Err(TokenFault::Signature);
    }
    decode::<Claims>(claims)?.judge(options, now)
}

fn decode<T: for<'d> Deserialize<'d>>(part: &str) -> Result<T, TokenFault> {
    let bytes = Base64UrlUnpadded::decode_vec(part).map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}

impl Claims {
    fn judge(self, options: &OpenIdOptions, now: DateTime<Utc>) -> Result<Bearer, TokenFault> {
        if self.iss.as_deref() != Some(options.issuer.as_str()) {
            return Err(TokenFault::Issuer);
        }
        let is_for_us = match &self.aud {
            Some(Audience::One(audience)) => *audience == options.audience,
            Some(Audience::Many(audiences)) => audiences.contains(&options.audience),
            None => false,
        };
        if !is_for_us {
            return Err(TokenFault::Audience);
        }
        // A token without an end would be good for ever.
        let expires_at = self.exp.and_then(instant).ok_or(TokenFault::Ended)?;
        if now >= expires_at + LEEWAY {
            return Err(TokenFault::Ended);
        }
        if let Some(begins) = self.nbf
            && instant(begins).is_none_or(|begins| now + LEEWAY < begins)
        {
            return Err(TokenFault::NotYet);
        }
        let subject = self.sub.unwrap_or_default();
        if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(TokenFault::Subject);
        }
        Ok(Bearer { subject, expires_at })
    }
}

/// A NumericDate (RFC 7519, section 2), to the second; none for one that no clock shows.
fn instant(seconds: f64) -> Option<DateTime<Utc>> {
    /// The end of the year 9999.
    const LATEST: f64 = 253_402_300_799.0;
    if !(0.0..=LATEST).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the bounds just checked")]
    DateTime::from_timestamp(seconds as i64, 0)
}
