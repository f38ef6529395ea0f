//! The home library service: delivery, consents and their history, for its own staff only (A80 to A84).

mod carrier_manifest;
mod end;
mod get;
mod list_history;
mod put;
mod set_consent;

pub use carrier_manifest::{CarrierManifest, CarrierStop, GetCarrierManifest};
pub use end::EndHomeService;
pub use get::{GetHomeService, HomeServiceRecord};
pub use list_history::ListHomeServiceHistory;
pub use put::PutHomeService;
pub use set_consent::SetConsent;

use super::StaffDesk;
use crate::{RegisterError, consents};
use kortisto_domain::ConsentPurpose;
use kortisto_store::{StoreError, entities::home_service};
use sea_orm::EntityTrait as _;

/// What the service holds of a patron.
async fn row_of(desk: &StaffDesk<'_>, patron_id: i64) -> Result<Option<home_service::Model>, RegisterError> {
    let row = home_service::Entity::find_by_id(patron_id).one(desk.transaction).await;
    Ok(row.map_err(StoreError::from)?)
}

/// The fault of a patron whom the service does not serve.
const NOT_SERVED: RegisterError = RegisterError::NotFound { what: "home service" };

/// Withdraws every consent to this that stands, and erases what was kept by it.
async fn withdraw(desk: &StaffDesk<'_>, patron_id: i64, about: ConsentPurpose) -> Result<(), RegisterError> {
    for consent in consents::standing(desk.transaction, patron_id, about).await? {
        consents::withdraw(desk.transaction, consent, desk.signature()).await?;
    }
    Ok(())
}
