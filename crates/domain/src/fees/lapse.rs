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
}
