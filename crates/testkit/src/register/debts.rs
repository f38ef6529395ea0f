//! What the patrons of a test owe, beside the plain fees of [`super::seed`].

use super::{TestItem, TestPatron, TestRegister};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    FeeEntryKind, FeeKind, FeeLaw, PaymentChannel, RelationKind,
    fees::{lapse::lapses_on, law},
};
use kortisto_store::entities::{fee_entries, fees, payments, relations};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};
use uuid::Uuid;

/// A fee to be.
#[derive(Debug, Clone)]
pub struct FeeSeed<'s> {
    /// What it is for; the law follows from it.
    pub kind: FeeKind,
    /// How much, in cents.
    pub cents: i64,
    /// The item that it is for.
    pub item: Option<&'s TestItem>,
    /// Whether it has been billed.
    pub billed: bool,
    /// When it came about; none for now.
    pub created_at: Option<DateTime<Utc>>,
}

impl Default for FeeSeed<'_> {
    fn default() -> Self {
        Self { kind: FeeKind::Overdue, cents: 200, item: None, billed: false, created_at: None }
    }
}

impl TestRegister {
    /// An unpaid fee; gives its key.
    ///
    /// # Panics
    /// When the database refuses, as do the others here.
    pub async fn fee_with(&self, patron: &TestPatron, seed: FeeSeed<'_>) -> Uuid {
        let at = seed.created_at.unwrap_or_else(|| self.clock.now());
        let id = self.fee(patron.id, seed.cents).await;
        let fee_law: FeeLaw = law(seed.kind);
        let mut row = self.fee_row(id).await.into_active_model();
        row.kind = Set(seed.kind.word().to_owned());
        row.law = Set(fee_law.code());
        row.item_id = Set(seed.item.map(|item| item.id));
        row.billed_at = Set(seed.billed.then_some(at));
        row.created_at = Set(at);
        row.lapses_on = Set(Some(lapses_on(fee_law, self.surroundings.moment().day_of(at))));
        row.update(self.store.writer()).await.expect("a fee");
        id
    }

    /// A fee as it stands.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn fee_row(&self, id: Uuid) -> fees::Model {
        fees::Entity::find_by_id(id).one(self.store.writer()).await.expect("a row").expect("the fee")
    }

    /// The ledger of a fee, the oldest entry first: the kind and the cents of each.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn ledger(&self, fee: Uuid) -> Vec<(FeeEntryKind, i64)> {
        let rows = fee_entries::Entity::find()
            .filter(fee_entries::Column::FeeId.eq(fee))
            .order_by_asc(fee_entries::Column::At)
            .order_by_asc(fee_entries::Column::Kind)
            .all(self.store.writer())
            .await
            .expect("entries");
        rows.iter().map(|row| (row.kind.try_into().expect("a kind"), row.cents)).collect()
    }

    /// The payments that are kept.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn payments(&self) -> Vec<payments::Model> {
        payments::Entity::find().all(self.store.writer()).await.expect("payments")
    }

    /// What is open of the fees of a patron, in cents.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn debt(&self, patron: &TestPatron) -> i64 {
        self.fees_of(patron).await.iter().map(|fee| fee.open_cents).sum()
    }

    /// Lets a patron off every fee.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn let_off(&self, patron: &TestPatron) {
        for fee in self.fees_of(patron).await {
            let open = fee.open_cents;
            self.write_entry(fee, FeeEntryKind::Waiver, -open, None).await;
        }
    }

    /// Pays a part of a fee, in cents, as if at a kiosk; gives the key of the payment.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn pay(&self, fee: Uuid, cents: i64) -> Uuid {
        let (fee, at) = (self.fee_row(fee).await, self.clock.now());
        let payment = self.surroundings.new_id(at);
        let row = payments::ActiveModel {
            id: Set(payment),
            patron_id: Set(fee.patron_id),
            channel: Set(PaymentChannel::Kiosk.code()),
            operator: Set("test".to_owned()),
            order_id: Set(payment.to_string()),
            cents: Set(cents),
            refunded_cents: Set(0),
            at: Set(at),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        };
        row.insert(self.store.writer()).await.expect("a payment");
        self.write_entry(fee, FeeEntryKind::Payment, -cents, Some(payment)).await;
        payment
    }

    async fn write_entry(&self, fee: fees::Model, kind: FeeEntryKind, cents: i64, payment: Option<Uuid>) {
        let at = self.clock.now();
        let entry = fee_entries::ActiveModel {
            id: Set(self.surroundings.new_id(at)),
            fee_id: Set(fee.id),
            kind: Set(kind.code()),
            cents: Set(cents),
            at: Set(at),
            recorded_by: Set("test".to_owned()),
            payment_id: Set(payment),
            ..Default::default()
        };
        entry.insert(self.store.writer()).await.expect("an entry");
        let open = fee.open_cents + cents;
        let mut row = fee.into_active_model();
        row.open_cents = Set(open);
        row.update(self.store.writer()).await.expect("a fee");
    }

    /// Puts somebody beside a patron from long ago on, and gives the key of the relation.
    ///
    /// # Panics
    /// See [`TestRegister::fee_with`].
    pub async fn relate(&self, ward: &TestPatron, other: &TestPatron, kind: RelationKind) -> i64 {
        let relation = relations::ActiveModel {
            ward_id: Set(ward.id),
            other_id: Set(other.id),
            kind: Set(kind.code()),
            valid_from: Set("2000-01-01".parse().expect("a date")),
            recorded_at: Set(self.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        };
        relation.insert(self.store.writer()).await.expect("a relation").id
    }
}
