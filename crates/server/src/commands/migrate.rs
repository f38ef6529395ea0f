//! `kortisto migrate`, and the refusal to serve on another schema.

use super::{Failure, Outcome, open};
use clap::Args;
use kortisto_migrations::{AppRoleFault, Migrator, MigratorTrait as _, grant_app_role};
use kortisto_store::{Store, StoreError};
use std::{path::Path, process::ExitCode};

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// PostgreSQL: grant the role that serves exactly what it needs. It must exist, and this command must run as the
    /// owner of the schema. Say it at every migration.
    #[arg(long, value_name = "ROLE")]
    app_role: Option<String>,
}

pub(super) async fn run(file: Option<&Path>, args: MigrateArgs) -> Outcome {
    let config = open::config(file)?;
    let store = open::migrating_store(&config).await?;
    let before = pending(&store).await?;
    migrate(&store).await?;
    println!("The schema is up to date; {before} step(s) were applied.");
    if let Some(role) = args.app_role {
        grant_app_role(store.writer(), &role).await.map_err(|fault| match fault {
            AppRoleFault::Database(error) => {
                Failure::of("migrate: rights of the role", &StoreError::from(error))
            }
            fault => Failure::of("migrate", &fault),
        })?;
        println!("{role} may serve; it can add to the record and not change it.");
    }
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
