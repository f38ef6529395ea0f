//! The bounds of a lane.

use std::time::Duration;

/// Operations in one turn. Above 64 a turn grows longer faster than the commit's share shrinks.
const TURN_OPERATIONS_MAX: usize = 64;
/// Operations waiting or in a turn. At the speed of a lane this is well under a second of work.
const QUEUE_OPERATIONS_MAX: usize = 1024;
/// How long a turn may take, from begin to commit.
const TURN_DEADLINE: Duration = Duration::from_secs(3);
/// How often a turn that nobody is to blame for is run again.
const TURN_RETRIES_MAX: u32 = 2;
/// How often a turn that passed its deadline is run again.
const TIMEOUT_RETRIES_MAX: u32 = 1;
/// How often one operation may ask for the next turn.
const DEFERRALS_MAX: u32 = 8;

/// The bounds of a lane. [`Default`] gives the values it was measured with.
#[derive(Clone, Debug)]
pub struct LaneLimits {
    /// Operations in one turn, at least 1. Default 64.
    pub turn_max: usize,
    /// Operations waiting or in a turn, at least 1; one more is answered [`Busy`](super::LaneError::Busy).
    /// Default 1024.
    pub queue_max: usize,
    /// How long one try of a turn may take, from begin to commit. Default 3 s.
    pub turn_deadline: Duration,
    /// How often a turn is run again after [`Fault::Retry`](super::Fault::Retry). Default 2. After a turn that
    /// failed for good there are none until a turn has gone through, so that an outage is answered quickly.
    pub turn_retries_max: u32,
    /// How often a turn is run again after it passed its deadline. Default 1; none during an outage, as above.
    pub timeout_retries_max: u32,
    /// How often one operation may ask for the next turn before it is answered
    /// [`Busy`](super::LaneError::Busy). Default 8. Waiting behind another one's keys does not count.
    pub deferrals_max: u32,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            turn_max: TURN_OPERATIONS_MAX,
            queue_max: QUEUE_OPERATIONS_MAX,
            turn_deadline: TURN_DEADLINE,
            turn_retries_max: TURN_RETRIES_MAX,
            timeout_retries_max: TIMEOUT_RETRIES_MAX,
            deferrals_max: DEFERRALS_MAX,
        }
    }
}
