//! `HoldService.PlaceHoldForPatron`: a hold for a patron, by the rules of every device.

use super::{Served, answer, write};
use crate::{
    HoldAnswer, HoldWish, RegisterError,
    audit::About,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::queries::changes::Changes;
use serde::Serialize;
use uuid::Uuid;

/// What a patron wants to hold.
#[derive(Serialize)]
pub struct PlaceHoldForPatron {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// What, where and how long.
    pub wish: HoldWish,
}

impl StaffChange for PlaceHoldForPatron {
    const RPC: StaffRpc = StaffRpc::PlaceHoldForPatron;
    type Answer = HoldAnswer;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<HoldAnswer, RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let served = Served::load(desk, patron).await?;
        let mut changes = Changes::default();
        let (decision, hold) = served.holder(desk).place(&self.wish, &mut changes).await?;
        write(desk, changes).await?;
        let placed = hold.as_ref().map(|hold| FieldChange::new("hold", None, Some(hold.id.to_string())));
        let about = About { hold: hold.as_ref().map(|hold| hold.id), ..About::default() };
        desk.noted_of(&served.patron, about, placed.into_iter().collect());
        Ok(answer(&served, decision, hold))
    }
}
