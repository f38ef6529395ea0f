//! A clock that only moves when a test turns it.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A hand-turned clock with a precision of one microsecond, which is what both engines store.
///
/// Clones show the same time: keep one in the test and give the other to the register. Turning it back is
/// allowed, for tests of a clock that jumps.
#[derive(Clone, Debug)]
pub struct HandTurnedClock {
    micros_since_epoch: Arc<AtomicI64>,
}

impl HandTurnedClock {
    /// A clock that shows `now`, cut to the microsecond.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { micros_since_epoch: Arc::new(AtomicI64::new(now.timestamp_micros())) }
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = self.micros_since_epoch.load(Ordering::SeqCst);
        DateTime::from_timestamp_micros(micros).expect("only representable instants are ever set")
    }

    /// Turns the clock to `now`, cut to the microsecond.
    pub fn set(&self, now: DateTime<Utc>) {
        self.micros_since_epoch.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    /// Turns the clock by `step`, back when it is negative, and gives the new time.
    ///
    /// # Panics
    /// When the step leaves the years that [`DateTime`] can show.
    pub fn advance(&self, step: TimeDelta) -> DateTime<Utc> {
        let micros = step.num_microseconds().expect("a step is shorter than 292 000 years");
        let turn = |shown: i64| {
            shown.checked_add(micros).filter(|sum| DateTime::<Utc>::from_timestamp_micros(*sum).is_some())
        };
        self.micros_since_epoch
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, turn)
            .expect("the clock stays within the years that can be shown");
        self.now()
    }
}

#[cfg(test)]
mod tests {
    use super::HandTurnedClock;
    use chrono::{DateTime, TimeDelta, Utc};
    use std::thread;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn stands_still_until_it_is_turned() {
        let clock = HandTurnedClock::at(instant("2026-03-29T00:59:59.999999Z"));
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(TimeDelta::microseconds(1)), instant("2026-03-29T01:00:00Z"));
        assert_eq!(clock.advance(TimeDelta::days(-1)), instant("2026-03-28T01:00:00Z"));
    }

    #[test]
    fn drops_what_is_finer_than_a_microsecond() {
        let clock = HandTurnedClock::at(instant("2026-01-01T00:00:00.123456789Z"));
        assert_eq!(clock.now(), instant("2026-01-01T00:00:00.123456Z"));
        clock.set(instant("1969-12-31T23:59:59.000000001Z"));
        assert_eq!(clock.now(), instant("1969-12-31T23:59:59Z"));
    }

    #[test]
    fn clones_show_the_same_time() {
        let clock = HandTurnedClock::at(DateTime::UNIX_EPOCH);
        let turns: Vec<_> = (0..4)
            .map(|_| {
                let clock = clock.clone();
                thread::spawn(move || (0..1_000).for_each(|_| _ = clock.advance(TimeDelta::seconds(1))))
            })
            .collect();
        turns.into_iter().for_each(|turn| turn.join().unwrap());
        assert_eq!(clock.now().timestamp(), 4_000);
    }

    #[test]
    #[should_panic(expected = "years that can be shown")]
    fn refuses_to_leave_the_calendar() {
        HandTurnedClock::at(DateTime::<Utc>::MAX_UTC).advance(TimeDelta::days(1));
    }
}
