//! What is written to patrons (A57 to A61): how each may want it, to whom it goes, when, in which words.
//!
//! | question | rule |
//! |---|---|
//! | is a loan reminded of today? | [`timing`] |
//! | who gets it, by which channel? | [`recipient`] |
//! | when is it tried again? | [`retry`] |
//! | may a text message go now? | [`hours`] |
//! | how long may a text be, and in which language is it? | [`text`] |

pub mod hours;
pub mod recipient;
pub mod retry;
pub mod text;
pub mod timing;

use crate::{NoticeChannel, NoticeKind};

/// Days before the due date at which a reminder may come, first and last.
pub const REMINDER_DAYS: (u8, u8) = (1, 14);

/// What stands against a preference, and what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeFault {
    /// The kind of notice cannot go this way.
    Channel,
    /// Days are for the due-date reminder alone.
    DaysNotAsked,
    /// A due-date reminder that is sent needs its days.
    DaysMissing,
    /// Too few or too many days.
    DaysOutOfRange,
}

/// Looks at one preference: a kind of notice, its channel, and the days before the due date.
///
/// An invoice always goes out, by letter or e-mail. Everything else may be switched off: what is owed does not
/// depend on a notice (A59). Days belong to a due-date reminder that is sent, and to nothing else.
///
/// # Errors
/// [`NoticeFault`], the first that holds.
pub fn check(notice: NoticeKind, channel: NoticeChannel, days_before: Option<u8>) -> Result<(), NoticeFault> {
    if notice == NoticeKind::Invoice && !matches!(channel, NoticeChannel::Letter | NoticeChannel::Email) {
        return Err(NoticeFault::Channel);
    }
    let wants_days = notice == NoticeKind::DueReminder && channel != NoticeChannel::None;
    let (first, last) = REMINDER_DAYS;
    match days_before {
        None if wants_days => Err(NoticeFault::DaysMissing),
        Some(_) if !wants_days => Err(NoticeFault::DaysNotAsked),
        Some(days) if !(first..=last).contains(&days) => Err(NoticeFault::DaysOutOfRange),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_always_goes_out_and_days_are_for_reminders() {
        use NoticeChannel::{Email, Letter, None as Off, Sms};
        use NoticeKind::{DueReminder, Invoice, Overdue, Pickup};
        let table = [
            (Invoice, Letter, None, Ok(())),
            (Invoice, Email, None, Ok(())),
            (Invoice, Sms, None, Err(NoticeFault::Channel)),
            (Invoice, Off, None, Err(NoticeFault::Channel)),
            (Invoice, Letter, Some(3), Err(NoticeFault::DaysNotAsked)),
            (DueReminder, Sms, Some(1), Ok(())),
            (DueReminder, Email, Some(14), Ok(())),
            (DueReminder, Email, Some(0), Err(NoticeFault::DaysOutOfRange)),
            (DueReminder, Email, Some(15), Err(NoticeFault::DaysOutOfRange)),
            (DueReminder, Email, None, Err(NoticeFault::DaysMissing)),
            (DueReminder, Off, None, Ok(())),
            (DueReminder, Off, Some(3), Err(NoticeFault::DaysNotAsked)),
            (Overdue, Off, None, Ok(())),
            (Overdue, Sms, None, Ok(())),
            (Pickup, Sms, None, Ok(())),
            (Pickup, Off, None, Ok(())),
            (Pickup, Sms, Some(2), Err(NoticeFault::DaysNotAsked)),
        ];
        for (notice, channel, days, expected) in table {
            assert_eq!(check(notice, channel, days), expected, "{notice:?} {channel:?} {days:?}");
        }
    }
}
