//! What devices ask, end to end, on both engines.

mod access;
mod circulation;
mod due;
mod expiry;
mod fees;
mod hold_terms;
mod holds;
mod late;
mod loans;
mod lockers;
mod sessions;
mod shelf;
mod stops;
mod watch;
