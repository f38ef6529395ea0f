//! Who gets a notice, by which channel.

use crate::{NoticeChannel, NoticeKind, NoticeReason, protection};

/// The ways that lead somewhere: to a person, or that the library offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Channels {
    /// Letters.
    pub letter: bool,
    /// E-mail.
    pub email: bool,
    /// Text messages.
    pub sms: bool,
}

impl Channels {
    /// Whether this channel is among them.
    #[must_use]
    pub const fn has(self, channel: NoticeChannel) -> bool {
        match channel {
            NoticeChannel::None => false,
            NoticeChannel::Letter => self.letter,
            NoticeChannel::Email => self.email,
            NoticeChannel::Sms => self.sms,
        }
    }
}

/// How somebody can be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Where there is an address that holds today.
    pub channels: Channels,
    /// Whether the contact data is protected today.
    pub protected: bool,
    /// Whether the record is restricted, so that it is used for legal claims only (A141; GDPR, article 18 (2)).
    pub restricted: bool,
}

/// Who could get a notice.
#[derive(Debug, Clone, Copy)]
pub struct Addressees<'a> {
    /// What it is.
    pub notice: NoticeKind,
    /// How the patron wants it; none where nothing was chosen.
    pub preferred: Option<NoticeChannel>,
    /// The patron.
    pub patron: Reach,
    /// Whether the patron is a child.
    pub is_child: bool,
    /// The guardians in force, the oldest relation first.
    pub guardians: &'a [Reach],
    /// What the library offers.
    pub offered: Channels,
}

/// Who gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// The patron.
    Patron,
    /// The guardian at this place of the list.
    Guardian(usize),
}

