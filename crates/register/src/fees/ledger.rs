//! The ledger: what is open, and the entries that change it.
//!
//! A fee's `open_cents` is the sum of its entries at every commit, because both are written by one [`Changes`]. What is
//! written here and in `staff/fees/` about a fee that is there holds the row of its patron first, then that of the fee.

use crate::{RegisterError, Surroundings};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    FeeEntryKind, FeeKind, Moment,
    fees::{
        self as rules, lapse,
        payment::{OpenFee, Share},
    },
};
use kortisto_store::{
    Engine, StoreError,
    entities::{fee_entries, fees, items, payments, titles},
    queries::{
        changes::{self, Changes, FeeEntryRow, NewFeeRow},
        dialect::At,
    },
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Whether the rows that are read are held until the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// To be looked at.
    No,
    /// To be changed. Their patrons are held already.
    Yes,
}

/// Which fees are owed on a day. One that has lapsed is not, and stays open until the job has written that down. Of one
/// from before its day was kept only the job knows.
pub(crate) fn owed_on(today: NaiveDate) -> Condition {
    let in_force =
        Condition::any().add(fees::Column::LapsesOn.is_null()).add(fees::Column::LapsesOn.gt(today));
    Condition::all().add(fees::Column::OpenCents.gt(0)).add(in_force)
}

/// The same of a fee that has been read.
pub(crate) fn is_owed(fee: &fees::Model, today: NaiveDate) -> bool {
    fee.open_cents > 0 && fee.lapses_on.is_none_or(|day| day > today)
}

/// The fees that these patrons owe today, the oldest first.
pub(crate) async fn owed_by(
    transaction: &DatabaseTransaction,
    patrons: &[i64],
    today: NaiveDate,
    hold: Hold,
) -> Result<Vec<fees::Model>, StoreError> {
    let query = fees::Entity::find()
        .filter(fees::Column::PatronId.is_in(patrons.iter().copied()))
        .filter(owed_on(today));
    read(transaction, query, hold).await
}

/// The fees of these patrons of which something is open, lapsed ones too, the oldest first.
pub(crate) async fn open_of(
    transaction: &DatabaseTransaction,
    patrons: &[i64],
    hold: Hold,
) -> Result<Vec<fees::Model>, StoreError> {
    let query = fees::Entity::find()
        .filter(fees::Column::PatronId.is_in(patrons.iter().copied()))
        .filter(fees::Column::OpenCents.gt(0));
    read(transaction, query, hold).await
}

async fn read(
    transaction: &DatabaseTransaction,
    query: Select<fees::Entity>,
    hold: Hold,
) -> Result<Vec<fees::Model>, StoreError> {
    let mut query = query.order_by_asc(fees::Column::CreatedAt).order_by_asc(fees::Column::Id);
    if hold == Hold::Yes {
        query = query.lock_exclusive();
    }
    Ok(query.all(transaction).await?)
}

/// The fee as the rules know it.
pub(crate) fn facts(fee: &fees::Model) -> OpenFee {
    OpenFee { id: fee.id, open_cents: fee.open_cents, billed: fee.billed_at.is_some() }
}

/// What a fee is for.
pub(crate) fn kind(fee: &fees::Model) -> Result<FeeKind, StoreError> {
    FeeKind::from_word(&fee.kind).ok_or(StoreError::Inconsistent { table: "fees", column: "kind" })
}

/// What the items are of which these fees are: author and title, by the key of the item.
pub(crate) async fn labels<'f>(
    transaction: &DatabaseTransaction,
    fees: impl IntoIterator<Item = &'f fees::Model>,
) -> Result<HashMap<i64, String>, StoreError> {
    let wanted: Vec<i64> = fees.into_iter().filter_map(|fee| fee.item_id).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let items = items::Entity::find().filter(items::Column::Id.is_in(wanted)).all(transaction).await?;
    let titles = titles::Entity::find()
        .filter(titles::Column::Id.is_in(items.iter().map(|item| item.title_id)))
        .all(transaction)
        .await?;
    let labels: HashMap<i64, String> = titles.into_iter().map(|title| (title.id, title.label)).collect();
    let label = |item: &items::Model| labels.get(&item.title_id).cloned().unwrap_or_default();
    Ok(items.iter().map(|item| (item.id, label(item))).collect())
}

/// Who writes entries, and when.
pub(crate) struct Pen<'p> {
    pub(crate) surroundings: &'p Surroundings,
    pub(crate) at: DateTime<Utc>,
    /// As it stands in `recorded_by`: `device:7`, `staff:3` or `job`.
    pub(crate) by: String,
}

