//! The queues of titles: who waits for an item in them, and at which place.

use super::{
    cursor,
    dialect::{Columns, Kind, rows},
};
use crate::{Engine, StoreError};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::HashMap;
use uuid::Uuid;

/// Whether the item `i` can serve the hold of this name today, as `kortisto_domain::waiting` says, but for what its holder
/// may wait for. The keys `k` name the day.
pub(super) fn is_served(hold: &str) -> String {
    format!(
        "{hold}.title_id = i.title_id and {hold}.state = 1 \
         and ({hold}.only_item_id is null or {hold}.only_item_id = i.id) \
         and ({hold}.only_branch_id is null or {hold}.only_branch_id = i.home_branch_id) \
         and ({hold}.frozen_until is null or {hold}.frozen_until < k.today) \
         and ({hold}.valid_until is null or {hold}.valid_until >= k.today)"
    )
}

/// Whether the holder of the hold of this name has no item of its title. Whoever waits for one item of it may have
/// another.
pub(super) fn is_without_title(hold: &str) -> String {
    format!(
        "({hold}.only_item_id is not null or not exists (select 1 from open_loans hl join items hi \
         on hi.id = hl.item_id where hl.patron_id = {hold}.patron_id and hi.title_id = {hold}.title_id))"
    )
}

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
