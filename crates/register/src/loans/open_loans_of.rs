//! The open loans of a patron, page by page: those due first come first.

use super::LoanPlace;
use crate::RegisterError;
use kortisto_domain::Moment;
use kortisto_store::{
    Engine, StoreError,
    entities::{items, open_loans},
    queries::{
        circulation_facts::{self, Key},
        item::Item,
        keyset,
    },
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use std::collections::HashMap;

/// Whose loans, and which page.
pub(crate) struct Question {
    pub(crate) patron_id: i64,
    /// How many at most, 1 to 100.
    pub(crate) page_size: usize,
    /// The last loan of the page before.
    pub(crate) after: Option<LoanPlace>,
}

/// A page of loans.
pub(crate) struct OpenLoans {
    /// The items on loan, with their loans.
    pub(crate) items: Vec<Item>,
    /// Where the next page begins; none on the last.
    pub(crate) next: Option<LoanPlace>,
}

impl Question {
    /// The page, with everything that hangs on each item.
    ///
    /// # Errors
    /// [`RegisterError`] when the database fails.
    pub(crate) async fn page(
        &self,
        transaction: &DatabaseTransaction,
        moment: &Moment,
    ) -> Result<OpenLoans, RegisterError> {
        let (places, more) = self.places(transaction).await?;
        let next = places.last().filter(|_| more).map(|(place, _)| *place);
        let key = |(ord, (_, barcode)): (i64, &(LoanPlace, String))| Key {
            barcode: Some(barcode.clone()),
            ..Key::blank(ord, moment.today())
        };
        let keys: Vec<Key> = (0..).zip(&places).map(key).collect();
        let mut found = circulation_facts::load(transaction, Engine::of(transaction), &keys).await?;
        found.sort_unstable_by_key(|facts| facts.ord);
        let items = found.into_iter().filter_map(|facts| facts.item.filter(|item| item.loan.is_some()));
        Ok(OpenLoans { items: items.collect(), next })
    }

    /// The places and barcodes of the page, and whether there are more.
    async fn places(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<(Vec<(LoanPlace, String)>, bool), RegisterError> {
        use open_loans::Column::{DueOn, ItemId, PatronId};
        let mut query = open_loans::Entity::find().filter(PatronId.eq(self.patron_id));
        if let Some(LoanPlace { due_on, item_id }) = self.after {
            query = query.filter(keyset::behind((DueOn, due_on), (ItemId, item_id)));
        }
        let rows = query
            .order_by_asc(DueOn)
            .order_by_asc(ItemId)
            .limit(self.page_size as u64 + 1)
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let more = rows.len() > self.page_size;
        let ids: Vec<i64> = rows.iter().take(self.page_size).map(|row| row.item_id).collect();
        let found = items::Entity::find()
            .filter(items::Column::Id.is_in(ids))
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let barcodes: HashMap<i64, String> = found.into_iter().map(|item| (item.id, item.barcode)).collect();
        let places = rows.into_iter().take(self.page_size).filter_map(|row| {
            let place = LoanPlace { due_on: row.due_on, item_id: row.item_id };
            Some((place, barcodes.get(&row.item_id)?.clone()))
        });
        Ok((places.collect(), more))
    }
}
