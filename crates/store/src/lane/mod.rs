//! A lane: many hot operations, one transaction.
//!
//! A lane is a task with one connection. It knows no SQL and nothing of what an operation is; a [`Desk`] does.
//! A *turn* takes whatever has queued while the turn before it ran, without any timer: it begins once, loads every
//! fact, decides each operation in order, commits once and answers everyone. So the price of a commit is shared,
//! and no rule needs to be written in SQL.
//!
//! What a lane promises:
//!
//! * Operations that share a key are decided in the order of their calls. One that wants the next turn
//!   ([`Outcome::NextTurn`]) holds its keys, so those behind it wait too.
//! * A turn that fails is halved until the operation at fault stands alone, is tried once more and answered with
//!   its error. A panic, in the desk or in an operation, is such a fault. The lane itself never dies of one.
//!   Operations on a key that failed so again and again are tried apart from the start.
//! * A turn that passes its deadline or loses its connection is tried again as a whole. COMMIT may have happened
//!   by then, so every operation must find its own remembered answer under its request id.
//! * The queue is bounded; a call beyond the bound is refused at once ([`LaneError::Busy`]).
//! * A caller that goes before its turn leaves no trace. One that goes during it loses nothing: what was decided
//!   is committed and can be asked for again.

mod desk;
mod handle;
mod limits;
mod stats;
mod suspects;
mod task;
mod turn;

#[cfg(test)]
mod tests;

pub use desk::{Desk, Fault, Outcome};
pub use handle::{Lane, LaneError};
pub use limits::LaneLimits;
pub use stats::LaneStats;
