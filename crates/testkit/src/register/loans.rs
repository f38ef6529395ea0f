//! Loans of a test: what stands of them, and making them late.

use super::{Device, TestItem, TestPatron, TestRegister};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use kortisto_store::entities::{fees, open_loans, patron_sessions, year_counters};
use kortisto_vault::token_hash;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

impl TestRegister {
    /// The token of a session of a patron at a device, opened without asking anybody.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn session_at(&self, device: &Device, patron: &TestPatron) -> String {
        let at = self.clock.now();
        let id = self.surroundings.new_id(at);
        let token = self.keys.session_token(id.as_bytes(), device.id).expose_secret().to_owned();
        patron_sessions::ActiveModel {
            id: Set(id),
            token_hash: Set(token_hash(&token).expect("a token").to_vec()),
            patron_id: Set(patron.id),
            card_id: Set(patron.card_id),
            device_id: Set(device.id),
            started_at: Set(at),
            expires_at: Set(at + TimeDelta::minutes(5)),
            ended_at: Set(None),
            guardian_id: Set(None),
        }
        .insert(self.store.writer())
        .await
        .expect("a session");
        token
    }

    /// The open loan of an item.
    ///
    /// # Panics
    /// When it has none.
    pub async fn loan_row(&self, item: &TestItem) -> open_loans::Model {
        let found = open_loans::Entity::find_by_id(item.id).one(self.store.writer()).await;
        found.expect("the database").expect("an open loan")
    }

    /// Changes the open loan of an item.
    ///
    /// # Panics
    /// When it has none.
    pub async fn set_loan(&self, item: &TestItem, change: impl FnOnce(&mut open_loans::ActiveModel)) {
        let mut row = self.loan_row(item).await.into_active_model();
        change(&mut row);
        row.update(self.store.writer()).await.expect("a changed loan");
    }

    /// Makes the loan of an item end with this day.
    ///
    /// # Panics
    /// When it has none.
    pub async fn make_due(&self, item: &TestItem, day: NaiveDate) {
        self.set_loan(item, |row| {
            row.due_on = Set(day);
            row.due_at = Set(Some(day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(20)));
        })
        .await;
    }

    /// A fee of a loan, with its charge.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn fee_of_loan(&self, patron_id: i64, loan: Uuid, kind: &str, cents: i64) {
        let id = self.fee(patron_id, cents).await;
        let fee = fees::Entity::find_by_id(id).one(self.store.writer()).await;
        let mut fee = fee.expect("the database").expect("the fee").into_active_model();
        fee.kind = Set(kind.to_owned());
        fee.loan_id = Set(Some(loan));
        fee.update(self.store.writer()).await.expect("a changed fee");
    }

    /// The fees of a patron, oldest first.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn fees_of(&self, patron: &TestPatron) -> Vec<fees::Model> {
        let of_patron = fees::Entity::find().filter(fees::Column::PatronId.eq(patron.id));
        of_patron.order_by_asc(fees::Column::CreatedAt).all(self.store.writer()).await.expect("fees")
    }

    /// Loans of a patron that count for a year.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn loans_of_year(&self, patron: &TestPatron, year: i16) -> i32 {
        let found = year_counters::Entity::find_by_id((patron.id, year)).one(self.store.writer()).await;
        found.expect("the database").map_or(0, |row| row.loans)
    }
}
