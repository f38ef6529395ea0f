//! `PlaceService.ListOpening`: the weekly hours of a branch and its exceptions.

use super::{Hours, WeekHours, branch};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{opening_exceptions, opening_windows},
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::BTreeMap;

/// Windows that one day may have, with room for days written by other hands.
const DAY_WINDOWS_MAX: u64 = 40;

/// Asks for the hours of a branch.
pub struct ListOpening {
    /// The code of the branch.
    pub branch: String,
    /// The first day of exceptions and of seasons; none means today.
    pub from_day: Option<NaiveDate>,
    /// How many days with an exception at most, 1 to 100.
    pub page_size: usize,
    /// The last day of the page before.
    pub after: Option<NaiveDate>,
}

/// The hours of a branch.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The seasons by their first and last day, on the first page only.
    pub seasons: BTreeMap<(NaiveDate, Option<NaiveDate>), Vec<WeekHours>>,
    /// The exceptions of this page: hours and note.
    pub exceptions: BTreeMap<NaiveDate, (Vec<Hours>, String)>,
    /// The last day of this page where there are more.
    pub next: Option<NaiveDate>,
}

impl StaffView for ListOpening {
    const RPC: StaffRpc = StaffRpc::ListOpening;
    type Answer = Opening;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Opening, RegisterError> {
        let branch = branch(desk, &self.branch).await?;
        let from = self.from_day.unwrap_or_else(|| desk.moment.today());
        let mut opening = Opening::default();
        if self.after.is_none() {
            let not_over = Condition::any()
                .add(opening_windows::Column::ValidUntil.is_null())
                .add(opening_windows::Column::ValidUntil.gte(from));
            let windows = opening_windows::Entity::find()
                .filter(opening_windows::Column::BranchId.eq(branch.id))
                .filter(not_over)
                .order_by_asc(opening_windows::Column::Weekday)
                .order_by_asc(opening_windows::Column::OpensMinute)
                .all(desk.transaction)
                .await
                .map_err(StoreError::from)?;
            for row in windows {
                let weekday = u8::try_from(row.weekday)
                    .map_err(|_| RegisterError::Internal("a weekday before Monday"))?;
                let hours = Hours::of(row.opens_minute, row.closes_minute, row.mode)?;
                let season = opening.seasons.entry((row.valid_from, row.valid_until)).or_default();
                season.push(WeekHours { weekday, hours });
            }
        }
        let mut exceptions = opening_exceptions::Entity::find()
            .filter(opening_exceptions::Column::BranchId.eq(branch.id))
            .filter(opening_exceptions::Column::Day.gte(from));
        if let Some(after) = self.after {
            exceptions = exceptions.filter(opening_exceptions::Column::Day.gt(after));
        }
        let rows = exceptions
            .order_by_asc(opening_exceptions::Column::Day)
            .order_by_asc(opening_exceptions::Column::OpensMinute)
            .limit((self.page_size as u64 + 1) * DAY_WINDOWS_MAX)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        for row in rows {
            if opening.exceptions.len() == self.page_size && !opening.exceptions.contains_key(&row.day) {
                opening.next = opening.exceptions.keys().next_back().copied();
                break;
            }
            let hours = Hours::of(row.opens_minute, row.closes_minute, row.mode)?;
            let (windows, note) = opening.exceptions.entry(row.day).or_default();
            windows.push(hours);
            *note = row.note;
        }
        Ok(opening)
    }
}
