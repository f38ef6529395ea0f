//! When a fee lapses, so that nobody may ask for it any more.

use crate::FeeLaw;
use chrono::{Datelike as _, Months, NaiveDate};

/// Years after the year in which a public fee fell due (Act 706/2007 on the enforcement of taxes and charges,
/// section 20).
const PUBLIC_YEARS: i32 = 5;

/// Months after the day on which a private claim fell due (Act 728/2003 on the limitation of debt, section 4).
const PRIVATE_MONTHS: Months = Months::new(36);

/// The first day on which the fee is lapsed.
#[must_use]
pub fn lapses_on(law: FeeLaw, fell_due: NaiveDate) -> NaiveDate {
    let day = match law {
        FeeLaw::Public => NaiveDate::from_ymd_opt(fell_due.year() + PUBLIC_YEARS + 1, 1, 1),
        FeeLaw::Private => fell_due.checked_add_months(PRIVATE_MONTHS).and_then(|last| last.succ_opt()),
    };
    day.unwrap_or(NaiveDate::MAX)
}

/// A day since which no fee fell due that is lapsed on the day `today`, whatever its law.
#[must_use]
pub fn none_since(today: NaiveDate) -> NaiveDate {
    let day = today.checked_sub_months(PRIVATE_MONTHS).and_then(|day| day.succ_opt());
    day.unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn public_fees_lapse_with_a_year_and_private_ones_with_a_day() {
        let table = [
            (FeeLaw::Public, "2026-01-01", "2032-01-01"),
            (FeeLaw::Public, "2026-12-31", "2032-01-01"),
            (FeeLaw::Private, "2026-05-20", "2029-05-21"),
            (FeeLaw::Private, "2024-02-29", "2027-03-01"),
        ];
        for (law, fell_due, lapsed) in table {
            assert_eq!(lapses_on(law, date(fell_due)), date(lapsed), "{law:?} {fell_due}");
        }
    }

    #[test]
    fn what_fell_due_lately_has_not_lapsed() {
        for first in ["2027-02-27", "2027-12-30", "2028-02-28"] {
            for today in date(first).iter_days().take(4) {
                let since = none_since(today);
                for fell_due in since.iter_days().take(400) {
                    for law in [FeeLaw::Public, FeeLaw::Private] {
                        assert!(lapses_on(law, fell_due) > today, "{law:?} {fell_due} {today}");
                    }
                }
                let before = since - chrono::Days::new(2);
                assert!(lapses_on(FeeLaw::Private, before) <= today, "{today}");
            }
        }
    }
}
