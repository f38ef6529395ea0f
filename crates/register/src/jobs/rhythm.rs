//! When a job is due.

use chrono::{DateTime, Days, TimeDelta, Utc};
use kortisto_domain::Moment;
use std::time::Duration;

/// How long a job that failed waits before it is tried again.
pub const FAILED_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How long nobody looks at a job at most: so soon another server takes over what one has dropped.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(30);

/// How often a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Again and again, with this much time between two beginnings.
    Every(Duration),
    /// Once a day, from this minute of the wall clock on.
    DailyFrom {
        /// Minutes since midnight, 0 to 1439.
        minute: u16,
    },
}

/// What is known of the last runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastRuns {
    /// When the last run that finished began.
    pub finished: Option<DateTime<Utc>>,
    /// When the last run ended that failed or was cut short, if none has finished since.
    pub failed: Option<DateTime<Utc>>,
}

impl Rhythm {
    /// The moment from which a job is due.
    #[must_use]
    pub fn due_from(self, last: LastRuns, moment: &Moment) -> DateTime<Utc> {
        let by_rhythm = match (self, last.finished) {
            (_, None) => DateTime::<Utc>::MIN_UTC,
            (Self::Every(time), Some(finished)) => {
                finished + TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
            }
            (Self::DailyFrom { minute }, Some(finished)) => {
                let day = moment.day_of(finished);
                let of_day = moment.at_minute(day, minute);
                if finished < of_day { of_day } else { moment.at_minute(day + Days::new(1), minute) }
            }
        };
        last.failed.map_or(by_rhythm, |failed| by_rhythm.max(failed + FAILED_PAUSE))
    }

    /// How long to wait at most before looking again.
    #[must_use]
    pub fn look_interval(self) -> Duration {
        match self {
            Self::Every(time) => time.min(LOOK_INTERVAL_MAX),
            Self::DailyFrom { .. } => LOOK_INTERVAL_MAX,
        }
    }
}

impl std::fmt::Display for Rhythm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every(time) if time.as_secs() % 60 == 0 => write!(f, "every {} min", time.as_secs() / 60),
            Self::Every(time) => write!(f, "every {} s", time.as_secs()),
            Self::DailyFrom { minute } => write!(f, "daily from {:02}:{:02}", minute / 60, minute % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Helsinki;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_job_is_due_by_its_rhythm_and_soon_after_a_failure() {
        let daily = Rhythm::DailyFrom { minute: 6 * 60 };
        let quarter = Rhythm::Every(Duration::from_secs(900));
        let table = [
            // Rhythm, last finished, last failed, due from (06:00 in Helsinki is 03:00 in summer, 04:00 in winter).
            (daily, None, None, DateTime::<Utc>::MIN_UTC),
            (daily, Some("2026-06-01T03:00:00Z"), None, utc("2026-06-02T03:00:00Z")),
            (daily, Some("2026-06-01T02:59:59Z"), None, utc("2026-06-01T03:00:00Z")),
            // The night in which summer time ends.
            (daily, Some("2026-10-24T03:10:00Z"), None, utc("2026-10-25T04:00:00Z")),
            (daily, Some("2026-06-01T03:00:00Z"), Some("2026-06-02T03:05:00Z"), utc("2026-06-02T03:06:00Z")),
            (quarter, Some("2026-06-01T03:00:00Z"), None, utc("2026-06-01T03:15:00Z")),
            (quarter, None, Some("2026-06-01T03:20:00Z"), utc("2026-06-01T03:21:00Z")),
        ];
        let moment = Moment::new(utc("2026-06-03T12:00:00Z"), Helsinki);
        for (rhythm, finished, failed, due) in table {
            let last = LastRuns { finished: finished.map(utc), failed: failed.map(utc) };
            assert_eq!(rhythm.due_from(last, &moment), due, "{rhythm} {last:?}");
        }
    }
}
