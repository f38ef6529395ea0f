//! Items and titles (A13): where each copy is, and what rules need to know of it.

mod get;
mod get_title;
mod put;
mod put_title;
mod set_state;

pub use get::{GetItem, ItemShown};
pub use get_title::{GetTitle, TitleShown};
pub use put::PutItem;
pub use put_title::PutTitle;
pub use set_state::{ItemSet, SetItemState};

use super::StaffDesk;
use crate::{RegisterError, Rulebook};
use chrono::NaiveDate;
use kortisto_store::{
    Engine, StoreError,
    entities::{items, titles},
    queries::locks,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// An item and where it is.
pub struct ItemRecord {
    /// The item.
    pub item: items::Model,
    /// The number of its title.
    pub title_number: String,
    /// The code of the branch to which it belongs.
    pub home_branch: String,
    /// The code of the branch where it is.
    pub at_branch: String,
    /// The last day of its loan; none where it is not on loan.
    pub due_on: Option<NaiveDate>,
}

impl ItemRecord {
    fn of(item: items::Model, title: &titles::Model, rulebook: &Rulebook, due_on: Option<NaiveDate>) -> Self {
        Self {
            title_number: title.number.clone(),
            home_branch: rulebook.branch_code(item.home_branch_id).to_owned(),
            at_branch: rulebook.branch_code(item.at_branch_id).to_owned(),
            item,
            due_on,
        }
    }
}

/// The item with this barcode, held with the queue of its title against every decision until this commits.
async fn hold_item(desk: &StaffDesk<'_>, barcode: &str) -> Result<Option<items::Model>, RegisterError> {
    let key = locks::Key { barcode: Some(barcode.to_owned()), queue: true, ..locks::Key::default() };
    let held = locks::take(desk.transaction, Engine::of(desk.transaction), &[key]).await?;
    let found = desk.find_item(barcode).await?;
    // It went to another title meanwhile: the unit of work tries again.
    if found.as_ref().is_some_and(|item| !held.queue_of(item.id, item.title_id)) {
        return Err(StoreError::Conflict.into());
    }
    Ok(found)
}

/// The title with this number, not held.
async fn find_title(desk: &StaffDesk<'_>, number: &str) -> Result<Option<titles::Model>, RegisterError> {
    let found = titles::Entity::find().filter(titles::Column::Number.eq(number));
    Ok(found.one(desk.transaction).await.map_err(StoreError::from)?)
}

/// The title with this key.
async fn title_of(desk: &StaffDesk<'_>, id: i64) -> Result<titles::Model, RegisterError> {
    let found = titles::Entity::find_by_id(id).one(desk.transaction).await.map_err(StoreError::from)?;
    found.ok_or(RegisterError::Internal("an item without a title"))
}

/// An amount as the audit trail shows it.
fn cents(price: Option<i64>) -> Option<String> {
    price.map(|cents| cents.to_string())
}
