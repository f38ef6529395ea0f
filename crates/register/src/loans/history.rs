//! The history of loans that is kept beyond the trace of an item, by consent (A78, A80).

use crate::RegisterError;
use chrono::{DateTime, Utc};
use kortisto_domain::ConsentPurpose;
use kortisto_store::{
    StoreError,
    entities::{items, kept_history, loan_history, titles},
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

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
#[derive(Clone, Default)]
pub struct HistoryPage {
    /// The loans.
    pub loans: Vec<HistoryRecord>,
    /// The loan after which the next page begins; none on the last.
    pub next: Option<Uuid>,
}

/// Whose history, and which page of it.
pub(crate) struct HistoryQuestion {
    /// The patron.
    pub(crate) patron_id: i64,
    /// To what the patron has consented.
    pub(crate) consent: ConsentPurpose,
    /// When: nothing that was lent before is shown.
    pub(crate) since: DateTime<Utc>,
    /// How many loans at most, 1 to 100.
    pub(crate) page_size: usize,
    /// The last loan of the page before.
    pub(crate) after: Option<Uuid>,
}

impl HistoryQuestion {
    /// The page: loans whose trace is there still, and those that were kept when it was forgotten.
    ///
    /// # Errors
    /// [`RegisterError`] when the database fails.
    pub(crate) async fn page(&self, transaction: &DatabaseTransaction) -> Result<HistoryPage, RegisterError> {
        let mut loans = self.traced(transaction).await?;
        loans.extend(self.kept(transaction).await?);
        // Ids begin with the time of the loan.
        loans.sort_by_key(|loan| std::cmp::Reverse(loan.loan));
        // Its trace may have been forgotten between the two.
        loans.dedup_by_key(|loan| loan.loan);
        let more = loans.len() > self.page_size;
        loans.truncate(self.page_size);
        let next = loans.last().filter(|_| more).map(|loan| loan.loan);
        Ok(HistoryPage { loans, next })
    }

    /// Loans whose trace has not been forgotten yet.
    async fn traced(&self, transaction: &DatabaseTransaction) -> Result<Vec<HistoryRecord>, RegisterError> {
        let mut query = loan_history::Entity::find()
            .filter(loan_history::Column::PatronId.eq(self.patron_id))
            .filter(loan_history::Column::LentAt.gte(self.since));
        if let Some(after) = self.after {
            query = query.filter(loan_history::Column::Id.lt(after));
        }
        let query = query.order_by_desc(loan_history::Column::Id).limit(self.rows());
        let loans = query.all(transaction).await.map_err(StoreError::from)?;
        let of_item: HashMap<i64, i64> = items::Entity::find()
            .select_only()
            .columns([items::Column::Id, items::Column::TitleId])
            .filter(items::Column::Id.is_in(loans.iter().map(|loan| loan.item_id)))
            .into_tuple()
            .all(transaction)
            .await
            .map_err(StoreError::from)?
            .into_iter()
            .collect();
        let titles = titles_of(transaction, of_item.values().copied()).await?;
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
    async fn kept(&self, transaction: &DatabaseTransaction) -> Result<Vec<HistoryRecord>, RegisterError> {
        let Some(flag) = flag(self.consent) else { return Ok(Vec::new()) };
        let mut query = kept_history::Entity::find()
            .filter(kept_history::Column::PatronId.eq(self.patron_id))
            .filter(kept_history::Column::LentAt.gte(self.since))
            .filter(flag.eq(true));
        if let Some(after) = self.after {
            query = query.filter(kept_history::Column::Id.lt(after));
        }
        let query = query.order_by_desc(kept_history::Column::Id).limit(self.rows());
        let loans = query.all(transaction).await.map_err(StoreError::from)?;
        let titles = titles_of(transaction, loans.iter().map(|loan| loan.title_id)).await?;
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

    /// One more than the page holds tells whether there is another.
    const fn rows(&self) -> u64 {
        self.page_size as u64 + 1
    }
}

/// What says that a kept loan is there by this consent; none where it keeps no history.
const fn flag(consent: ConsentPurpose) -> Option<kept_history::Column> {
    match consent {
        ConsentPurpose::LoanHistory => Some(kept_history::Column::ForPatron),
        ConsentPurpose::HomeServiceHistory => Some(kept_history::Column::ForHomeService),
        _ => None,
    }
}

async fn titles_of(
    transaction: &DatabaseTransaction,
    ids: impl Iterator<Item = i64> + Send,
) -> Result<HashMap<i64, titles::Model>, RegisterError> {
    let titles = titles::Entity::find().filter(titles::Column::Id.is_in(ids)).all(transaction).await;
    Ok(titles.map_err(StoreError::from)?.into_iter().map(|title| (title.id, title)).collect())
}

/// Erases the history that was kept by this consent; what is kept by another one stays.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(crate) async fn erase(
    transaction: &DatabaseTransaction,
    patron_id: i64,
    consent: ConsentPurpose,
) -> Result<(), RegisterError> {
    use kept_history::Column::{ForHomeService, ForPatron, PatronId};
    let Some(flag) = flag(consent) else { return Ok(()) };
    kept_history::Entity::update_many()
        .col_expr(flag, Expr::value(false))
        .filter(PatronId.eq(patron_id))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    kept_history::Entity::delete_many()
        .filter(PatronId.eq(patron_id))
        .filter(ForPatron.eq(false))
        .filter(ForHomeService.eq(false))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
