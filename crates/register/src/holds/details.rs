//! Holds as a screen shows them to whoever placed them.

use crate::{PickupSpot, RegisterError, Rulebook};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::HoldState;
use kortisto_store::{
    Engine, StoreError,
    entities::{holds, titles},
    queries::hold_queue,
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldDetails {
    /// Its key.
    pub id: Uuid,
    /// Author and title.
    pub label: String,
    /// Its state.
    pub state: HoldState,
    /// The code of its pickup branch.
    pub pickup_branch: String,
    /// Where there it is picked up.
    pub pickup_spot: PickupSpot,
    /// Its last day on the shelf.
    pub pickup_until: Option<NaiveDate>,
    /// Its number on the shelf.
    pub pickup_number: Option<String>,
    /// The compartment in which it lies.
    pub compartment: Option<String>,
    /// Its place in the queue of its title, from 1 on; none where it does not wait any more.
    pub queue_position: Option<u32>,
    /// The last day on which nothing is handed out to it.
    pub frozen_until: Option<NaiveDate>,
    /// The last day on which it waits in its queue.
    pub valid_until: Option<NaiveDate>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}

/// These holds, in their order.
pub(crate) async fn details(
    connection: &impl ConnectionTrait,
    rulebook: &Rulebook,
    rows: Vec<holds::Model>,
) -> Result<Vec<HoldDetails>, RegisterError> {
    let labels = labels(connection, &rows).await?;
    let pending = rows.iter().filter(|row| row.state == HoldState::Pending.code()).map(|row| row.id);
    let positions = hold_queue::positions(connection, Engine::of(connection), pending).await?;
    let detail = |row: holds::Model| {
        Ok(HoldDetails {
            id: row.id,
            label: labels.get(&row.title_id).cloned().unwrap_or_default(),
            state: HoldState::try_from(row.state).map_err(StoreError::from)?,
            pickup_branch: rulebook.branch_code(row.pickup_branch_id).to_owned(),
            pickup_spot: rulebook.pickup_spot(row.pickup_stop_id, row.pickup_locker_id),
            pickup_until: row.pickup_until,
            pickup_number: row.pickup_number,
            compartment: row.compartment,
            queue_position: positions.get(&row.id).copied(),
            frozen_until: row.frozen_until,
            valid_until: row.valid_until,
            placed_at: row.placed_at,
        })
    };
    rows.into_iter().map(detail).collect()
}

/// The label of each title of these holds.
pub(crate) async fn labels(
    connection: &impl ConnectionTrait,
    rows: &[holds::Model],
) -> Result<HashMap<i64, String>, RegisterError> {
    let wanted = rows.iter().map(|row| row.title_id);
    let found = titles::Entity::find().filter(titles::Column::Id.is_in(wanted)).all(connection).await;
    Ok(found.map_err(StoreError::from)?.into_iter().map(|title| (title.id, title.label)).collect())
}
