//! When a loan ends: its last day, and the moment on it from which it is late.

use crate::Moment;
use crate::facts::OpeningHours;
use crate::opening;
use crate::policy::{ClosedDueDay, DuePolicy};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Days that are looked through for the next on which the branch is open; a branch that is closed for longer keeps the
/// date.
pub const NEXT_OPEN_DAYS_MAX: u64 = 60;

/// The end of a loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The last day.
    pub on: NaiveDate,
    /// The moment from which the loan is late: when the branch closes on that day, or the end of the day where it is
    /// not open then.
    pub at: DateTime<Utc>,
}

/// The end of a loan whose days count from `start`, at a branch with these hours.
///
/// `waited_for` says that others wait for the title, who may have to wait less long by policy. A branch without any
/// hours is not closed either: its dates stay.
#[must_use]
pub fn after(
    policy: &DuePolicy,
    hours: &OpeningHours,
    start: NaiveDate,
    waited_for: bool,
    moment: &Moment,
) -> Due {
    let period = policy.held_period_days.filter(|_| waited_for).unwrap_or(policy.period_days);
    let on = start.checked_add_days(Days::new(u64::from(period))).unwrap_or(NaiveDate::MAX);
    let on = match policy.closed_day {
        ClosedDueDay::Keep => on,
        ClosedDueDay::NextOpen => next_open(hours, on).unwrap_or(on),
    };
    Due { on, at: closing(hours, on, moment) }
}

/// The first day on which the branch is open, from this one on.
#[must_use]
pub fn next_open(hours: &OpeningHours, from: NaiveDate) -> Option<NaiveDate> {
    from.iter_days()
        .take(usize::try_from(NEXT_OPEN_DAYS_MAX).unwrap_or(0))
        .find(|day| opening::closes_on(hours, *day).is_some())
}

/// The moment at which a loan of this last day is late.
#[must_use]
pub fn closing(hours: &OpeningHours, on: NaiveDate, moment: &Moment) -> DateTime<Utc> {
    match opening::closes_on(hours, on) {
        Some(minute) => moment.at_minute(on, minute),
        None => on.succ_opt().map_or_else(|| moment.at(), |next| moment.start_of(next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpeningMode;
    use crate::facts::DayWindow;
    use crate::samples::{date, instant, local, week, window};

    fn policy(closed_day: ClosedDueDay) -> DuePolicy {
        DuePolicy { period_days: 28, held_period_days: Some(14), closed_day }
    }

    /// Monday to Friday, with staff until 19 and without until 22.
    fn weekdays() -> OpeningHours {
        let staffed = (1..=5).map(|day| window(day, 10 * 60, 19 * 60, OpeningMode::Staffed));
        let alone = (1..=5).map(|day| window(day, 7 * 60, 22 * 60, OpeningMode::SelfService));
        week(staffed.chain(alone).collect::<Vec<_>>())
    }

    #[test]
    fn a_loan_lasts_its_period_and_less_where_others_wait() {
        let moment = local("2026-05-20 12:00");
        for (waited_for, on) in [(false, "2026-06-17"), (true, "2026-06-03")] {
            let due = after(&policy(ClosedDueDay::Keep), &weekdays(), moment.today(), waited_for, &moment);
            assert_eq!(due.on, date(on), "{waited_for}");
        }
        let same = DuePolicy { held_period_days: None, ..policy(ClosedDueDay::Keep) };
        assert_eq!(after(&same, &weekdays(), moment.today(), true, &moment).on, date("2026-06-17"));
    }

    #[test]
    fn the_day_ends_when_the_last_window_closes() {
        let moment = local("2026-05-20 12:00");
        let due = after(&policy(ClosedDueDay::Keep), &weekdays(), moment.today(), false, &moment);
        assert_eq!(due.at, instant("2026-06-17T19:00:00Z"), "22:00 in Helsinki");
        let all_day = week([window(3, 0, 1_440, OpeningMode::SelfService)]);
        let due = after(&policy(ClosedDueDay::Keep), &all_day, moment.today(), false, &moment);
        assert_eq!(due.at, instant("2026-06-17T21:00:00Z"), "midnight in Helsinki");
    }

    #[test]
    fn a_closed_day_is_kept_or_passed_over_as_the_policy_says() {
        // 23 May and 20 June 2026 are Saturdays.
        let moment = local("2026-05-23 12:00");
        let kept = after(&policy(ClosedDueDay::Keep), &weekdays(), moment.today(), false, &moment);
        assert_eq!((kept.on, kept.at), (date("2026-06-20"), instant("2026-06-20T21:00:00Z")));
        let moved = after(&policy(ClosedDueDay::NextOpen), &weekdays(), moment.today(), false, &moment);
        assert_eq!((moved.on, moved.at), (date("2026-06-22"), instant("2026-06-22T19:00:00Z")));
        let mut closed_monday = weekdays();
        let shut = DayWindow { opens_minute: 0, closes_minute: 1_440, mode: OpeningMode::Closed };
        closed_monday.exceptions.insert(date("2026-06-22"), vec![shut]);
        let moved = after(&policy(ClosedDueDay::NextOpen), &closed_monday, moment.today(), false, &moment);
        assert_eq!(moved.on, date("2026-06-23"));
    }

    #[test]
    fn a_branch_that_is_never_open_keeps_its_dates() {
        let moment = local("2026-05-20 12:00");
        let due = after(&policy(ClosedDueDay::NextOpen), &week([]), moment.today(), false, &moment);
        assert_eq!((due.on, due.at), (date("2026-06-17"), instant("2026-06-17T21:00:00Z")));
    }
}
