//! Messages that the register itself leaves.

use crate::{RegisterError, staff::StaffDesk};
use kortisto_domain::{MessageAudience, MessageKind, messages::SECURITY_MESSAGE_STANDS};
use kortisto_store::{
    StoreError,
    entities::{messages, patrons},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

/// Tells the patron that security data changed, in words that the register has in every language. Whoever did not
/// ask for the change is warned at the next kiosk.
pub(crate) async fn leave(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    kind: MessageKind,
) -> Result<(), RegisterError> {
    let at = desk.moment.at();
    messages::ActiveModel {
        patron_id: Set(patron.id),
        audience: Set(MessageAudience::Patron.code()),
        kind: Set(kind.code()),
        body: Set(String::new()),
        branch_id: Set(Some(desk.device.branch_id)),
        written_at: Set(at),
        written_by: Set(desk.author()),
        expires_at: Set(Some(at + SECURITY_MESSAGE_STANDS)),
        removed_at: Set(None),
        removed_by: Set(None),
        ..Default::default()
    }
    .insert(desk.transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
