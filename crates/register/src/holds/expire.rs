//! Holds whose time is over: ready ones that nobody picked up, and pending ones that waited long enough.
//!
//! No decision rests on this having run. A pending hold gets no item after its last day, whether or not it has been
//! closed; a ready one can still be picked up until it has been, because the item stands there and nobody else has a
//! claim to it yet. A ready hold lapses on the day after its last one: the branch may be open until midnight.
//!
//! Each batch is a transaction of its own that holds the rows it changes and looks again, so running twice at once, or
//! again after a crash, changes nothing twice.

use super::{
    cancelling::{closed, note_author},
    holder::facts_of,
    ready::HoldShelf,
    release::release,
};
use crate::{Register, RegisterError, Rulebook, loans::open_loan::year_of};
use kortisto_domain::{Decision, FeeKind, HoldState, Moment, PatronCategory, fees};
use kortisto_store::{
    Engine, StoreError,
    entities::{holds, patrons},
    queries::{
        changes::{self, AuditRow, Changes, NewFeeRow},
        circulation_facts::{Facts, Queued},
        dialect::At,
        locks,
    },
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use std::{
    collections::{HashMap, VecDeque},
    ops::AddAssign,
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;
use uuid::Uuid;

/// Who closes them, in the audit trail and on the hold.
const AUTHOR: &str = "job";

/// Holds of one batch at most: on SQLite a batch holds the one writer meanwhile.
pub const EXPIRY_BATCH_MAX: u64 = 100;

/// How the holds whose time is over are gone through.
#[derive(Debug, Clone, Copy)]
pub struct ExpireHolds {
    /// Holds of one batch, 1 to [`EXPIRY_BATCH_MAX`].
    pub batch: u64,
    /// How long one batch may take.
    pub batch_limit: Duration,
    /// Whether it is only counted what would be done.
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpiredHolds {
    /// Ready holds that nobody picked up.
    pub uncollected: u64,
    /// Pending holds that waited long enough.
    pub ended: u64,
    /// Items that went to the next hold of their queue right there; 0 in a dry run.
    pub passed_on: u64,
    /// Fees that came about; 0 in a dry run.
    pub fees: u64,
}

impl AddAssign for ExpiredHolds {
    fn add_assign(&mut self, more: Self) {
        self.uncollected += more.uncollected;
        self.ended += more.ended;
        self.passed_on += more.passed_on;
        self.fees += more.fees;
    }
}

/// Which of the two kinds is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Uncollected,
    Ended,
}

impl Register {
    /// Closes every hold whose time is over, batch by batch.
    ///
    /// # Errors
    /// [`RegisterError`] of the batch that failed; those before it stay done.
    pub async fn expire_holds(self: &Arc<Self>, run: ExpireHolds) -> Result<ExpiredHolds, RegisterError> {
        let mut done = ExpiredHolds::default();
        for over in [Over::Uncollected, Over::Ended] {
            let mut after = Uuid::nil();
            loop {
                let (part, last) = self.expire_batch(run, over, after).await?;
                done += part;
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        Ok(done)
    }

    /// One batch of the holds after this one; gives the last of them, none where there is none.
    async fn expire_batch(
        self: &Arc<Self>,
        run: ExpireHolds,
        over: Over,
        after: Uuid,
    ) -> Result<(ExpiredHolds, Option<Uuid>), RegisterError> {
        let register = Arc::clone(self);
        let deadline = Instant::now() + run.batch_limit;
        self.store
            .unit_of_work("expire_holds", deadline, move |transaction| {
                let register = Arc::clone(&register);
                Box::pin(async move {
                    let moment = register.surroundings.moment();
                    let size = run.batch.clamp(1, EXPIRY_BATCH_MAX);
                    let due = due(transaction, &moment, over, after, size).await?;
                    let last = due.last().map(|row| row.id);
                    let part = if run.dry_run {
                        counted(over, due.len())
                    } else {
                        close(&register, transaction, over, due).await?
                    };
                    Ok((part, last))
                })
            })
            .await
    }
}

fn counted(over: Over, holds: usize) -> ExpiredHolds {
    let holds = holds as u64;
    match over {
        Over::Uncollected => ExpiredHolds { uncollected: holds, ..ExpiredHolds::default() },
        Over::Ended => ExpiredHolds { ended: holds, ..ExpiredHolds::default() },
    }
}

/// Whether the time of a hold is over.
fn is_due(row: &holds::Model, over: Over, moment: &Moment) -> bool {
    let (state, last) = match over {
        Over::Uncollected => (HoldState::Ready, row.pickup_until),
        Over::Ended => (HoldState::Pending, row.valid_until),
    };
    row.state == state.code() && last.is_some_and(|last| last < moment.today())
}

async fn due(
    connection: &impl ConnectionTrait,
    moment: &Moment,
    over: Over,
    after: Uuid,
    size: u64,
) -> Result<Vec<holds::Model>, RegisterError> {
    let (state, last) = match over {
        Over::Uncollected => (HoldState::Ready, holds::Column::PickupUntil),
        Over::Ended => (HoldState::Pending, holds::Column::ValidUntil),
    };
    let rows = holds::Entity::find()
        .filter(holds::Column::State.eq(state.code()))
        .filter(last.lt(moment.today()))
        .filter(holds::Column::Id.gt(after))
        .order_by_asc(holds::Column::Id)
        .limit(size)
        .all(connection)
        .await
        .map_err(StoreError::from)?;
    Ok(rows)
}

async fn close(
    register: &Register,
    transaction: &DatabaseTransaction,
    over: Over,
    due: Vec<holds::Model>,
) -> Result<ExpiredHolds, RegisterError> {
    if due.is_empty() {
        return Ok(ExpiredHolds::default());
    }
    let engine = Engine::of(transaction);
    let key = |row: &holds::Model| locks::Key {
        hold_id: Some(row.id),
        queue: true,
        patron_id: Some(row.patron_id),
        ..locks::Key::default()
    };
    let held = locks::take(transaction, engine, &due.iter().map(key).collect::<Vec<_>>()).await?;
    // Time may have passed while waiting, and what was due may have been picked up.
    let moment = register.surroundings.moment();
    let ids: Vec<_> = due.iter().map(|row| row.id).collect();
    let rows = holds::Entity::find()
        .filter(holds::Column::Id.is_in(ids))
        .order_by_asc(holds::Column::Id)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let rows: Vec<_> = rows.into_iter().filter(|row| is_due(row, over, &moment)).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let facts = facts_of(transaction, &moment, &ids).await?;
    if facts.iter().any(|facts| facts.item.as_ref().is_some_and(|item| !held.item(item.id))) {
        return Err(StoreError::Conflict.into());
    }
    let mut batch = Batch {
        register,
        moment,
        rulebook: register.rulebook_in(transaction).await?,
        patrons: holders(transaction, &rows).await?,
        queues: HashMap::new(),
        changes: Changes::default(),
        done: ExpiredHolds::default(),
    };
    for (row, facts) in rows.iter().zip(&facts) {
        batch.close(row, facts, over)?;
    }
    let (changes, done) = (batch.changes, batch.done);
    changes::apply(transaction, engine, changes, moment.at(), moment.today()).await?;
    if !ids.is_empty() {
        note_author(transaction, &ids, AUTHOR).await?;
    }
    Ok(done)
}

/// The patrons of these holds, by their keys.
async fn holders(
    connection: &impl ConnectionTrait,
    rows: &[holds::Model],
) -> Result<HashMap<i64, patrons::Model>, RegisterError> {
    let wanted = rows.iter().map(|row| row.patron_id);
    let found = patrons::Entity::find().filter(patrons::Column::Id.is_in(wanted)).all(connection).await;
    Ok(found.map_err(StoreError::from)?.into_iter().map(|patron| (patron.id, patron)).collect())
}

/// A batch at work.
struct Batch<'a> {
    register: &'a Register,
    moment: Moment,
    rulebook: Arc<Rulebook>,
    patrons: HashMap<i64, patrons::Model>,
    /// By title, without the holds that got an item in this batch.
    queues: HashMap<i64, VecDeque<Queued>>,
    changes: Changes,
    done: ExpiredHolds,
}

impl Batch<'_> {
    fn close(&mut self, row: &holds::Model, facts: &Facts, over: Over) -> Result<(), RegisterError> {
        let at = self.moment.at();
        let patron =
            self.patrons.get(&row.patron_id).ok_or(RegisterError::Internal("a hold has no patron"))?.clone();
        self.changes.holds.insert(row.id, closed(row.id, HoldState::Lapsed, At(at)));
        if let Some(item) = &facts.item {
            let shelf = HoldShelf {
                branch: item.at_branch_id,
                rulebook: &self.rulebook,
                surroundings: &self.register.surroundings,
                moment: &self.moment,
            };
            let queue = self.queues.entry(item.title_id).or_insert_with(|| facts.queue.clone().into());
            let next = release(&shelf, &mut self.changes, item, queue, row.compartment.is_some());
            self.done.passed_on += u64::from(next.is_some());
        }
        if over == Over::Uncollected {
            let year = year_of(self.moment.today());
            self.changes.year(row.patron_id, year).uncollected_holds += 1;
            self.charge(row, &patron)?;
        }
        self.done += counted(over, 1);
        self.changes.audit.push(AuditRow {
            id: self.register.surroundings.new_id(at),
            at: At(at),
            action: "expire_hold",
            granted: true,
            reasons: serde_json::to_string(Decision::granted().reasons()).expect("reasons are plain names"),
            actor: AUTHOR,
            device_id: None,
            branch_id: Some(row.pickup_branch_id),
            subject: Some(patron.pseudonym),
            item_id: facts.item.as_ref().map(|item| item.id),
            loan_id: None,
            hold_id: Some(row.id),
            request_id: None,
        });
        Ok(())
    }

    /// What it costs not to come, by the policies of the pickup branch.
    fn charge(&mut self, row: &holds::Model, patron: &patrons::Model) -> Result<(), RegisterError> {
        let place = self.rulebook.place(row.pickup_branch_id);
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        let today = self.moment.today();
        let policy = self.rulebook.policies.charges(&place, category, today);
        let cents = fees::uncollected_hold(&policy, patron.birth_date, today);
        if cents > 0 {
            self.done.fees += 1;
            self.changes.new_fees.push(NewFeeRow {
                id: self.register.surroundings.new_id(self.moment.at()),
                patron_id: row.patron_id,
                municipality: place.municipality.to_owned(),
                kind: FeeKind::UncollectedHold.word(),
                amount_cents: cents,
                at: At(self.moment.at()),
                loan_id: None,
                step: 0,
                item_id: row.kept_item_id,
                hold_id: Some(row.id),
                card_id: None,
                rule: Some("fee.uncollected_hold_cents"),
                law: fees::law(FeeKind::UncollectedHold).code(),
                note: None,
            });
        }
        Ok(())
    }
}
