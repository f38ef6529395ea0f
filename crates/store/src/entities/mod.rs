//! One file per table. The columns are described in the migrations, which are their only definition.

#![expect(missing_docs, reason = "columns are described where they are defined, in the migrations")]

pub mod audit;
pub mod bans;
pub mod branches;
pub mod cards;
pub mod device_certificates;
pub mod devices;
pub mod enrolment_codes;
pub mod fees;
pub mod holds;
pub mod items;
pub mod known_devices;
pub mod loan_history;
pub mod open_loans;
pub mod opening_windows;
pub mod patron_sessions;
pub mod patrons;
pub mod pin_attempts;
pub mod pins;
pub mod policies;
pub mod remembered_answers;
pub mod resources;
pub mod rulebook_version;
pub mod self_service_rights;
pub mod titles;
