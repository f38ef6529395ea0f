//! `IdentityCodeService.RevealIdentityCode`: the code itself, for the three purposes the law leaves.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::identity_codes};
use kortisto_vault::{IdentityCode, PatronBinding, SealedCode};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Asks for a code.
pub struct RevealIdentityCode {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

impl StaffView for RevealIdentityCode {
    const RPC: StaffRpc = StaffRpc::RevealIdentityCode;
    type Answer = Option<IdentityCode>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Option<IdentityCode>, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        desk.viewed(&patron);
        let row = identity_codes::Entity::find()
            .filter(identity_codes::Column::PatronId.eq(patron.id))
            .filter(identity_codes::Column::SupersededAt.is_null())
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let Some(row) = row else { return Ok(None) };
        let sealed = SealedCode { key_id: row.key_id, sealed: row.sealed };
        let code = sealed.open(&desk.register.keys, PatronBinding(patron.id)).map_err(|fault| {
            tracing::error!(identity_code_id = row.id, %fault, "an identity code cannot be read");
            RegisterError::Internal("an identity code cannot be read")
        })?;
        Ok(Some(code))
    }
}
