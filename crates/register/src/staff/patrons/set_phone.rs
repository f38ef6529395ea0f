//! `PatronService.SetPhone`: a phone number of a patron, and whether text messages go there (A23).

use super::{etag::Etag, record, set_notice_preference};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{NoticeChannel, RecordSource, contact::CONTACTS_MAX};
use kortisto_store::{StoreError, entities::phones};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};
use serde::Serialize;
use uuid::Uuid;

/// Adds a phone number or changes what it is used for. Personal data: it has no `Debug`.
#[derive(Serialize)]
pub struct SetPhone {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The phone number, ITU-T E.164.
    pub phone: String,
    /// Whether text messages go there; they then go to no other.
    pub sms: bool,
    /// Who said so.
    pub source: RecordSource,
}

impl StaffChange for SetPhone {
    const RPC: StaffRpc = StaffRpc::SetPhone;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let all = record::phones_of(desk, patron.id).await?;
        let there = all.iter().find(|row| row.number == self.phone);
        if there.is_none() && all.len() >= CONTACTS_MAX {
            return Err(RegisterError::RuleBroken { rule: "a patron has 10 phone numbers at most" });
        }
        if self.sms {
            phones::Entity::update_many()
                .col_expr(phones::Column::Sms, Expr::value(false))
                .filter(phones::Column::PatronId.eq(patron.id))
                .filter(phones::Column::Number.ne(self.phone.as_str()))
                .exec(desk.transaction)
                .await
                .map_err(StoreError::from)?;
        } else if there.is_some_and(|row| row.sms) {
            set_notice_preference::check_not_needed(desk, patron.id, NoticeChannel::Sms).await?;
        }
        let row = phones::ActiveModel {
            id: there.map_or(NotSet, |row| Set(row.id)),
            patron_id: Set(patron.id),
            number: Set(self.phone.clone()),
            sms: Set(self.sms),
            source: Set(self.source.code()),
            recorded_at: Set(desk.moment.at()),
            recorded_by: Set(desk.author()),
        };
        let row = match there {
            Some(_) => row.update(desk.transaction).await,
            None => row.insert(desk.transaction).await,
        };
        let row = row.map_err(StoreError::from)?;
        let change = FieldChange::new("phone", there.map(shown), Some(shown(&row)));
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}

/// A phone number for the trail.
pub(super) fn shown(row: &phones::Model) -> String {
    if row.sms { format!("{}, sms", row.number) } else { row.number.clone() }
}
