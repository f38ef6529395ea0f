//! `StaffAccountService.SetOpenIdSubject`: whom the identity provider means by this account.

use super::rows;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::StoreError;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Sets or takes away the subject.
#[derive(Serialize)]
pub struct SetOpenIdSubject {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
    /// The claim `sub`, 1 to 255 characters; none takes it away.
    pub openid_subject: Option<String>,
}

impl StaffChange for SetOpenIdSubject {
    const RPC: StaffRpc = StaffRpc::SetOpenIdSubject;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let account = desk.account_of_another(&self.user_name).await?;
        if let Some(subject) = &self.openid_subject {
            rows::refuse_taken_subject(desk.transaction, subject, Some(account.id)).await?;
        }
        let (id, old) = (account.id, account.oidc_subject.clone());
        let mut row = account.into_active_model();
        row.oidc_subject = Set(self.openid_subject.clone());
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed(
            rows::named(id),
            vec![FieldChange::new("openid_subject", old, self.openid_subject.clone())],
        );
        Ok(())
    }
}
