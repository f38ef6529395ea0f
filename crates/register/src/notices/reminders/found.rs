//! The loans of a batch, and everything that says whether they are reminded of.

use super::Reminding;
use crate::{RegisterError, Rulebook, jobs::Work};
use kortisto_domain::{
    FeeKind, LoanState, Moment, NoticeChannel, PatronCategory, notices::timing, policy::NoticePolicy,
};
use kortisto_store::{
    Engine, StoreError,
    entities::{fees, items, notice_lines, notice_preferences, open_loans, patrons},
    queries::{
        circulation_facts::{self, Key},
        item::Item,
        locks,
    },
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// The loans of a batch. Personal data: it has no `Debug`.
pub(super) struct Found {
    pub(super) reminding: Reminding,
    pub(super) moment: Moment,
    pub(super) rulebook: Arc<Rulebook>,
    pub(super) patrons: HashMap<i64, patrons::Model>,
    /// How each patron wants such a notice.
    preferences: HashMap<i64, notice_preferences::Model>,
    /// By patron, then the first due first.
    pub(super) loans: Vec<open_loans::Model>,
    /// By item, of the loans above; after [`Found::look_closer`].
    pub(super) items: HashMap<i64, Item>,
    /// Causes of lines about these loans that were written before.
    pub(super) told: HashSet<String>,
    /// Loan and step of what reminders have cost before.
    pub(super) charged: HashSet<(Uuid, i16)>,
}

impl Found {
    /// Reads the loans of these patrons.
    pub(super) async fn read(
        work: &Work<'_>,
        reminding: Reminding,
        keys: &[i64],
    ) -> Result<Self, RegisterError> {
        let (connection, moment) = (work.transaction, work.register.surroundings.moment());
        let keys = || keys.iter().copied();
        let borrowers = patrons::Entity::find().filter(patrons::Column::Id.is_in(keys()));
        let borrowers = borrowers.all(connection).await.map_err(StoreError::from)?;
        let preferences = notice_preferences::Entity::find()
            .filter(notice_preferences::Column::PatronId.is_in(keys()))
            .filter(notice_preferences::Column::Notice.eq(reminding.kind().code()))
            .all(connection)
            .await
            .map_err(StoreError::from)?;
        // By patron alone: a planner that knows no dates may take their days for the narrower way, and read all that are due.
        let loans = open_loans::Entity::find()
            .filter(open_loans::Column::PatronId.is_in(keys()))
            .filter(open_loans::Column::State.eq(LoanState::Open.code()))
            .order_by_asc(open_loans::Column::PatronId)
            .order_by_asc(open_loans::Column::DueOn)
            .order_by_asc(open_loans::Column::ItemId)
            .all(connection)
            .await
            .map_err(StoreError::from)?;
        Ok(Self {
            reminding,
            moment,
            rulebook: work.register.rulebook_in(connection).await?,
            patrons: borrowers.into_iter().map(|row| (row.id, row)).collect(),
            preferences: preferences.into_iter().map(|row| (row.patron_id, row)).collect(),
            loans,
            items: HashMap::new(),
            told: HashSet::new(),
            charged: HashSet::new(),
        })
    }

    /// Leaves out the loans that get no reminder even if others waited for their titles.
    pub(super) fn keep_likely(&mut self) -> Result<(), RegisterError> {
        let mut likely = Vec::with_capacity(self.loans.len());
        for loan in std::mem::take(&mut self.loans) {
            if self.step(&loan, true)?.is_some() {
                likely.push(loan);
            }
        }
        self.loans = likely;
        Ok(())
    }

    /// Holds the patrons and the items, in the order of every lock. Gives the keys of the patrons.
    pub(super) async fn lock(&self, work: &Work<'_>) -> Result<Vec<i64>, RegisterError> {
        let barcodes = self.barcodes(work.transaction).await?;
        let mut patrons: Vec<_> = self.loans.iter().map(|loan| loan.patron_id).collect();
        patrons.dedup();
        let of_patron = |id: &i64| locks::Key { patron_id: Some(*id), ..locks::Key::default() };
        let of_item = |barcode: String| locks::Key { barcode: Some(barcode), ..locks::Key::default() };
        let keys: Vec<_> = patrons.iter().map(of_patron).chain(barcodes.into_iter().map(of_item)).collect();
        locks::take(work.transaction, Engine::of(work.transaction), &keys).await?;
        Ok(patrons)
    }

    async fn barcodes(&self, connection: &impl ConnectionTrait) -> Result<Vec<String>, RegisterError> {
        let found = items::Entity::find()
            .select_only()
            .column(items::Column::Barcode)
            .filter(items::Column::Id.is_in(self.loans.iter().map(|loan| loan.item_id)))
            .order_by_asc(items::Column::Id)
            .into_tuple()
            .all(connection);
        Ok(found.await.map_err(StoreError::from)?)
    }

    /// Reads who waits for the titles, and what was written and charged before.
    pub(super) async fn look_closer(&mut self, work: &Work<'_>) -> Result<(), RegisterError> {
        let transaction = work.transaction;
        let key = |(ord, barcode): (i64, String)| Key {
            barcode: Some(barcode),
            ..Key::blank(ord, self.moment.today())
        };
        let keys: Vec<_> = (0..).zip(self.barcodes(transaction).await?).map(key).collect();
        let facts = circulation_facts::load(transaction, Engine::of(transaction), &keys).await?;
        self.items = facts.into_iter().filter_map(|facts| facts.item).map(|item| (item.id, item)).collect();
        let loans = || self.loans.iter().map(|loan| loan.id);
        let told = notice_lines::Entity::find()
            .select_only()
            .column(notice_lines::Column::Cause)
            .filter(notice_lines::Column::LoanId.is_in(loans()))
            .into_tuple()
            .all(transaction);
        let told: Vec<String> = told.await.map_err(StoreError::from)?;
        let charged = fees::Entity::find()
            .filter(fees::Column::LoanId.is_in(loans()))
            .filter(fees::Column::Kind.eq(FeeKind::Reminder.word()))
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        self.charged =
            charged.into_iter().filter_map(|fee| fee.loan_id.map(|loan| (loan, fee.step))).collect();
        self.told = told.into_iter().collect();
        Ok(())
    }

    /// What applies to this loan.
    pub(super) fn policy(&self, loan: &open_loans::Model) -> Result<NoticePolicy, RegisterError> {
        let patron =
            self.patrons.get(&loan.patron_id).ok_or(RegisterError::Internal("a loan has no patron"))?;
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        let place = self.rulebook.place(loan.branch_id);
        Ok(self.rulebook.policies.notices(&place, category, self.moment.today()))
    }

    /// Whether this patron wants no such notice.
    pub(super) fn is_unwanted(&self, patron: i64) -> bool {
        let preference = self.preferences.get(&patron);
        preference.is_some_and(|row| row.channel == NoticeChannel::None.code())
    }

    /// The reminder that this loan gets today: 0 before its due date, else its step.
    pub(super) fn step(&self, loan: &open_loans::Model, held: bool) -> Result<Option<i16>, RegisterError> {
        let (policy, today) = (self.policy(loan)?, self.moment.today());
        Ok(match self.reminding {
            Reminding::Due => {
                let preference = self.preferences.get(&loan.patron_id);
                let chosen = preference.map(|row| row.days_before.and_then(|days| u8::try_from(days).ok()));
                let since = self.moment.day_of(loan.renewed_at.unwrap_or(loan.lent_at));
                // Whoever chose no notice chose no days.
                let days = chosen.unwrap_or(policy.due_reminder_days);
                let due = |days| timing::is_due_reminded(loan.due_on, loan.reminded_for, days, since, today);
                days.is_some_and(due).then_some(0)
            }
            Reminding::Overdue => {
                let sent = u8::try_from(loan.notices_sent).unwrap_or(u8::MAX);
                timing::overdue_step(&policy, loan.due_on, sent, held, today).map(i16::from)
            }
        })
    }
}
