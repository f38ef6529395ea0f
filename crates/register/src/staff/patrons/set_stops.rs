//! `PatronService.SetStops`: the bookmobile stops that a patron uses (A76).

use super::{etag::Etag, record};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{
    StoreError,
    entities::{branches, patron_stops, stops},
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Bookmobile stops of one patron at most.
pub const STOPS_MAX: usize = 20;

/// Sets all stops of a patron; those that are not named are not used any more.
#[derive(Serialize)]
pub struct SetStops {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Each as the code of the bookmobile and of the stop, at most [`STOPS_MAX`].
    pub stops: BTreeSet<(String, String)>,
}

impl StaffChange for SetStops {
    const RPC: StaffRpc = StaffRpc::SetStops;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let there = record::stops_of(desk, patron.id).await?;
        let there: BTreeSet<_> = there.into_iter().map(|(branch, stop)| (branch, stop.code)).collect();
        if there == self.stops {
            desk.viewed(&patron);
            return Ok(Etag::of(&patron));
        }
        let mut rows = Vec::with_capacity(self.stops.len());
        for (branch, stop) in &self.stops {
            let stop_id = stop_id(desk, branch, stop).await?;
            rows.push(patron_stops::ActiveModel { patron_id: Set(patron.id), stop_id: Set(stop_id) });
        }
        patron_stops::Entity::delete_many()
            .filter(patron_stops::Column::PatronId.eq(patron.id))
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if !rows.is_empty() {
            patron_stops::Entity::insert_many(rows)
                .exec_without_returning(desk.transaction)
                .await
                .map_err(StoreError::from)?;
        }
        let change = FieldChange::new("stops", shown(&there), shown(&self.stops));
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}

async fn stop_id(desk: &StaffDesk<'_>, branch: &str, stop: &str) -> Result<i64, RegisterError> {
    let branch = branches::Entity::find()
        .filter(branches::Column::Code.eq(branch))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let found = match branch {
        None => None,
        Some(branch) => stops::Entity::find()
            .filter(stops::Column::BranchId.eq(branch.id))
            .filter(stops::Column::Code.eq(stop))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?,
    };
    let rule = || "each the code of a bookmobile and of one of its stops".to_owned();
    found.map(|stop| stop.id).ok_or_else(|| RegisterError::FieldInvalid { field: "stops", rule: rule() })
}

fn shown(stops: &BTreeSet<(String, String)>) -> Option<String> {
    let all: Vec<_> = stops.iter().map(|(branch, stop)| format!("{branch}/{stop}")).collect();
    (!all.is_empty()).then(|| all.join(", "))
}
