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
    entities::{items, kept_history, loan_history, titles},
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
        let rows = self.page_size as u64 + 1;
        let mut loans = traced(desk, patron.id, since, self.after, rows).await?;
        loans.extend(kept(desk, patron.id, self.after, rows).await?);
        // Ids begin with the time of the loan.
        loans.sort_by_key(|loan| std::cmp::Reverse(loan.loan));
        desk.viewed(&patron);
        let more = loans.len() > self.page_size;
        loans.truncate(self.page_size);
        let next = loans.last().filter(|_| more).map(|loan| loan.loan);
        Ok(HistoryPage { loans, next })
    }
}

/// Loans whose trace has not been forgotten yet.
async fn traced(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    since: DateTime<Utc>,
    after: Option<Uuid>,
    rows: u64,
) -> Result<Vec<HistoryRecord>, RegisterError> {
    let mut query = loan_history::Entity::find()
        .filter(loan_history::Column::PatronId.eq(patron_id))
        .filter(loan_history::Column::LentAt.gte(since));
    if let Some(after) = after {
        query = query.filter(loan_history::Column::Id.lt(after));
    }
    let query = query.order_by_desc(loan_history::Column::Id).limit(rows);
    let loans = query.all(desk.transaction).await.map_err(StoreError::from)?;
    let of_item: HashMap<i64, i64> = items::Entity::find()
        .select_only()
        .columns([items::Column::Id, items::Column::TitleId])
        .filter(items::Column::Id.is_in(loans.iter().map(|loan| loan.item_id)))
        .into_tuple()
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .collect();
    let titles = titles_of(desk, of_item.values().copied()).await?;
    let record = |loan: loan_history::Model| {
        let title = of_item.get(&loan.item_id).and_then(|title| titles.get(title));
        HistoryRecord {
            loan: loan.id,
            label: title.map(|title| title.label.clone()).unwrap_or_default(),
            material: loan.material,
            lent_at: loan.lent_at,
            returned_at: loan.returned_at,
        }
    };
    Ok(loans.into_iter().map(record).collect())
}

/// Loans that were kept when their trace was forgotten.
async fn kept(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    after: Option<Uuid>,
    rows: u64,
) -> Result<Vec<HistoryRecord>, RegisterError> {
    let mut query = kept_history::Entity::find()
        .filter(kept_history::Column::PatronId.eq(patron_id))
        .filter(kept_history::Column::ForHomeService.eq(true));
    if let Some(after) = after {
        query = query.filter(kept_history::Column::Id.lt(after));
    }
    let query = query.order_by_desc(kept_history::Column::Id).limit(rows);
    let loans = query.all(desk.transaction).await.map_err(StoreError::from)?;
    let titles = titles_of(desk, loans.iter().map(|loan| loan.title_id)).await?;
    let record = |loan: kept_history::Model| {
        let title = titles.get(&loan.title_id);
        HistoryRecord {
            loan: loan.id,
            label: title.map(|title| title.label.clone()).unwrap_or_default(),
            material: title.map(|title| title.material.clone()).unwrap_or_default(),
            lent_at: loan.lent_at,
            returned_at: loan.returned_at,
        }
    };
    Ok(loans.into_iter().map(record).collect())
}

async fn titles_of(
    desk: &StaffDesk<'_>,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, titles::Model>, RegisterError> {
    let titles = titles::Entity::find().filter(titles::Column::Id.is_in(ids)).all(desk.transaction).await;
    Ok(titles.map_err(StoreError::from)?.into_iter().map(|title| (title.id, title)).collect())
}
