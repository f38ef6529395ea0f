//! The protected address (turvakielto; Act 661/2009, sections 36 and 37): who may see where such a patron lives.
//!
//! Address, phone numbers, e-mail addresses and home municipality of a protected patron are shown only for a task
//! that cannot be done without them, and only to the duty whose task it is. Every rpc and every export that carries
//! one of them asks [`shows_contact`].

use crate::{NoticeChannel, NoticeKind, Purpose, StaffRole};
use chrono::{Months, NaiveDate};

/// Whether the patron's contact data is protected today: an order is recorded, and its last day has not passed. An
/// order without an end holds until staff take it away.
#[must_use]
pub fn is_protected(order: bool, last_day: Option<NaiveDate>, today: NaiveDate) -> bool {
    order && last_day.is_none_or(|last_day| today <= last_day)
}

/// Years for which an order is given at most; a longer one is a slip of the pen.
pub const ORDER_YEARS_MAX: u32 = 5;

/// Whether this may be the last day of an order that is recorded today.
#[must_use]
pub fn may_end_on(last_day: NaiveDate, today: NaiveDate) -> bool {
    let latest = today.checked_add_months(Months::new(12 * ORDER_YEARS_MAX));
    today <= last_day && latest.is_some_and(|latest| last_day <= latest)
}

/// Whether contact data and home municipality are shown to somebody with these duties for this purpose.
///
/// Of a patron who is not protected, always. Of a protected one: to the desk when the patron asks for their own data
/// (GDPR, Article 15), to whoever delivers at home, and to whoever bills.
#[must_use]
pub fn shows_contact(protected: bool, purpose: Option<Purpose>, roles: &[StaffRole]) -> bool {
    let needed_by: &[StaffRole] = match purpose {
        Some(Purpose::SubjectAccess) => &[StaffRole::Desk],
        Some(Purpose::HomeService) => &[StaffRole::HomeService],
        Some(Purpose::DebtCollection) => &[StaffRole::Billing],
        _ => &[],
    };
    !protected || needed_by.iter().any(|role| roles.contains(role))
}

/// Whether a notice may go to a protected patron by this channel.
///
/// An e-mail goes from the library's own mail server to the patron's. A text message and a letter pass through the
/// hands of a gateway or a printer, who then hold number or address: an invoice cannot be collected without them, and
/// every other notice can be without.
#[must_use]
pub const fn may_hand_over(notice: NoticeKind, channel: NoticeChannel) -> bool {
    match channel {
        NoticeChannel::None | NoticeChannel::Email => true,
        NoticeChannel::Letter | NoticeChannel::Sms => matches!(notice, NoticeKind::Invoice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn an_order_holds_through_its_last_day() {
        let table = [
            (false, None, false),
            (false, Some("2030-01-01"), false),
            (true, None, true),
            (true, Some("2026-05-20"), true),
            (true, Some("2026-05-21"), true),
            (true, Some("2026-05-19"), false),
        ];
        for (order, last_day, protected) in table {
            let last_day = last_day.map(date);
            assert_eq!(is_protected(order, last_day, date("2026-05-20")), protected, "{order} {last_day:?}");
        }
    }

    #[test]
    fn an_order_is_given_for_five_years_at_most() {
        for (last_day, fits) in
            [("2026-05-19", false), ("2026-05-20", true), ("2031-05-20", true), ("2031-05-21", false)]
        {
            assert_eq!(may_end_on(date(last_day), date("2026-05-20")), fits, "{last_day}");
        }
    }

    #[test]
    fn only_a_duty_whose_task_needs_it_sees_a_protected_address() {
        let allowed = [
            (StaffRole::Desk, Purpose::SubjectAccess),
            (StaffRole::HomeService, Purpose::HomeService),
            (StaffRole::Billing, Purpose::DebtCollection),
        ];
        for role in StaffRole::ALL {
            for purpose in Purpose::ALL {
                let expected = allowed.contains(&(*role, *purpose));
                assert_eq!(shows_contact(true, Some(*purpose), &[*role]), expected, "{role:?} {purpose:?}");
                assert!(shows_contact(false, Some(*purpose), &[*role]));
            }
            assert!(!shows_contact(true, None, &[*role]), "{role:?} without a purpose");
        }
        assert!(!shows_contact(true, Some(Purpose::SubjectAccess), &[]));
    }

    #[test]
    fn a_protected_address_is_handed_to_others_for_an_invoice_only() {
        for notice in NoticeKind::ALL {
            assert!(may_hand_over(*notice, NoticeChannel::Email));
            for channel in [NoticeChannel::Letter, NoticeChannel::Sms] {
                assert_eq!(may_hand_over(*notice, channel), *notice == NoticeKind::Invoice, "{notice:?}");
            }
        }
    }
}
