//! `HoldService.CancelHoldForPatron`: a patron gives a hold up at a desk.

use super::{Served, answer, hold_and_patron, write};
use crate::{
    HoldAnswer, RegisterError,
    audit::About,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::queries::changes::Changes;
use serde::Serialize;
use uuid::Uuid;

/// A hold to cancel.
#[derive(Serialize)]
pub struct CancelHoldForPatron {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// Which hold.
    pub hold: Uuid,
}

impl StaffChange for CancelHoldForPatron {
    const RPC: StaffRpc = StaffRpc::CancelHoldForPatron;
    type Answer = HoldAnswer;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<HoldAnswer, RegisterError> {
        let served = Served::load(desk, hold_and_patron(desk, self.hold).await?).await?;
        let mut changes = Changes::default();
        let (decision, cancelled) = served.holder(desk).cancel(self.hold, &mut changes).await?;
        write(desk, changes).await?;
        let fields = cancelled.map_or_else(Vec::new, |cancelled| {
            let was = cancelled.was.word().to_owned();
            vec![
                FieldChange::new("hold", Some(self.hold.to_string()), None),
                FieldChange::new("hold.state", Some(was), Some("cancelled".to_owned())),
            ]
        });
        let about = About { hold: Some(self.hold), ..About::default() };
        desk.noted_of(&served.patron, about, fields);
        Ok(answer(&served, decision, None))
    }
}
