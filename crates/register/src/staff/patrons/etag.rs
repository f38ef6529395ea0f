//! The version of a patron's record, by which a change finds out that somebody else came first.

use chrono::{DateTime, Utc};
use kortisto_store::entities::patrons;
use serde::{Deserialize, Serialize};

/// The version of a record: microseconds since the epoch at which it was last changed (A44).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Etag(i64);

impl Etag {
    /// The version of a record as it stands.
    #[must_use]
    pub fn of(patron: &patrons::Model) -> Self {
        Self::at(patron.changed_at)
    }

    /// The version of a record that was changed at this instant.
    #[must_use]
    pub fn at(changed_at: DateTime<Utc>) -> Self {
        Self(changed_at.timestamp_micros())
    }

    /// The version with this text, as [`Display`](std::fmt::Display) writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let etag = (text.len() <= 16).then(|| i64::from_str_radix(text, 16).ok()).flatten().map(Self)?;
        (etag.to_string() == text).then_some(etag)
    }
}

impl std::fmt::Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_text() {
        let etag = Etag(1_779_278_400_000_000);
        assert_eq!(Etag::parse(&etag.to_string()), Some(etag));
        for bad in ["", "x", "-1", "+1", " 1", "01", "A", "11112222333344445"] {
            assert_eq!(Etag::parse(bad), None, "{bad}");
        }
    }
}
