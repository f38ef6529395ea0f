//! How often somebody may try to sign in to a staff account.
//!
//! A password is guessed from far more values than a PIN, so the budget is wider: [`FREE_FAILURES`] wrong passwords
//! cost nothing but the hash, each later one makes the account wait. The waits are short and end by themselves, so
//! that nobody locks a colleague out for a day; at [`FAILURES_UNTIL_DISABLED`], the most that NIST SP 800-63B-4
//! (section 3.2.2) allows in a row, only an administrator's new password helps.
//!
//! As with a PIN, an attempt counts from its admission, before it is verified; a right password clears the count; the
//! last wrong password, typed again, is neither verified nor counted.

use crate::pin_throttle::Presented;
use chrono::{DateTime, TimeDelta, Utc};

/// Wrong passwords in a row that make nobody wait.
pub const FREE_FAILURES: u16 = 5;

/// Wrong passwords in a row at which the password is of no more use.
pub const FAILURES_UNTIL_DISABLED: u16 = 100;

/// How long the account waits after the first failure that is not free, the second and so on, in seconds; the last
/// for all that follow.
const WAITS_SECONDS: [i64; 5] = [30, 60, 2 * 60, 5 * 60, 15 * 60];

/// What is remembered of an account's attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignInThrottle {
    /// Attempts admitted since the last right password or the last reset.
    pub failures: u16,
    /// Until when nothing is verified, exclusive.
    pub locked_until: Option<DateTime<Utc>>,
}

/// What becomes of a typed password. Only [`Admission::Verify`] may reach the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Verify it, once the new state is committed.
    Verify,
    /// Answer that it is wrong; nothing is counted.
    KnownWrong,
    /// Answer that it is wrong: the account waits, or its password is of no more use.
    Locked,
}

impl SignInThrottle {
    /// Admits a password and counts it as failed.
    #[must_use]
    pub fn reserve(self, presented: Presented, now: DateTime<Utc>) -> (Admission, Self) {
        if self.failures >= FAILURES_UNTIL_DISABLED {
            return (Admission::Locked, self);
        }
        if presented == Presented::KnownWrong {
            return (Admission::KnownWrong, self);
        }
        if self.locked_until.is_some_and(|until| now < until) {
            return (Admission::Locked, self);
        }
        let failures = self.failures + 1;
        let locked_until = wait_after(failures).map(|wait| now + wait);
        (Admission::Verify, Self { failures, locked_until })
    }

    /// The state after an admitted password could not be verified, for want of capacity: nothing was learnt.
    #[must_use]
    pub fn give_back(self) -> Self {
        let failures = self.failures.saturating_sub(1);
        Self { failures, locked_until: self.locked_until.filter(|_| wait_after(failures).is_some()) }
    }
}

/// How long the account waits after its latest failure, or none where it does not.
fn wait_after(failures: u16) -> Option<TimeDelta> {
    let step = usize::from(failures.checked_sub(FREE_FAILURES + 1)?);
    WAITS_SECONDS.get(step).or(WAITS_SECONDS.last()).map(|seconds| TimeDelta::seconds(*seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::instant;

    #[test]
    fn five_failures_are_free_and_each_later_one_waits() {
        let now = instant("2026-05-20T12:00:00Z");
        let mut state = SignInThrottle::default();
        let waits =
            [None, None, None, None, None, Some(30), Some(60), Some(120), Some(300), Some(900), Some(900)];
        for (number, wait) in waits.into_iter().enumerate() {
            // Whoever waits long enough is admitted.
            let at = state.locked_until.unwrap_or(now);
            if let Some(until) = state.locked_until {
                let early = state.reserve(Presented::New, until - TimeDelta::microseconds(1));
                assert_eq!(early, (Admission::Locked, state), "{number}");
            }
            let (admission, next) = state.reserve(Presented::New, at);
            assert_eq!(admission, Admission::Verify, "{number}");
            assert_eq!(usize::from(next.failures), number + 1);
            assert_eq!(next.locked_until, wait.map(|seconds| at + TimeDelta::seconds(seconds)), "{number}");
            state = next;
        }
    }

    #[test]
    fn the_hundredth_is_the_last() {
        let now = instant("2026-05-20T12:00:00Z");
        let last = SignInThrottle { failures: FAILURES_UNTIL_DISABLED - 1, locked_until: None };
        let (admission, spent) = last.reserve(Presented::New, now);
        assert_eq!((admission, spent.failures), (Admission::Verify, FAILURES_UNTIL_DISABLED));
        let in_a_year = now + TimeDelta::days(365);
        for presented in [Presented::New, Presented::KnownWrong] {
            assert_eq!(spent.reserve(presented, in_a_year), (Admission::Locked, spent));
        }
    }

    #[test]
    fn the_same_wrong_password_again_is_not_counted() {
        let now = instant("2026-05-20T12:00:00Z");
        let waiting = SignInThrottle { failures: 6, locked_until: Some(now + TimeDelta::seconds(30)) };
        assert_eq!(waiting.reserve(Presented::KnownWrong, now), (Admission::KnownWrong, waiting));
    }

    #[test]
    fn what_was_not_verified_is_given_back() {
        let now = instant("2026-05-20T12:00:00Z");
        let five = SignInThrottle { failures: 5, locked_until: None };
        let (_, sixth) = five.reserve(Presented::New, now);
        assert_eq!(sixth.give_back(), five);
        assert_eq!(SignInThrottle::default().give_back(), SignInThrottle::default());
    }
}
