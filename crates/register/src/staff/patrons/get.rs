//! `PatronService.GetPatron`: one patron, with an audit row that says who looked and why.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::entities::patrons;

/// Asks for a patron.
pub struct GetPatron {
    /// The number of the patron.
    pub number: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// What the register holds about a patron.
#[derive(Clone)]
pub struct PatronRecord {
    /// The row.
    pub patron: patrons::Model,
}

impl StaffView for GetPatron {
    const RPC: StaffRpc = StaffRpc::GetPatron;
    type Answer = PatronRecord;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PatronRecord, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        desk.viewed(&patron);
        Ok(PatronRecord { patron })
    }
}
