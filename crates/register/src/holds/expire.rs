//! Holds whose time is over: ready ones that nobody picked up, and pending ones that waited long enough.
//!
//! No decision rests on this having run. A pending hold gets no item after its last day, whether or not it has been
//! closed; a ready one can still be picked up until it has been, because the item stands there and nobody else has a
//! claim to it yet. A ready hold lapses on the day after its last one: the branch may be open until midnight. One that a
//! locker has reserved lapses a day after that: its item may be gone, and the locker has not been able to say so.
//!
//! Each batch is a transaction of its own that holds the rows it changes and looks again, so running twice at once, or
//! again after a crash, changes nothing twice.

use super::{cancelling::note_author, holder::facts_of, ready::HoldShelf, release::release};
use crate::{
    Register, RegisterError, Rulebook,
    audit::{About, Author},
    fees::ledger::Pen,
    jobs::{AUTHOR, Batched, JobReport, Work},
    loans::open_loan::year_of,
};
use chrono::NaiveDate;
use kortisto_domain::{
    Decision, FeeKind, HoldState, Moment, PatronCategory, fees,
    reserve_pickup::{UNSETTLED_MAX, is_unsettled},
};
use kortisto_store::{
    Engine, StoreError,
    entities::{holds, patrons},
    queries::{
        changes::{self, Changes, HoldRow, NewFeeRow},
        circulation_facts::Facts,
        dialect::At,
        item::Item,
        keyset, locks,
    },
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Which of the two kinds is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Uncollected,
    Ended,
}

/// The job.
pub(crate) struct ExpireHolds;

impl Batched for ExpireHolds {
    const NAME: &'static str = "expire_holds";

    /// Which kind, and the last hold that was looked at, by its last day.
    type Place = (Over, Option<(NaiveDate, Uuid)>);

    fn first() -> Self::Place {
        (Over::Uncollected, None)
    }

    async fn batch(
        work: &Work<'_>,
        (over, after): Self::Place,
    ) -> Result<(JobReport, Option<Self::Place>), RegisterError> {
        let moment = work.register.surroundings.moment();
        let due = due(work.transaction, &moment, over, after, work.rows).await?;
        let last = due.last().and_then(|row| over.last_day(row).map(|day| (day, row.id)));
        let next = match (last, over) {
            (Some(_), _) => Some((over, last)),
            (None, Over::Uncollected) => Some((Over::Ended, None)),
            (None, Over::Ended) => None,
        };
        let report = if work.dry_run {
            JobReport::of([(over.counted(), due.len() as u64)])
        } else {
            close(work.register, work.transaction, over, due).await?
        };
        Ok((report, next))
    }
}

impl Over {
    /// What they are called in the report.
    const fn counted(self) -> &'static str {
        match self {
            Self::Uncollected => "uncollected_holds",
            Self::Ended => "ended_holds",
        }
    }

    /// The state in which such a hold is.
    const fn state(self) -> HoldState {
        match self {
            Self::Uncollected => HoldState::Ready,
            Self::Ended => HoldState::Pending,
        }
    }

    /// The last day of a hold in this state.
    const fn last_day(self, row: &holds::Model) -> Option<NaiveDate> {
        match self {
            Self::Uncollected => row.pickup_until,
            Self::Ended => row.valid_until,
        }
    }

    const fn last_day_column(self) -> holds::Column {
        match self {
            Self::Uncollected => holds::Column::PickupUntil,
            Self::Ended => holds::Column::ValidUntil,
        }
    }
}

/// Whether the time of a hold is over.
fn is_due(row: &holds::Model, over: Over, moment: &Moment) -> bool {
    row.state == over.state().code()
        && over.last_day(row).is_some_and(|last| last < moment.today())
        && !is_unsettled(row.reserved_until, moment)
}

/// Holds whose time is over, in the order of their last days.
async fn due(
    connection: &impl ConnectionTrait,
    moment: &Moment,
    over: Over,
    after: Option<(NaiveDate, Uuid)>,
    size: u64,
) -> Result<Vec<holds::Model>, RegisterError> {
    let last = over.last_day_column();
    // It stands in the statement as it does in the index of such holds, which would not be used for a bound one.
    let state = Expr::cust(over.state().code().to_string());
    let settled = Condition::any()
        .add(holds::Column::ReservedUntil.is_null())
        .add(holds::Column::ReservedUntil.lte(moment.at() - UNSETTLED_MAX));
    let mut query = holds::Entity::find()
        .filter(Expr::col(holds::Column::State).eq(state))
        .filter(last.lt(moment.today()))
        .filter(settled)
        .order_by_asc(last)
        .order_by_asc(holds::Column::Id)
        .limit(size);
    if let Some((day, id)) = after {
        query = query.filter(keyset::behind((last, day), (holds::Column::Id, id)));
    }
    Ok(query.all(connection).await.map_err(StoreError::from)?)
}

