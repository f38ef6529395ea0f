//! `PatronService.GetPatron`: everything about one patron, with an audit row that says who looked and why.

use super::record::{self, PatronRecord};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;

/// Marks in the trail that the contact data of a protected patron was seen.
const SHOWN: &str = "protected contact data shown";

/// Marks in the trail that it was withheld.
const WITHHELD: &str = "protected contact data withheld";

/// Asks for a patron.
pub struct GetPatron {
    /// The number of the patron.
    pub number: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

impl StaffView for GetPatron {
    const RPC: StaffRpc = StaffRpc::GetPatron;
    type Answer = PatronRecord;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PatronRecord, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        let record = record::of(desk, patron).await?;
        let mark = match (record.is_protected, record.contact_withheld) {
            (false, _) => None,
            (true, false) => Some(SHOWN),
            (true, true) => Some(WITHHELD),
        };
        desk.noted(&record.patron, mark, Vec::new());
        Ok(record)
    }
}
