//! The budget of a card.
//!
//! # The budget
//!
//! Between two successes (or resets by staff) a card takes [`FAILURES_UNTIL_DISABLED`] verifications of
//! distinct PINs, from all devices together, and not one more: with uniform PINs of four digits, a chance
//! of one in a thousand. Three of them are free; each later one waits longer for the one before it.
//! Every verification counts as a failure from the moment it is admitted until a right PIN is known, so
//! the number of verifications in flight is in the count.
//!
//! A device where this patron succeeded in the last 90 days keeps three tries of its own: they pass a
//! lock that came from elsewhere, so a stranger cannot lock a patron out of the kiosk they use. They come
//! out of the same budget, and any try from that device uses one up, locked or not; a disabled PIN
//! refuses them too.
//!
//! A wrong PIN that is typed again is known to be wrong: it is neither verified nor counted. A phone
//! that keeps sending an old PIN uses one failure, not ten.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures at which the PIN is disabled until staff reset it.
pub const FAILURES_UNTIL_DISABLED: u16 = 10;

/// How long a success makes a device known, in days.
pub const KNOWN_DEVICE_DAYS: i64 = 90;

/// Tries of its own that a known device has, until the next success there.
pub const KNOWN_DEVICE_TRIES: u16 = 3;

/// Failures after which the card does not wait.
const FREE_FAILURES: u16 = 2;

/// How long the card waits after the third failure, the fourth and so on, in seconds; the last for all
/// that follow. Longer would stop no guess that the budget does not stop, and would keep patrons waiting.
const WAITS_SECONDS: [i64; 4] = [30, 2 * 60, 10 * 60, 60 * 60];

/// What is remembered of a card's attempts, together with what the asking device has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardThrottle {
    /// Verifications admitted since the last success or reset, those in flight included.
    pub failures: u16,
    /// Until when a device without tries of its own must wait, exclusive.
    pub locked_until: Option<DateTime<Utc>>,
    /// Whether only staff can make the PIN usable again.
    pub disabled: bool,
    /// The asking device's own tries: [`known_device_tries_left`].
    pub known_device_tries_left: u16,
}

/// Whether a presented PIN is worth verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It has not been tried since the last success or reset.
    New,
    /// It has been tried since then, and was wrong.
    KnownWrong,
}

/// What becomes of a presented PIN. Only [`Admission::Verify`] may reach the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Verify it, once the new state is committed.
    Verify {
        /// What it is charged to.
        charge: Charge,
    },
    /// Answer that it is wrong, without verifying; nothing is counted.
    KnownWrong,
    /// Answer that it is wrong, without verifying: the card waits or is disabled.
    Locked,
}

/// Why a verification was admitted; either way it is one of the card's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The card was not locked.
    Card,
    /// The card was locked, and the device had a try of its own left.
    KnownDevice,
}

/// The tries of its own that a device has left on a card.
///
/// `last_success_at` is the patron's last success at this device, `tries_since` the verifications from
/// this device since then. Both ends of the 90 days count.
#[must_use]
pub fn known_device_tries_left(
    last_success_at: Option<DateTime<Utc>>,
    tries_since: u16,
    now: DateTime<Utc>,
) -> u16 {
    let is_known = last_success_at.is_some_and(|success| now - success <= TimeDelta::days(KNOWN_DEVICE_DAYS));
    if is_known { KNOWN_DEVICE_TRIES.saturating_sub(tries_since) } else { 0 }
}

impl CardThrottle {
    /// The state of a card without failures, seen from a device with this many tries of its own.
    #[must_use]
    pub const fn fresh(known_device_tries_left: u16) -> Self {
        Self { failures: 0, locked_until: None, disabled: false, known_device_tries_left }
    }

    /// What would become of a PIN presented now.
    #[must_use]
    pub fn admit(&self, presented: Presented, now: DateTime<Utc>) -> Admission {
        // The count decides too: a row that says ten failures and not disabled is no way round.
        if self.disabled || self.failures >= FAILURES_UNTIL_DISABLED {
            return Admission::Locked;
        }
        let is_locked = self.locked_until.is_some_and(|until| now < until);
        match presented {
            Presented::KnownWrong => Admission::KnownWrong,
            Presented::New if !is_locked => Admission::Verify { charge: Charge::Card },
            Presented::New if self.known_device_tries_left > 0 => {
                Admission::Verify { charge: Charge::KnownDevice }
            }
            Presented::New => Admission::Locked,
        }
    }

    /// Admits a PIN and counts it as failed. Commit the state before verifying; leave it as it is when
    /// the PIN proves wrong or nobody ever knows, and [settle](Self::settle_right) it when it is right.
    #[must_use]
    pub fn reserve(&self, presented: Presented, now: DateTime<Utc>) -> (Admission, Self) {
        let admission = self.admit(presented, now);
        let Admission::Verify { .. } = admission else { return (admission, *self) };
        let failures = self.failures.saturating_add(1);
        let reserved = Self {
            failures,
            // A try past a lock never makes that lock shorter.
            locked_until: self.locked_until.max(wait_after(failures).map(|wait| now + wait)),
            disabled: failures >= FAILURES_UNTIL_DISABLED,
            known_device_tries_left: self.known_device_tries_left.saturating_sub(1),
        };
        (admission, reserved)
    }

    /// The state after a right PIN: no failures, and a device that is known from now on. It also holds
    /// after the last verification of the budget, which had disabled the PIN in advance.
    #[must_use]
    pub const fn settle_right(&self) -> Self {
        Self::fresh(KNOWN_DEVICE_TRIES)
    }

    /// The state after an admitted PIN could not be verified after all, for want of capacity: nothing was
    /// learnt, so the budget is whole again. A wait that the count began stays, which is only stricter.
    #[must_use]
    pub fn give_back(&self) -> Self {
        let failures = self.failures.saturating_sub(1);
        Self {
            failures,
            locked_until: self.locked_until.filter(|_| wait_after(failures).is_some()),
            disabled: self.disabled && failures >= FAILURES_UNTIL_DISABLED,
            known_device_tries_left: (self.known_device_tries_left + 1).min(KNOWN_DEVICE_TRIES),
        }
    }

    /// The state after staff have reset the PIN: no failures; devices stay as known as they were.
    #[must_use]
    pub const fn reset(&self) -> Self {
        Self::fresh(self.known_device_tries_left)
    }
}

/// How long a card waits after its latest failure, or none where it does not.
fn wait_after(failures: u16) -> Option<TimeDelta> {
    let step = usize::from(failures.checked_sub(FREE_FAILURES + 1)?);
    WAITS_SECONDS.get(step).or(WAITS_SECONDS.last()).map(|seconds| TimeDelta::seconds(*seconds))
}

#[cfg(test)]
mod tests;
