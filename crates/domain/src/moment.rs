//! The moment of a question, on the wall clock of the consortium.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Timelike, Utc};
use chrono_tz::Tz;

/// An instant together with the time zone in which birthdays, due dates and opening hours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    at: DateTime<Utc>,
    zone: Tz,
}

impl Moment {
    /// The instant `at`, seen in `zone` (Europe/Helsinki for every Finnish consortium).
    #[must_use]
    pub const fn new(at: DateTime<Utc>, zone: Tz) -> Self {
        Self { at, zone }
    }

    /// The instant.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The local civil date.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.at.with_timezone(&self.zone).date_naive()
    }

    /// The local civil date of another instant.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The instant at which a civil day begins: local midnight, or the first moment after it where the clocks skip it.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let begins = |minute| {
            let wall = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute);
            self.zone.from_local_datetime(&wall).earliest()
        };
        // No zone has ever skipped more than a day.
        let first = (0..=24 * 60).find_map(begins);
        first.map_or(self.at, |start| start.with_timezone(&Utc))
    }

    /// The instant at which the wall clock shows so many minutes after midnight of a civil day, 0 to 1440: the later of
    /// two, and the first moment after it where the clocks skip it.
    #[must_use]
    pub fn at_minute(&self, day: NaiveDate, minute: u16) -> DateTime<Utc> {
        let shows = |more| {
            let wall = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute) + more);
            self.zone.from_local_datetime(&wall).latest()
        };
        (0..=24 * 60).find_map(shows).map_or(self.at, |at| at.with_timezone(&Utc))
    }

    /// ISO weekday, Monday 1 to Sunday 7.
    #[must_use]
    pub fn weekday(&self) -> u8 {
        self.today().weekday().number_from_monday().try_into().unwrap_or(7)
    }

    /// Minutes since local midnight on the wall clock, 0 to 1439.
    #[must_use]
    pub fn minute_of_day(&self) -> u16 {
        let local = self.at.with_timezone(&self.zone);
        (local.hour() * 60 + local.minute()).try_into().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::{date, instant, local};

    #[test]
    fn a_day_begins_at_local_midnight_or_right_after_it() {
        let moment = local("2026-05-20 12:00");
        let table = [
            ("2026-05-20", "2026-05-19T21:00:00Z"),
            ("2026-01-20", "2026-01-19T22:00:00Z"),
            // On 3 April 1942 the clocks of Helsinki went from midnight to 01:00.
            ("1942-04-03", "1942-04-02T22:00:00Z"),
        ];
        for (day, begins) in table {
            assert_eq!(moment.start_of(date(day)), instant(begins), "{day}");
            assert_eq!(moment.day_of(instant(begins)), date(day), "{day}");
        }
    }
}
