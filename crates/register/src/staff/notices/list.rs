//! `NoticeService.ListNotices`: what became of the notices about a patron.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{notice_lines, notices},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Asks for the notices about a patron.
pub struct ListNotices {
    /// The number of the patron.
    pub number: String,
    /// Notices at most, 1 to 100.
    pub page_size: usize,
    /// The key of the last notice of the page before.
    pub after: Option<Uuid>,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// A page of notices.
pub struct NoticeList {
    /// Newest first.
    pub notices: Vec<NoticeRecord>,
    /// After which key the next page begins; none on the last.
    pub next: Option<Uuid>,
}

/// A notice.
pub struct NoticeRecord {
    /// The row.
    pub notice: notices::Model,
    /// How many loans or holds it is about.
    pub lines: usize,
}

impl StaffView for ListNotices {
    const RPC: StaffRpc = StaffRpc::ListNotices;
    type Answer = NoticeList;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<NoticeList, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        let rows = u64::try_from(self.page_size + 1).unwrap_or(u64::MAX);
        let mut query = notices::Entity::find()
            .filter(notices::Column::PatronId.eq(patron.id))
            .order_by_desc(notices::Column::Id)
            .limit(rows);
        if let Some(after) = self.after {
            query = query.filter(notices::Column::Id.lt(after));
        }
        let mut found = query.all(desk.transaction).await.map_err(StoreError::from)?;
        let more = found.len() > self.page_size;
        found.truncate(self.page_size);
        let next = found.last().filter(|_| more).map(|notice| notice.id);
        let counted: Vec<(Uuid, i64)> = notice_lines::Entity::find()
            .select_only()
            .column(notice_lines::Column::NoticeId)
            .column_as(notice_lines::Column::Position.count(), "lines")
            .filter(notice_lines::Column::NoticeId.is_in(found.iter().map(|notice| notice.id)))
            .group_by(notice_lines::Column::NoticeId)
            .into_tuple()
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let counted: HashMap<_, _> = counted.into_iter().collect();
        let lines = |id| counted.get(&id).and_then(|lines| usize::try_from(*lines).ok()).unwrap_or_default();
        desk.viewed(&patron);
        let records = found.into_iter().map(|notice| NoticeRecord { lines: lines(notice.id), notice });
        Ok(NoticeList { notices: records.collect(), next })
    }
}
