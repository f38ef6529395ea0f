//! Picking up in two steps, for lockers: reserve, open the compartment, confirm.
//!
//! Whether the patron may have the item is decided when it is reserved. A confirmation only says what has happened: the
//! compartment was opened and the item is gone, so nothing that came up meanwhile refuses it. That holds after the time
//! has run out too, as long as nobody else has reserved the hold or taken its item.

use crate::{HoldState, Moment, Reason};
use chrono::{DateTime, TimeDelta, Utc};

/// How long after the time of a reservation the report of the locker that made it is waited for: it may have opened the
/// compartment and lost its network.
pub const UNSETTLED_MAX: TimeDelta = TimeDelta::hours(24);

/// Whether the locker that reserved a pickup until `reserved_until` is still waited for: the item may be gone, and until
/// the locker has said so, neither does the hold lapse nor is something else said of the item.
#[must_use]
pub fn is_unsettled(reserved_until: Option<DateTime<Utc>>, moment: &Moment) -> bool {
    reserved_until.is_some_and(|until| moment.at() < until + UNSETTLED_MAX)
}

/// A hold that is being picked up in two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// The state of the hold.
    pub state: HoldState,
    /// The device that has reserved it last, and until when.
    pub by: Option<(i64, DateTime<Utc>)>,
}

/// Why the compartment cannot be opened at this device, the most lasting reason first. `stocked_by` is the locker that
/// told in which of its compartments the item lies; where none did, any of the branch may have it.
#[must_use]
pub fn open_compartment(
    reserved: &Reserved,
    stocked_by: Option<i64>,
    device: i64,
    moment: &Moment,
) -> Option<Reason> {
    let lies_elsewhere = stocked_by.is_some_and(|locker| locker != device);
    if lies_elsewhere { Some(Reason::HoldInOtherLocker) } else { reserve(reserved, device, moment) }
}

/// Why the hold cannot be picked up, stocked or cancelled at this device just now.
#[must_use]
pub fn reserve(reserved: &Reserved, device: i64, moment: &Moment) -> Option<Reason> {
    let elsewhere = reserved.by.is_some_and(|(by, until)| by != device && moment.at() < until);
    elsewhere.then_some(Reason::HoldReserved)
}

/// Why a reservation of this device cannot be confirmed or taken back.
#[must_use]
pub fn conclude(reserved: &Reserved, device: i64) -> Option<Reason> {
    let ours = reserved.state == HoldState::Ready && reserved.by.is_some_and(|(by, _)| by == device);
    (!ours).then_some(Reason::ReservationEnded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{instant, utc};

    const US: i64 = 4;
    const OTHERS: i64 = 5;

    fn reserved(state: HoldState, by: Option<i64>) -> Reserved {
        Reserved { state, by: by.map(|by| (by, instant("2026-05-20T09:05:00Z"))) }
    }

    #[test]
    fn a_compartment_is_opened_at_one_device_at_a_time() {
        let taken = Some(Reason::HoldReserved);
        let table = [
            (None, "2026-05-20T09:00:00Z", None),
            (Some(US), "2026-05-20T09:00:00Z", None),
            (Some(OTHERS), "2026-05-20T09:04:59Z", taken),
            (Some(OTHERS), "2026-05-20T09:05:00Z", None),
        ];
        for (by, at, expected) in table {
            assert_eq!(reserve(&reserved(HoldState::Ready, by), US, &utc(at)), expected, "{by:?} {at}");
        }
    }

    #[test]
    fn a_locker_opens_its_own_compartments() {
        let (early, late) = ("2026-05-20T09:00:00Z", "2026-05-20T09:05:00Z");
        let table = [
            (None, None, early, None),
            (Some(US), None, early, None),
            (Some(OTHERS), None, early, Some(Reason::HoldInOtherLocker)),
            (Some(OTHERS), Some(US), early, Some(Reason::HoldInOtherLocker)),
            (Some(US), Some(OTHERS), early, Some(Reason::HoldReserved)),
            (Some(US), Some(OTHERS), late, None),
            (None, Some(OTHERS), early, Some(Reason::HoldReserved)),
        ];
        for (stocked_by, by, at, expected) in table {
            let told = open_compartment(&reserved(HoldState::Ready, by), stocked_by, US, &utc(at));
            assert_eq!(told, expected, "{stocked_by:?} {by:?} {at}");
        }
    }

    #[test]
    fn a_locker_has_a_day_to_tell_what_happened() {
        let table = [
            (None, "2026-05-20T09:00:00Z", false),
            (Some("2026-05-20T09:05:00Z"), "2026-05-20T09:00:00Z", true),
            (Some("2026-05-20T09:05:00Z"), "2026-05-20T09:05:00Z", true),
            (Some("2026-05-20T09:05:00Z"), "2026-05-21T09:04:59Z", true),
            (Some("2026-05-20T09:05:00Z"), "2026-05-21T09:05:00Z", false),
        ];
        for (until, at, expected) in table {
            assert_eq!(is_unsettled(until.map(instant), &utc(at)), expected, "{until:?} {at}");
        }
    }

    #[test]
    fn only_the_device_that_reserved_last_concludes() {
        let ended = Some(Reason::ReservationEnded);
        for state in HoldState::ALL {
            let expected = if *state == HoldState::Ready { None } else { ended };
            assert_eq!(conclude(&reserved(*state, Some(US)), US), expected, "{state:?}");
            assert_eq!(conclude(&reserved(*state, Some(OTHERS)), US), ended, "{state:?}");
            assert_eq!(conclude(&reserved(*state, None), US), ended, "{state:?}");
        }
    }
}
