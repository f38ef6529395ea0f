//! When a notice is tried again that could not be delivered.

use chrono::TimeDelta;

/// Pauses after the first, second and later failures, in minutes: a mail server that restarts, one that is mended in
/// an hour, and one that is mended on Monday.
const PAUSES_MINUTES: [i64; 8] = [1, 5, 15, 60, 240, 720, 1440, 2880];

/// Tries of one notice at most; after them it has failed, and staff see it.
pub const TRIES_MAX: i16 = PAUSES_MINUTES.len() as i16 + 1;

/// The pause after a batch in which it was not tried itself. It is shorter than that of the one which was tried and got
/// no answer, so that the others are there before it the next time.
pub const NOT_TRIED_PAUSE: TimeDelta = TimeDelta::seconds(45);

/// The pause after so many failed tries; none after the last.
#[must_use]
pub fn pause(tries: i16) -> Option<TimeDelta> {
    let place = usize::try_from(tries.max(1) - 1).unwrap_or(usize::MAX);
    PAUSES_MINUTES.get(place).map(|minutes| TimeDelta::minutes(*minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<_> = (1..TRIES_MAX).map(|tries| pause(tries).unwrap()).collect();
        assert_eq!(pauses[0], TimeDelta::minutes(1));
        assert!(NOT_TRIED_PAUSE < pauses[0], "whoever was not tried comes before whoever was");
        assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]));
        // A weekend is survived.
        assert!(pauses.iter().sum::<TimeDelta>() > TimeDelta::days(3));
        assert_eq!(pause(TRIES_MAX), None);
        assert_eq!(pause(0), pause(1));
    }
}
