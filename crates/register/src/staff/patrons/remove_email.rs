//! `PatronService.RemoveEmail`: a patron is not reached by this e-mail address any more.

use super::{etag::Etag, record, set_email::SECURITY_RELEVANT, set_notice_preference};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc, messages},
};
use kortisto_domain::{MessageKind, NoticeChannel};
use kortisto_store::StoreError;
use sea_orm::ModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Removes an e-mail address. Personal data: it has no `Debug`.
#[derive(Serialize)]
pub struct RemoveEmail {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The address, as [`kortisto_domain::contact::email`] gives it.
    pub email: String,
}

impl StaffChange for RemoveEmail {
    const RPC: StaffRpc = StaffRpc::RemoveEmail;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let all = record::emails_of(desk, patron.id).await?;
        if all.len() == 1 {
            set_notice_preference::check_not_needed(desk, patron.id, NoticeChannel::Email).await?;
        }
        let there = all.into_iter().find(|row| row.address == self.email);
        let there = there.ok_or(RegisterError::NotFound { what: "e-mail address" })?;
        let change = FieldChange::new("email", Some(there.address.clone()), None);
        there.delete(desk.transaction).await.map_err(StoreError::from)?;
        messages::leave(desk, &patron, MessageKind::EmailChanged).await?;
        desk.record_change(patron, Some(SECURITY_RELEVANT), vec![change]).await.map(Etag::at)
    }
}
