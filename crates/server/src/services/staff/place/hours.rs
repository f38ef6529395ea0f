//! Opening hours on the wire.

use crate::{
    services::{page_token, staff::fields},
    status::Fault,
};
use kortisto::staff::v1::{DayWindow, ListOpeningResponse, OpeningException, OpeningSeason, WeekWindow};
use kortisto_domain::OpeningMode;
use kortisto_register::staff::places::{Hours, Opening, WeekHours};

/// Windows of one season at most.
const SEASON_WINDOWS_MAX: usize = 100;

/// Windows of one day at most.
const DAY_WINDOWS_MAX: usize = 20;

/// Minutes of a day.
const DAY_MINUTES: i32 = 24 * 60;

/// The windows of a season, in the order of the week.
pub(super) fn of_week(windows: &[WeekWindow]) -> Result<Vec<WeekHours>, Fault> {
    if windows.len() > SEASON_WINDOWS_MAX {
        return Err(Fault::field("season.windows", "at most 100 windows"));
    }
    let read = windows.iter().map(|window| {
        let weekday = u8::try_from(window.weekday).ok().filter(|day| (1..=7).contains(day));
        let weekday =
            weekday.ok_or_else(|| Fault::field("season.windows.weekday", "1 for Monday to 7 for Sunday"))?;
        let hours = fields::message("season.windows.hours", window.hours)?;
        let hours = hours_of("season.windows.hours", hours)?;
        if hours.mode == OpeningMode::Closed {
            let rule = "STAFFED or SELF_SERVICE: a day is closed by having no window";
            return Err(Fault::field("season.windows.hours.mode", rule));
        }
        Ok(WeekHours { weekday, hours })
    });
    let mut all = read.collect::<Result<Vec<_>, Fault>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The windows of a day, in its order.
pub(super) fn of_day(windows: &[DayWindow]) -> Result<Vec<Hours>, Fault> {
    if windows.len() > DAY_WINDOWS_MAX {
        return Err(Fault::field("exception.windows", "at most 20 windows"));
    }
    let mut all =
        windows.iter().map(|hours| hours_of("exception.windows", *hours)).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn hours_of(field: &'static str, hours: DayWindow) -> Result<Hours, Fault> {
    let fault = || Fault::field(field, "minutes of one day, 0 to 1440, closing after opening");
    let DayWindow { opens_minute, closes_minute, .. } = hours;
    if !(0 <= opens_minute && opens_minute < closes_minute && closes_minute <= DAY_MINUTES) {
        return Err(fault());
    }
    Ok(Hours {
        opens_minute: u16::try_from(opens_minute).map_err(|_| fault())?,
        closes_minute: u16::try_from(closes_minute).map_err(|_| fault())?,
        mode: fields::coded(field, hours.mode)?,
    })
}

fn day_window(hours: Hours) -> DayWindow {
    DayWindow {
        opens_minute: i32::from(hours.opens_minute),
        closes_minute: i32::from(hours.closes_minute),
        mode: i32::from(hours.mode.code()),
    }
}

/// The hours of a branch as a reply.
pub(super) fn listed(opening: Opening) -> ListOpeningResponse {
    let seasons = opening.seasons.into_iter().map(|((first, last), windows)| OpeningSeason {
        valid_from: first.to_string(),
        valid_until: last.map(|day| day.to_string()).unwrap_or_default(),
        windows: windows
            .into_iter()
            .map(|window| WeekWindow {
                weekday: i32::from(window.weekday),
                hours: Some(day_window(window.hours)),
            })
            .collect(),
    });
    let exceptions = opening.exceptions.into_iter().map(|(day, (windows, note))| OpeningException {
        day: day.to_string(),
        windows: windows.into_iter().map(day_window).collect(),
        note,
    });
    ListOpeningResponse {
        seasons: seasons.collect(),
        exceptions: exceptions.collect(),
        next_page_token: page_token::of(opening.next),
    }
}
