//! `FeeService.ListPatronFees`: the fees of a patron with their whole ledger, the newest first.

use crate::{
    RegisterError,
    fees::ledger,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{FeeKind, Purpose};
use kortisto_store::{
    StoreError,
    entities::{fee_entries, fees},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Asks for the fees of a patron.
pub struct ListPatronFees {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Whether those of which nothing is owed are shown too.
    pub include_settled: bool,
    /// Which page.
    pub page: Page<Uuid>,
}

/// A page of fees.
pub struct FeePage {
    /// Newest first.
    pub fees: Paged<FeeRecord, Uuid>,
    /// What the patron owes in all, in cents.
    pub balance_cents: i64,
}

/// A fee and its ledger. What a desk wrote about a person is in it: it has no `Debug`.
pub struct FeeRecord {
    /// The row.
    pub fee: fees::Model,
    /// What it is for.
    pub kind: FeeKind,
    /// Author and title of its item.
    pub label: Option<String>,
    /// Its entries, the oldest first.
    pub entries: Vec<fee_entries::Model>,
}

impl StaffView for ListPatronFees {
    const RPC: StaffRpc = StaffRpc::ListPatronFees;
    type Answer = FeePage;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<FeePage, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let mut query = fees::Entity::find().filter(fees::Column::PatronId.eq(patron.id));
        if !self.include_settled {
            query = query.filter(ledger::owed_on(desk.moment.today()));
        }
        if let Some(after) = self.page.after {
            query = query.filter(fees::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(fees::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |fee| fee.id);
        let open =
            ledger::owed_by(desk.transaction, &[patron.id], desk.moment.today(), ledger::Hold::No).await?;
        let labels = ledger::labels(desk.transaction, &page.rows).await?;
        let mut ledgers = ledgers(desk, &page.rows).await?;
        desk.viewed(&patron);
        let record = |fee: fees::Model| {
            Ok::<_, StoreError>(FeeRecord {
                kind: ledger::kind(&fee)?,
                label: fee.item_id.and_then(|item| labels.get(&item).cloned()),
                entries: ledgers.remove(&fee.id).unwrap_or_default(),
                fee,
            })
        };
        let fees = page.try_map(record)?;
        Ok(FeePage { fees, balance_cents: open.iter().map(|fee| fee.open_cents).sum() })
    }
}

/// The entries of each fee, the oldest first; of one moment the charge before the rest.
async fn ledgers(
    desk: &StaffDesk<'_>,
    fees: &[fees::Model],
) -> Result<HashMap<Uuid, Vec<fee_entries::Model>>, StoreError> {
    let rows = fee_entries::Entity::find()
        .filter(fee_entries::Column::FeeId.is_in(fees.iter().map(|fee| fee.id)))
        .order_by_asc(fee_entries::Column::At)
        .order_by_asc(fee_entries::Column::Kind)
        .order_by_asc(fee_entries::Column::Id)
        .all(desk.transaction)
        .await?;
    let mut ledgers: HashMap<Uuid, Vec<_>> = HashMap::new();
    for row in rows {
        ledgers.entry(row.fee_id).or_default().push(row);
    }
    Ok(ledgers)
}
