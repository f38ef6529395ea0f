//! What changes rarely and every decision reads: policies, branches, opening hours, resources, stops.
//!
//! Servers keep it in memory together with its version. Every turn reads the version with its facts
//! and loads anew, in the same transaction, when it has moved; so a change holds from the first turn
//! after its commit, at every server.

use crate::{
    StoreError,
    entities::{branches, opening_exceptions, opening_windows, policies, resources, rulebook_version, stops},
};
use chrono::NaiveDate;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder, QuerySelect as _, Statement,
};

/// The rows of the rulebook, as they stood at `version`.
#[derive(Debug, Clone)]
pub struct RulebookRows {
    /// Their version.
    pub version: i64,
    /// Every branch.
    pub branches: Vec<branches::Model>,
    /// Every opening window.
    pub windows: Vec<opening_windows::Model>,
    /// The exceptions of days about which there are questions still.
    pub exceptions: Vec<opening_exceptions::Model>,
    /// Every resource.
    pub resources: Vec<resources::Model>,
    /// Every stop.
    pub stops: Vec<stops::Model>,
    /// Every policy value.
    pub policies: Vec<policies::Model>,
}

/// Loads all of it, but for exceptions of days before `since`: no question is about them any more, and a
/// consortium has a hundred thousand of them in a few years.
///
/// # Errors
/// [`StoreError`] when the database fails or the schema has not been migrated.
pub async fn load(connection: &impl ConnectionTrait, since: NaiveDate) -> Result<RulebookRows, StoreError> {
    // The version first: rows that change meanwhile move it, and the next turn loads again.
    let version = version(connection).await?;
    Ok(RulebookRows {
        version,
        branches: branches::Entity::find().order_by_asc(branches::Column::Id).all(connection).await?,
        windows: opening_windows::Entity::find().all(connection).await?,
        exceptions: opening_exceptions::Entity::find()
            .filter(opening_exceptions::Column::Day.gte(since))
            .all(connection)
            .await?,
        resources: resources::Entity::find().order_by_asc(resources::Column::Id).all(connection).await?,
        stops: stops::Entity::find().order_by_asc(stops::Column::Id).all(connection).await?,
        policies: policies::Entity::find().order_by_asc(policies::Column::Id).all(connection).await?,
    })
}

/// The version.
///
/// # Errors
/// [`StoreError`] when the database fails or the schema has not been migrated.
pub async fn version(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let row = rulebook_version::Entity::find().one(connection).await?;
    Ok(row.ok_or(StoreError::Inconsistent { table: "rulebook_version", column: "version" })?.version)
}

/// Holds the version: nobody else changes policies or places until this commits. [`touch`] holds it too.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn hold(connection: &impl ConnectionTrait) -> Result<(), StoreError> {
    // SQLite has one writer, and this is it.
    rulebook_version::Entity::find().lock_exclusive().one(connection).await?;
    Ok(())
}

/// Moves the version. Whoever changes a branch, a window, a resource, a stop or a policy calls this in the
/// same transaction.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn touch(connection: &impl ConnectionTrait) -> Result<(), StoreError> {
    let statement = Statement::from_string(
        connection.get_database_backend(),
        "update rulebook_version set version = version + 1",
    );
    connection.execute_raw(statement).await?;
    Ok(())
}
