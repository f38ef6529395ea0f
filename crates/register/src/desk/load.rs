//! Begins a turn: transaction, locks, facts, rulebook.

use super::{
    LiveDesk, Turn,
    operation::{FactsKey, Operation},
    world::{Asked, World},
};
use crate::Rulebook;
use chrono::{Duration, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kortisto_domain::{Moment, pin_throttle};
use kortisto_store::{
    Engine, StoreError,
    queries::{changes::Changes, circulation_facts, dialect::At, door_facts, locks, pin_facts},
};
use sea_orm::ConnectionTrait;
use std::sync::Arc;

/// From when a device's failed PINs count.
#[derive(Clone, Copy)]
pub(crate) struct Windows {
    /// The short window.
    pub(crate) window_from: At,
    /// The local day.
    pub(crate) day_from: At,
    /// Its date.
    pub(crate) today: NaiveDate,
}

impl Windows {
    /// As they stand at this moment.
    pub(crate) fn at(moment: &Moment, zone: chrono_tz::Tz) -> Self {
        let window = Duration::seconds(pin_throttle::FAILURE_WINDOW_SECONDS);
        // Where midnight does not exist, the day begins with the hour that takes its place.
        let midnight = zone
            .from_local_datetime(&moment.today().and_time(NaiveTime::MIN))
            .earliest()
            .map_or_else(|| moment.at() - Duration::hours(24), |midnight| midnight.with_timezone(&Utc));
        Self { window_from: At(moment.at() - window), day_from: At(midnight), today: moment.today() }
    }
}

/// The keys of a turn, by the statement that loads them.
#[derive(Default)]
struct Keys {
    circulation: Vec<circulation_facts::Key>,
    pins: Vec<pin_facts::Key>,
    doors: Vec<door_facts::Key>,
}

/// A turn over these operations, with every fact loaded.
pub(super) async fn turn(desk: &LiveDesk, operations: &[&Operation]) -> Result<Turn, StoreError> {
    let moment = desk.surroundings.moment();
    let windows = Windows::at(&moment, desk.surroundings.zone);
    let mut keys = Keys::default();
    for (ord, operation) in (0..).zip(operations) {
        match operation.facts_key(ord, windows) {
            FactsKey::Circulation(key) => keys.circulation.push(key),
            FactsKey::Pin(key) => keys.pins.push(key),
            FactsKey::Door(key) => keys.doors.push(key),
        }
    }
    let doors_only = operations.iter().all(|operation| operation.is_door());
    let mut turn = Turn {
        moment,
        rulebook: desk.rulebooks.current(),
        surroundings: desk.surroundings.clone(),
        world: World::default(),
        asked: vec![Asked::default(); operations.len()],
        held: locks::Held::default(),
        changes: Changes::default(),
        transaction: None,
    };
    // On PostgreSQL, doors read in one statement and write in one: two round trips and no lock.
    if doors_only && desk.connection.engine() == Engine::Postgres {
        let connection = desk.connection.connection().await?;
        load(desk, &mut turn, &connection, operations, &keys).await?;
    } else {
        let transaction = desk.connection.begin().await?;
        let lock_keys: Vec<_> = operations.iter().filter_map(|operation| operation.lock_key()).collect();
        if !lock_keys.is_empty() {
            turn.held = locks::take(&transaction, desk.connection.engine(), &lock_keys).await?;
            // Time stands still in a turn, but waiting for a lock took some.
            turn.moment = desk.surroundings.moment();
        }
        load(desk, &mut turn, &transaction, operations, &keys).await?;
        turn.transaction = Some(transaction);
    }
    Ok(turn)
}

async fn load(
    desk: &LiveDesk,
    turn: &mut Turn,
    connection: &impl ConnectionTrait,
    operations: &[&Operation],
    keys: &Keys,
) -> Result<(), StoreError> {
    let engine = desk.connection.engine();
    let mut version = None;
    if !keys.circulation.is_empty() {
        for found in circulation_facts::load(connection, engine, &keys.circulation).await? {
            version = Some(found.rulebook_version);
            let ord = found.ord;
            let asked = turn.world.add_circulation(found, operations[ord].request_id());
            turn.asked[ord] = asked;
        }
    }
    if !keys.pins.is_empty() {
        for (key, found) in
            keys.pins.iter().zip(sorted(pin_facts::load(connection, engine, &keys.pins).await?))
        {
            version = Some(found.rulebook_version);
            let ord = found.ord;
            turn.asked[ord] = turn.world.add_pin(found, key.attempt_id);
        }
    }
    if !keys.doors.is_empty() {
        for found in door_facts::load(connection, engine, &keys.doors).await? {
            version = Some(found.rulebook_version);
            turn.asked[found.ord] = turn.world.add_door(found.device, found.party);
        }
    }
    if let Some(version) = version {
        turn.rulebook = match desk.rulebooks.at_version(version) {
            Some(rulebook) => rulebook,
            None => {
                let rulebook = Arc::new(Rulebook::load(connection, &desk.surroundings).await?);
                desk.rulebooks.put(&rulebook);
                rulebook
            }
        };
    }
    Ok(())
}

/// In the order of the keys, which is the order of the turn.
fn sorted(mut found: Vec<pin_facts::Facts>) -> Vec<pin_facts::Facts> {
    found.sort_unstable_by_key(|facts| facts.ord);
    found
}
