//! `PatronService.ListCategories`: the consortium's own list of patron categories (A42).

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::patron_categories};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the list.
pub struct ListCategories {
    /// Categories at most, 1 to 100.
    pub page_size: usize,
    /// The code of the last category of the page before.
    pub after: Option<String>,
}

/// A page of categories, in the order of their codes.
#[derive(Debug)]
pub struct Categories {
    /// The categories.
    pub categories: Vec<patron_categories::Model>,
    /// After which code the next page begins; none on the last.
    pub next: Option<String>,
}

impl StaffView for ListCategories {
    const RPC: StaffRpc = StaffRpc::ListCategories;
    type Answer = Categories;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Categories, RegisterError> {
        let rows = u64::try_from(self.page_size + 1).unwrap_or(u64::MAX);
        let mut query =
            patron_categories::Entity::find().order_by_asc(patron_categories::Column::Code).limit(rows);
        if let Some(code) = &self.after {
            query = query.filter(patron_categories::Column::Code.gt(code.as_str()));
        }
        let mut categories = query.all(desk.transaction).await.map_err(StoreError::from)?;
        let more = categories.len() > self.page_size;
        categories.truncate(self.page_size);
        let next = categories.last().filter(|_| more).map(|category| category.code.clone());
        Ok(Categories { categories, next })
    }
}