impl Pen<'_> {
    /// An entry that adds these cents to what is owed, or takes them from it where they are negative.
    pub(crate) fn entry(&self, fee_id: Uuid, kind: FeeEntryKind, cents: i64) -> FeeEntryRow {
        FeeEntryRow {
            id: self.surroundings.new_id(self.at),
            fee_id,
            kind: kind.code(),
            cents,
            at: At(self.at),
            recorded_by: self.by.clone(),
            payment_id: None,
            grounds: None,
            refund_order_id: None,
        }
    }

    /// What a payment pays of each fee.
    pub(crate) fn paid(&self, payment_id: Uuid, shares: &[Share]) -> Vec<FeeEntryRow> {
        let entry = |share: &Share| FeeEntryRow {
            payment_id: Some(payment_id),
            ..self.entry(share.fee, FeeEntryKind::Payment, -share.cents)
        };
        shares.iter().map(entry).collect()
    }

    /// A fee charged today. What it is for, beside its patron, the caller adds.
    pub(crate) fn charge(&self, patron_id: i64, municipality: &str, kind: FeeKind, cents: i64) -> NewFeeRow {
        let law = rules::law(kind);
        NewFeeRow {
            id: self.surroundings.new_id(self.at),
            patron_id,
            municipality: municipality.to_owned(),
            kind: kind.word(),
            amount_cents: cents,
            at: At(self.at),
            loan_id: None,
            step: 0,
            item_id: None,
            hold_id: None,
            card_id: None,
            rule: None,
            law: law.code(),
            lapses_on: lapse::lapses_on(law, Moment::new(self.at, self.surroundings.zone).today()),
            note: None,
        }
    }
}

/// Writes what a pen has put down.
pub(crate) async fn post(
    transaction: &DatabaseTransaction,
    moment: &Moment,
    changes: Changes,
) -> Result<(), StoreError> {
    changes::apply(transaction, Engine::of(transaction), changes, moment.at(), moment.today()).await
}

/// The payment that its operator knows by this order id.
pub(crate) async fn payment_of_order(
    transaction: &DatabaseTransaction,
    operator: &str,
    order_id: &str,
) -> Result<Option<payments::Model>, StoreError> {
    let found = payments::Entity::find()
        .filter(payments::Column::Operator.eq(operator))
        .filter(payments::Column::OrderId.eq(order_id))
        .one(transaction);
    Ok(found.await?)
}

/// Whether a refund of this payment has been recorded that its operator knows by this order id.
pub(crate) async fn is_refunded_by(
    transaction: &DatabaseTransaction,
    payment: Uuid,
    order_id: &str,
) -> Result<bool, StoreError> {
    let found = fee_entries::Entity::find()
        .filter(fee_entries::Column::PaymentId.eq(payment))
        .filter(fee_entries::Column::RefundOrderId.eq(order_id))
        .one(transaction);
    Ok(found.await?.is_some())
}

/// What these payments have paid, the oldest fee first: of each entry the payment and the share.
pub(crate) async fn shares_of(
    transaction: &DatabaseTransaction,
    payments: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<(Uuid, Share)>, StoreError> {
    let rows = entries_of(transaction, payments, FeeEntryKind::Payment).await?;
    let share = |row: &fee_entries::Model| {
        row.payment_id.map(|payment| (payment, Share { fee: row.fee_id, cents: -row.cents }))
    };
    Ok(rows.iter().filter_map(share).collect())
}

/// What a payment has paid of each fee and not paid back since, the oldest fee first.
pub(crate) async fn still_paid_by(
    transaction: &DatabaseTransaction,
    payment: Uuid,
) -> Result<Vec<Share>, StoreError> {
    let mut paid = shares_of(transaction, [payment]).await?;
    for back in entries_of(transaction, [payment], FeeEntryKind::Refund).await? {
        for (_, share) in paid.iter_mut().filter(|(_, share)| share.fee == back.fee_id) {
            share.cents -= back.cents;
        }
    }
    Ok(paid.into_iter().map(|(_, share)| share).collect())
}

/// The entries of this kind that belong to these payments, the oldest fee first.
async fn entries_of(
    transaction: &DatabaseTransaction,
    payments: impl IntoIterator<Item = Uuid>,
    kind: FeeEntryKind,
) -> Result<Vec<fee_entries::Model>, StoreError> {
    let mut rows = fee_entries::Entity::find()
        .filter(fee_entries::Column::PaymentId.is_in(payments))
        .filter(fee_entries::Column::Kind.eq(kind.code()))
        .all(transaction)
        .await?;
    let of_rows = fees::Column::Id.is_in(rows.iter().map(|row| row.fee_id));
    let fees = fees::Entity::find().filter(of_rows).all(transaction).await?;
    let ages: HashMap<Uuid, DateTime<Utc>> = fees.into_iter().map(|fee| (fee.id, fee.created_at)).collect();
    rows.sort_unstable_by_key(|row| (ages.get(&row.fee_id).copied(), row.fee_id));
    Ok(rows)
}

/// Keeps a payment. Its operator and order id are its own: where somebody else keeps the same order at this moment, the
/// next try finds it.
pub(crate) async fn keep_payment(
    transaction: &DatabaseTransaction,
    payment: payments::Model,
) -> Result<(), RegisterError> {
    let row = payments::ActiveModel {
        id: Set(payment.id),
        patron_id: Set(payment.patron_id),
        channel: Set(payment.channel),
        operator: Set(payment.operator),
        order_id: Set(payment.order_id),
        cents: Set(payment.cents),
        refunded_cents: Set(payment.refunded_cents),
        at: Set(payment.at),
        device_id: Set(payment.device_id),
        branch_id: Set(payment.branch_id),
        recorded_by: Set(payment.recorded_by),
    };
    match row.insert(transaction).await.map_err(StoreError::from) {
        Ok(_) => Ok(()),
        Err(StoreError::Unique { .. }) => Err(RegisterError::Unavailable),
        Err(error) => Err(error.into()),
    }
}