async fn close(
    register: &Register,
    transaction: &DatabaseTransaction,
    over: Over,
    due: Vec<holds::Model>,
) -> Result<JobReport, RegisterError> {
    if due.is_empty() {
        return Ok(JobReport::default());
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
    let facts = facts_of(transaction, &moment, &ids, None).await?;
    if facts
        .iter()
        .any(|facts| facts.item.as_ref().is_some_and(|item| !held.queue_of(item.id, item.title_id)))
    {
        return Err(StoreError::Conflict.into());
    }
    let mut batch = Batch {
        register,
        moment,
        rulebook: register.rulebook_in(transaction).await?,
        patrons: holders(transaction, &rows).await?,
        handed_out: HashSet::new(),
        changes: Changes::default(),
        closed: 0,
        passed_on: 0,
        fees: 0,
    };
    for (row, facts) in rows.iter().zip(&facts) {
        batch.close(row, facts, over)?;
    }
    let report = JobReport::of([
        (over.counted(), batch.closed),
        ("items_passed_on", batch.passed_on),
        ("fees", batch.fees),
    ]);
    changes::apply(transaction, engine, batch.changes, moment.at(), moment.today()).await?;
    if !ids.is_empty() {
        note_author(transaction, &ids, AUTHOR).await?;
    }
    Ok(report)
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
    /// Holds that got an item in this batch.
    handed_out: HashSet<Uuid>,
    changes: Changes,
    closed: u64,
    passed_on: u64,
    fees: u64,
}

impl Batch<'_> {
    fn close(&mut self, row: &holds::Model, facts: &Facts, over: Over) -> Result<(), RegisterError> {
        let at = self.moment.at();
        let patron =
            self.patrons.get(&row.patron_id).ok_or(RegisterError::Internal("a hold has no patron"))?.clone();
        self.changes.holds.insert(row.id, HoldRow::new(row.id, HoldState::Lapsed, At(at)));
        if let Some(item) = &facts.item {
            let shelf = HoldShelf {
                branch: item.at_branch_id,
                rulebook: &self.rulebook,
                surroundings: &self.register.surroundings,
                moment: &self.moment,
            };
            let queue: Vec<_> =
                facts.queue.iter().filter(|hold| !self.handed_out.contains(&hold.id)).cloned().collect();
            let next = release(&shelf, &mut self.changes, item, &queue, row.compartment.is_some());
            self.passed_on += u64::from(next.is_some());
            self.handed_out.extend(next);
        }
        if over == Over::Uncollected {
            let year = year_of(self.moment.today());
            self.changes.year(row.patron_id, year).uncollected_holds += 1;
            self.charge(row, facts.item.as_ref(), &patron)?;
        }
        self.closed += 1;
        let about = About {
            subject: Some(patron.pseudonym),
            item: facts.item.as_ref().map(|item| item.id),
            hold: Some(row.id),
            ..About::default()
        };
        let author = Author::Job { branch: Some(row.pickup_branch_id) };
        let surroundings = &self.register.surroundings;
        self.changes.audit.push(about.row(surroundings, at, author, "expire_hold", &Decision::granted()));
        Ok(())
    }

    /// What it costs not to come, by the policies of the pickup branch.
    fn charge(
        &mut self,
        row: &holds::Model,
        item: Option<&Item>,
        patron: &patrons::Model,
    ) -> Result<(), RegisterError> {
        let place = self.rulebook.place(row.pickup_branch_id);
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        let (at, today) = (self.moment.at(), self.moment.today());
        let class = item.map(Item::class).unwrap_or_default();
        let policy = self.rulebook.policies.uncollected(&place, category, class, today);
        let cents = fees::uncollected_hold(&policy, patron.birth_date, today);
        if cents > 0 {
            self.fees += 1;
            let pen = Pen { surroundings: &self.register.surroundings, at, by: AUTHOR.to_owned() };
            let fee = NewFeeRow {
                item_id: row.kept_item_id,
                hold_id: Some(row.id),
                rule: Some("fee.uncollected_hold_cents"),
                ..pen.charge(row.patron_id, place.municipality, FeeKind::UncollectedHold, cents)
            };
            self.changes.new_fees.push(fee);
        }
        Ok(())
    }
}
