//! Imports into real databases of both engines, and through the command.

mod branches;
mod command;
mod files;
mod items;
mod kit;
mod patrons;
mod policies;
mod speed;
mod titles;
