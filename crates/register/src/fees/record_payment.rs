//! `FeeService.RecordPayment`: a payment that a terminal or an operator has taken, put on the fees that it pays.

use super::{
    ledger::{self, Hold, Pen},
    list::payers,
};
use crate::{
    Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Ask, Concluded, PatronChange, PatronDesk},
};
use chrono::TimeDelta;
use kortisto_domain::{
    Decision, DeviceKind, PaymentChannel, Reason,
    fees::payment::{OpenFee, Payment, Share, shares},
};
use kortisto_store::{
    StoreError,
    entities::{fees, payments},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// The money has been taken when this is asked, and the way over a bank is longer than a session: the device that
/// opened the session may tell of it for a day.
const TOLD_WITHIN: TimeDelta = TimeDelta::hours(24);

/// A payment of the patron of a session.
#[derive(Debug, Clone)]
pub struct RecordPayment {
    ask: Ask,
    operator: String,
    order_id: String,
    chosen: Vec<Uuid>,
    /// Big-endian, as they stand in what identifies the request.
    cents: [u8; 8],
}

impl RecordPayment {
    /// A payment of `cents`, more than 0, that `operator` took and knows by `order_id`, each 1 to 64 characters. It is
    /// for the `chosen` fees, each named once; for the oldest first where none is.
    #[must_use]
    pub const fn new(ask: Ask, operator: String, order_id: String, chosen: Vec<Uuid>, cents: i64) -> Self {
        Self { ask, operator, order_id, chosen, cents: cents.to_be_bytes() }
    }

    const fn cents(&self) -> i64 {
        i64::from_be_bytes(self.cents)
    }
}

/// The answer to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the patron is known.
    pub language: Option<String>,
    /// The payment; none on a refusal.
    pub payment: Option<PaymentMade>,
}

/// A payment as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMade {
    /// Its key.
    pub id: Uuid,
    /// What it has paid, in the order of the fees.
    pub shares: Vec<PaidShare>,
    /// What the patron and the wards in the patron's care owe after it, in cents.
    pub balance_cents: i64,
}

/// What a payment has paid of one fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidShare {
    /// The fee.
    pub fee: Uuid,
    /// How much of it, in cents.
    pub cents: i64,
}

impl From<Share> for PaidShare {
    fn from(share: Share) -> Self {
        Self { fee: share.fee, cents: share.cents }
    }
}

impl Register {
    /// Records a payment once, however often it is told: under its request id, and under the order id of its operator.
    ///
    /// # Errors
    /// [`RegisterError`], among them `RequestIdReused` for an order id that stands for another payment; a refusal is in
    /// the answer.
    pub async fn record_payment(
        self: &Arc<Self>,
        payment: RecordPayment,
        deadline: Instant,
    ) -> Result<PaymentAnswer, RegisterError> {
        self.patron_change(payment, deadline).await
    }
}

