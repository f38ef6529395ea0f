//! What a late loan costs.

use super::is_under;
use crate::due::Due;
use crate::facts::OpeningHours;
use crate::policy::{CapScope, FeeUnit, OverduePolicy};
use crate::{Moment, opening};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// Days late that are counted at most, the newest ones: every cap and every bill come long before. Hours of days before
/// that are asked by nobody.
pub const DAYS_MAX: u64 = 366;

/// Days of a week.
const WEEK: usize = 7;

/// A loan that came back, was renewed or was billed after its end.
#[derive(Debug, Clone, Copy)]
pub struct LateLoan<'a> {
    /// Its end.
    pub due: Due,
    /// When it stopped being late.
    pub until: DateTime<Utc>,
    /// Birth date of its patron.
    pub birth_date: Option<NaiveDate>,
    /// The hours of the branch where it was lent.
    pub hours: &'a OpeningHours,
    /// What its patron owes for being late already, in cents.
    pub owed_cents: i64,
    /// The moment of the question, for the days of the calendar.
    pub moment: &'a Moment,
}

/// What the loan costs, in cents; 0 for one that is not late.
///
/// `policy` gives what holds on a day. A loan is late by the days of the calendar after its last day, or by those of them
/// on which the branch is open where closed days cost nothing. Where they cost, it is late by one as soon as its last day
/// has closed. Each unit costs what the day says on which it is over, or has begun where
/// weeks count as soon as they begin; where the policy of the last day is retroactive, it costs what that says.
#[must_use]
pub fn cents(late: &LateLoan<'_>, policy: impl Fn(NaiveDate) -> OverduePolicy) -> i64 {
    if late.until <= late.due.at {
        return 0;
    }
    let last = late.moment.day_of(late.until);
    let now = policy(last);
    if is_under(late.birth_date, now.exempt_under_age, last) {
        return 0;
    }
    let days = days_late(late, &now, last);
    let price = |day: NaiveDate| i64::from(if now.retroactive { now } else { policy(day) }.cents);
    let total: i64 = match now.unit {
        FeeUnit::Day => days.iter().map(|day| price(*day)).sum(),
        FeeUnit::Week => days.chunks_exact(WEEK).map(|week| price(week[WEEK - 1])).sum(),
        FeeUnit::StartedWeek => days.chunks(WEEK).map(|week| price(week[0])).sum(),
    };
    let room = now.cap_cents.map(|cap| match now.cap_scope {
        CapScope::Loan => i64::from(cap),
        CapScope::Patron => (i64::from(cap) - late.owed_cents).max(0),
    });
    room.map_or(total, |room| total.min(room))
}

