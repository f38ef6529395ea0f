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
pub use list_history::{HistoryPage, HistoryRecord, ListHomeServiceHistory};
pub use put::PutHomeService;
pub use set_consent::SetConsent;

use super::StaffDesk;
use crate::{RegisterError, loans::history};
use kortisto_domain::{ConsentPurpose, ConsentState};
use kortisto_store::{
    StoreError,
    entities::{consents, home_service},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};

/// What the service holds of a patron.
async fn row_of(desk: &StaffDesk<'_>, patron_id: i64) -> Result<Option<home_service::Model>, RegisterError> {
    let row = home_service::Entity::find_by_id(patron_id).one(desk.transaction).await;
    Ok(row.map_err(StoreError::from)?)
}

/// The fault of a patron whom the service does not serve.
const NOT_SERVED: RegisterError = RegisterError::NotFound { what: "home service" };

/// The consent of a patron that stands, for this purpose of the service.
async fn standing(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    about: ConsentPurpose,
) -> Result<Option<consents::Model>, RegisterError> {
    let row = consents::Entity::find()
        .filter(consents::Column::PatronId.eq(patron_id))
        .filter(consents::Column::Purpose.eq(about.code()))
        .filter(consents::Column::State.eq(ConsentState::Granted.code()))
        .filter(consents::Column::WithdrawnAt.is_null())
        .one(desk.transaction)
        .await;
    Ok(row.map_err(StoreError::from)?)
}

/// Marks the standing consent as withdrawn, if there is one, and erases what was kept by it.
async fn withdraw(desk: &StaffDesk<'_>, patron_id: i64, about: ConsentPurpose) -> Result<(), RegisterError> {
    let Some(consent) = standing(desk, patron_id, about).await? else { return Ok(()) };
    let mut row = consent.into_active_model();
    row.withdrawn_at = Set(Some(desk.moment.at()));
    row.withdrawn_by = Set(Some(desk.author()));
    row.update(desk.transaction).await.map_err(StoreError::from)?;
    history::erase(desk.transaction, patron_id, about).await
}
