//! Messages to a patron and remarks about one: which need words of their own, who reads them, and for how long
//! (A62, A63).

use crate::policy::MessagePolicy;
use crate::{MessageAudience, MessageKind};
use chrono::{DateTime, TimeDelta, Utc};

/// Longest message, in characters: what a kiosk shows on one screen.
pub const BODY_CHARS_MAX: usize = 500;

/// Messages and remarks that stand about one patron at most.
pub const STANDING_MAX: u64 = 100;

/// Messages that a device shows at most, the newest.
pub const SHOWN_MAX: usize = 10;

/// How long a message stands that says that security data changed.
pub const SECURITY_MESSAGE_STANDS: TimeDelta = TimeDelta::days(90);

/// How far ahead a message may end.
pub const EXPIRY_MAX: TimeDelta = TimeDelta::days(5 * 365);

/// What is wrong with a message to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFault {
    /// Only the register writes this kind.
    Kind,
    /// A remark is for staff alone.
    Audience,
    /// This kind says nothing by itself.
    BodyMissing,
    /// It would end before it begins, or too late.
    Expiry,
}

/// Whether a message of this kind has a text in every language of ours and needs no words of its own.
#[must_use]
pub const fn speaks_for_itself(kind: MessageKind) -> bool {
    match kind {
        MessageKind::Message | MessageKind::Remark => false,
        MessageKind::CheckContact | MessageKind::FoundProperty | MessageKind::EmailChanged => true,
    }
}

/// Looks at a message that staff write.
///
/// # Errors
/// [`MessageFault`], the first that holds.
pub fn check(
    kind: MessageKind,
    audience: MessageAudience,
    has_body: bool,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), MessageFault> {
    if kind == MessageKind::EmailChanged {
        Err(MessageFault::Kind)
    } else if kind == MessageKind::Remark && audience == MessageAudience::Patron {
        Err(MessageFault::Audience)
    } else if !has_body && !speaks_for_itself(kind) {
        Err(MessageFault::BodyMissing)
    } else if expires_at.is_some_and(|end| end <= now || end > now + EXPIRY_MAX) {
        Err(MessageFault::Expiry)
    } else {
        Ok(())
    }
}

/// When a message ends by itself that is written at `now`: when its writer says so, else after as many days as the
/// policy says; none for one that stands until it is removed.
#[must_use]
pub fn ends_at(
    chosen: Option<DateTime<Utc>>,
    policy: &MessagePolicy,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    chosen.or_else(|| policy.expiry_days.map(|days| now + TimeDelta::days(days.into())))
}

/// Whether a message that nobody removed stands at this instant: up to its end, not at it.
#[must_use]
pub fn stands(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    expires_at.is_none_or(|end| now < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::instant;

    #[test]
    fn a_message_says_something_to_somebody_for_a_time() {
        use MessageAudience::{Patron, Staff};
        use MessageKind::{CheckContact, EmailChanged, FoundProperty, Message, Remark};
        let now = instant("2026-05-20T12:00:00Z");
        let (second, years) = (TimeDelta::seconds(1), EXPIRY_MAX);
        let table = [
            (Message, Patron, true, None, Ok(())),
            (Message, Staff, true, Some(now + second), Ok(())),
            (Message, Patron, false, None, Err(MessageFault::BodyMissing)),
            (Remark, Staff, true, Some(now + years), Ok(())),
            (Remark, Staff, false, None, Err(MessageFault::BodyMissing)),
            (Remark, Patron, true, None, Err(MessageFault::Audience)),
            (CheckContact, Patron, false, None, Ok(())),
            (FoundProperty, Patron, true, None, Ok(())),
            (EmailChanged, Patron, true, None, Err(MessageFault::Kind)),
            (Message, Patron, true, Some(now), Err(MessageFault::Expiry)),
            (Message, Patron, true, Some(now - second), Err(MessageFault::Expiry)),
            (Message, Patron, true, Some(now + years + second), Err(MessageFault::Expiry)),
        ];
        for (kind, audience, has_body, expires_at, expected) in table {
            assert_eq!(check(kind, audience, has_body, expires_at, now), expected, "{kind:?} {audience:?}");
        }
    }

    #[test]
    fn a_message_ends_when_its_writer_or_else_the_policy_says() {
        let now = instant("2026-05-20T12:00:00Z");
        let (chosen, in_90) = (Some(now + TimeDelta::hours(1)), Some(instant("2026-08-18T12:00:00Z")));
        let table = [
            (chosen, Some(90), chosen),
            (chosen, None, chosen),
            (None, Some(90), in_90),
            (None, Some(3_650), Some(instant("2036-05-17T12:00:00Z"))),
            (None, None, None),
        ];
        for (chosen, expiry_days, expected) in table {
            assert_eq!(
                ends_at(chosen, &MessagePolicy { expiry_days }, now),
                expected,
                "{chosen:?}, {expiry_days:?}"
            );
        }
    }

    #[test]
    fn a_message_stands_up_to_its_end() {
        let end = instant("2026-05-20T12:00:00Z");
        assert!(stands(None, end));
        assert!(stands(Some(end), end - TimeDelta::microseconds(1)));
        assert!(!stands(Some(end), end));
    }
}
