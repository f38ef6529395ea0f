//! Staff accounts: whose they are, what a password must be, and who may hold which duty (A12, A114, A115, A119).

use crate::StaffRole;
use chrono::{DateTime, TimeDelta, Utc};

/// The fewest characters of a password that staff choose. NIST SP 800-63B-4 asks for 15 where a password stands alone
/// and for 8 beside a second factor. This one stands between the two: it is accepted only over the certificate of an
/// enrolled desk, which is something the library holds, but not the person.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// How long a vendor's duty may last, from the moment it is granted.
pub const VENDOR_HOURS_MAX: i64 = 72;

/// The fewest characters of a user name.
pub const USER_NAME_CHARS_MIN: usize = 3;
/// The most characters of a user name.
pub const USER_NAME_CHARS_MAX: usize = 50;

/// Names that several people would share. An account is one person's (A114).
const SHARED_NAMES: [&str; 24] = [
    "admin",
    "administrator",
    "yllapito",
    "root",
    "test",
    "testi",
    "guest",
    "info",
    "desk",
    "staff",
    "user",
    "library",
    "kirjasto",
    "bibliotek",
    "palvelu",
    "asiakaspalvelu",
    "kundservice",
    "lainaus",
    "utlaning",
    "tiski",
    "vendor",
    "toimittaja",
    "kortisto",
    "operator",
];

/// Whether it can name an account: lower-case ASCII letters, digits, `.`, `-` and `_`, beginning with a letter,
/// [`USER_NAME_CHARS_MIN`] to [`USER_NAME_CHARS_MAX`] of them.
#[must_use]
pub fn is_user_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    (USER_NAME_CHARS_MIN..=USER_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(allowed)
        && name.as_bytes()[0].is_ascii_lowercase()
}

/// Whether several people would share an account of this name: `info`, `desk2`, `asiakaspalvelu-1`.
#[must_use]
pub fn is_shared_name(name: &str) -> bool {
    let stem = name.trim_end_matches(|end: char| end.is_ascii_digit() || matches!(end, '.' | '-' | '_'));
    SHARED_NAMES.contains(&stem)
}

/// A duty that somebody is to get.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The duty.
    pub role: StaffRole,
    /// From when on.
    pub valid_from: DateTime<Utc>,
    /// Until when, exclusive; none means until it is revoked.
    pub valid_until: Option<DateTime<Utc>>,
    /// The ticket of the fault that a vendor mends.
    pub ticket: Option<&'a str>,
    /// The duties that the account has or will have.
    pub standing: &'a [StaffRole],
}

/// Why a duty is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantFault {
    /// It would end before it begins, or has ended.
    EndsTooSoon,
    /// The account has it already.
    Held,
    /// A vendor's duty names a ticket (A119).
    TicketMissing,
    /// Only a vendor's duty has a ticket.
    TicketWithoutFault,
    /// A vendor's duty ends within [`VENDOR_HOURS_MAX`] (A119).
    VendorTooLong,
    /// A vendor has no other duty, and who has another is no vendor (A12).
    VendorApart,
}

/// Whether a duty may be granted now.
///
/// # Errors
/// [`GrantFault`], the first that stands against it.
pub fn check_grant(grant: &Grant<'_>, now: DateTime<Utc>) -> Result<(), GrantFault> {
    if grant.valid_until.is_some_and(|end| end <= grant.valid_from || end <= now) {
        return Err(GrantFault::EndsTooSoon);
    }
    let is_vendor = grant.role == StaffRole::Vendor;
    if is_vendor {
        if grant.ticket.is_none() {
            return Err(GrantFault::TicketMissing);
        }
        let latest = now + TimeDelta::hours(VENDOR_HOURS_MAX);
        if grant.valid_until.is_none_or(|end| end > latest) {
            return Err(GrantFault::VendorTooLong);
        }
    } else if grant.ticket.is_some() {
        return Err(GrantFault::TicketWithoutFault);
    }
    if grant.standing.contains(&grant.role) {
        return Err(GrantFault::Held);
    }
    let apart =
        if is_vendor { grant.standing.is_empty() } else { !grant.standing.contains(&StaffRole::Vendor) };
    if apart { Ok(()) } else { Err(GrantFault::VendorApart) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::instant;

    #[test]
    fn a_user_name_is_plain_and_of_one_person() {
        for good in ["aino", "aino.testaaja", "a-1", "eino_2", &"a".repeat(50)] {
            assert!(is_user_name(good), "{good}");
        }
        for bad in ["", "ab", "Aino", "1aino", ".aino", "äijä", "a b", "a@b", &"a".repeat(51)] {
            assert!(!is_user_name(bad), "{bad}");
        }
        for shared in ["admin", "info", "desk2", "asiakaspalvelu-1", "tiski_"] {
            assert!(is_shared_name(shared), "{shared}");
        }
        for own in ["aino", "infantino", "adminen.aino", "info.testaaja"] {
            assert!(!is_shared_name(own), "{own}");
        }
    }

    #[test]
    fn a_duty_is_dated_and_a_vendors_is_short_and_alone() {
        use GrantFault::{EndsTooSoon, Held, TicketMissing, TicketWithoutFault, VendorApart, VendorTooLong};
        use StaffRole::{Billing, Desk, Vendor};
        let now = instant("2026-05-20T12:00:00Z");
        let in_hours = |hours| Some(now + TimeDelta::hours(hours));
        let (ticket, just_over) =
            (Some("T-1"), Some(now + TimeDelta::hours(72) + TimeDelta::microseconds(1)));
        type Row = (
            StaffRole,
            i64,
            Option<DateTime<Utc>>,
            Option<&'static str>,
            &'static [StaffRole],
            Result<(), GrantFault>,
        );
        let table: [Row; 17] = [
            (Desk, 0, None, None, &[], Ok(())),
            (Desk, 24, in_hours(48), None, &[Billing], Ok(())),
            (Desk, -24, in_hours(1), None, &[], Ok(())),
            (Desk, 0, in_hours(0), None, &[], Err(EndsTooSoon)),
            (Desk, 48, in_hours(24), None, &[], Err(EndsTooSoon)),
            (Desk, -48, in_hours(-24), None, &[], Err(EndsTooSoon)),
            (Desk, 0, None, ticket, &[], Err(TicketWithoutFault)),
            (Desk, 0, None, None, &[Desk], Err(Held)),
            (Desk, 0, None, None, &[Vendor], Err(VendorApart)),
            (Vendor, 0, in_hours(72), ticket, &[], Ok(())),
            (Vendor, 24, in_hours(72), ticket, &[], Ok(())),
            (Vendor, 0, just_over, ticket, &[], Err(VendorTooLong)),
            (Vendor, 24, in_hours(96), ticket, &[], Err(VendorTooLong)),
            (Vendor, 0, None, ticket, &[], Err(VendorTooLong)),
            (Vendor, 0, in_hours(1), None, &[], Err(TicketMissing)),
            (Vendor, 0, in_hours(1), ticket, &[Vendor], Err(Held)),
            (Vendor, 0, in_hours(1), ticket, &[Desk], Err(VendorApart)),
        ];
        for (number, (role, from, valid_until, ticket, standing, expected)) in table.into_iter().enumerate() {
            let valid_from = now + TimeDelta::hours(from);
            let grant = Grant { role, valid_from, valid_until, ticket, standing };
            assert_eq!(check_grant(&grant, now), expected, "{number}");
        }
    }
}
