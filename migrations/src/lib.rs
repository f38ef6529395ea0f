//! The history of the schema, one migration per area of the register.
//!
//! A migration is never edited once released: a change is a new file. Every one must leave a schema
//! on which the version before it can still serve (expand, move, contract); see `README.md`.

mod app_role;
mod ddl;
mod m0001_places;
mod m0002_patrons;
mod m0003_circulation;
mod m0004_records;
mod m0005_controllers;
mod m0006_persons;
mod m0007_staff;
mod m0008_audit_chain;
mod m0009_signals;
mod m0010_append_only;
mod m0011_collections;
mod m0012_circulation_whole;
mod m0013_ledger;
mod m0014_notices;
mod m0015_shelf_signals;
mod m0016_ledger_opening;
mod m0017_jobs;
mod m0018_forgetting;
mod m0019_ward_sessions;
mod m0020_own_compartments;
mod m0021_refund_order_ids;
mod m0022_one_hold_a_compartment;
mod m0023_lapse_days;
mod m0024_batches_in_order;

pub use app_role::{AppRoleFault, grant_app_role};
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{MigrationTrait, async_trait};

/// Brings a database to the schema of this version.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_places::Migration),
            Box::new(m0002_patrons::Migration),
            Box::new(m0003_circulation::Migration),
            Box::new(m0004_records::Migration),
            Box::new(m0005_controllers::Migration),
            Box::new(m0006_persons::Migration),
            Box::new(m0007_staff::Migration),
            Box::new(m0008_audit_chain::Migration),
            Box::new(m0009_signals::Migration),
            Box::new(m0010_append_only::Migration),
            Box::new(m0011_collections::Migration),
            Box::new(m0012_circulation_whole::Migration),
            Box::new(m0013_ledger::Migration),
            Box::new(m0014_notices::Migration),
            Box::new(m0015_shelf_signals::Migration),
            Box::new(m0016_ledger_opening::Migration),
            Box::new(m0017_jobs::Migration),
            Box::new(m0018_forgetting::Migration),
            Box::new(m0019_ward_sessions::Migration),
            Box::new(m0020_own_compartments::Migration),
            Box::new(m0021_refund_order_ids::Migration),
            Box::new(m0022_one_hold_a_compartment::Migration),
            Box::new(m0023_lapse_days::Migration),
            Box::new(m0024_batches_in_order::Migration),
        ]
    }
}
