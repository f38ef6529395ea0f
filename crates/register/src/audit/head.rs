//! Heads of the chain: the newest hash, signed, to be kept where nobody who can write to the database can write.
//!
//! In a file a head is one line, `number hash signed-at signature`: decimal, 64 hexadecimal digits, RFC 3339, 128
//! hexadecimal digits.

use super::{
    canonical::{HASH_BYTES, Hash},
    seal::{newest_seal, stored_hash},
};
use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use kortisto_store::{StoreError, entities::audit_heads};
use kortisto_vault::{
    Keys,
    signing::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES, is_signed_head},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryOrder as _,
};
use std::{fmt, io::Write as _, path::PathBuf};

/// Heads kept in memory while their file cannot be written: a day's.
const UNWRITTEN_MAX: usize = 1_440;

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of the seal.
    pub number: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// The signature over all three.
    pub signature: Vec<u8>,
}

/// A line that is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no head: a number, 64 hexadecimal digits, an instant, 128 hexadecimal digits")]
pub struct HeadFault {
    /// The line, from 1.
    pub line: usize,
}

impl Head {
    /// Whether the owner of this key has signed it.
    #[must_use]
    pub fn is_signed_by(&self, public_key: &[u8; PUBLIC_KEY_BYTES]) -> bool {
        is_signed_head(public_key, &words(self.number, &self.hash, self.signed_at), &self.signature)
    }

    fn of_row(row: audit_heads::Model) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            hash: stored_hash(&row.hash)?,
            signed_at: row.signed_at,
            signature: row.signature,
        })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.signed_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "{} {} {at} {}", self.number, hex::encode(self.hash), hex::encode(&self.signature))
    }
}

/// Reads heads, one a line. Empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// [`HeadFault`] names the first line that is no head.
pub fn parse_heads(text: &str) -> Result<Vec<Head>, HeadFault> {
    let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| parse(line).ok_or(HeadFault { line: number }))
        .collect()
}

fn parse(line: &str) -> Option<Head> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok().filter(|number| *number >= 1)?;
    let mut hash = [0; HASH_BYTES];
    hex::decode_to_slice(words.next()?, &mut hash).ok()?;
    let signed_at = DateTime::parse_from_rfc3339(words.next()?).ok()?.with_timezone(&Utc);
    let signature = hex::decode(words.next()?).ok().filter(|bytes| bytes.len() == SIGNATURE_BYTES)?;
    words.next().is_none().then_some(Head { number, hash, signed_at, signature })
}

/// What is signed. Every part has a fixed length.
fn words(number: i64, hash: &Hash, signed_at: DateTime<Utc>) -> Vec<u8> {
    [&number.to_be_bytes()[..], hash, &signed_at.timestamp_micros().to_be_bytes()].concat()
}

/// The heads in the database, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn heads(connection: &impl ConnectionTrait) -> Result<Vec<Head>, StoreError> {
    let rows = audit_heads::Entity::find().order_by_asc(audit_heads::Column::Number).all(connection).await?;
    rows.into_iter().map(Head::of_row).collect()
}

/// Signs the newest seal and keeps the head; none when it has been signed.
pub(super) async fn sign(
    transaction: &DatabaseTransaction,
    keys: &Keys,
    at: DateTime<Utc>,
) -> Result<Option<Head>, StoreError> {
    let Some(seal) = newest_seal(transaction).await? else { return Ok(None) };
    let last =
        audit_heads::Entity::find().order_by_desc(audit_heads::Column::Number).one(transaction).await?;
    if last.is_some_and(|last| last.number >= seal.number) {
        return Ok(None);
    }
    let (hash, signed_at) = (stored_hash(&seal.hash)?, at.trunc_subsecs(6));
    let signature = keys.sign_audit_head(&words(seal.number, &hash, signed_at)).to_vec();
    let row = audit_heads::ActiveModel {
        number: Set(seal.number),
        hash: Set(hash.to_vec()),
        signed_at: Set(signed_at),
        signature: Set(signature.clone()),
    };
    row.insert(transaction).await?;
    Ok(Some(Head { number: seal.number, hash, signed_at, signature }))
}

/// Appends heads to the file, and makes it when there is none. They are on disk when this returns.
pub(super) async fn append(path: PathBuf, heads: Vec<Head>) -> std::io::Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let lines: String = heads.iter().map(|head| format!("{head}\n")).collect();
    let write = move || {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    };
    tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
}

/// Drops the oldest heads that wait for their file: a newer one says more.
pub(super) fn keep_newest(unwritten: &mut Vec<Head>) {
    let surplus = unwritten.len().saturating_sub(UNWRITTEN_MAX);
    unwritten.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto_vault::SeededRandom;

    fn head(keys: &Keys) -> Head {
        let signed_at = DateTime::from_timestamp_micros(1_750_000_000_000_001).unwrap();
        let signature = keys.sign_audit_head(&words(7, &[9; 32], signed_at)).to_vec();
        Head { number: 7, hash: [9; 32], signed_at, signature }
    }

    #[test]
    fn a_line_leads_back_to_its_head() {
        let keys = Keys::ephemeral(&SeededRandom::new(1));
        let head = head(&keys);
        let text = format!("# heads\n\n{head}\n");
        assert_eq!(parse_heads(&text), Ok(vec![head.clone()]));
        let public = keys.audit_public_key();
        assert!(head.is_signed_by(&public));
        for bent in [
            Head { number: 8, ..head.clone() },
            Head { hash: [8; 32], ..head.clone() },
            Head { signed_at: head.signed_at + chrono::TimeDelta::microseconds(1), ..head },
        ] {
            assert!(!bent.is_signed_by(&public), "{bent:?}");
        }
    }

    #[test]
    fn what_is_no_head_is_named_by_its_line() {
        let line = head(&Keys::ephemeral(&SeededRandom::new(1))).to_string();
        let cut = &line[..line.len() - 1];
        for bad in [cut, "x", "0 ab", &line.replacen('7', "-7", 1), &format!("{line} more")] {
            assert_eq!(parse_heads(&format!("{line}\n{bad}")), Err(HeadFault { line: 2 }), "{bad}");
        }
    }
}
