//! When text messages may go out: a phone that beeps at night wakes somebody.

use crate::Moment;
use chrono::{Days, TimeDelta};

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// The hours of every day, on the wall clock of the consortium, within which text messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsHours {
    from: u16,
    until: u16,
}

impl SmsHours {
    /// At any time.
    pub const ALL_DAY: Self = Self { from: 0, until: DAY_MINUTES };

    /// From a minute after midnight to another, which is not in it any more; none unless the second is the later one and
    /// 1440 at most.
    #[must_use]
    pub const fn new(from: u16, until: u16) -> Option<Self> {
        if from < until && until <= DAY_MINUTES { Some(Self { from, until }) } else { None }
    }

    /// How long a text message has to wait; none where it may go now.
    #[must_use]
    pub fn wait(self, moment: &Moment) -> Option<TimeDelta> {
        let minute = moment.minute_of_day();
        if (self.from..self.until).contains(&minute) {
            return None;
        }
        let days = Days::new(u64::from(minute >= self.until));
        let day = moment.today().checked_add_days(days)?;
        Some(moment.at_minute(day, self.from) - moment.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::local;

    #[test]
    fn a_text_message_waits_for_the_morning() {
        let hours = SmsHours::new(8 * 60, 21 * 60).unwrap();
        for (at, minutes) in [
            ("2026-05-20 00:05", Some(7 * 60 + 55)),
            ("2026-05-20 07:59", Some(1)),
            ("2026-05-20 08:00", None),
            ("2026-05-20 20:59", None),
            ("2026-05-20 21:00", Some(11 * 60)),
            ("2026-05-20 23:59", Some(8 * 60 + 1)),
            // The clocks go forward at 03:00 and back at 04:00.
            ("2026-03-29 00:00", Some(7 * 60)),
            ("2026-10-25 00:00", Some(9 * 60)),
        ] {
            assert_eq!(hours.wait(&local(at)), minutes.map(TimeDelta::minutes), "{at}");
            assert_eq!(SmsHours::ALL_DAY.wait(&local(at)), None, "{at}");
        }
        for (from, until) in [(480, 480), (481, 480), (480, 1441)] {
            assert_eq!(SmsHours::new(from, until), None);
        }
    }
}
