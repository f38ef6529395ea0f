//! `PatronService.SetEmail`: an e-mail address of a patron (A24). It counts as security data: whoever reads the mail
//! gets the new PIN.

use super::{etag::Etag, proof, record};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc, messages},
};
use kortisto_domain::{IdentityDocument, MessageKind, RecordSource, contact::CONTACTS_MAX, step_up::Errand};
use kortisto_store::{StoreError, entities::emails};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use std::iter;
use uuid::Uuid;

/// Marks in the trail that security data changed.
pub(in crate::staff) const SECURITY_RELEVANT: &str = "security-relevant";

/// Adds an e-mail address, or says anew where it comes from. Personal data: it has no `Debug`.
#[derive(Serialize)]
pub struct SetEmail {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The address, as [`kortisto_domain::contact::email`] gives it.
    pub email: String,
    /// Who said so.
    pub source: RecordSource,
    /// With what the patron or a guardian proved who they are; needed for an address that is added (A110).
    pub identity_document: Option<IdentityDocument>,
}

impl StaffChange for SetEmail {
    const RPC: StaffRpc = StaffRpc::SetEmail;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let mut patron = desk.lock_patron(&self.number).await?;
        let all = record::emails_of(desk, patron.id).await?;
        let there = all.iter().find(|row| row.address == self.email);
        if there.is_none() && all.len() >= CONTACTS_MAX {
            return Err(RegisterError::RuleBroken { rule: "a patron has 10 e-mail addresses at most" });
        }
        if there.is_none() {
            proof::require(Errand::EmailChange, self.identity_document)?;
        }
        let mut shown = None;
        if let Some(document) = self.identity_document {
            let (identified, change) = desk.identified(patron, Errand::EmailChange, document).await?;
            patron = identified;
            shown = Some(change);
        }
        let (at, by) = (desk.moment.at(), desk.author());
        let Some(there) = there else {
            let row = emails::ActiveModel {
                patron_id: Set(patron.id),
                address: Set(self.email.clone()),
                source: Set(self.source.code()),
                recorded_at: Set(at),
                recorded_by: Set(by),
                ..Default::default()
            };
            row.insert(desk.transaction).await.map_err(StoreError::from)?;
            messages::leave(desk, &patron, MessageKind::EmailChanged).await?;
            let change = FieldChange::new("email", None, Some(self.email.clone()));
            let fields = iter::once(change).chain(shown).collect();
            return desk.record_change(patron, Some(SECURITY_RELEVANT), fields).await.map(Etag::at);
        };
        let old = super::details::word(Some(there.source), RecordSource::word);
        let mut row = there.clone().into_active_model();
        row.source = Set(self.source.code());
        row.recorded_at = Set(at);
        row.recorded_by = Set(by);
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let change = FieldChange::new("email_source", old, Some(self.source.word().to_owned()));
        let fields = iter::once(change).chain(shown).collect();
        desk.record_change(patron, Some(SECURITY_RELEVANT), fields).await.map(Etag::at)
    }
}
