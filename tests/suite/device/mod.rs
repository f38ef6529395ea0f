//! What devices ask, end to end, on both engines.

mod access;
mod circulation;
mod fees;
mod loans;
mod sessions;
mod watch;
