//! `FeeService.ListPayments`: what a patron has paid, the newest first.

use crate::{
    PaidShare, RegisterError,
    fees::ledger,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{PaymentChannel, Purpose};
use kortisto_store::{StoreError, entities::payments};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Asks for the payments of a patron.
pub struct ListPayments {
    /// The number of the patron who paid.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page<Uuid>,
}

/// A payment.
pub struct PaymentRecord {
    /// The row.
    pub payment: payments::Model,
    /// Where it was taken.
    pub channel: PaymentChannel,
    /// The code of the branch where it was taken.
    pub branch: String,
    /// What it has paid, in the order of the fees.
    pub shares: Vec<PaidShare>,
}

impl StaffView for ListPayments {
    const RPC: StaffRpc = StaffRpc::ListPayments;
    type Answer = Paged<PaymentRecord, Uuid>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let mut query = payments::Entity::find().filter(payments::Column::PatronId.eq(patron.id));
        if let Some(after) = self.page.after {
            query = query.filter(payments::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(payments::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |payment| payment.id);
        let mut shares: HashMap<Uuid, Vec<PaidShare>> = HashMap::new();
        let of_rows = ledger::shares_of(desk.transaction, page.rows.iter().map(|payment| payment.id)).await?;
        for (payment, share) in of_rows {
            shares.entry(payment).or_default().push(share.into());
        }
        desk.viewed(&patron);
        let rulebook = desk.rulebook().await?;
        let record = |payment: payments::Model| {
            let branch = payment.branch_id.map(|id| rulebook.branch_code(id).to_owned());
            Ok::<_, StoreError>(PaymentRecord {
                channel: payment.channel.try_into()?,
                branch: branch.unwrap_or_default(),
                shares: shares.remove(&payment.id).unwrap_or_default(),
                payment,
            })
        };
        Ok(page.try_map(record)?)
    }
}
