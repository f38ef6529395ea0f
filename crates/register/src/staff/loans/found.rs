//! The open loan that an operation is about, held.

use crate::{RegisterError, staff::StaffDesk};
use kortisto_store::{
    Engine, StoreError,
    entities::{open_loans, patrons},
    queries::{
        circulation_facts::{self, Key},
        item::{Item, OpenLoan},
        locks,
    },
};
use sea_orm::EntityTrait as _;

/// An item on loan, with its borrower.
pub(super) struct Found {
    pub(super) item: Item,
    pub(super) loan: OpenLoan,
    pub(super) patron: patrons::Model,
}

/// The loan of the item with this barcode: patron and item are held, in this order, against every decision until this
/// commits.
pub(super) async fn loan(desk: &StaffDesk<'_>, barcode: &str) -> Result<Found, RegisterError> {
    let none = || RegisterError::NotFound { what: "loan" };
    let item = desk.find_item(barcode).await?.ok_or_else(none)?;
    let lent =
        open_loans::Entity::find_by_id(item.id).one(desk.transaction).await.map_err(StoreError::from)?;
    let borrower = lent.ok_or_else(none)?.patron_id;
    let patron = desk.lock_patron_by_id(borrower).await?;
    let engine = Engine::of(desk.transaction);
    let key = locks::Key { barcode: Some(barcode.to_owned()), ..locks::Key::default() };
    locks::take(desk.transaction, engine, &[key]).await?;
    let key = Key { barcode: Some(barcode.to_owned()), ..Key::blank(0, desk.moment.today()) };
    let found = circulation_facts::load(desk.transaction, engine, &[key]).await?.pop();
    let item = found.and_then(|facts| facts.item).ok_or_else(none)?;
    let loan = item.loan.clone().ok_or_else(none)?;
    // Returned and lent again before it was held: somebody else's now.
    if loan.patron_id != patron.id {
        return Err(StoreError::Conflict.into());
    }
    Ok(Found { item, loan, patron })
}
