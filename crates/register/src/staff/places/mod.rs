//! Controllers, branches, resources, opening hours and municipality codes (A1 to A3).
//!
//! Every change moves the version of the rulebook first. That row serialises changes of places, so that what a change
//! has read stays true until it commits, and it makes every server load them with its next turn.

mod add_membership;
mod add_opening_exception;
mod end_membership;
mod list_branches;
mod list_controllers;
mod list_municipalities;
mod list_opening;
mod list_resources;
mod list_stops;
mod put_branch;
mod put_controller;
mod put_municipality;
mod put_resource;
mod put_stop;
mod remove_opening_exception;
mod remove_resource;
mod set_opening_windows;

pub use add_membership::AddMembership;
pub use add_opening_exception::AddOpeningException;
pub(crate) use add_opening_exception::CLOSED_ALL_DAY;
pub use end_membership::EndMembership;
pub use list_branches::ListBranches;
pub use list_controllers::{ListControllers, ListedController};
pub use list_municipalities::{ListMunicipalities, ListedMunicipality};
pub use list_opening::{ListOpening, Opening};
pub use list_resources::ListResources;
pub use list_stops::ListStops;
pub use put_branch::PutBranch;
pub use put_controller::PutController;
pub use put_municipality::PutMunicipality;
pub use put_resource::PutResource;
pub use put_stop::PutStop;
pub use remove_opening_exception::RemoveOpeningException;
pub use remove_resource::RemoveResource;
pub use set_opening_windows::{SetOpeningWindows, WeekHours};

use super::{StaffDesk, trail::differences};
use crate::RegisterError;
use kortisto_domain::{
    BranchKind, OpeningMode,
    facts::DayWindow,
    places::municipality::{Municipality, Standing, standing},
};
use kortisto_store::{
    StoreError,
    entities::{branches, municipality_codes},
    queries::rulebook,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde::Serialize;

/// Hours of one day, as a request names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hours {
    /// Minutes after local midnight at which it opens, 0 to 1439.
    pub opens_minute: u16,
    /// Minutes after local midnight at which it closes, exclusive; after `opens_minute`, at most 1440.
    pub closes_minute: u16,
    /// With or without staff, or closed.
    pub mode: OpeningMode,
}

impl From<DayWindow> for Hours {
    fn from(DayWindow { opens_minute, closes_minute, mode }: DayWindow) -> Self {
        Self { opens_minute, closes_minute, mode }
    }
}

impl Hours {
    /// From the columns of a row.
    pub(crate) fn of(opens: i16, closes: i16, mode: i16) -> Result<Self, RegisterError> {
        let minute =
            |minute: i16| u16::try_from(minute).map_err(|_| RegisterError::Internal("hours before midnight"));
        Ok(Self {
            opens_minute: minute(opens)?,
            closes_minute: minute(closes)?,
            mode: mode.try_into().map_err(StoreError::from)?,
        })
    }

    /// A minute as its column.
    pub(crate) fn column(minute: u16) -> i16 {
        i16::try_from(minute).unwrap_or(i16::MAX)
    }
}

/// As the audit trail shows hours: `07:00-10:00 self-service`.
impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { opens_minute, closes_minute, mode } = self;
        let (opens, closes) =
            ((opens_minute / 60, opens_minute % 60), (closes_minute / 60, closes_minute % 60));
        write!(f, "{:02}:{:02}-{:02}:{:02} {}", opens.0, opens.1, closes.0, closes.1, mode.word())
    }
}

/// Hours of one day as one text.
fn spoken(hours: &[Hours]) -> String {
    if hours.is_empty() {
        return OpeningMode::Closed.word().to_owned();
    }
    hours.iter().map(Hours::to_string).collect::<Vec<_>>().join("; ")
}

/// The branch with this code.
async fn branch(desk: &StaffDesk<'_>, code: &str) -> Result<branches::Model, RegisterError> {
    branches::Entity::find()
        .filter(branches::Column::Code.eq(code))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::NotFound { what: "branch" })
}

/// The bookmobile with this code.
async fn bookmobile(desk: &StaffDesk<'_>, code: &str) -> Result<branches::Model, RegisterError> {
    let branch = branch(desk, code).await?;
    if branch.kind == BranchKind::Bookmobile.code() {
        Ok(branch)
    } else {
        Err(RegisterError::RuleBroken { rule: "only a bookmobile has stops" })
    }
}

/// Begins a change; see the module.
async fn begin(desk: &StaffDesk<'_>) -> Result<(), RegisterError> {
    Ok(rulebook::touch(desk.transaction).await?)
}

/// Every entry of the table of municipality codes, in the order of codes and first days.
async fn municipalities(desk: &StaffDesk<'_>) -> Result<Vec<municipality_codes::Model>, RegisterError> {
    let all = municipality_codes::Entity::find()
        .order_by_asc(municipality_codes::Column::Code)
        .order_by_asc(municipality_codes::Column::ValidFrom)
        .all(desk.transaction)
        .await;
    Ok(all.map_err(StoreError::from)?)
}

/// An entry as the rules know it.
fn municipality(row: &municipality_codes::Model) -> Municipality {
    Municipality {
        code: row.code.clone(),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        successor: row.successor.clone(),
    }
}

/// Refuses a code that has ended, and names the one that took its place. A code that the table does not have is not
/// judged: a consortium may keep no table.
async fn check_municipality(
    desk: &StaffDesk<'_>,
    field: &'static str,
    code: &str,
) -> Result<(), RegisterError> {
    let all: Vec<Municipality> = municipalities(desk).await?.iter().map(municipality).collect();
    let rule = match standing(&all, code, desk.moment.today()) {
        Standing::Unknown => return Ok(()),
        Standing::Is(now) if now == code => return Ok(()),
        Standing::Is(now) => format!("the code of a municipality of today; {now} has taken its place"),
        Standing::Ended => "the code of a municipality of today".to_owned(),
    };
    Err(RegisterError::FieldInvalid { field, rule })
}
