//! `FeeService.RefundPayment`: pays money back.
//!
//! What was paid is owed again by it, as if it had not been paid. Where the patron is not to owe it again, it is let
//! off at the same moment, with the same grounds.

use super::open_changes;
use crate::{
    PaidShare, RegisterError,
    fees::ledger,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{FeeEntryKind, fees::refund};
use kortisto_store::{
    StoreError,
    entities::{fees, patrons, payments},
    queries::changes::{Changes, FeeEntryRow},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Pays a payment back, or a part of it.
#[derive(Serialize)]
pub struct RefundPayment {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The payment.
    pub payment_id: Uuid,
    /// By which the operator of the payment knows the refund, 1 to 64 characters; none where it knows it by nothing.
    pub order_id: Option<String>,
    /// How much of it, in cents, more than 0; none for all that has not been paid back.
    pub cents: Option<i64>,
    /// Why, 1 to 500 characters.
    pub grounds: String,
    /// Whether the patron is let off what is paid back, and so does not owe it again.
    pub also_waive: bool,
}

/// What has been paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// Of which fees, the last one first.
    pub shares: Vec<PaidShare>,
    /// What of the payment has not been paid back, in cents.
    pub left_cents: i64,
}

/// A payment with everything that it paid, held.
struct HeldPayment {
    payment: payments::Model,
    fees: Vec<fees::Model>,
    /// Those who owed the fees, in the order of their keys.
    patrons: Vec<patrons::Model>,
}

impl StaffChange for RefundPayment {
    const RPC: StaffRpc = StaffRpc::RefundPayment;
    type Answer = Refunded;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Refunded, RegisterError> {
        let HeldPayment { payment, fees, patrons } = self.hold(desk).await?;
        if let Some(order_id) = &self.order_id
            && ledger::is_refunded_by(desk.transaction, payment.id, order_id).await?
        {
            return Err(RegisterError::AlreadyExists { field: "refund_order_id" });
        }
        let paid = ledger::still_paid_by(desk.transaction, payment.id).await?;
        let left = payment.cents - payment.refunded_cents;
        let cents = self.cents.unwrap_or(left);
        let back = refund::shares(&paid, cents).filter(|back| !back.is_empty());
        let back = back.ok_or(RegisterError::RuleBroken { rule: "not more is paid back than was paid" })?;
        let pen = desk.pen();
        let grounded = |entry| FeeEntryRow { grounds: Some(self.grounds.clone()), ..entry };
        let mut entries = Vec::new();
        let mut order_id = self.order_id.clone();
        for share in &back {
            let refund = pen.entry(share.fee, FeeEntryKind::Refund, share.cents);
            let payment_id = Some(payment.id);
            let refund_order_id = order_id.take();
            entries.push(grounded(FeeEntryRow { payment_id, refund_order_id, ..refund }));
            if self.also_waive {
                entries.push(grounded(pen.entry(share.fee, FeeEntryKind::Waiver, -share.cents)));
            }
        }
        desk.post(Changes { fee_entries: entries, ..Changes::default() }).await?;
        for patron in &patrons {
            let mut fields = vec![
                FieldChange::new("payment", Some(payment.id.to_string()), Some(payment.id.to_string())),
                FieldChange::secret("payment.refund_grounds"),
            ];
            let own = fees.iter().filter(|fee| fee.patron_id == patron.id);
            for (fee, share) in
                own.filter_map(|fee| Some((fee, back.iter().find(|share| share.fee == fee.id)?)))
            {
                let again = if self.also_waive { 0 } else { share.cents };
                fields.extend(open_changes(fee.id, fee.open_cents, fee.open_cents + again));
                let cents = Some(share.cents.to_string());
                fields.push(FieldChange::new("fee.refunded_cents", None, cents));
            }
            desk.noted(patron, None, fields);
        }
        let refunded = payment.refunded_cents + cents;
        let mut row = payment.into_active_model();
        row.refunded_cents = Set(refunded);
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let shares = back.into_iter().map(PaidShare::from).collect();
        Ok(Refunded { shares, left_cents: left - cents })
    }
}

impl RefundPayment {
    /// The patrons before the fees, and both in the order of their keys; then the payment as it stands.
    async fn hold(&self, desk: &StaffDesk<'_>) -> Result<HeldPayment, RegisterError> {
        let unknown = RegisterError::NotFound { what: "payment" };
        let find = || payments::Entity::find_by_id(self.payment_id);
        let found = find().one(desk.transaction).await.map_err(StoreError::from)?;
        let payer = found.ok_or_else(|| unknown.clone())?.patron_id;
        let paid = ledger::shares_of(desk.transaction, [self.payment_id]).await?;
        let of_payment =
            || fees::Entity::find().filter(fees::Column::Id.is_in(paid.iter().map(|(_, share)| share.fee)));
        let found = of_payment().all(desk.transaction).await.map_err(StoreError::from)?;
        let mut keys: Vec<i64> = found.iter().map(|fee| fee.patron_id).chain([payer]).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut patrons = Vec::with_capacity(keys.len());
        for key in keys {
            patrons.push(desk.lock_patron_by_id(key).await?);
        }
        let fees = of_payment().order_by_asc(fees::Column::Id).lock_exclusive().all(desk.transaction).await;
        let payment = find().one(desk.transaction).await.map_err(StoreError::from)?.ok_or(unknown)?;
        Ok(HeldPayment { payment, fees: fees.map_err(StoreError::from)?, patrons })
    }
}
