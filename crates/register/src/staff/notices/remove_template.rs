//! `NoticeService.RemoveTemplate`: the words of staff are not in force any more.

use super::TemplateKey;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::StoreError;
use sea_orm::ModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Takes a template away.
#[derive(Serialize)]
pub struct RemoveTemplate {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// What it is for.
    pub key: TemplateKey,
}

impl StaffChange for RemoveTemplate {
    const RPC: StaffRpc = StaffRpc::RemoveTemplate;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let found = self.key.row(desk).await?;
        let row = found.ok_or(RegisterError::NotFound { what: "template" })?;
        let changes = vec![
            FieldChange::new("subject", Some(row.subject.clone()), None),
            FieldChange::new("body", Some(row.body.clone()), None),
        ];
        row.delete(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed(self.key.words(), changes);
        Ok(())
    }
}
