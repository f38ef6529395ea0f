//! `PatronService.RemovePhone`: a patron is not reached by this phone any more.

use super::{etag::Etag, record, set_notice_preference, set_phone::shown};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::NoticeChannel;
use kortisto_store::StoreError;
use sea_orm::ModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Removes a phone number. Personal data: it has no `Debug`.
#[derive(Serialize)]
pub struct RemovePhone {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The phone number, ITU-T E.164.
    pub phone: String,
}

impl StaffChange for RemovePhone {
    const RPC: StaffRpc = StaffRpc::RemovePhone;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let all = record::phones_of(desk, patron.id).await?;
        let there = all.into_iter().find(|row| row.number == self.phone);
        let there = there.ok_or(RegisterError::NotFound { what: "phone number" })?;
        if there.sms {
            set_notice_preference::check_not_needed(desk, patron.id, NoticeChannel::Sms).await?;
        }
        let change = FieldChange::new("phone", Some(shown(&there)), None);
        there.delete(desk.transaction).await.map_err(StoreError::from)?;
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}
