//! `IdentityCodeService.FindPatronByIdentityCode`: whose code is it? Only the blind index is compared.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{identity_codes, patrons},
};
use kortisto_vault::IdentityCode;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Asks whose code it is.
pub struct FindPatronByIdentityCode {
    /// The code.
    pub code: IdentityCode,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// Whose code it is.
#[derive(Clone)]
pub struct FoundPatron {
    /// The number of the patron.
    pub number: String,
    /// Whether the patron has another code by now.
    pub superseded: bool,
}

impl StaffView for FindPatronByIdentityCode {
    const RPC: StaffRpc = StaffRpc::FindPatronByIdentityCode;
    type Answer = Option<FoundPatron>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// None is an answer and no error: who asks about a code leaves an audit row, also when nobody has it.
    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Option<FoundPatron>, RegisterError> {
        let index = desk.register.keys.identity_index(&self.code);
        let found = identity_codes::Entity::find()
            .filter(identity_codes::Column::BlindIndex.eq(index.to_vec()))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let Some(code) = found else { return Ok(None) };
        let patron = patrons::Entity::find_by_id(code.patron_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("an identity code has no patron"))?;
        desk.viewed(&patron);
        Ok(Some(FoundPatron { number: patron.number, superseded: code.superseded_at.is_some() }))
    }
}
