//! The moment of a question, on the wall clock of the consortium.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
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
