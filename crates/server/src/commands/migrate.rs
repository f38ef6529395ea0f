//! `kortisto migrate`, and the refusal to serve on another schema.

use super::{Failure, Outcome, open};
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_store::{Store, StoreError};
use std::{path::Path, process::ExitCode};

pub(super) async fn run(file: Option<&Path>) -> Outcome {
    let config = open::config(file)?;
    let store = open::migrating_store(&config).await?;
    let before = pending(&store).await?;
    migrate(&store).await?;
    println!("The schema is up to date; {before} step(s) were applied.");
    Ok(ExitCode::SUCCESS)
}

/// Applies every step that is missing.
pub(super) async fn migrate(store: &Store) -> Result<(), Failure> {
    Migrator::up(store.writer(), None).await.map_err(|error| Failure::of("migrate", &StoreError::from(error)))
}

async fn pending(store: &Store) -> Result<usize, Failure> {
    let pending = Migrator::get_pending_migrations_read_only(store.readers())
        .await
        .map_err(|error| Failure::of("migrate", &StoreError::from(error)))?;
    Ok(pending.len())
}

/// Refuses a schema that is older than this program. Needs no right to change it.
pub(super) async fn refuse_stale(store: &Store) -> Result<(), Failure> {
    match pending(store).await? {
        0 => Ok(()),
        steps => Err(Failure::new(format!(
            "the database lacks {steps} step(s) of this version's schema; run `kortisto migrate`"
        ))),
    }
}
