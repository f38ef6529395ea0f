//! Time and randomness, passed in.

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use kortisto_domain::Moment;
use kortisto_store::queries::dialect::Hex;
use kortisto_vault::Random;
use std::sync::Arc;
use uuid::{Builder, Uuid};

/// Length of the salt of what an audit row names, in bytes.
const NAMED_SALT_BYTES: usize = 16;

/// Where the register takes the time from.
pub trait Clock: Send + Sync + 'static {
    /// Now, to the microsecond: that is what both databases keep.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// What surrounds every operation.
#[derive(Clone)]
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The time zone in which birthdays, due dates and opening hours count.
    pub zone: Tz,
}

impl Surroundings {
    /// The moment of a question.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment::new(self.clock.now(), self.zone)
    }

    /// A new UUIDv7: unguessable enough to name a row, and in the order of time, which keeps the
    /// indexes of large tables dense.
    #[must_use]
    pub fn new_id(&self, at: DateTime<Utc>) -> Uuid {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &bytes).into_uuid()
    }

    /// A new random UUID, for a pseudonym: it must not tell when it was made.
    #[must_use]
    pub fn new_pseudonym(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// What is mixed into the hash of what an audit row names, so that the hash says nothing once that is forgotten.
    pub(crate) fn named_salt(&self) -> Hex {
        let mut salt = vec![0; NAMED_SALT_BYTES];
        self.random.fill(&mut salt);
        Hex(salt)
    }
}