impl PatronChange for RecordPayment {
    const RPC: Rpc = Rpc::RecordPayment;
    const ACTION: &'static str = "record_payment";
    const WITH_WARDS: bool = true;
    const AFTER_SESSION: TimeDelta = TOLD_WITHIN;
    type Answer = PaymentAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        let mut body = vec![self.operator.as_bytes(), self.order_id.as_bytes(), &self.cents];
        body.extend(self.chosen.iter().map(|fee| fee.as_bytes().as_slice()));
        body
    }

    fn refused(decision: Decision, language: Option<String>) -> PaymentAnswer {
        PaymentAnswer { decision, language, payment: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<PaymentAnswer>, RegisterError> {
        let end_age = desk.rulebook.policies.relations(desk.moment.today()).guardian_end_age;
        let payers = payers(desk.party.patron_id, &desk.party.patron, end_age, &desk.moment);
        let rows = ledger::owed_by(desk.transaction, &payers, desk.moment.today(), Hold::Yes).await?;
        let balance_cents: i64 = rows.iter().map(|row| row.open_cents).sum();
        let order = ledger::payment_of_order(desk.transaction, &self.operator, &self.order_id).await?;
        let made = match order {
            Some(payment) => Ok(self.told_before(desk, payment, balance_cents).await?),
            None => match self.decide(desk, &payers, &rows).await? {
                Ok(shares) => Ok(self.keep(desk, shares, balance_cents).await?),
                Err(reason) => Err(reason),
            },
        };
        let (decision, payment) = match made {
            Ok(made) => (Decision::granted(), Some(made)),
            Err(reason) => (Decision::refused(reason), None),
        };
        let language = Some(desk.party.language.clone());
        let answer = PaymentAnswer { decision: decision.clone(), language, payment };
        Ok(Concluded { decision, answer, about: About::default() })
    }
}

impl RecordPayment {
    /// The payment that is there under this order id, if it is this one.
    async fn told_before(
        &self,
        desk: &PatronDesk<'_>,
        payment: payments::Model,
        balance_cents: i64,
    ) -> Result<PaymentMade, RegisterError> {
        let paid = ledger::shares_of(desk.transaction, [payment.id]).await?;
        let shares: Vec<PaidShare> = paid.into_iter().map(|(_, share)| share.into()).collect();
        let fits = self.chosen.is_empty() || shares.iter().all(|share| self.chosen.contains(&share.fee));
        if payment.patron_id != desk.party.patron_id || payment.cents != self.cents() || !fits {
            return Err(RegisterError::RequestIdReused { field: "order_id" });
        }
        Ok(PaymentMade { id: payment.id, shares, balance_cents })
    }

    async fn decide(
        &self,
        desk: &PatronDesk<'_>,
        payers: &[i64],
        rows: &[fees::Model],
    ) -> Result<Result<Vec<Share>, Reason>, RegisterError> {
        let open: Vec<OpenFee> = rows.iter().map(ledger::facts).collect();
        let decided = shares(&Payment {
            open: &open,
            chosen: &self.chosen,
            cents: self.cents(),
            channel: channel(desk.device.kind)?,
            policy: &desk.rulebook.policies.payments(desk.moment.today()),
        });
        Ok(match decided {
            // Whoever chose it saw it before it was paid elsewhere, or lapsed.
            Err(Reason::FeeUnknown) if self.all_theirs(desk, payers).await? => Err(Reason::FeeNotPayable),
            decided => decided,
        })
    }

    /// Whether every chosen fee is one of theirs, paid or not.
    async fn all_theirs(&self, desk: &PatronDesk<'_>, payers: &[i64]) -> Result<bool, StoreError> {
        let found = fees::Entity::find()
            .filter(fees::Column::Id.is_in(self.chosen.iter().copied()))
            .filter(fees::Column::PatronId.is_in(payers.iter().copied()))
            .count(desk.transaction)
            .await?;
        Ok(usize::try_from(found).is_ok_and(|found| found == self.chosen.len()))
    }

    async fn keep(
        &self,
        desk: &mut PatronDesk<'_>,
        shares: Vec<Share>,
        balance_cents: i64,
    ) -> Result<PaymentMade, RegisterError> {
        let at = desk.moment.at();
        let by = format!("device:{}", desk.device.id);
        let pen = Pen { surroundings: &desk.register.surroundings, at, by };
        let id = desk.register.surroundings.new_id(at);
        let payment = payments::Model {
            id,
            patron_id: desk.party.patron_id,
            channel: channel(desk.device.kind)?.code(),
            operator: self.operator.clone(),
            order_id: self.order_id.clone(),
            cents: self.cents(),
            refunded_cents: 0,
            at,
            device_id: Some(desk.device.id),
            branch_id: Some(desk.device.branch_id),
            recorded_by: pen.by.clone(),
        };
        ledger::keep_payment(desk.transaction, payment).await?;
        desk.changes.fee_entries.extend(pen.paid(id, &shares));
        let shares = shares.into_iter().map(PaidShare::from).collect();
        Ok(PaymentMade { id, shares, balance_cents: balance_cents - self.cents() })
    }
}

/// Where a device takes payments.
const fn channel(kind: DeviceKind) -> Result<PaymentChannel, RegisterError> {
    match kind {
        DeviceKind::SelfCheckout => Ok(PaymentChannel::Kiosk),
        DeviceKind::OnlineLibrary => Ok(PaymentChannel::Online),
        _ => Err(RegisterError::RpcForbidden { rpc: Rpc::RecordPayment }),
    }
}
