//! `PlaceService.RemoveOpeningException`: the weekly hours hold again on a day.

use super::{
    add_opening_exception::{of_day, replace},
    begin, branch, spoken,
};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

/// Names the day.
#[derive(Serialize)]
pub struct RemoveOpeningException {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the branch.
    pub branch: String,
    /// The day.
    pub day: NaiveDate,
}

impl StaffChange for RemoveOpeningException {
    const RPC: StaffRpc = StaffRpc::RemoveOpeningException;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        let branch = branch(desk, &self.branch).await?;
        let old = of_day(desk.transaction, branch.id, self.day).await?;
        if old.is_empty() {
            return Err(RegisterError::NotFound { what: "exception" });
        }
        replace(desk.transaction, branch.id, self.day, &[], "").await?;
        let fields = vec![FieldChange::new("hours", Some(spoken(&old)), None)];
        desk.changed(format!("hours of {} on {}", self.branch, self.day), fields);
        Ok(())
    }
}
