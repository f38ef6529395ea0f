//! Opening hours in one field: `Mon-Fri 07:00-10:00 self-service; Sat 10:00-15:00 staffed`.

use crate::imports::row::Row;
use chrono::NaiveDate;
use kortisto_domain::OpeningMode;
use kortisto_store::entities::opening_windows;
use sea_orm::ActiveValue::{NotSet, Set};
use std::collections::BTreeSet;

/// Opening windows of one branch at most, days counted apart.
const WINDOWS_MAX: usize = 100;
/// Minutes of a day.
const DAY_MINUTES: i16 = 24 * 60;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// What a field of hours looks like.
const RIGHT: &str = "windows separated by semicolons, for example `Mon-Fri 07:00-10:00 self-service; Sat \
                     10:00-15:00 staffed`: days Mon to Sun, hours 00:00 to 24:00, staffed or self-service; \
                     hours over midnight are two windows";

/// Hours of one weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    /// Monday 1 to Sunday 7.
    weekday: i16,
    opens_minute: i16,
    closes_minute: i16,
    mode: OpeningMode,
}

impl Window {
    /// The window of a row; none when it has a mode that is not known.
    pub(super) fn of(row: &opening_windows::Model) -> Option<Self> {
        Some(Self {
            weekday: row.weekday,
            opens_minute: row.opens_minute,
            closes_minute: row.closes_minute,
            mode: row.mode.try_into().ok()?,
        })
    }

    /// A new row for the window, with no last day.
    pub(super) fn row(self, branch: i64, from: NaiveDate) -> opening_windows::ActiveModel {
        opening_windows::ActiveModel {
            id: NotSet,
            branch_id: Set(branch),
            weekday: Set(self.weekday),
            opens_minute: Set(self.opens_minute),
            closes_minute: Set(self.closes_minute),
            mode: Set(self.mode.code()),
            valid_from: Set(from),
            valid_until: Set(None),
        }
    }
}

/// The hours of a row; none of them when the field is empty.
pub(super) fn read(row: &mut Row<'_>) -> Option<BTreeSet<Window>> {
    let windows = windows(row.raw("hours")?);
    if windows.is_none() {
        row.fault("hours", "not opening hours", RIGHT);
    }
    windows
}

fn windows(field: &str) -> Option<BTreeSet<Window>> {
    let mut all = BTreeSet::new();
    for part in field.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let [days, hours, mode] = part.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
        let (opens, closes) = hours.split_once('-')?;
        let (opens_minute, closes_minute) = (minute(opens)?, minute(closes)?);
        let mode = OpeningMode::from_word(mode)?;
        if opens_minute >= closes_minute {
            return None;
        }
        for weekday in weekdays(days)? {
            all.insert(Window { weekday, opens_minute, closes_minute, mode });
        }
    }
    (all.len() <= WINDOWS_MAX).then_some(all)
}

/// `Mon`, `Mon-Fri` or `Mon,Wed`.
fn weekdays(text: &str) -> Option<Vec<i16>> {
    let day =
        |name: &str| DAYS.iter().position(|day| *day == name).and_then(|index| i16::try_from(index + 1).ok());
    let mut all = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                if first > last {
                    return None;
                }
                all.extend(first..=last);
            }
            None => all.push(day(part)?),
        }
    }
    Some(all)
}

/// Minutes after midnight of `HH:MM`, up to 24:00.
fn minute(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i16>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_day_by_day() {
        let read = windows("Mon-Fri 07:00-10:00 self-service; Fri,Sun 10:00-24:00 staffed;").unwrap();
        assert_eq!(read.len(), 7);
        let friday: Vec<_> = read.iter().filter(|window| window.weekday == 5).collect();
        assert_eq!(friday.len(), 2);
        assert_eq!((friday[0].opens_minute, friday[0].closes_minute), (420, 600));
        assert_eq!((friday[1].closes_minute, friday[1].mode), (1_440, OpeningMode::Staffed));
        assert_eq!(windows(""), Some(BTreeSet::new()));
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        for bad in [
            "Mon",
            "Mon 07:00-10:00",
            "Mon 07:00-10:00 open",
            "Fri-Mon 07:00-10:00 staffed",
            "mon 07:00-10:00 staffed",
            "Mon 7:00-10:00 staffed",
            "Mon 10:00-07:00 staffed",
            "Mon 10:00-10:00 staffed",
            "Mon 22:00-24:01 staffed",
            "Mon 09:60-10:00 staffed",
            "Mon 07:00 - 10:00 staffed",
            "Mon, 07:00-10:00 staffed",
        ] {
            assert_eq!(windows(bad), None, "{bad}");
        }
    }
}
