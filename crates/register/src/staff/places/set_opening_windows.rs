//! `PlaceService.SetOpeningWindows`: the weekly hours of a season.

use super::{Hours, begin, branch, spoken};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::places::span::Span;
use kortisto_store::{StoreError, entities::opening_windows};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, ModelTrait as _,
    QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Seasons of which one change may leave parts behind; a branch has a handful.
const WINDOWS_READ_MAX: usize = 10_000;

/// The weekly hours of a season.
#[derive(Serialize)]
pub struct SetOpeningWindows {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the branch.
    pub branch: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day, not before the first; none means no end.
    pub valid_until: Option<NaiveDate>,
    /// The hours; without any the branch is closed in the season.
    pub windows: Vec<WeekHours>,
}

/// Hours of one weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WeekHours {
    /// Monday 1 to Sunday 7.
    pub weekday: u8,
    /// The hours, not closed.
    pub hours: Hours,
}

impl StaffChange for SetOpeningWindows {
    const RPC: StaffRpc = StaffRpc::SetOpeningWindows;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        let branch = branch(desk, &self.branch).await?;
        let season = Span { first: self.valid_from, last: self.valid_until };
        let there = opening_windows::Entity::find()
            .filter(opening_windows::Column::BranchId.eq(branch.id))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if there.len() > WINDOWS_READ_MAX {
            return Err(RegisterError::RuleBroken {
                rule: "a branch has at most 10 000 windows in all seasons",
            });
        }
        for window in there {
            cut(desk.transaction, window, season).await?;
        }
        for window in &self.windows {
            opening_windows::ActiveModel {
                branch_id: Set(branch.id),
                weekday: Set(i16::from(window.weekday)),
                opens_minute: Set(Hours::column(window.hours.opens_minute)),
                closes_minute: Set(Hours::column(window.hours.closes_minute)),
                mode: Set(window.hours.mode.code()),
                valid_from: Set(self.valid_from),
                valid_until: Set(self.valid_until),
                ..Default::default()
            }
            .insert(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        }
        let last = self.valid_until.map(|last| last.to_string()).unwrap_or_default();
        desk.changed(format!("hours of {} from {} to {last}", self.branch, self.valid_from), self.fields());
        Ok(())
    }
}

impl SetOpeningWindows {
    /// The new hours of each weekday. What held before is in the trail of the change that set it.
    fn fields(&self) -> Vec<FieldChange> {
        const DAYS: [&str; 7] =
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let of_day = |weekday: u8| {
            let hours = self.windows.iter().filter(|window| window.weekday == weekday);
            spoken(&hours.map(|window| window.hours).collect::<Vec<_>>())
        };
        (1..).zip(DAYS).map(|(weekday, name)| FieldChange::new(name, None, Some(of_day(weekday)))).collect()
    }
}

/// Takes the days of a season from a window: it ends before them, begins after them, or both.
async fn cut(
    transaction: &DatabaseTransaction,
    window: opening_windows::Model,
    season: Span,
) -> Result<(), StoreError> {
    let days = Span { first: window.valid_from, last: window.valid_until };
    let rest = days.without(season);
    if rest.before == Some(days) {
        return Ok(());
    }
    let [first, second] = match (rest.before, rest.after) {
        (None, None) => {
            window.delete(transaction).await?;
            return Ok(());
        }
        (Some(part), None) | (None, Some(part)) => [Some(part), None],
        (before, after) => [before, after],
    };
    if let Some(second) = second {
        let mut copy = window.clone().into_active_model();
        copy.id = NotSet;
        copy.valid_from = Set(second.first);
        copy.valid_until = Set(second.last);
        copy.reset_all().insert(transaction).await?;
    }
    if let Some(first) = first {
        let mut row = window.into_active_model();
        row.valid_from = Set(first.first);
        row.valid_until = Set(first.last);
        row.update(transaction).await?;
    }
    Ok(())
}
