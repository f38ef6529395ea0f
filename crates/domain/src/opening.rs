//! How a branch is open at a moment.
//!
//! A day with an exception has the windows of its exception and none of its week's: an exception of one closed
//! window shuts the branch all day, whatever the week says.
//!
//! Hours are hours of the wall clock. In the night on which an hour comes twice, a window that covers
//! it is open both times; in the night on which an hour is left out, nobody can ask during it.

use crate::facts::OpeningHours;
use crate::validity::holds_on;
use crate::{Moment, OpeningMode};
use chrono::{Datelike as _, NaiveDate};

/// Which kinds of opening hours run at a moment; none of them means closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenNow {
    /// Staff are there.
    pub staffed: bool,
    /// The unstaffed library is open.
    pub self_service: bool,
}

impl OpenNow {
    /// What runs now at a branch with these hours: what the exception of today says where there is one, else the
    /// windows of this weekday whose season holds today. Windows may overlap; each counts.
    #[must_use]
    pub fn among(hours: &OpeningHours, moment: &Moment) -> Self {
        let (today, weekday, minute) = (moment.today(), moment.weekday(), moment.minute_of_day());
        let runs = |opens: u16, closes: u16| (opens..closes).contains(&minute);
        if let Some(windows) = hours.exceptions.get(&today) {
            let running = windows.iter().filter(|window| runs(window.opens_minute, window.closes_minute));
            return running.fold(Self::default(), |open, window| open.with(window.mode));
        }
        let running = hours.windows.iter().filter(|window| {
            window.weekday == weekday
                && runs(window.opens_minute, window.closes_minute)
                && holds_on(window.valid_from, window.valid_until, today)
        });
        running.fold(Self::default(), |open, window| open.with(window.mode))
    }

    const fn with(self, mode: OpeningMode) -> Self {
        match mode {
            OpeningMode::Staffed => Self { staffed: true, ..self },
            OpeningMode::SelfService => Self { self_service: true, ..self },
            OpeningMode::Closed => self,
        }
    }

    /// Whether the branch is open in any way.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.staffed || self.self_service
    }
}

