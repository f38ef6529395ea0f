//! The budget of a device.
//!
//! It bounds what one stolen device identity can try across many cards, where the budget of each single
//! card would hardly notice.

use crate::DeviceKind;
use chrono::{DateTime, TimeDelta, Utc};

/// Failures that a device may have within [`FAILURE_WINDOW_SECONDS`] before it must wait.
pub const FAILURES_PER_WINDOW_MAX: u32 = 20;

/// The length of the sliding window in which failures of a device count, in seconds.
pub const FAILURE_WINDOW_SECONDS: i64 = 10 * 60;

/// Cards with a failure that a device may have on one local day before staff must release it.
pub const FAILING_CARDS_PER_DAY_MAX: u32 = 60;

/// A platform (e-lending, online library) is one device identity for all patrons, so both its limits are this
/// many times higher: several hundred patrons mistype there on an ordinary day.
pub const PLATFORM_FACTOR: u32 = 50;

/// What is remembered of a device. As with a card, an attempt counts as failed from its admission until
/// a right PIN is known; a known wrong PIN that is typed again is not counted, for nothing is verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceBudget {
    /// Failures in the last 10 minutes.
    pub failures_last_10_min: u32,
    /// When the oldest of them was; none where there are none or it is not known.
    pub oldest_failure_at: Option<DateTime<Utc>>,
    /// Cards with a failure at this device on this local day.
    pub distinct_failing_cards_today: u32,
    /// Whether its PIN calls wait for staff already. A new day does not lift it.
    pub suspended: bool,
}

/// Whether a device may present a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAdmission {
    /// It may.
    Admit,
    /// It may again after this time, more than zero and at most the window.
    RetryAfter(TimeDelta),
    /// It may when staff have released it: the caller stores that it is suspended.
    StaffRelease,
}

impl DeviceBudget {
    /// Whether the device may present a PIN at the instant `now`.
    #[must_use]
    pub fn admit(&self, kind: DeviceKind, now: DateTime<Utc>) -> DeviceAdmission {
        let factor = match kind {
            DeviceKind::ELending | DeviceKind::OnlineLibrary => PLATFORM_FACTOR,
            DeviceKind::SelfCheckout
            | DeviceKind::Door
            | DeviceKind::PcBooking
            | DeviceKind::Locker
            | DeviceKind::Desk => 1,
        };
        if self.suspended || self.distinct_failing_cards_today >= FAILING_CARDS_PER_DAY_MAX * factor {
            return DeviceAdmission::StaffRelease;
        }
        if self.failures_last_10_min < FAILURES_PER_WINDOW_MAX * factor {
            return DeviceAdmission::Admit;
        }
        let window = TimeDelta::seconds(FAILURE_WINDOW_SECONDS);
        let left = self.oldest_failure_at.map_or(window, |oldest| oldest + window - now);
        // A clock that has been set back or a count that lags must not send the device away for long,
        // nor invite it to ask again at once.
        DeviceAdmission::RetryAfter(left.clamp(TimeDelta::seconds(1), window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::instant;

    fn ask(failures: u32, oldest: Option<&str>, cards: u32, suspended: bool) -> DeviceAdmission {
        let budget = DeviceBudget {
            failures_last_10_min: failures,
            oldest_failure_at: oldest.map(instant),
            distinct_failing_cards_today: cards,
            suspended,
        };
        budget.admit(DeviceKind::Door, instant("2026-05-20T12:00:00Z"))
    }

    #[test]
    fn the_budget_ends_at_twenty_failures_and_at_sixty_cards() {
        let retry = |seconds| DeviceAdmission::RetryAfter(TimeDelta::seconds(seconds));
        let table = [
            (0, None, 0, DeviceAdmission::Admit),
            (19, Some("2026-05-20T11:55:00Z"), 59, DeviceAdmission::Admit),
            (20, Some("2026-05-20T11:55:00Z"), 59, retry(300)),
            (21, Some("2026-05-20T11:50:01Z"), 0, retry(1)),
            (0, None, 60, DeviceAdmission::StaffRelease),
            (20, Some("2026-05-20T11:55:00Z"), 60, DeviceAdmission::StaffRelease),
            (u32::MAX, None, u32::MAX, DeviceAdmission::StaffRelease),
        ];
        for (failures, oldest, cards, expected) in table {
            assert_eq!(ask(failures, oldest, cards, false), expected, "{failures} failures, {cards} cards");
        }
    }

    #[test]
    fn a_suspended_device_waits_for_staff_with_a_clean_count() {
        assert_eq!(ask(0, None, 0, true), DeviceAdmission::StaffRelease);
    }

    #[test]
    fn the_wait_is_never_nothing_and_never_longer_than_the_window() {
        let retry = |seconds| DeviceAdmission::RetryAfter(TimeDelta::seconds(seconds));
        assert_eq!(ask(20, None, 0, false), retry(600));
        assert_eq!(ask(20, Some("2026-05-20T11:00:00Z"), 0, false), retry(1));
        assert_eq!(ask(20, Some("2026-05-20T13:00:00Z"), 0, false), retry(600));
    }

    #[test]
    fn a_platform_has_room_for_all_its_patrons() {
        let budget = DeviceBudget {
            failures_last_10_min: 999,
            distinct_failing_cards_today: 2_999,
            ..DeviceBudget::default()
        };
        let now = instant("2026-05-20T12:00:00Z");
        assert_eq!(budget.admit(DeviceKind::OnlineLibrary, now), DeviceAdmission::Admit);
        assert_eq!(budget.admit(DeviceKind::SelfCheckout, now), DeviceAdmission::StaffRelease);
        let spent = DeviceBudget { distinct_failing_cards_today: 3_000, ..budget };
        assert_eq!(spent.admit(DeviceKind::ELending, now), DeviceAdmission::StaffRelease);
    }
}
