//! Gives audit rows their numbers and links them, after they have committed.
//!
//! One server at a time does it: on PostgreSQL whoever holds an advisory lock for the length of the transaction, on
//! SQLite the one server there is. A crash loses nothing: whatever has no seal gets one in a later pass.
//!
//! Ids of audit rows begin with their time, so what is new is found at the end of two indexes. A row can commit some
//! seconds after its id was made, and clocks of servers differ: each pass looks back a little behind the newest sealed
//! row, one pass a minute looks back [`SEAL_MARGIN`], and the first pass after a start looks at everything.

use super::{
    canonical::{BEGINNING, HASH_BYTES, Hash, link},
    head::{self, Head},
};
use crate::{Register, Surroundings};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_store::{
    Leadership, Store, StoreError,
    entities::{audit, audit_seals},
};
use kortisto_vault::Keys;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _, Query},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

/// How late a row may commit after its id was made, clocks of servers included, and still be found without a restart:
/// far longer than any deadline.
pub const SEAL_MARGIN: TimeDelta = TimeDelta::minutes(15);

/// How far most passes look back.
const NEAR_MARGIN: TimeDelta = TimeDelta::seconds(30);

/// Time between two passes.
const PASS_INTERVAL: Duration = Duration::from_secs(1);

/// Passes between two that look back [`SEAL_MARGIN`], and between two heads.
const PASSES_PER_MINUTE: u32 = 60;

/// How long one pass may take.
const PASS_LIMIT: Duration = Duration::from_secs(10);

/// Rows sealed in one transaction: on SQLite it holds the one writer meanwhile, a few milliseconds.
const BATCH_ROWS: u64 = 250;

/// Rows looked at in one statement, so that a long trail is gone through in short ones.
const PAGE_ROWS: u64 = 5_000;

/// Seals audit rows and signs heads.
pub struct Sealer {
    store: Arc<Store>,
    keys: Arc<Keys>,
    surroundings: Surroundings,
    /// Where heads go as well, one line each.
    heads_file: Option<PathBuf>,
    /// Heads that could not be written there yet.
    unwritten: Vec<Head>,
    /// Whether everything has been looked at since the start.
    swept: bool,
}

impl Sealer {
    /// The sealer of a register. Heads go into `heads_file` as well, if there is one.
    #[must_use]
    pub fn new(register: &Register, heads_file: Option<PathBuf>) -> Self {
        Self {
            store: Arc::clone(&register.store),
            keys: Arc::clone(&register.keys),
            surroundings: register.surroundings.clone(),
            heads_file,
            unwritten: Vec::new(),
            swept: false,
        }
    }

    /// Seals every second and signs every minute, for as long as it is polled.
    pub async fn run(mut self) {
        let mut ticks = interval(PASS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut passes, mut failing) = (0_u32, false);
        loop {
            ticks.tick().await;
            passes = (passes + 1) % PASSES_PER_MINUTE;
            let outcome = self.pass(passes == 0).await;
            match outcome {
                Ok(()) => failing = false,
                // The database may be away; what is not sealed now is sealed later.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "audit rows are not sealed at present");
                }
                Err(_) => {}
            }
        }
    }

    async fn pass(&mut self, far: bool) -> Result<(), StoreError> {
        self.seal(if far { SEAL_MARGIN } else { NEAR_MARGIN }).await?;
        if far {
            self.sign_head().await?;
        }
        Ok(())
    }

    /// Seals what has no seal yet, looking `margin` behind the newest sealed row; the first time at everything.
    /// Gives how many rows it sealed.
    ///
    /// # Errors
    /// [`StoreError`]; what was sealed before stays sealed.
    pub async fn seal(&mut self, margin: TimeDelta) -> Result<u64, StoreError> {
        let from = if self.swept { self.newest_sealed().await?.map(|id| before(id, margin)) } else { None };
        let mut from = from.unwrap_or(Uuid::nil());
        let mut sealed = 0;
        loop {
            let to = self.end_of_page(from).await?;
            // Nobody writes when there is nothing to seal.
            while unsealed(from, to).limit(1).one(self.store.readers()).await?.is_some() {
                match self.seal_some(from, to).await? {
                    // Another server is at it.
                    None => return Ok(sealed),
                    Some(rows) => sealed += rows,
                }
            }
            let Some(to) = to else { break };
            from = to;
        }
        self.swept = true;
        Ok(sealed)
    }

    /// The last id of the page that begins with this one; none where the page is the last.
    async fn end_of_page(&self, from: Uuid) -> Result<Option<Uuid>, StoreError> {
        let row = audit::Entity::find()
            .filter(audit::Column::Id.gte(from))
            .order_by_asc(audit::Column::Id)
            .offset(PAGE_ROWS)
            .limit(1)
            .one(self.store.readers())
            .await?;
        Ok(row.map(|row| row.id))
    }

    async fn seal_some(&self, from: Uuid, to: Option<Uuid>) -> Result<Option<u64>, StoreError> {
        self.store
            .unit_of_work("seal_audit", Instant::now() + PASS_LIMIT, move |transaction| {
                Box::pin(async move { seal_batch(transaction, from, to).await })
            })
            .await
    }

    /// Signs the newest seal, unless that has been done, and writes the head to the file.
    ///
    /// # Errors
    /// [`StoreError`]. A file that cannot be written is logged, and its heads are written later.
    pub async fn sign_head(&mut self) -> Result<Option<Head>, StoreError> {
        let (keys, at) = (Arc::clone(&self.keys), self.surroundings.clock.now());
        let head = self
            .store
            .unit_of_work("sign_audit_head", Instant::now() + PASS_LIMIT, move |transaction| {
                let keys = Arc::clone(&keys);
                Box::pin(async move {
                    if Leadership::AuditChain.taken(transaction).await? {
                        head::sign(transaction, &keys, at).await
                    } else {
                        Ok(None)
                    }
                })
            })
            .await?;
        if let Some(path) = &self.heads_file {
            self.unwritten.extend(head.clone());
            match head::append(path.clone(), self.unwritten.clone()).await {
                Ok(()) => self.unwritten.clear(),
                Err(error) => {
                    tracing::error!(%error, "the file of audit heads cannot be written");
                    head::keep_newest(&mut self.unwritten);
                }
            }
        }
        Ok(head)
    }

    async fn newest_sealed(&self) -> Result<Option<Uuid>, StoreError> {
        Ok(newest_seal(self.store.readers()).await?.map(|seal| seal.audit_id))
    }
}

