//! `PlaceService.AddOpeningException`: what holds on one day instead of the weekly hours.

use super::{Hours, begin, branch, spoken};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::OpeningMode;
use kortisto_store::{StoreError, entities::opening_exceptions};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// The hours of a day on which a branch is closed.
pub(crate) const CLOSED_ALL_DAY: Hours =
    Hours { opens_minute: 0, closes_minute: DAY_MINUTES, mode: OpeningMode::Closed };

/// The exception of a day.
#[derive(Serialize)]
pub struct AddOpeningException {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the branch.
    pub branch: String,
    /// The day.
    pub day: NaiveDate,
    /// Its hours; without any the branch is closed all day.
    pub windows: Vec<Hours>,
    /// Why; may be empty.
    pub note: String,
}

impl StaffChange for AddOpeningException {
    const RPC: StaffRpc = StaffRpc::AddOpeningException;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        let branch = branch(desk, &self.branch).await?;
        let old = of_day(desk.transaction, branch.id, self.day).await?;
        let windows = if self.windows.is_empty() { &[CLOSED_ALL_DAY][..] } else { &self.windows };
        replace(desk.transaction, branch.id, self.day, windows, &self.note).await?;
        let old = (!old.is_empty()).then(|| spoken(&old));
        let fields = vec![FieldChange::new("hours", old, Some(spoken(windows)))];
        desk.changed(format!("hours of {} on {}", self.branch, self.day), fields);
        Ok(())
    }
}

fn of_branch_and_day(branch: i64, day: NaiveDate) -> Condition {
    Condition::all()
        .add(opening_exceptions::Column::BranchId.eq(branch))
        .add(opening_exceptions::Column::Day.eq(day))
}

/// The exception of a day, in its order; nothing where the week holds.
pub(super) async fn of_day(
    transaction: &DatabaseTransaction,
    branch: i64,
    day: NaiveDate,
) -> Result<Vec<Hours>, RegisterError> {
    let rows = opening_exceptions::Entity::find()
        .filter(of_branch_and_day(branch, day))
        .order_by_asc(opening_exceptions::Column::OpensMinute)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    rows.iter().map(|row| Hours::of(row.opens_minute, row.closes_minute, row.mode)).collect()
}

/// Puts these windows in the place of the exception of a day; without any the week holds again.
pub(crate) async fn replace(
    transaction: &DatabaseTransaction,
    branch: i64,
    day: NaiveDate,
    windows: &[Hours],
    note: &str,
) -> Result<(), StoreError> {
    opening_exceptions::Entity::delete_many()
        .filter(of_branch_and_day(branch, day))
        .exec(transaction)
        .await?;
    for window in windows {
        opening_exceptions::ActiveModel {
            branch_id: Set(branch),
            day: Set(day),
            opens_minute: Set(Hours::column(window.opens_minute)),
            closes_minute: Set(Hours::column(window.closes_minute)),
            mode: Set(window.mode.code()),
            note: Set(note.to_owned()),
            ..Default::default()
        }
        .insert(transaction)
        .await?;
    }
    Ok(())
}
