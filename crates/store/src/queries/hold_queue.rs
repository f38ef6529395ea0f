//! The places of holds in the queues of their titles.

use super::{
    cursor,
    dialect::{Columns, Kind, rows},
};
use crate::{Engine, StoreError};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Serialize)]
struct Key {
    id: Uuid,
}

const KEY: Columns = &[("id", Kind::Uuid)];

/// Of each of these holds, how many of its queue come first, itself included. One that does not wait has no place.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn positions(
    connection: &impl ConnectionTrait,
    engine: Engine,
    holds: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, u32>, StoreError> {
    let keys: Vec<_> = holds.map(|id| Key { id }).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "select h.id, (select count(*) from holds q where q.title_id = h.title_id and q.state = 1 \
         and q.queue_number <= h.queue_number) from {} join holds h on h.id = k.id where h.state = 1",
        rows(engine, KEY, 1)
    );
    let found = cursor::load(connection, &sql, &keys, |row| {
        let (id, place) = (row.get::<Uuid>()?, row.get::<i64>()?);
        Ok((id, u32::try_from(place).unwrap_or(u32::MAX)))
    })
    .await?;
    Ok(found.into_iter().collect())
}
