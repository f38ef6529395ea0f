//! Imports into real databases of both engines, and through the command.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod branches;
mod circulation;
mod command;
mod files;
mod items;
mod items_in_use;
mod kit;
mod marc;
mod opening_hours;
mod patrons;
mod policies;
mod speed;
mod titles;
