//! `NoticeService.ListNotices`: what became of the notices about a patron, newest first.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
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
    /// Which page.
    pub page: Page<Uuid>,
    /// Why.
    pub purpose: Option<Purpose>,
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
    type Answer = Paged<NoticeRecord, Uuid>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<NoticeRecord, Uuid>, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        let mut query = notices::Entity::find()
            .filter(notices::Column::PatronId.eq(patron.id))
            .order_by_desc(notices::Column::Id)
            .limit(self.page.limit());
        if let Some(after) = self.page.after {
            query = query.filter(notices::Column::Id.lt(after));
        }
        let found = query.all(desk.transaction).await.map_err(StoreError::from)?;
        let page = self.page.cut(found, |notice| notice.id);
        let counted: Vec<(Uuid, i64)> = notice_lines::Entity::find()
            .select_only()
            .column(notice_lines::Column::NoticeId)
            .column_as(notice_lines::Column::Position.count(), "lines")
            .filter(notice_lines::Column::NoticeId.is_in(page.rows.iter().map(|notice| notice.id)))
            .group_by(notice_lines::Column::NoticeId)
            .into_tuple()
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let counted: HashMap<_, _> = counted.into_iter().collect();
        let lines = |id| counted.get(&id).and_then(|lines| usize::try_from(*lines).ok()).unwrap_or_default();
        desk.viewed(&patron);
        Ok(page.map(|notice| NoticeRecord { lines: lines(notice.id), notice }))
    }
}
