//! `PatronService.SetNoticePreference`: how a patron wants one kind of notice (A57 to A61).

use super::{details::word, etag::Etag, record};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{NoticeChannel, NoticeKind};
use kortisto_store::{StoreError, entities::notice_preferences};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Sets one preference. Whether kind, channel and days go together is judged before, by
/// [`kortisto_domain::notices::check`].
#[derive(Serialize)]
pub struct SetNoticePreference {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Which notice.
    pub notice: NoticeKind,
    /// Which way.
    pub channel: NoticeChannel,
    /// Days before the due date; a due-date reminder only.
    pub days_before: Option<u8>,
}

impl StaffChange for SetNoticePreference {
    const RPC: StaffRpc = StaffRpc::SetNoticePreference;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        check_reachable(desk, patron.id, self.channel).await?;
        let there = notice_preferences::Entity::find_by_id((patron.id, self.notice.code()))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let row = notice_preferences::ActiveModel {
            patron_id: Set(patron.id),
            notice: Set(self.notice.code()),
            channel: Set(self.channel.code()),
            days_before: Set(self.days_before.map(i16::from)),
        };
        let row = match &there {
            Some(_) => row.update(desk.transaction).await,
            None => row.insert(desk.transaction).await,
        };
        let row = row.map_err(StoreError::from)?;
        let change = FieldChange::new(field(self.notice), there.as_ref().and_then(shown), shown(&row));
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}

/// Refuses a channel that does not lead to the patron.
async fn check_reachable(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    channel: NoticeChannel,
) -> Result<(), RegisterError> {
    let (reachable, rule) = match channel {
        NoticeChannel::None => return Ok(()),
        NoticeChannel::Letter => (
            record::addresses_of(desk, patron_id, desk.moment.today()).await?.iter().any(|a| a.gets_post),
            "letters need an address that holds today",
        ),
        NoticeChannel::Email => {
            (!record::emails_of(desk, patron_id).await?.is_empty(), "e-mail needs an e-mail address")
        }
        NoticeChannel::Sms => (
            record::phones_of(desk, patron_id).await?.iter().any(|phone| phone.sms),
            "text messages need a phone number that gets them",
        ),
    };
    if reachable { Ok(()) } else { Err(RegisterError::RuleBroken { rule }) }
}

/// Refuses to take away the last way of a channel by which notices are sent.
pub(super) async fn check_not_needed(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    channel: NoticeChannel,
) -> Result<(), RegisterError> {
    let used = notice_preferences::Entity::find()
        .filter(notice_preferences::Column::PatronId.eq(patron_id))
        .filter(notice_preferences::Column::Channel.eq(channel.code()))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    match used {
        None => Ok(()),
        Some(_) => Err(RegisterError::RuleBroken {
            rule: "notices are sent there; first choose another way for them with SetNoticePreference",
        }),
    }
}

const fn field(notice: NoticeKind) -> &'static str {
    match notice {
        NoticeKind::DueReminder => "notice_due_reminder",
        NoticeKind::Overdue => "notice_overdue",
        NoticeKind::Pickup => "notice_pickup",
        NoticeKind::Invoice => "notice_invoice",
    }
}

fn shown(row: &notice_preferences::Model) -> Option<String> {
    let channel = word(Some(row.channel), NoticeChannel::word)?;
    Some(match row.days_before {
        Some(days) => format!("{channel}, {days} days before"),
        None => channel,
    })
}