/// The days that count, after those that cost nothing.
fn days_late(late: &LateLoan<'_>, policy: &OverduePolicy, last: NaiveDate) -> Vec<NaiveDate> {
    let counts = |day: &NaiveDate| policy.closed_days || opening::closes_on(late.hours, *day).is_some();
    let counted_from = last.checked_sub_days(Days::new(DAYS_MAX - 1)).unwrap_or(NaiveDate::MIN);
    let first = counted_from.max(late.due.on.succ_opt().unwrap_or(NaiveDate::MAX));
    let after_due = first.iter_days().take_while(|day| *day <= last);
    let mut days: Vec<NaiveDate> = after_due.filter(counts).collect();
    // Back on its last day, but after closing: nobody could have come before the next day that costs, so where closed
    // days cost nothing this does not either, and coming back on one of them costs no less.
    if last == late.due.on && policy.closed_days {
        days.push(last);
    }
    days.drain(..usize::from(policy.grace_days).min(days.len()));
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpeningMode;
    use crate::samples::{date, local, week, window};
    use chrono_tz::Europe::Helsinki;
    use proptest::prelude::*;

    const POLICY: OverduePolicy = OverduePolicy {
        cents: 20,
        unit: FeeUnit::Day,
        grace_days: 0,
        cap_cents: Some(600),
        cap_scope: CapScope::Loan,
        exempt_under_age: 0,
        closed_days: true,
        retroactive: false,
    };

    /// A loan of a weekday library, due on Wednesday 20 May 2026 at 19.
    fn late(returned: &str, policy: impl Fn(NaiveDate) -> OverduePolicy) -> i64 {
        of(returned, None, 0, policy)
    }

    fn of(
        returned: &str,
        birth: Option<&str>,
        owed_cents: i64,
        policy: impl Fn(NaiveDate) -> OverduePolicy,
    ) -> i64 {
        let due = Due { on: date("2026-05-20"), at: local("2026-05-20 19:00").at() };
        due_at(due, &local(returned), birth, owed_cents, policy)
    }

    fn due_at(
        due: Due,
        moment: &Moment,
        birth: Option<&str>,
        owed_cents: i64,
        policy: impl Fn(NaiveDate) -> OverduePolicy,
    ) -> i64 {
        let hours =
            week((1..=5).map(|day| window(day, 600, 1_140, OpeningMode::Staffed)).collect::<Vec<_>>());
        cents(
            &LateLoan {
                due,
                until: moment.at(),
                birth_date: birth.map(date),
                hours: &hours,
                owed_cents,
                moment,
            },
            policy,
        )
    }

    #[test]
    fn days_after_the_due_date_cost_and_the_due_date_does_not() {
        let table = [
            ("2026-05-19 12:00", 0),
            ("2026-05-20 19:00", 0),
            ("2026-05-20 19:01", 20),
            ("2026-05-21 00:00", 20),
            ("2026-05-21 23:59", 20),
            ("2026-05-22 08:00", 40),
            ("2026-06-18 12:00", 580),
            ("2026-06-19 12:00", 600),
            ("2026-06-20 12:00", 600),
            ("2027-06-20 12:00", 600),
        ];
        for (returned, expected) in table {
            assert_eq!(late(returned, |_| POLICY), expected, "{returned}");
        }
    }

    #[test]
    fn weeks_count_when_they_are_over_or_begun() {
        let table = [
            ("2026-05-21 12:00", 0, 50),
            ("2026-05-26 12:00", 0, 50),
            ("2026-05-27 12:00", 50, 50),
            ("2026-05-28 12:00", 50, 100),
        ];
        for (returned, over, begun) in table {
            let weekly = |unit| OverduePolicy { cents: 50, unit, ..POLICY };
            assert_eq!(late(returned, |_| weekly(FeeUnit::Week)), over, "{returned}");
            assert_eq!(late(returned, |_| weekly(FeeUnit::StartedWeek)), begun, "{returned}");
        }
    }

    #[test]
    fn grace_closed_days_and_age_cost_nothing() {
        // 23 and 24 May are a weekend.
        let open_days = OverduePolicy { closed_days: false, ..POLICY };
        assert_eq!(late("2026-05-25 12:00", |_| open_days), 60);
        // Due on the Friday, 22 May, at 19.
        let friday = |returned: &str, policy| {
            let due = Due { on: date("2026-05-22"), at: local("2026-05-22 19:00").at() };
            due_at(due, &local(returned), None, 0, |_| policy)
        };
        for (returned, with_closed_days, without) in [
            ("2026-05-22 19:00", 0, 0),
            ("2026-05-22 20:30", 20, 0),
            ("2026-05-23 12:00", 20, 0),
            ("2026-05-24 12:00", 40, 0),
            ("2026-05-25 08:00", 60, 20),
            ("2026-05-26 12:00", 80, 40),
        ] {
            assert_eq!(friday(returned, POLICY), with_closed_days, "{returned}");
            assert_eq!(friday(returned, open_days), without, "{returned}");
        }
        assert_eq!(late("2026-05-25 12:00", |_| POLICY), 100);
        let louna = OverduePolicy { cents: 10, grace_days: 4, ..POLICY };
        for (returned, expected) in
            [("2026-05-24 12:00", 0), ("2026-05-25 12:00", 10), ("2026-05-26 12:00", 20)]
        {
            assert_eq!(late(returned, |_| louna), expected, "{returned}");
        }
        let helmet = OverduePolicy { exempt_under_age: 18, ..POLICY };
        for (birth, expected) in [(Some("2008-05-22"), 40), (Some("2008-05-23"), 0), (None, 40)] {
            assert_eq!(of("2026-05-22 12:00", birth, 0, |_| helmet), expected, "{birth:?}");
        }
    }

    #[test]
    fn a_cap_of_the_patron_counts_what_is_owed_already() {
        let kuhmo = OverduePolicy { cap_cents: Some(2_000), cap_scope: CapScope::Patron, ..POLICY };
        for (owed, expected) in [(0, 40), (1_980, 20), (2_000, 0), (3_000, 0)] {
            assert_eq!(of("2026-05-22 12:00", None, owed, |_| kuhmo), expected, "{owed}");
        }
        assert_eq!(late("2027-05-22 12:00", |_| OverduePolicy { cap_cents: None, ..POLICY }), 366 * 20);
    }

    #[test]
    fn a_new_price_counts_from_its_day_unless_it_reaches_back() {
        let dearer = |retroactive| {
            move |day: NaiveDate| {
                let cents = if day < date("2026-05-23") { 10 } else { 20 };
                OverduePolicy { cents, retroactive, ..POLICY }
            }
        };
        assert_eq!(late("2026-05-24 12:00", dearer(false)), 10 + 10 + 20 + 20);
        assert_eq!(late("2026-05-24 12:00", dearer(true)), 80);
    }

    proptest! {
        #[test]
        fn coming_back_later_never_costs_less(
            due_day in 0_i64..7,
            hours in 0_i64..9_600,
            more in 0_i64..960,
            unit in 0..3_usize,
            closed_days: bool,
            grace_days in 0_u16..3,
        ) {
            let policy = |_| OverduePolicy { unit: FeeUnit::ALL[unit], closed_days, grace_days, ..POLICY };
            let on = date("2026-05-18") + chrono::TimeDelta::days(due_day);
            let due = Due { on, at: local(&on.format("%F 19:00").to_string()).at() };
            let from = local(&on.format("%F 00:30").to_string()).at();
            let cost = |hours: i64| {
                let moment = Moment::new(from + chrono::TimeDelta::hours(hours), Helsinki);
                due_at(due, &moment, None, 0, policy)
            };
            prop_assert!(cost(hours) <= cost(hours + more));
            prop_assert!((0..=600).contains(&cost(hours)));
        }
    }
}
