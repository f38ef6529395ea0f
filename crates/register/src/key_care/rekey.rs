//! Moves every sealed row to the key in use, in batches of one transaction each.
//!
//! Killed anywhere, it has moved whole batches, and every row still opens under the key it names; run again, it goes on
//! with those that are left, because those are the ones it asks for. A row that somebody changes at the same time is
//! left to the next round.

use super::{
    SealedKind,
    sealed::{Page, SealedRow},
};
use crate::Surroundings;
use kortisto_store::{Store, StoreError};
use kortisto_vault::Keys;
use sea_orm::DatabaseTransaction;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Rows of a batch, where the operator asks for no other number: some milliseconds of SQLite's one writer.
pub const BATCH_ROWS_DEFAULT: u64 = 200;

/// Rows of a batch at most.
pub const BATCH_ROWS_MAX: u64 = 5_000;

/// Rounds over a table at most: the second one takes what changed during the first.
const ROUNDS_MAX: u32 = 3;

/// How long one batch may take.
const BATCH_DEADLINE: Duration = Duration::from_secs(30);

/// What became of the rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Of what kind.
    pub kind: SealedKind,
    /// Rows that are under the key in use now.
    pub moved: u64,
    /// Rows that no key of the file opens. They are as they were.
    pub unreadable: u64,
    /// Rows that somebody else kept changing, or that another server keeps writing under an older key.
    pub left: u64,
}

/// One batch.
#[derive(Clone, Copy, Default)]
struct Batch {
    /// The last row that was looked at; none when there was no more.
    last: Option<i64>,
    moved: u64,
    unreadable: u64,
    left: u64,
}

/// Moves every row that another key than the one in use seals, and tells after each batch how many have been moved.
///
/// # Errors
/// [`StoreError`]; what was moved before stays moved.
pub async fn rekey(
    store: &Store,
    surroundings: &Surroundings,
    keys: &Arc<Keys>,
    batch_rows: u64,
    mut progress: impl FnMut(SealedKind, u64),
) -> Result<Vec<Moved>, StoreError> {
    let limit = batch_rows.clamp(1, BATCH_ROWS_MAX);
    let mut report = Vec::with_capacity(SealedKind::ALL.len());
    for kind in SealedKind::ALL {
        let mut total = Moved { kind, moved: 0, unreadable: 0, left: 0 };
        for _ in 0..ROUNDS_MAX {
            let (mut after, mut moved) = (0, 0);
            (total.unreadable, total.left) = (0, 0);
            loop {
                let page = Page { after, limit, not_under: Some(keys.current()) };
                let batch = one_batch(store, surroundings, keys, kind, page).await?;
                let Some(last) = batch.last else { break };
                after = last;
                moved += batch.moved;
                total.unreadable += batch.unreadable;
                total.left += batch.left;
                progress(kind, total.moved + moved);
            }
            total.moved += moved;
            if moved == 0 {
                break;
            }
        }
        report.push(total);
    }
    Ok(report)
}

async fn one_batch(
    store: &Store,
    surroundings: &Surroundings,
    keys: &Arc<Keys>,
    kind: SealedKind,
    page: Page,
) -> Result<Batch, StoreError> {
    let (surroundings, keys) = (surroundings.clone(), Arc::clone(keys));
    store
        .unit_of_work("rekey", Instant::now() + BATCH_DEADLINE, move |transaction| {
            let (surroundings, keys) = (surroundings.clone(), Arc::clone(&keys));
            Box::pin(async move { move_rows(transaction, &surroundings, &keys, kind, page).await })
        })
        .await
}

async fn move_rows(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    keys: &Keys,
    kind: SealedKind,
    page: Page,
) -> Result<Batch, StoreError> {
    let rows = SealedRow::page(transaction, kind, page).await?;
    let mut batch = Batch { last: rows.last().map(|row| row.id), ..Batch::default() };
    for row in rows {
        match row.rewrapped(keys, &*surroundings.random) {
            Ok(None) => {}
            Ok(Some(new)) if row.replace(transaction, &new).await? => batch.moved += 1,
            Ok(Some(_)) => batch.left += 1,
            Err(_) => batch.unreadable += 1,
        }
    }
    Ok(batch)
}
