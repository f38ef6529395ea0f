//! Loans that are about to fall due, and loans that are late (A58, A59): the work that time sets off.
//!
//! It goes through the patrons with such loans in the order of their keys, holds patron and items, and looks again. No
//! decision rests on it having run. Each batch is a transaction of its own that writes notices, marks and fees
//! together, so running twice at once, or again after a crash, writes nothing twice.

mod found;
mod write;

use super::NoticeRun;
use crate::{Register, RegisterError};
use chrono::{Days, NaiveDate};
use found::Found;
use kortisto_domain::{LoanState, NoticeKind, notices::REMINDER_DAYS, policy::REMINDERS_MAX};
use kortisto_store::{Engine, StoreError, entities::open_loans, queries::changes};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use std::{ops::AddAssign, sync::Arc};
use tokio::time::Instant;
use write::Writer;

/// Patrons of one batch at most: on SQLite a batch holds the one writer meanwhile.
pub const REMINDER_BATCH_MAX: u64 = 100;

/// What was written, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemindersWritten {
    /// Notices.
    pub notices: u64,
    /// Loans that they are about.
    pub loans: u64,
    /// Loans whose borrowers want no reminder: its step has passed, and it costs nothing.
    pub unwanted: u64,
    /// Fees that came about.
    pub fees: u64,
    /// Whether every patron was looked at.
    pub finished: bool,
}

impl AddAssign for RemindersWritten {
    fn add_assign(&mut self, more: Self) {
        self.notices += more.notices;
        self.loans += more.loans;
        self.unwanted += more.unwanted;
        self.fees += more.fees;
        self.finished = more.finished;
    }
}

/// Which loans are reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reminding {
    /// Those about to fall due.
    Due,
    /// Those that are late.
    Overdue,
}

impl Reminding {
    const fn kind(self) -> NoticeKind {
        match self {
            Self::Due => NoticeKind::DueReminder,
            Self::Overdue => NoticeKind::Overdue,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Due => "remind_due",
            Self::Overdue => "remind_overdue",
        }
    }

    /// The loans that may get one today, whatever policy and preference say.
    fn candidates(self, today: NaiveDate) -> Condition {
        let open = Condition::all().add(open_loans::Column::State.eq(LoanState::Open.code()));
        match self {
            Self::Due => {
                let last = today + Days::new(REMINDER_DAYS.1.into());
                let reminded = Expr::col(open_loans::Column::RemindedFor);
                let anew = reminded.clone().is_null().or(reminded.ne(Expr::col(open_loans::Column::DueOn)));
                open.add(open_loans::Column::DueOn.between(today, last)).add(anew)
            }
            Self::Overdue => open
                .add(open_loans::Column::DueOn.lt(today))
                .add(open_loans::Column::NoticesSent.lt(REMINDERS_MAX as i16)),
        }
    }
}

impl Register {
    /// Writes the due-date reminders of today (A58).
    ///
    /// # Errors
    /// [`RegisterError`] of the batch that failed; those before it stay done.
    pub async fn remind_due(self: &Arc<Self>, run: NoticeRun) -> Result<RemindersWritten, RegisterError> {
        self.remind(Reminding::Due, run).await
    }

    /// Writes today's reminders of late loans, and charges for them (A59).
    ///
    /// # Errors
    /// As [`Register::remind_due`].
    pub async fn remind_overdue(self: &Arc<Self>, run: NoticeRun) -> Result<RemindersWritten, RegisterError> {
        self.remind(Reminding::Overdue, run).await
    }

    async fn remind(
        self: &Arc<Self>,
        reminding: Reminding,
        run: NoticeRun,
    ) -> Result<RemindersWritten, RegisterError> {
        let (mut done, mut after) = (RemindersWritten::default(), 0);
        while !done.finished && Instant::now() < run.deadline {
            let register = Arc::clone(self);
            let (part, last) = self
                .store
                .unit_of_work(reminding.action(), Instant::now() + run.batch_limit, move |transaction| {
                    let register = Arc::clone(&register);
                    Box::pin(async move { batch(&register, transaction, reminding, run, after).await })
                })
                .await?;
            done += part;
            after = last;
        }
        Ok(done)
    }
}

/// One batch of the patrons behind this one; gives the key of the last of them.
async fn batch(
    register: &Register,
    transaction: &DatabaseTransaction,
    reminding: Reminding,
    run: NoticeRun,
    after: i64,
) -> Result<(RemindersWritten, i64), RegisterError> {
    let size = run.batch.clamp(1, REMINDER_BATCH_MAX);
    let today = register.surroundings.moment().today();
    let keys = patrons_behind(transaction, reminding, today, after, size).await?;
    let finished = (keys.len() as u64) < size;
    let last = keys.last().copied().unwrap_or(after);
    let mut done = RemindersWritten { finished, ..RemindersWritten::default() };
    let mut found = Found::read(register, transaction, reminding, &keys).await?;
    // Nobody is held for whom nothing is due.
    found.keep_likely()?;
    if found.loans.is_empty() {
        return Ok((done, last));
    }
    if !run.dry_run {
        // What was due may have come back while this waited.
        let keys = found.lock(transaction).await?;
        found = Found::read(register, transaction, reminding, &keys).await?;
        found.keep_likely()?;
    }
    found.look_closer(transaction).await?;
    let mut writer = Writer::new(register, &found);
    writer.write_all()?;
    done += RemindersWritten { finished, ..writer.done };
    if !run.dry_run {
        let (at, today) = (found.moment.at(), found.moment.today());
        let (new, marks) = (writer.changes, writer.marks);
        changes::apply(transaction, Engine::of(transaction), new, at, today).await?;
        marks.write(transaction).await?;
    }
    Ok((done, last))
}

/// Patrons who have such loans, in the order of their keys.
async fn patrons_behind(
    connection: &impl ConnectionTrait,
    reminding: Reminding,
    today: NaiveDate,
    after: i64,
    size: u64,
) -> Result<Vec<i64>, RegisterError> {
    let found = open_loans::Entity::find()
        .select_only()
        .column(open_loans::Column::PatronId)
        .distinct()
        .filter(reminding.candidates(today))
        .filter(open_loans::Column::PatronId.gt(after))
        .order_by_asc(open_loans::Column::PatronId)
        .limit(size)
        .into_tuple()
        .all(connection);
    Ok(found.await.map_err(StoreError::from)?)
}
