//! `CardService.RemoveCardPattern`: no new card has this form any more.

use super::patterns;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::StoreError;
use sea_orm::ModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Removes a form.
#[derive(Serialize)]
pub struct RemoveCardPattern {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The pattern of the form.
    pub pattern: String,
}

impl StaffChange for RemoveCardPattern {
    const RPC: StaffRpc = StaffRpc::RemoveCardPattern;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let found = patterns::one(desk, &self.pattern).await?;
        let row = found.ok_or(RegisterError::NotFound { what: "card pattern" })?;
        let change = FieldChange::new("card_pattern", Some(patterns::text(&row)), None);
        row.delete(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed("card pattern", vec![change]);
        Ok(())
    }
}
