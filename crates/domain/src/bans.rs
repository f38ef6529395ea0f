//! Which bans are in force, and what a ban must have before it is placed ([`placing`]).
//!
//! A ban begins and ends at its own instants, not at a nightly job.

pub mod placing;

use crate::BanKind;
use crate::facts::{Ban, Patron};
use chrono::{DateTime, Utc};

/// Whether a ban counts at `branch` at the instant `at`: from its start, up to but not at its end.
#[must_use]
pub fn is_in_force(ban: &Ban, branch: i64, at: DateTime<Utc>) -> bool {
    let here = ban.branch.is_none_or(|banned_at| banned_at == branch);
    let now = ban.starts_at <= at && ban.ends_at.is_none_or(|end| at < end);
    here && now
}

/// Where a ban stands, for those who look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BanState {
    /// It has not begun.
    Ahead,
    /// It counts.
    InForce,
    /// It has ended by itself.
    Ended,
    /// Somebody has lifted it.
    Lifted,
}

/// Where a ban stands at the instant `at`. One that was lifted stays lifted past its end.
#[must_use]
pub fn state(
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    lifted_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> BanState {
    if lifted_at.is_some() {
        BanState::Lifted
    } else if ends_at.is_some_and(|end| end <= at) {
        BanState::Ended
    } else if at < starts_at {
        BanState::Ahead
    } else {
        BanState::InForce
    }
}

/// Whether the patron has a ban of this kind that counts at `branch` at the instant `at`.
#[must_use]
pub fn is_banned(patron: &Patron, kind: BanKind, branch: i64, at: DateTime<Utc>) -> bool {
    patron.bans.iter().any(|ban| ban.kind == kind && is_in_force(ban, branch, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{OTHER_BRANCH, OUR_BRANCH, instant, patron};

    #[test]
    fn a_ban_counts_from_its_start_and_not_at_its_end() {
        let table = [
            ("2026-05-19T23:59:59.999Z", false),
            ("2026-05-20T00:00:00Z", true),
            ("2026-06-18T23:59:59.999Z", true),
            ("2026-06-19T00:00:00Z", false),
            ("2026-06-19T00:00:00.001Z", false),
        ];
        let ban = Ban {
            id: 1,
            kind: BanKind::Use,
            branch: None,
            starts_at: instant("2026-05-20T00:00:00Z"),
            ends_at: Some(instant("2026-06-19T00:00:00Z")),
        };
        for (at, in_force) in table {
            assert_eq!(is_in_force(&ban, OUR_BRANCH, instant(at)), in_force, "{at}");
        }
        for (at, expected) in [
            ("2026-05-19T23:59:59.999Z", BanState::Ahead),
            ("2026-05-20T00:00:00Z", BanState::InForce),
            ("2026-06-19T00:00:00Z", BanState::Ended),
        ] {
            let state = |lifted_at| state(ban.starts_at, ban.ends_at, lifted_at, instant(at));
            assert_eq!((state(None), state(Some(instant(at)))), (expected, BanState::Lifted), "{at}");
        }
        let endless = Ban { ends_at: None, ..ban };
        assert!(is_in_force(&endless, OUR_BRANCH, instant("2099-01-01T00:00:00Z")));
    }

    #[test]
    fn a_ban_counts_at_its_branch_and_for_its_kind() {
        let at = instant("2026-05-20T12:00:00Z");
        for kind in BanKind::ALL {
            for (branch, here) in [(None, true), (Some(OUR_BRANCH), true), (Some(OTHER_BRANCH), false)] {
                let ban = Ban { id: 1, kind: *kind, branch, starts_at: at, ends_at: None };
                let patron = Patron { bans: vec![ban], ..patron() };
                for asked in BanKind::ALL {
                    let banned = is_banned(&patron, *asked, OUR_BRANCH, at);
                    assert_eq!(banned, here && asked == kind, "{kind:?} at {branch:?}, asked {asked:?}");
                }
            }
        }
    }
}