/// The minute of a day, 1 to 1440, at which a branch closes for the last time; none where it does not open that day.
#[must_use]
pub fn closes_on(hours: &OpeningHours, day: NaiveDate) -> Option<u16> {
    let open = |mode: OpeningMode| mode != OpeningMode::Closed;
    if let Some(windows) = hours.exceptions.get(&day) {
        return windows.iter().filter(|window| open(window.mode)).map(|window| window.closes_minute).max();
    }
    let weekday = day.weekday().number_from_monday();
    let of_day = hours.windows.iter().filter(|window| {
        u32::from(window.weekday) == weekday
            && open(window.mode)
            && holds_on(window.valid_from, window.valid_until, day)
    });
    of_day.map(|window| window.closes_minute).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{DayWindow, OpeningWindow};
    use crate::samples::{date, local, utc, week, window};
    use std::collections::BTreeMap;

    /// 20 May 2026 is a Wednesday.
    const WEDNESDAY: u8 = 3;

    #[test]
    fn a_window_opens_on_its_minute_and_closes_on_its_minute() {
        let hours = week([window(WEDNESDAY, 10 * 60, 18 * 60, OpeningMode::Staffed)]);
        let table = [
            ("2026-05-20 09:59", false),
            ("2026-05-20 10:00", true),
            ("2026-05-20 17:59", true),
            ("2026-05-20 18:00", false),
            ("2026-05-19 12:00", false),
            ("2026-05-27 12:00", true),
        ];
        for (at, open) in table {
            assert_eq!(OpenNow::among(&hours, &local(at)).is_open(), open, "{at}");
        }
    }

    #[test]
    fn a_window_may_last_all_day() {
        let hours = week([window(WEDNESDAY, 0, 1_440, OpeningMode::SelfService)]);
        for (at, open) in
            [("2026-05-19 23:59", false), ("2026-05-20 00:00", true), ("2026-05-20 23:59", true)]
        {
            assert_eq!(OpenNow::among(&hours, &local(at)).self_service, open, "{at}");
        }
    }

    #[test]
    fn a_window_counts_in_its_season_only() {
        let summer = OpeningWindow {
            valid_from: date("2026-06-03"),
            valid_until: Some(date("2026-06-17")),
            ..window(WEDNESDAY, 0, 1_440, OpeningMode::Staffed)
        };
        let table = [("05-27", false), ("06-03", true), ("06-10", true), ("06-17", true), ("06-24", false)];
        for (day, open) in table {
            let at = local(&format!("2026-{day} 12:00"));
            assert_eq!(OpenNow::among(&week([summer]), &at).is_open(), open, "{day}");
        }
    }

    #[test]
    fn both_modes_may_run_at_once() {
        let hours = week([
            window(WEDNESDAY, 6 * 60, 22 * 60, OpeningMode::SelfService),
            window(WEDNESDAY, 10 * 60, 18 * 60, OpeningMode::Staffed),
        ]);
        let early = OpenNow::among(&hours, &local("2026-05-20 07:00"));
        assert_eq!(early, OpenNow { staffed: false, self_service: true });
        let noon = OpenNow::among(&hours, &local("2026-05-20 12:00"));
        assert_eq!(noon, OpenNow { staffed: true, self_service: true });
    }

    #[test]
    fn an_exception_takes_the_place_of_the_whole_day_and_of_no_other() {
        const DAY: &str = "2026-05-20";
        let among = |windows: &[(u16, u16, OpeningMode)], at: &str| {
            let day = windows.iter().map(|(opens_minute, closes_minute, mode)| DayWindow {
                opens_minute: *opens_minute,
                closes_minute: *closes_minute,
                mode: *mode,
            });
            let all_week = (1..=7).map(|weekday| window(weekday, 6 * 60, 22 * 60, OpeningMode::Staffed));
            let hours = OpeningHours {
                windows: all_week.collect(),
                exceptions: BTreeMap::from([(date(DAY), day.collect())]),
            };
            OpenNow::among(&hours, &local(at))
        };
        let (staffed, self_service) =
            (OpenNow { staffed: true, self_service: false }, OpenNow { staffed: false, self_service: true });
        let closed = [(0, 1_440, OpeningMode::Closed)];
        let alone = [(12 * 60, 24 * 60, OpeningMode::SelfService)];
        let split = [(6 * 60, 8 * 60, OpeningMode::SelfService), (8 * 60, 9 * 60, OpeningMode::Staffed)];
        let table = [
            (&closed[..], "2026-05-20 12:00", OpenNow::default()),
            (&closed, "2026-05-20 00:00", OpenNow::default()),
            (&closed, "2026-05-19 21:59", staffed),
            (&closed, "2026-05-21 06:00", staffed),
            (&[], "2026-05-20 12:00", OpenNow::default()),
            (&alone, "2026-05-20 11:59", OpenNow::default()),
            (&alone, "2026-05-20 12:00", self_service),
            (&alone, "2026-05-20 23:59", self_service),
            (&alone, "2026-05-21 00:00", OpenNow::default()),
            (&split, "2026-05-20 07:59", self_service),
            (&split, "2026-05-20 08:00", staffed),
            (&split, "2026-05-20 09:00", OpenNow::default()),
        ];
        for (windows, at, open) in table {
            assert_eq!(among(windows, at), open, "{windows:?} at {at}");
        }
    }

    #[test]
    fn in_the_nights_of_the_clock_change_the_wall_clock_counts() {
        const SUNDAY: u8 = 7;
        let hours = week([window(SUNDAY, 3 * 60, 4 * 60, OpeningMode::SelfService)]);
        let table = [
            // 25 October 2026: 03:00 to 04:00 comes twice, first at 00:00 UTC, then at 01:00 UTC.
            ("2026-10-24T23:59:59Z", false),
            ("2026-10-25T00:00:00Z", true),
            ("2026-10-25T00:59:59Z", true),
            ("2026-10-25T01:00:00Z", true),
            ("2026-10-25T01:59:59Z", true),
            ("2026-10-25T02:00:00Z", false),
            // 29 March 2026: 02:59:59 is followed by 04:00:00.
            ("2026-03-29T00:59:59Z", false),
            ("2026-03-29T01:00:00Z", false),
        ];
        for (at, open) in table {
            assert_eq!(OpenNow::among(&hours, &utc(at)).is_open(), open, "{at}");
        }
    }
}
