//! How many rows hang on each key, and which rows are lost when one key is.

use super::{
    SealedKind,
    sealed::{Page, SealedRow},
};
use kortisto_store::{Store, StoreError};
use kortisto_vault::{KeyId, Keys};
use std::collections::BTreeMap;

/// Rows that are read at once.
const PAGE_ROWS: u64 = 1_000;

/// How many rows of each kind cannot be read without a key. A PIN counts under two keys, where its pepper is an older
/// one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<KeyId, BTreeMap<SealedKind, u64>>,
}

impl Tally {
    /// The keys that rows hang on, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.counts.keys().copied()
    }

    /// How many rows of a kind are lost with a key.
    #[must_use]
    pub fn count(&self, key: KeyId, kind: SealedKind) -> u64 {
        self.counts.get(&key).and_then(|kinds| kinds.get(&kind)).copied().unwrap_or(0)
    }
}

/// Counts the rows of every key; `lost` is told each row that is lost with the key `named`, by the card number, user
/// name or patron's number that an operator knows it by.
///
/// # Errors
/// [`StoreError`].
pub async fn rows(
    store: &Store,
    keys: &Keys,
    named: Option<KeyId>,
    mut lost: impl FnMut(SealedKind, &str),
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for kind in SealedKind::ALL {
        let mut after = 0;
        loop {
            let page = Page { after, limit: PAGE_ROWS, not_under: None };
            let rows = SealedRow::page(store.readers(), kind, page).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in &rows {
                let needed = row.keys(keys);
                for key in &needed {
                    *tally.counts.entry(*key).or_default().entry(kind).or_default() += 1;
                }
                if named.is_some_and(|named| needed.contains(&named)) {
                    lost(kind, &row.name(store.readers()).await?);
                }
            }
        }
    }
    Ok(tally)
}