/// The smallest id of a row made `margin` before the one with this id.
fn before(id: Uuid, margin: TimeDelta) -> Uuid {
    let made_at_ms = id.as_u128() >> 80;
    let margin_ms = u128::from(margin.num_milliseconds().unsigned_abs());
    Uuid::from_u128(made_at_ms.saturating_sub(margin_ms) << 80)
}

/// The smallest id of a row made at this instant or later.
pub(crate) fn first_id_at(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::from(u64::try_from(at.timestamp_millis()).unwrap_or(0)) << 80)
}

/// Rows without a seal, from this id on, up to that one.
pub(super) fn unsealed(from: Uuid, to: Option<Uuid>) -> Select<audit::Entity> {
    let to = to.unwrap_or(Uuid::max());
    let seal = Query::select()
        .expr(Expr::val(1))
        .from(audit_seals::Entity)
        // Said twice, so that neither index is read from its beginning.
        .and_where(Expr::col((audit_seals::Entity, audit_seals::Column::AuditId)).between(from, to))
        .and_where(
            Expr::col((audit_seals::Entity, audit_seals::Column::AuditId))
                .equals((audit::Entity, audit::Column::Id)),
        )
        .to_owned();
    audit::Entity::find().filter(audit::Column::Id.between(from, to)).filter(Expr::exists(seal).not())
}

pub(super) async fn newest_seal(
    connection: &impl ConnectionTrait,
) -> Result<Option<audit_seals::Model>, StoreError> {
    Ok(audit_seals::Entity::find().order_by_desc(audit_seals::Column::Number).one(connection).await?)
}

/// Seals the oldest rows without a seal; none when another server is at it.
async fn seal_batch(
    transaction: &DatabaseTransaction,
    from: Uuid,
    to: Option<Uuid>,
) -> Result<Option<u64>, StoreError> {
    if !Leadership::AuditChain.taken(transaction).await? {
        return Ok(None);
    }
    let (mut number, mut hash) = match newest_seal(transaction).await? {
        Some(seal) => (seal.number, stored_hash(&seal.hash)?),
        None => (0, BEGINNING),
    };
    let rows = unsealed(from, to)
        .order_by_asc(audit::Column::At)
        .order_by_asc(audit::Column::Id)
        .limit(BATCH_ROWS)
        .all(transaction)
        .await?;
    let mut seals = Vec::with_capacity(rows.len());
    for row in &rows {
        number += 1;
        hash = link(&hash, number, row);
        seals.push(audit_seals::ActiveModel {
            number: Set(number),
            audit_id: Set(row.id),
            hash: Set(hash.to_vec()),
        });
    }
    if !seals.is_empty() {
        audit_seals::Entity::insert_many(seals).exec_without_returning(transaction).await?;
    }
    Ok(Some(rows.len() as u64))
}

/// A hash as it stands in a column.
pub(super) fn stored_hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    <[u8; HASH_BYTES]>::try_from(bytes)
        .map_err(|_| StoreError::Inconsistent { table: "audit_seals", column: "hash" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        let at = DateTime::from_timestamp_millis(1_750_000_000_123).unwrap();
        let id = Uuid::from_u128((1_750_000_000_123_u128 << 80) | 0x7fff_ffff);
        assert!(first_id_at(at) <= id && id < first_id_at(at + TimeDelta::milliseconds(1)));
        assert_eq!(before(id, TimeDelta::seconds(2)), first_id_at(at - TimeDelta::seconds(2)));
        assert_eq!(before(Uuid::from_u128(5), SEAL_MARGIN), Uuid::nil());
    }
}
