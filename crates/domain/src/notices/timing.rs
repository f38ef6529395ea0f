//! When a loan is reminded of: before its due date once, after it in steps.

use crate::policy::NoticePolicy;
use chrono::{Days, NaiveDate};

/// Whether the due-date reminder of a loan goes out today, by days that the patron or the policy chose (A58).
///
/// It goes on the first run at or after its day, and never after the due date. A loan that is shorter than those days
/// is reminded of on the day after it began, or was renewed: `since`. Each due date is reminded of once: `reminded_for` is
/// the last one that was.
#[must_use]
pub fn is_due_reminded(
    due_on: NaiveDate,
    reminded_for: Option<NaiveDate>,
    days_before: u8,
    since: NaiveDate,
    today: NaiveDate,
) -> bool {
    let chosen = due_on.checked_sub_days(Days::new(days_before.into()));
    let soonest = since.checked_add_days(Days::new(1));
    let Some(first) = chosen.max(soonest) else { return false };
    first <= today && today <= due_on && reminded_for != Some(due_on)
}

/// The reminder that a late loan gets today, 1 for the first; none where none is due (A59).
///
/// It is the last one whose day has come and that is after those sent. One that was skipped, because nothing ran for
/// so long, is never sent: nobody owes for a reminder that was not made. `held` says that others wait for the title.
#[must_use]
pub fn overdue_step(
    policy: &NoticePolicy,
    due_on: NaiveDate,
    sent: u8,
    held: bool,
    today: NaiveDate,
) -> Option<u8> {
    let late_days = (today - due_on).num_days();
    let mut last = None;
    for (step, reminder) in (1_u8..).zip(&policy.reminders) {
        let days = match policy.first_reminder_held_days.filter(|_| held && step == 1) {
            // Where no first reminder goes to anybody, none goes to those for whom others wait.
            Some(sooner) => reminder.days.map(|days| days.min(sooner)),
            None => reminder.days,
        };
        if step > sent && days.is_some_and(|days| late_days >= i64::from(days)) {
            last = Some(step);
        }
    }
    last
}

/// Whether a late loan is billed today: the item is not expected back any more, and its price is owed.
#[must_use]
pub fn is_billed(policy: &NoticePolicy, due_on: NaiveDate, today: NaiveDate) -> bool {
    let day = policy.bill_days.and_then(|days| due_on.checked_add_days(Days::new(days.into())));
    day.is_some_and(|day| day <= today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ReminderStep;
    use crate::samples::date;

    #[test]
    fn a_loan_is_reminded_of_before_it_is_due() {
        let table = [
            // Three days before, and on each day after it until the due date.
            ("2026-05-20", 3, "2026-04-22", "2026-05-16", false),
            ("2026-05-20", 3, "2026-04-22", "2026-05-17", true),
            ("2026-05-20", 3, "2026-04-22", "2026-05-19", true),
            ("2026-05-20", 3, "2026-04-22", "2026-05-20", true),
            ("2026-05-20", 3, "2026-04-22", "2026-05-21", false),
            // A loan of a week with a reminder two weeks before it is due.
            ("2026-05-20", 14, "2026-05-13", "2026-05-13", false),
            ("2026-05-20", 14, "2026-05-13", "2026-05-14", true),
            // A loan of a day, and one that is due on the day on which it began.
            ("2026-05-20", 1, "2026-05-19", "2026-05-19", false),
            ("2026-05-20", 1, "2026-05-19", "2026-05-20", true),
            ("2026-05-20", 1, "2026-05-20", "2026-05-20", false),
        ];
        for (due_on, days, since, today, expected) in table {
            let found = |reminded_for: Option<&str>| {
                is_due_reminded(date(due_on), reminded_for.map(date), days, date(since), date(today))
            };
            assert_eq!(found(None), expected, "due on {due_on}, {days} days, since {since}, on {today}");
            assert_eq!(found(Some("2026-04-22")), expected, "it was renewed since");
            assert!(!found(Some(due_on)), "once for each due date");
        }
    }

    #[test]
    fn a_loan_is_billed_when_its_days_are_over() {
        let policy = |bill_days| NoticePolicy {
            due_reminder_days: None,
            reminders: [None; 3].map(|days| ReminderStep { days, cents: 0 }),
            first_reminder_held_days: None,
            bill_days,
        };
        let table = [
            (Some(49), "2026-05-01", "2026-05-01", false),
            (Some(49), "2026-05-01", "2026-06-18", false),
            (Some(49), "2026-05-01", "2026-06-19", true),
            (Some(49), "2026-05-01", "2027-06-19", true),
            (Some(1), "2026-05-01", "2026-05-01", false),
            (Some(1), "2026-05-01", "2026-05-02", true),
            // Never, where nobody has decided on it.
            (None, "2026-05-01", "2027-06-19", false),
        ];
        for (days, due_on, today, expected) in table {
            let found = is_billed(&policy(days), date(due_on), date(today));
            assert_eq!(found, expected, "{days:?} days, due on {due_on}, on {today}");
        }
        assert!(
            !is_billed(&policy(Some(365)), NaiveDate::MAX, NaiveDate::MAX),
            "no day comes after the last"
        );
    }

    #[test]
    fn a_late_loan_is_reminded_of_in_steps() {
        let policy = |days: [Option<u16>; 3], held| NoticePolicy {
            due_reminder_days: None,
            reminders: days.map(|days| ReminderStep { days, cents: 0 }),
            first_reminder_held_days: held,
            bill_days: None,
        };
        let usual = policy([Some(7), Some(21), None], Some(1));
        let three = policy([Some(7), Some(21), Some(35)], None);
        let second_only = policy([None, Some(14), None], Some(1));
        let late_held = policy([Some(3), None, None], Some(7));
        let table = [
            (&usual, 0, false, 6, None),
            (&usual, 0, false, 7, Some(1)),
            (&usual, 1, false, 7, None),
            (&usual, 1, false, 20, None),
            (&usual, 1, false, 21, Some(2)),
            (&usual, 2, false, 300, None),
            (&usual, 0, true, 0, None),
            (&usual, 0, true, 1, Some(1)),
            (&usual, 1, true, 20, None),
            (&usual, 1, true, 21, Some(2)),
            // Nothing ran for long: the first is skipped.
            (&usual, 0, false, 30, Some(2)),
            (&three, 0, false, 35, Some(3)),
            (&three, 0, true, 6, None),
            (&three, 3, false, 400, None),
            (&second_only, 0, true, 13, None),
            (&second_only, 0, true, 14, Some(2)),
            // Where others wait, never later than else.
            (&late_held, 0, true, 3, Some(1)),
        ];
        for (policy, sent, held, late, expected) in table {
            let (due_on, today) = (date("2026-05-01"), date("2026-05-01") + Days::new(late));
            let found = overdue_step(policy, due_on, sent, held, today);
            assert_eq!(found, expected, "{policy:?}, {sent} sent, held {held}, {late} days late");
        }
    }
}
