//! `FeeService.RecordDeskPayment`: money taken at a desk.

use super::open_changes;
use crate::{
    PaidShare, RegisterError,
    fees::ledger::{self, Hold},
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    PaymentChannel, Reason,
    fees::payment::{OpenFee, Payment, shares},
};
use kortisto_store::{entities::payments, queries::changes::Changes};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a desk takes money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum PaymentMeans {
    /// In cash.
    Cash,
    /// At a terminal, or in any other way that knows its payments by order ids.
    Terminal {
        /// Who took the money, 1 to 64 characters.
        operator: String,
        /// By which the operator knows the payment, 1 to 64 characters.
        order_id: String,
    },
}

/// The operator of payments in cash, whose order ids are the request ids of their desks.
const CASH: &str = "cash";

/// Records a payment of a patron's own fees.
#[derive(Serialize)]
pub struct RecordDeskPayment {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// How it was taken.
    pub means: PaymentMeans,
    /// The fees that it is for, each once, billed ones too; empty for the oldest first.
    pub chosen: Vec<Uuid>,
    /// How much, in cents, more than 0.
    pub cents: i64,
}

/// A payment at a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskPayment {
    /// Its key.
    pub id: Uuid,
    /// What it has paid, in the order of the fees.
    pub shares: Vec<PaidShare>,
    /// What the patron owes after it, in cents.
    pub balance_cents: i64,
}

impl StaffChange for RecordDeskPayment {
    const RPC: StaffRpc = StaffRpc::RecordDeskPayment;
    type Answer = DeskPayment;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<DeskPayment, RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let (operator, order_id) = match &self.means {
            PaymentMeans::Cash => (CASH.to_owned(), self.request_id.to_string()),
            PaymentMeans::Terminal { operator, order_id } => (operator.clone(), order_id.clone()),
        };
        if ledger::payment_of_order(desk.transaction, &operator, &order_id).await?.is_some() {
            return Err(RegisterError::AlreadyExists { field: "order_id" });
        }
        let rows = ledger::owed_by(desk.transaction, &[patron.id], desk.moment.today(), Hold::Yes).await?;
        let open: Vec<OpenFee> = rows.iter().map(ledger::facts).collect();
        let rulebook = desk.rulebook().await?;
        let paid = shares(&Payment {
            open: &open,
            chosen: &self.chosen,
            cents: self.cents,
            channel: PaymentChannel::Desk,
            policy: &rulebook.policies.payments(desk.moment.today()),
        })
        .map_err(broken)?;
        let pen = desk.pen();
        let id = desk.register.surroundings.new_id(pen.at);
        let payment = payments::Model {
            id,
            patron_id: patron.id,
            channel: PaymentChannel::Desk.code(),
            operator,
            order_id,
            cents: self.cents,
            refunded_cents: 0,
            at: pen.at,
            device_id: Some(desk.device.id),
            branch_id: Some(desk.device.branch_id),
            recorded_by: pen.by.clone(),
        };
        ledger::keep_payment(desk.transaction, payment).await?;
        desk.post(Changes { fee_entries: pen.paid(id, &paid), ..Changes::default() }).await?;
        let mut fields = vec![
            FieldChange::new("payment", None, Some(id.to_string())),
            FieldChange::new("payment.cents", None, Some(self.cents.to_string())),
        ];
        for share in &paid {
            let old = open.iter().find(|fee| fee.id == share.fee).map_or(0, |fee| fee.open_cents);
            fields.extend(open_changes(share.fee, old, old - share.cents));
        }
        desk.noted(&patron, None, fields);
        let owed: i64 = open.iter().map(|fee| fee.open_cents).sum();
        let shares = paid.into_iter().map(PaidShare::from).collect();
        Ok(DeskPayment { id, shares, balance_cents: owed - self.cents })
    }
}

/// What a desk is told in place of a refusal: it is the desk that asks for the wrong thing, not the patron.
const fn broken(reason: Reason) -> RegisterError {
    let rule = match reason {
        Reason::FeeUnknown => {
            "something is open of every chosen fee, none has lapsed, and this patron owes it"
        }
        Reason::PaymentTooMuch => "not more is paid than is owed",
        Reason::PaymentNotWhole => "pay.partial: whole fees are paid, or everything at once",
        _ => "something is owed",
    };
    RegisterError::RuleBroken { rule }
}
