//! `HomeServiceService.ListHomeServiceHistory`: what a patron has borrowed since consenting to it (A80, A81).

use super::{NOT_SERVED, row_of, standing};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{ConsentPurpose, ConsentState, Purpose};
use kortisto_store::{
    StoreError,
    entities::{items, loan_history, titles},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Asks for a history.
pub struct ListHomeServiceHistory {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// How many loans at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<Uuid>,
}

/// A loan that has been returned.
#[derive(Clone)]
pub struct HistoryRecord {
    /// The loan.
    pub loan: Uuid,
    /// Author and title.
    pub label: String,
    /// The material.
    pub material: String,
    /// When it was lent.
    pub lent_at: DateTime<Utc>,
    /// When it was returned.
    pub returned_at: DateTime<Utc>,
}

/// A page of a history, the newest loan first.
#[derive(Clone)]
pub struct HistoryPage {
    /// The loans.
    pub loans: Vec<HistoryRecord>,
    /// The loan after which the next page begins; none on the last.
    pub next: Option<Uuid>,
}

impl StaffView for ListHomeServiceHistory {
    const RPC: StaffRpc = StaffRpc::ListHomeServiceHistory;
    type Answer = HistoryPage;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<HistoryPage, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let row = row_of(desk, patron.id).await?.ok_or(NOT_SERVED)?;
        let consent = standing(desk, patron.id, ConsentPurpose::HomeServiceHistory).await?;
        let consent = consent.filter(|_| row.history_consent == ConsentState::Granted.code());
        let no_consent =
            RegisterError::RuleBroken { rule: "a history is shown with the patron's consent only" };
        let since = consent.ok_or(no_consent)?.recorded_at;
        let mut query = loan_history::Entity::find()
            .filter(loan_history::Column::PatronId.eq(patron.id))
            .filter(loan_history::Column::LentAt.gte(since));
        if let Some(after) = self.after {
            query = query.filter(loan_history::Column::Id.lt(after));
        }
        let mut rows = query
            .order_by_desc(loan_history::Column::Id)
            .limit(self.page_size as u64 + 1)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        desk.viewed(&patron);
        let more = rows.len() > self.page_size;
        rows.truncate(self.page_size);
        let next = rows.last().filter(|_| more).map(|row| row.id);
        let labels = labels(desk, &rows).await?;
        let record = |row: loan_history::Model| HistoryRecord {
            loan: row.id,
            label: labels.get(&row.item_id).cloned().unwrap_or_default(),
            material: row.material,
            lent_at: row.lent_at,
            returned_at: row.returned_at,
        };
        Ok(HistoryPage { loans: rows.into_iter().map(record).collect(), next })
    }
}

/// Author and title of each item.
async fn labels(
    desk: &StaffDesk<'_>,
    rows: &[loan_history::Model],
) -> Result<HashMap<i64, String>, RegisterError> {
    let items = items::Entity::find()
        .filter(items::Column::Id.is_in(rows.iter().map(|row| row.item_id)))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let titles = titles::Entity::find()
        .filter(titles::Column::Id.is_in(items.iter().map(|item| item.title_id)))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let of_title: HashMap<i64, String> = titles.into_iter().map(|title| (title.id, title.label)).collect();
    let label = |title| of_title.get(&title).cloned().unwrap_or_default();
    Ok(items.into_iter().map(|item| (item.id, label(item.title_id))).collect())
}