/// To whom a notice goes and how: by the channel that the patron chose, else by e-mail, else by letter.
///
/// A child's invoice goes to a guardian, where there is one (A56). Every other notice goes to the patron, or to the
/// first guardian who can be reached by the channel where the patron cannot. Invoices go by letter or e-mail only.
/// A protected address is given to nobody who may not have it ([`protection::may_hand_over`]). A record that is restricted
/// serves a debt and nothing else (A141): neither is its patron told of anything, nor does a guardian get what is another's.
///
/// # Errors
/// [`NoticeReason::Unwanted`], [`NoticeReason::Restricted`], [`NoticeReason::NoAddress`] or [`NoticeReason::Protected`].
pub fn choose(ask: &Addressees<'_>) -> Result<(Recipient, NoticeChannel), NoticeReason> {
    use NoticeChannel::{Email, Letter};
    if ask.preferred == Some(NoticeChannel::None) && ask.notice != NoticeKind::Invoice {
        return Err(NoticeReason::Unwanted);
    }
    let is_claim = matches!(ask.notice, NoticeKind::Overdue | NoticeKind::Invoice);
    if ask.patron.restricted && !is_claim {
        return Err(NoticeReason::Restricted);
    }
    let open = |(_, reach): &(usize, &Reach)| is_claim || !reach.restricted;
    let guardians = ask
        .guardians
        .iter()
        .enumerate()
        .filter(open)
        .map(|(place, reach)| (Recipient::Guardian(place), reach));
    let instead_of_child = ask.notice == NoticeKind::Invoice && ask.is_child && !ask.guardians.is_empty();
    let own = (!instead_of_child).then_some((Recipient::Patron, &ask.patron));
    let candidates: Vec<_> = own.into_iter().chain(guardians).collect();
    let mut protected = false;
    for channel in ask.preferred.into_iter().chain([Email, Letter]) {
        let right = ask.notice != NoticeKind::Invoice || matches!(channel, Email | Letter);
        if !right || !ask.offered.has(channel) {
            continue;
        }
        for (recipient, reach) in candidates.iter().filter(|(_, reach)| reach.channels.has(channel)) {
            if !reach.protected || protection::may_hand_over(ask.notice, channel) {
                return Ok((*recipient, channel));
            }
            protected = true;
        }
    }
    Err(if protected { NoticeReason::Protected } else { NoticeReason::NoAddress })
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoticeChannel::{Email, Letter, None as Off, Sms};
    use NoticeKind::{DueReminder, Invoice, Overdue, Pickup};
    use NoticeReason::{NoAddress, Protected, Restricted, Unwanted};
    use Recipient::{Guardian, Patron};

    const NOTHING: Reach = Reach {
        channels: Channels { letter: false, email: false, sms: false },
        protected: false,
        restricted: false,
    };
    const ALL: Channels = Channels { letter: true, email: true, sms: true };
    const BY_ALL: Reach = Reach { channels: ALL, protected: false, restricted: false };
    const BY_LETTER: Reach = Reach { channels: Channels { letter: true, ..NOTHING.channels }, ..NOTHING };
    const BY_EMAIL: Reach = Reach { channels: Channels { email: true, ..NOTHING.channels }, ..NOTHING };
    const BY_SMS: Reach = Reach { channels: Channels { sms: true, ..NOTHING.channels }, ..NOTHING };

    fn hidden(reach: Reach) -> Reach {
        Reach { protected: true, ..reach }
    }

    #[test]
    fn the_channel_is_chosen_else_email_else_letter() {
        let table = [
            (Pickup, None, BY_ALL, ALL, Ok(Email)),
            (Pickup, None, BY_LETTER, ALL, Ok(Letter)),
            (Pickup, Some(Sms), BY_ALL, ALL, Ok(Sms)),
            (Pickup, Some(Letter), BY_ALL, ALL, Ok(Letter)),
            (DueReminder, Some(Off), BY_ALL, ALL, Err(Unwanted)),
            // The way that was chosen does not lead there any more, or is not offered.
            (Overdue, Some(Sms), BY_LETTER, ALL, Ok(Letter)),
            (Overdue, Some(Sms), BY_ALL, Channels { sms: false, ..ALL }, Ok(Email)),
            (Overdue, None, BY_EMAIL, Channels { email: false, ..ALL }, Err(NoAddress)),
            // Nobody gets text messages who did not ask for them.
            (Pickup, None, BY_SMS, ALL, Err(NoAddress)),
            (Pickup, None, NOTHING, ALL, Err(NoAddress)),
            (Invoice, Some(Sms), BY_ALL, ALL, Ok(Email)),
            (Invoice, Some(Off), BY_ALL, ALL, Ok(Email)),
            (Invoice, Some(Sms), BY_SMS, ALL, Err(NoAddress)),
            // A protected address.
            (Pickup, None, hidden(BY_ALL), ALL, Ok(Email)),
            (Pickup, Some(Sms), hidden(BY_ALL), ALL, Ok(Email)),
            (Overdue, Some(Letter), hidden(BY_LETTER), ALL, Err(Protected)),
            (Pickup, Some(Sms), hidden(BY_SMS), ALL, Err(Protected)),
            (Invoice, None, hidden(BY_LETTER), ALL, Ok(Letter)),
        ];
        for (notice, preferred, patron, offered, expected) in table {
            let ask = Addressees { notice, preferred, patron, is_child: false, guardians: &[], offered };
            let expected = expected.map(|channel| (Patron, channel));
            assert_eq!(choose(&ask), expected, "{notice:?} {preferred:?} {patron:?}");
        }
    }

    #[test]
    fn a_restricted_record_serves_a_debt_and_nothing_else() {
        let closed = |reach: Reach| Reach { restricted: true, ..reach };
        let table: [(_, _, &[Reach], _); 9] = [
            (DueReminder, closed(BY_ALL), &[], Err(Restricted)),
            (Pickup, closed(BY_ALL), &[], Err(Restricted)),
            (Overdue, closed(BY_ALL), &[], Ok((Patron, Email))),
            (Invoice, closed(BY_ALL), &[], Ok((Patron, Email))),
            // Through a guardian neither.
            (Pickup, closed(NOTHING), &[BY_ALL], Err(Restricted)),
            (Pickup, NOTHING, &[closed(BY_ALL)], Err(NoAddress)),
            (Pickup, NOTHING, &[closed(BY_ALL), BY_LETTER], Ok((Guardian(1), Letter))),
            (Overdue, NOTHING, &[closed(BY_ALL)], Ok((Guardian(0), Email))),
            (Invoice, closed(BY_ALL), &[closed(BY_LETTER)], Ok((Guardian(0), Letter))),
        ];
        for (notice, patron, guardians, expected) in table {
            let ask = Addressees { notice, preferred: None, patron, is_child: true, guardians, offered: ALL };
            assert_eq!(choose(&ask), expected, "{notice:?} {patron:?} {guardians:?}");
        }
    }

    #[test]
    fn a_guardian_gets_what_a_ward_cannot_and_the_invoices_of_a_child() {
        let table: [(_, _, _, _, &[Reach], _); 11] = [
            (Pickup, None, BY_EMAIL, true, &[BY_ALL], Ok((Patron, Email))),
            (Pickup, None, NOTHING, true, &[BY_ALL], Ok((Guardian(0), Email))),
            (Pickup, Some(Sms), BY_EMAIL, true, &[BY_ALL], Ok((Guardian(0), Sms))),
            (Pickup, None, BY_LETTER, true, &[BY_EMAIL], Ok((Guardian(0), Email))),
            (Overdue, None, NOTHING, true, &[NOTHING, BY_LETTER], Ok((Guardian(1), Letter))),
            (Invoice, None, BY_ALL, true, &[BY_LETTER], Ok((Guardian(0), Letter))),
            (Invoice, None, BY_ALL, true, &[NOTHING], Err(NoAddress)),
            (Invoice, None, BY_ALL, true, &[], Ok((Patron, Email))),
            // Not a child any more, with a guardian still in force.
            (Invoice, None, BY_ALL, false, &[BY_ALL], Ok((Patron, Email))),
            (Overdue, None, NOTHING, true, &[hidden(BY_LETTER)], Err(Protected)),
            (Overdue, None, hidden(BY_LETTER), true, &[BY_LETTER], Ok((Guardian(0), Letter))),
        ];
        for (notice, preferred, patron, is_child, guardians, expected) in table {
            let ask = Addressees { notice, preferred, patron, is_child, guardians, offered: ALL };
            assert_eq!(choose(&ask), expected, "{notice:?} {preferred:?} {patron:?} {guardians:?}");
        }
    }
}
