//! `RelationService.WithdrawConsent`: a consent does not count any more, and neither do the rights that rest on it.

use super::consent_facts;
use crate::{
    RegisterError,
    consents::withdraw,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc, rights},
};
use kortisto_domain::ConsentPurpose;
use kortisto_store::{
    StoreError,
    entities::{consents, self_service_rights},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::Serialize;
use uuid::Uuid;

/// Withdraws a consent.
#[derive(Serialize)]
pub struct WithdrawConsent {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The key of the consent.
    pub consent_id: i64,
}

impl StaffChange for WithdrawConsent {
    const RPC: StaffRpc = StaffRpc::WithdrawConsent;
    /// How many rights went with it.
    type Answer = u32;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<u32, RegisterError> {
        let patron_id = self.find(desk).await?.patron_id;
        let patron = desk.lock_patron_by_id(patron_id).await?;
        // As it stands once the patron is held.
        let consent = self.find(desk).await?;
        let facts = consent_facts(&consent)?;
        if matches!(facts.purpose, ConsentPurpose::HomeServiceHistory | ConsentPurpose::HomeServiceProfile) {
            let rule = "consents of the home library service are set by HomeServiceService.SetConsent";
            return Err(RegisterError::RuleBroken { rule });
        }
        if !facts.stands_for(facts.purpose) {
            let rule = "only a consent that was granted and stands is withdrawn";
            return Err(RegisterError::RuleBroken { rule });
        }
        let (id, at) = (consent.id, desk.moment.at());
        withdraw(desk.transaction, consent, desk.signature()).await?;
        let mut changes = vec![
            FieldChange::new("consent", Some(id.to_string()), Some(id.to_string())),
            FieldChange::new("consent.withdrawn_at", None, Some(at.to_rfc3339())),
        ];
        let resting = self_service_rights::Entity::find()
            .filter(self_service_rights::Column::PatronId.eq(patron.id))
            .filter(self_service_rights::Column::ConsentId.eq(id))
            .filter(self_service_rights::Column::WithdrawnAt.is_null())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let mut count = 0;
        for right in resting {
            changes.extend(rights::withdraw(desk, right).await?);
            count += 1;
        }
        desk.changed_patron(patron, changes).await?;
        Ok(count)
    }
}

impl WithdrawConsent {
    async fn find(&self, desk: &StaffDesk<'_>) -> Result<consents::Model, RegisterError> {
        consents::Entity::find_by_id(self.consent_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "consent" })
    }
}
