//! The hot SQL: every statement that a lane runs, one text for both engines.
//!
//! A statement takes all rows of a turn in one JSON parameter ([`dialect`]), so its text and its plan
//! do not depend on how many there are, and NULLs and types bind alike on SQLite and PostgreSQL.
//! No rule is written here: statements lock, load and write what `domain` decided.

pub mod bulk;
pub mod by_age;
pub mod changes;
pub mod circulation_facts;
pub mod cursor;
pub mod dialect;
pub mod door_facts;
pub mod forget_named;
pub mod hold_queue;
pub mod item;
pub mod job_lease;
pub mod keyset;
pub mod locks;
pub mod parties;
pub mod party;
pub mod patron_search;
pub mod pin_facts;
pub mod rulebook;
pub mod server_facts;
pub mod shelf;
